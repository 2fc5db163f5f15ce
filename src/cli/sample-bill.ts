import { readFile } from 'node:fs/promises'
import { gunzipSync, gzipSync } from 'node:zlib'

import type { Command } from 'commander'

import type { CostImport } from '#src/model/cost-import.ts'
import { systemClock } from '#src/ports/clock.ts'
import { action } from './call.ts'
import { costImportText } from './cost-import-text.ts'
import { followImport } from './follow-import.ts'
import { organisationBy } from './references.ts'

const BILL = new URL('../../samples/costs/focus-1.0.csv.gz', import.meta.url)
const EXPORT_NAME = 'sample'
const FILE_NAME = 'sample-bill.csv.gz'

/** The sample bill is of September 2024, the month 8 of `Date`; periods of some charges end in the month after. */
const BILL_MONTH = 8
const LAST_DAY = 30
const DAYS_OF_BILL = /\b2024-(?:09|1[01])-[0-3][0-9]\b/g
const DAY_MS = 86_400_000

export function addSampleBill(costs: Command): void {
  costs
    .command('sample')
    .description('import the sample bill as if it were of this month, so that budgets tell of it')
    .option('--organisation <organisation>', 'whose costs: id or alias')
    .addHelpText(
      'after',
      `
The bill of samples/costs comes to 18 USD of usage in a month. What would lie in days to come is put
on yesterday; on the first of a month the bill is of the month before, and budgets tell nothing of it.
Take it away with "belfry costs delete <month> --export ${EXPORT_NAME}".`,
    )
    .action(
      action<{ organisation?: string }>(async ({ hub, output, options }) => {
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const given = { organisationId, exportName: EXPORT_NAME, from: { kind: 'upload' } }
        const { id } = await hub.post<CostImport>('/cost-imports', given)
        const bill = billUpTo(systemClock.now(), gunzipSync(await readFile(BILL)).toString())
        await hub.putBytes(`/cost-imports/${id}/files/${FILE_NAME}`, gzipSync(bill), { offset: 0 })
        await hub.post(`/cost-imports/${id}/start`)
        const ended = await followImport(hub, id)
        await output.show(ended, () => costImportText(ended))
      }),
    )
}

/**
 * The bill as of the month of yesterday. Days that have yet to come are put on yesterday, and the last
 * on today: the last day that a bill tells of is not complete. First days of months stay such.
 */
function billUpTo(now: number, bill: string): string {
  const [today, yesterday] = [new Date(now), new Date(now - DAY_MS)]
  const year = yesterday.getUTCFullYear()
  const month = yesterday.getUTCMonth()
  const latest = today.getUTCMonth() === month ? today.getUTCDate() : yesterday.getUTCDate()
  return bill.replaceAll(DAYS_OF_BILL, (text) => {
    const day = new Date(`${text}T00:00:00Z`)
    const ofBill = day.getUTCDate()
    const ofMonth = Math.min(ofBill, ofBill === LAST_DAY ? latest : yesterday.getUTCDate())
    const moved = Date.UTC(year, month + day.getUTCMonth() - BILL_MONTH, ofMonth)
    return new Date(moved).toISOString().slice(0, 10)
  })
}
