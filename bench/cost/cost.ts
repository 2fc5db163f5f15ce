import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { endOf } from '../../test/cost-calls.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../../test/hub-process.ts'
import type { HubProcess } from '../../test/hub-process.ts'
import { createOrganisation } from '../../test/organisation.ts'
import { orderEntry, putEventsRequest, run } from '../load.ts'
import { grownBill, writeCsvGz, writeParquet } from './grown-bill.ts'
import type { GrownBill } from './grown-bill.ts'

export const COST_FORMATS = ['csv.gz', 'parquet'] as const
export type CostFormat = (typeof COST_FORMATS)[number]

export interface CostFigure {
  readonly what: string
  readonly rows: number
  readonly megabytes: number
  readonly rowsPerSecond: number
  /** The most that the process had in memory. */
  readonly peakMegabytes: number
  /** Of PutEvents at 50 requests of ten events a second, while it was imported: the worst 2 s. */
  readonly putEventsMsP99: number
  /** Of these requests, how many were refused, as on a machine that is too busy. */
  readonly failedRequests: number
  readonly requests: number
}

const SEED = 20_260_105
const ENTRIES_PER_REQUEST = 10
const REQUESTS_PER_SECOND = 50
const ROUND_MS = 2_000

/** Figure 8: bills of 24 months, imported from a folder of the hub while it takes events. */
export async function benchCost(
  rows: number,
  formats: readonly CostFormat[],
): Promise<readonly CostFigure[]> {
  const bill = grownBill({ seed: SEED })
  const figures: CostFigure[] = []
  for (const what of formats) {
    figures.push(await withFolder((folder) => benchFormat(folder, { bill, what, rows })))
  }
  return figures
}

/** A folder of gigabytes is not left behind where something goes wrong. */
async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = newDataFolder()
  try {
    return await use(folder)
  } finally {
    removeDataFolder(folder)
  }
}

interface Benched {
  readonly bill: GrownBill
  readonly what: CostFormat
  readonly rows: number
}

async function benchFormat(folder: string, { bill, what, rows }: Benched): Promise<CostFigure> {
  const costFolder = join(folder, 'bills')
  const hub = await startHubProcess(folder, ['--cost-folder', costFolder])
  try {
    const { organisationId } = await createOrganisation(hub)
    mkdirSync(join(costFolder, organisationId), { recursive: true })
    const path = join(costFolder, organisationId, `bill.${what}`)
    if (what === 'csv.gz') await writeCsvGz(bill, rows, path)
    else writeParquet(bill, rows, path)
    return await measure(hub, { organisationId, what, rows, path })
  } finally {
    await hub.kill('SIGTERM')
  }
}

interface Measured {
  readonly organisationId: string
  readonly what: string
  readonly rows: number
  readonly path: string
}

async function measure(
  hub: HubProcess,
  { organisationId, what, rows, path }: Measured,
): Promise<CostFigure> {
  const port = Number(new URL(hub.url).port)
  const caller = await hub.profile('member')
  const entries = Array.from({ length: ENTRIES_PER_REQUEST }, (_, number) => orderEntry(number))
  const requests = [putEventsRequest(port, caller, entries)]
  const load = () =>
    run({ port, connections: 8, durationMs: ROUND_MS, requests, rate: REQUESTS_PER_SECOND })
  await load()

  const startedAt = performance.now()
  const from = { kind: 'folder', path: `bill.${what}` }
  const given = { organisationId, exportName: 'bench', from }
  const { id } = (await hub.rest('POST', '/cost-imports', given)).body
  let seconds: number | undefined
  const waitForEnd = async () => {
    try {
      const { status, error } = await endOf(hub, id)
      if (status !== 'done') throw new Error(`the import ended as ${status}: ${error}`)
    } finally {
      seconds = (performance.now() - startedAt) / 1_000
    }
  }
  const ended = waitForEnd()
  // A fault of it is thrown below, once the load of the moment is over.
  ended.catch(() => undefined)
  let [putEventsMsP99, failedRequests, answered] = [0, 0, 0]
  while (seconds === undefined) {
    const report = await load()
    failedRequests += report.failed
    answered += report.answered
    putEventsMsP99 = Math.max(putEventsMsP99, report.latencyMsP99)
  }
  await ended
  const megabytes = statSync(path).size / 1e6
  const peakMegabytes = peakOf(hub)
  const taken = { putEventsMsP99, requests: answered, failedRequests }
  return { what, rows, megabytes, rowsPerSecond: rows / seconds, peakMegabytes, ...taken }
}

/** The kernel's high-water mark of resident memory. */
function peakOf({ process: { pid } }: HubProcess): number {
  const [, kilobytes = '0'] =
    /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return (Number(kilobytes) * 1_024) / 1e6
}
