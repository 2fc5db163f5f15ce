import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'
import { Putter } from './putter.ts'

/**
 * A hub is killed with SIGKILL again and again, first while events are put and archived, then while
 * the archive is replayed. Afterwards the archive must hold every event that the bus had exactly
 * once, and the replay must have sent each at least once. BELFRY_CRASH_KILLS sets the length.
 */
const KILLS = Number(process.env['BELFRY_CRASH_KILLS'] ?? 4)
/** The archive is written four times a second: some lives end before that, some in its midst. */
const ARCHIVING_MS = { min: 100, max: 900 }
/** A replay of some thousand events takes about a second. */
const REPLAYING_MS = { min: 20, max: 300 }
const CALLERS = 8
const BUS_ARN = `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:event-bus/default`

const folder = newDataFolder()
let receiver: Receiver

beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(async () => {
  await receiver.close()
  removeDataFolder(folder)
})

it(`archives each event once and replays every one, in twice ${KILLS} kills`, async () => {
  let hub = await startHubProcess(folder)
  await createOrganisation(hub)
  const putter = new Putter(await hub.profile('member'))
  const call = (operation: string, input: object) => putter.call(hub.url, operation, input)
  const EventSourceArn = BUS_ARN
  const EventPattern = '{"source":["crash.test"]}'
  await call('CreateArchive', { ArchiveName: 'all', EventSourceArn, EventPattern })
  await call('PutRule', { Name: 'all', EventPattern })
  await call('PutTargets', { Rule: 'all', Targets: [{ Id: 't', Arn: receiver.url }] })
  const killAfter = async ({ min, max }: typeof ARCHIVING_MS): Promise<HubProcess> => {
    await new Promise((resolve) => setTimeout(resolve, min + Math.random() * (max - min)))
    await hub.kill('SIGKILL')
    return startHubProcess(folder)
  }

  for (let kill = 0; kill < KILLS; kill += 1) {
    const life = new AbortController()
    const putting = Array.from({ length: CALLERS }, () => putter.putUntil(hub.url, life.signal))
    hub = await killAfter(ARCHIVING_MS)
    life.abort()
    await Promise.all(putting)
  }
  const idsOf = (replayed: boolean) => {
    const some = receiver.received.filter(({ body }) => 'replay-name' in body === replayed)
    return new Set(some.map(({ body }) => body.id as string))
  }
  const acknowledged = [...putter.acknowledged.values()]
  expect(acknowledged.length).toBeGreaterThan(KILLS)
  // What the bus had is what its rule delivered: also events whose answer the kill cut off.
  await vi.waitFor(
    async () => {
      const live = idsOf(false)
      expect(acknowledged.filter((id) => !live.has(id))).toEqual([])
      const archive = await call('DescribeArchive', { ArchiveName: 'all' })
      expect(archive.EventCount).toBe(live.size)
    },
    { timeout: 60_000, interval: 200 },
  )

  const span = { EventStartTime: 0, EventEndTime: Date.now() / 1_000 + 60 }
  const EventArchiveArn = `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:archive/all`
  const Destination = { Arn: BUS_ARN }
  const started = { ReplayName: 'all', EventSourceArn: EventArchiveArn, ...span, Destination }
  await call('StartReplay', started)
  for (let kill = 0; kill < KILLS; kill += 1) hub = await killAfter(REPLAYING_MS)
  await vi.waitFor(
    async () => {
      expect((await call('DescribeReplay', { ReplayName: 'all' })).State).toBe('COMPLETED')
      expect(idsOf(true).size).toBe(idsOf(false).size)
    },
    { timeout: 60_000, interval: 200 },
  )
  const archive = await call('DescribeArchive', { ArchiveName: 'all' })
  await hub.kill('SIGTERM')
  const replays = receiver.received.filter(({ body }) => 'replay-name' in body)
  process.stdout.write(
    `  ${KILLS} and ${KILLS} kills: ${archive.EventCount} events archived, ${replays.length - idsOf(true).size} duplicates of the replay\n`,
  )
  expect(idsOf(true)).toEqual(idsOf(false))
  expect(archive.EventCount).toBe(idsOf(false).size)
})
