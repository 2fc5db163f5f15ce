import { Putter } from '../test/crash/putter.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../test/hub-process.ts'
import { createOrganisation } from '../test/organisation.ts'
import { startReceiver } from '../test/receiver.ts'
import { orderEntry, putEventsRequest, run } from './load.ts'

const ENTRIES_PER_REQUEST = 10
const CONNECTIONS = 32
const DISTINCT_REQUESTS = 500
const PROBES_PER_SECOND = 100
const MEASURED_MS = 12_000
const WARM_UP_MS = 3_000

export interface LatencyFigure {
  readonly loadEventsPerSecond: number
  readonly deliveries: number
  readonly msP50: number
  readonly msP99: number
}

/**
 * Figure 2: from just before the PutEvents call until a local HTTP target has the event, while
 * other events come in at a steady rate. Probe events match a rule with the target; the others
 * are recorded and matched, and go nowhere.
 */
export async function benchPutToTarget(loadEventsPerSecond: number): Promise<LatencyFigure> {
  const folder = newDataFolder()
  const hub = await startHubProcess(folder)
  await createOrganisation(hub)
  const caller = await hub.profile('member')
  const receiver = await startReceiver()
  const putter = new Putter(caller)
  const rule = { Name: 'probe', EventPattern: '{"source":["bench.probe"]}' }
  await putter.call(hub.url, 'PutRule', rule)
  const Targets = [{ Id: 't', Arn: `${receiver.url}/` }]
  await putter.call(hub.url, 'PutTargets', { Rule: 'probe', Targets })

  const port = Number(new URL(hub.url).port)
  const requests = Array.from({ length: DISTINCT_REQUESTS }, (_, index) => {
    const numbers = Array.from({ length: ENTRIES_PER_REQUEST }, (_unused, n) => index * 10 + n)
    return putEventsRequest(
      port,
      caller,
      numbers.map((n) => orderEntry(n)),
    )
  })
  const background = run({
    port,
    connections: CONNECTIONS,
    durationMs: WARM_UP_MS + MEASURED_MS,
    requests,
    rate: loadEventsPerSecond / ENTRIES_PER_REQUEST,
  })
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS))
  const sentAt = await probe(hub.url, putter)
  const report = await background
  await receiver.waitFor(sentAt.length)
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)

  const latencies = receiver.received
    .map(({ body, at }) => at - (sentAt[body.detail.n] ?? 0))
    .toSorted((a, b) => a - b)
  const share = (part: number) => latencies[Math.floor((latencies.length - 1) * part)] ?? 0
  return {
    loadEventsPerSecond: (report.answered * ENTRIES_PER_REQUEST) / report.seconds,
    deliveries: latencies.length,
    msP50: share(0.5),
    msP99: share(0.99),
  }
}

/** Sends probes at a steady pace, whether or not earlier ones have been answered. */
async function probe(url: string, putter: Putter): Promise<readonly number[]> {
  const sentAt: number[] = []
  const calls: Promise<unknown>[] = []
  const startedAt = performance.now()
  while (performance.now() - startedAt < MEASURED_MS - 1_000) {
    const due = ((performance.now() - startedAt) / 1_000) * PROBES_PER_SECOND
    while (sentAt.length < due) {
      const Detail = JSON.stringify({ n: sentAt.length, note: 'x'.repeat(900) })
      sentAt.push(Date.now())
      const entry = { Source: 'bench.probe', DetailType: 'Probe', Detail }
      calls.push(putter.call(url, 'PutEvents', { Entries: [entry] }))
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await Promise.all(calls)
  return sentAt
}
