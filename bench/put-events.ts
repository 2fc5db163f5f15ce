import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { newDataFolder, removeDataFolder, startHubProcess } from '../test/hub-process.ts'
import { createOrganisation } from '../test/organisation.ts'
import { orderEntry, putEventsRequest, run } from './load.ts'
import type { LoadReport } from './load-generator.ts'

const ENTRIES_PER_REQUEST = 10
const CONNECTIONS = 64
const DISTINCT_REQUESTS = 500
const WARM_UP_MS = 2_000
const MEASURED_MS = 5_000
const ROUNDS = Number(process.env['ROUNDS'] ?? 3)

export interface PutEventsFigure {
  readonly eventsPerSecond: number
  readonly ratioToBareServer: number
}

/**
 * Figure 1: signed PutEvents of ten 1 KB entries over HTTP, each answered after its flush, against
 * a bare server that only reads the same requests. The two take turns; the median round counts.
 */
export async function benchPutEvents(): Promise<PutEventsFigure> {
  const folder = newDataFolder()
  const hub = await startHubProcess(folder)
  await createOrganisation(hub)
  const caller = await hub.profile('member')
  const bare = spawn(process.execPath, [new URL('./bare-server.ts', import.meta.url).pathname])
  const [line] = (await once(bare.stdout, 'data')) as [Buffer]
  const hubPort = Number(new URL(hub.url).port)
  const barePort = Number(/:(\d+)\s*$/.exec(line.toString())?.[1])

  const requests = Array.from({ length: DISTINCT_REQUESTS }, (_, index) => {
    const first = index * ENTRIES_PER_REQUEST
    const entries = Array.from({ length: ENTRIES_PER_REQUEST }, (_unused, n) =>
      orderEntry(first + n),
    )
    return putEventsRequest(hubPort, caller, entries)
  })
  const measure = (port: number, durationMs: number) =>
    run({ port, connections: CONNECTIONS, durationMs, requests })

  await measure(barePort, WARM_UP_MS)
  await measure(hubPort, WARM_UP_MS)
  const rounds: { hub: LoadReport; bare: LoadReport }[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const bareReport = await measure(barePort, MEASURED_MS)
    const hubReport = await measure(hubPort, MEASURED_MS)
    if (hubReport.failed > 0) throw new Error(`${hubReport.failed} requests failed`)
    rounds.push({ bare: bareReport, hub: hubReport })
    print(round, bareReport, hubReport)
  }
  bare.kill()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
  const median = rounds
    .map((round) => ({
      eventsPerSecond: perSecond(round.hub) * ENTRIES_PER_REQUEST,
      ratioToBareServer: perSecond(round.hub) / perSecond(round.bare),
    }))
    .toSorted((a, b) => a.ratioToBareServer - b.ratioToBareServer)[Math.floor(ROUNDS / 2)]
  return median as PutEventsFigure
}

function perSecond({ answered, seconds }: LoadReport): number {
  return answered / seconds
}

function print(round: number, bare: LoadReport, hub: LoadReport): void {
  const text = (report: LoadReport) =>
    `${Math.round(perSecond(report))} requests/s (p50 ${report.latencyMsP50.toFixed(1)} ms, p99 ${report.latencyMsP99.toFixed(1)} ms)`
  const ratio = (perSecond(hub) / perSecond(bare)).toFixed(3)
  process.stdout.write(
    `  round ${round + 1}: bare server ${text(bare)}; Belfry ${text(hub)}; ratio ${ratio}\n`,
  )
}
