import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge'
import {
  CreateScheduleCommand,
  SchedulerClient,
  paginateListSchedules,
} from '@aws-sdk/client-scheduler'
import { startFauxqs } from 'fauxqs'
import type { FauxqsServer } from 'fauxqs'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

import { startAwsServer } from '../aws-server.ts'
import type { AwsServer } from '../aws-server.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

/**
 * A hub is killed with SIGKILL again and again while schedules are made and fire: for one time, some
 * of them while the hub is down, and every minute, which begins at once. Afterwards every time of a
 * schedule whose making was acknowledged must have been delivered, but those for which a later one
 * was made up for; repeats carry the same id, and a FIFO queue has none. BELFRY_CRASH_KILLS sets the
 * length; a run that is longer than the usual one keeps the hub down for some minutes too.
 */
const KILLS_USUAL = 3
const KILLS = Number(process.env['BELFRY_CRASH_KILLS'] ?? KILLS_USUAL)
const LIFE_MS = { min: 100, max: 1_200 }
const CALLERS = 4
const SECOND_MS = 1_000
const MINUTE_MS = 60_000
/** Two times of a schedule at least are missed at once. */
const OUTAGE_MS = 2.2 * MINUTE_MS
/** On a busy machine a hub that listens fires only some seconds later. */
const LATE_MS = 20 * SECOND_MS
/** How fast it is makes no difference: these end only what hangs. */
const DELIVERED_WITHIN_MS = 5 * MINUTE_MS
const timeout = 3 * DELIVERED_WITHIN_MS + OUTAGE_MS + KILLS * MINUTE_MS
/** Schedules that a hub has made at least before it is killed. */
const MADE_IN_A_LIFE = 4

const { MEMBER } = ACCOUNTS
const ROLE = `arn:aws:iam::${MEMBER}:role/scheduler`
const folder = newDataFolder()
/** Events that the receiver has taken. */
const taken: any[] = []
let receiver: Receiver
let emulator: FauxqsServer
let aws: AwsServer

beforeAll(async () => {
  let requests = 0
  receiver = await startReceiver(({ body }, response) => {
    requests += 1
    const isTaken = requests % 7 !== 0
    if (isTaken) taken.push(body)
    response.statusCode = isTaken ? 200 : 503
    setTimeout(() => response.end(), requests % 3)
  })
  emulator = await startFauxqs({ port: 0, logger: false, defaultRegion: REGION })
  emulator.createQueue('ticks.fifo', { attributes: { FifoQueue: 'true' } })
  aws = await startAwsServer(emulator.address)
})
afterAll(async () => {
  await Promise.all([receiver.close(), aws.close(), emulator.stop()])
  removeDataFolder(folder)
})

const startHub = () =>
  startHubProcess(
    folder,
    ['--allow-private-targets', '--aws-targets', 'on', '--aws-endpoint', aws.url],
    { AWS_ACCESS_KEY_ID: 'AKIAHUB', AWS_SECRET_ACCESS_KEY: 'HUBSECRET' },
  )
const clientOf = async (hub: HubProcess) => ({
  ...{ endpoint: hub.url, region: REGION, maxAttempts: 1 },
  credentials: await hub.profile('member'),
})

type Destination = 'bus' | 'url' | 'queue'
const targetOf = (destination: Destination) => {
  switch (destination) {
    case 'bus':
      return {
        Arn: `arn:aws:events:${REGION}:${MEMBER}:event-bus/default`,
        EventBridgeParameters: { Source: 'crash.test', DetailType: 'Tick' },
      }
    case 'url':
      return { Arn: `${receiver.url}/url` }
    case 'queue':
      return {
        Arn: `arn:aws:sqs:${REGION}:${MEMBER}:ticks.fifo`,
        SqsParameters: { MessageGroupId: 'g' },
      }
    default:
      return destination satisfies never
  }
}

/** A schedule whose making was acknowledged. */
interface Made {
  readonly name: string
  readonly destination: Destination
  /** Of one that fires once. Others begin in the second of their making, which lies between these. */
  readonly at?: number
  readonly askedAt: number
  readonly madeAt: number
}

const made: Made[] = []
let serial = 0

/** Makes one schedule after the other until the hub is gone. */
async function makeUntilGone(client: SchedulerClient): Promise<void> {
  for (;;) {
    serial += 1
    const destination = (['bus', 'url', 'queue'] as const)[serial % 3] ?? 'bus'
    const askedAt = Date.now()
    const isOnce = serial % 4 !== 0
    const at = isOnce ? (Math.ceil(askedAt / SECOND_MS) + 1 + (serial % 3)) * SECOND_MS : undefined
    const name = `${isOnce ? 'once' : 'minutely'}-${serial}`
    const expression =
      at === undefined ? 'rate(1 minute)' : `at(${new Date(at).toISOString().slice(0, 19)})`
    try {
      await client.send(
        new CreateScheduleCommand({
          ...{ Name: name, ScheduleExpression: expression, FlexibleTimeWindow: { Mode: 'OFF' } },
          ...(isOnce && { ActionAfterCompletion: 'DELETE' as const }),
          Target: { RoleArn: ROLE, ...targetOf(destination) },
        }),
      )
    } catch {
      // Not acknowledged: it may fire, and it may not be there.
      return
    }
    const madeAt = Date.now()
    // One whose time passed before it was made never fires.
    if (at === undefined || madeAt < at) {
      made.push({ name, destination, askedAt, madeAt, ...(at !== undefined && { at }) })
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 50))
  }
}

/** Events in the queue. */
const queued = (): readonly any[] =>
  (emulator.inspectQueue('ticks.fifo')?.messages.ready ?? []).map(({ body }) => JSON.parse(body))

/** When the hub was not there, with times of this process. */
const outages: { readonly from: number; readonly to: number }[] = []

/** What came of the times of schedules: by schedule and time, the ids that it came with. */
function timesCome(): ReadonlyMap<string, ReadonlyMap<number, readonly string[]>> {
  const come = new Map<string, Map<number, string[]>>()
  for (const { id, time, resources } of [...taken, ...queued()]) {
    const name = String(resources[0]).split('/').at(-1) ?? ''
    const times = come.get(name) ?? new Map<number, string[]>()
    come.set(name, times)
    times.set(Date.parse(time), [...(times.get(Date.parse(time)) ?? []), String(id)])
  }
  return come
}

/** Times that did not come, though nothing excuses it. */
function lostBy(now: number): readonly string[] {
  const come = timesCome()
  const wasMadeUpFor = (time: number) =>
    outages.some(({ from, to }) => from <= time && time + MINUTE_MS <= to + LATE_MS)
  return made.flatMap(({ name, at, askedAt, madeAt }) => {
    const times = come.get(name) ?? new Map<number, readonly string[]>()
    if (at !== undefined) return times.has(at) ? [] : [`${name} at ${at}`]
    const earliest = Math.min(...times.keys())
    // The first of all may have been made up for, too.
    const before = Math.max(0, Math.ceil((earliest - madeAt) / MINUTE_MS))
    const first = earliest - before * MINUTE_MS
    if (times.size === 0 || first < askedAt - SECOND_MS) return [`${name} at its beginning`]
    const due = Array.from(
      { length: Math.floor((now - first) / MINUTE_MS) + 1 },
      (_, count) => first + count * MINUTE_MS,
    )
    const strange = [...times.keys()].filter((time) => !due.includes(time) && time <= now)
    return [...due.filter((time) => !times.has(time) && !wasMadeUpFor(time)), ...strange].map(
      (time) => `${name} at ${time}`,
    )
  })
}

it(`loses no time of a schedule in ${KILLS} kills`, { timeout }, async () => {
  let hub = await startHub()
  await createOrganisation(hub)
  const events = new EventBridgeClient(await clientOf(hub))
  const EventPattern = JSON.stringify({ source: ['crash.test'] })
  await events.send(new PutRuleCommand({ Name: 'ticks', EventPattern }))
  const Targets = [{ Id: 't', Arn: `${receiver.url}/bus` }]
  await events.send(new PutTargetsCommand({ Rule: 'ticks', Targets }))

  for (let kill = 0; kill < KILLS; kill += 1) {
    const client = new SchedulerClient(await clientOf(hub))
    const making = Array.from({ length: CALLERS }, () => makeUntilGone(client))
    const wanted = made.length + MADE_IN_A_LIFE
    await vi.waitUntil(() => made.length >= wanted, { timeout: MINUTE_MS, interval: 10 })
    const lifeMs = LIFE_MS.min + Math.random() * (LIFE_MS.max - LIFE_MS.min)
    await new Promise((resolve) => setTimeout(resolve, lifeMs))
    const from = Date.now()
    await hub.kill('SIGKILL')
    await Promise.all(making)
    const isLong = KILLS > KILLS_USUAL && kill === Math.floor(KILLS / 2)
    if (isLong) await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS))
    hub = await startHub()
    outages.push({ from, to: Date.now() })
  }

  const end = Date.now()
  const patience = { timeout: DELIVERED_WITHIN_MS, interval: 200 }
  await vi.waitFor(() => expect(lostBy(end)).toEqual([]), patience)
  const scheduler = new SchedulerClient(await clientOf(hub))
  await vi.waitFor(async () => {
    const left = []
    for await (const page of paginateListSchedules({ client: scheduler }, { NamePrefix: 'once' }))
      left.push(...(page.Schedules ?? []))
    expect(left).toEqual([])
  }, patience)
  await hub.kill('SIGTERM')

  const come = [...timesCome().values()].flatMap((times) => [...times.values()])
  const repeats = come.reduce((sum, ids) => sum + ids.length - 1, 0)
  const once = made.filter(({ at }) => at !== undefined)
  const whileDown = once.filter(({ at = 0 }) =>
    outages.some(({ from, to }) => from < at && at < to),
  )
  process.stdout.write(
    `  ${KILLS} kills: ${made.length} schedules made, ${come.length} times came (${whileDown.length} for one time while the hub was down), 0 lost, ${repeats} repeats\n`,
  )
  expect(once.length).toBeGreaterThan(KILLS)
  expect(made.length - once.length).toBeGreaterThan(0)
  for (const ids of come) expect(new Set(ids).size).toBe(1)
  const inQueue = queued().map(({ id }) => String(id))
  expect(inQueue).toHaveLength(new Set(inQueue).size)
})
