import { Putter } from '../test/crash/putter.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../test/hub-process.ts'
import { createOrganisation } from '../test/organisation.ts'
import { startReceiver } from '../test/receiver.ts'
import { percentiles } from './percentiles.ts'
import type { Percentiles } from './percentiles.ts'
import { sendProbes } from './probes.ts'
import { orderEntry, putEventsRequest, run } from './load.ts'

const ENTRIES_PER_REQUEST = 10
const CONNECTIONS = 32
const DISTINCT_REQUESTS = 500
const MEASURED_MS = 12_000
const WARM_UP_MS = 3_000

export interface LatencyFigure extends Percentiles {
  readonly loadEventsPerSecond: number
  readonly deliveries: number
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
  const sentAt = await sendProbes(hub.url, putter, MEASURED_MS - 1_000)
  const report = await background
  await receiver.waitFor(sentAt.length)
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)

  const latencies = receiver.received.map(({ body, at }) => at - (sentAt[body.detail.n] ?? 0))

  return {
    loadEventsPerSecond: (report.answered * ENTRIES_PER_REQUEST) / report.seconds,
    deliveries: latencies.length,
    ...percentiles(latencies),
  }
}
