import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { Putter } from '../crash/putter.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'

/** An hour at 2,000 events a second: `BELFRY_OUTAGE_EVENTS=7200000`, which takes 20 GB of disk. */
const EVENTS = Number(process.env['BELFRY_OUTAGE_EVENTS'] ?? 5_000)
/** Much less than the events are in all. With 110 a long run would spend its time on garbage. */
const HEAP_MEGABYTES_MAX = EVENTS > 100_000 ? 256 : 110
/** More than the heap in all: a hub that kept them would end. */
const EVENT_CHARACTERS = Math.max(800, Math.ceil((HEAP_MEGABYTES_MAX * 1_100_000) / EVENTS))
/** From one attempt to the next at a target that fails, once it has failed some times. */
const REST_MS = 100
const REFUSED_AT_FIRST = 10
const ENTRIES_PER_REQUEST = 10
const REQUESTS_AT_ONCE = 32

const folder = newDataFolder()
let hub: HubProcess
let putter: Putter
/** What became of the down target's requests while it was down, and what it took afterwards. */
let isDown = true
let refused = 0
const taken = new Set<number>()
const target = createServer((request, response) => {
  let text = ''
  request.on('data', (chunk: Buffer) => (text += chunk.toString()))
  request.on('end', () => {
    if (isDown) refused += 1
    else taken.add((JSON.parse(text) as { detail: { n: number } }).detail.n)
    response.writeHead(isDown ? 503 : 200).end()
  })
})

beforeAll(async () => {
  hub = await startHubProcess(folder, ['--allow-private-targets'], {
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MEGABYTES_MAX}`,
  })
  await createOrganisation(hub)
  putter = new Putter(await hub.profile('member'))
  await new Promise<void>((resolve) => {
    target.listen(0, '127.0.0.1', resolve)
  })
  const { port } = target.address() as AddressInfo
  const Arn = `http://127.0.0.1:${port}/`
  await putter.call(hub.url, 'PutRule', { Name: 'down', EventPattern: '{"source":["outage"]}' })
  await putter.call(hub.url, 'PutTargets', { Rule: 'down', Targets: [{ Id: 't', Arn }] })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  target.closeAllConnections()
  target.close()
  removeDataFolder(folder)
})

it(
  'a target that is down costs disk and no memory, is not hammered, and gets all when it is back',
  { timeout: 120_000 + EVENTS * 5 },
  async () => {
    const begunAt = performance.now()
    await put(EVENTS)
    expect(hub.process.exitCode).toBeNull()
    expect(refused).toBeGreaterThan(3)
    const downMs = performance.now() - begunAt
    expect(refused).toBeLessThan(downMs / REST_MS + REFUSED_AT_FIRST)

    isDown = false
    while (taken.size < EVENTS) await new Promise((resolve) => setTimeout(resolve, 50))
    const { body } = await hub.rest('GET', '/dead-letters')
    expect(body.items).toEqual([])
  },
)

async function put(count: number): Promise<void> {
  let next = 0
  const filler = 'x'.repeat(EVENT_CHARACTERS)
  const sender = async () => {
    while (next < count) {
      const first = next
      next += ENTRIES_PER_REQUEST
      const Entries = Array.from({ length: ENTRIES_PER_REQUEST }, (_, index) => ({
        Source: 'outage',
        DetailType: 'd',
        Detail: JSON.stringify({ n: first + index, filler }),
      }))
      await putter.call(hub.url, 'PutEvents', { Entries })
    }
  }
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, sender))
}
