import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { grownBill, writeCsvGz } from '../../bench/cost/grown-bill.ts'
import { endOf, importFiles } from '../cost-calls.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'

const ROWS = 60_000
const RECOVERS_WITHIN_MS = 120_000

const folder = newDataFolder()
const costFolder = join(folder, 'bills')
let hub: HubProcess
const start = async () => void (hub = await startHubProcess(folder, ['--cost-folder', costFolder]))

beforeAll(start)
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

it(
  'a hub that is killed while it imports has the old costs, and the new ones when it is back',
  async () => {
    const { organisationId } = await createOrganisation(hub)
    const periods = async () => {
      const { body } = await hub.rest('GET', `/cost-periods?organisationId=${organisationId}`)
      return body.items.map(({ month, execution, totals }: any) => ({ month, execution, totals }))
    }
    const header = `BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory,BillingAccountId,ServiceName,ProviderName`
    const old = `${header}\n7,7,USD,2024-01-01T00:00:00Z,2024-01-01T00:00:00Z,Usage,1,EC2,AWS\n`
    const files = { 'a.csv': Buffer.from(old) }
    await importFiles(hub, { organisationId, exportName: 'bill' }, files)
    const before = await periods()

    const own = join(costFolder, organisationId)
    mkdirSync(own, { recursive: true })
    const bill = grownBill({ seed: 7, months: 2 })
    await writeCsvGz(bill, ROWS, join(own, 'bill.csv.gz'))
    const from = { kind: 'folder', path: 'bill.csv.gz' }
    const given = { organisationId, exportName: 'bill', from }
    const { id } = (await hub.rest('POST', '/cost-imports', given)).body
    // It has read something, and is not done.
    for (let rows = 0; rows === 0;) {
      const { body } = await hub.rest('GET', `/cost-imports/${id}`)
      expect(body.status).not.toBe('done')
      rows = body.progress?.rows ?? 0
    }
    expect(await periods()).toEqual(before)
    await hub.kill('SIGKILL')

    await start()
    const ended = await endOf(hub, id)
    expect(ended).toMatchObject({
      status: 'done',
      report: { rowsRead: ROWS, rowsSkipped: 0, periods: [{ before: before[0].totals }, {}] },
    })
    expect((await periods()).map(({ month }: any) => month)).toEqual(['2024-01', '2024-02'])
    const again = (await hub.rest('POST', '/cost-imports', given)).body
    expect(await endOf(hub, again.id)).toMatchObject({ status: 'unchanged' })
  },
  RECOVERS_WITHIN_MS,
)
