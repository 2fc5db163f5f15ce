import type { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'

import type {
  CostDimensions,
  CostPeriod,
  CostRow,
  CostTags,
  CostTotal,
  Day,
} from '#src/model/cost.ts'
import type { Money } from '#src/model/money.ts'
import type {
  CostExport,
  CostStaging,
  CostStore,
  CostSum,
  StagedDimensions,
  StagedPeriod,
  StagedRow,
  SumDimension,
  SumQuery,
} from '#src/ports/cost-store.ts'
import { SUMS_MAX } from '#src/ports/cost-store.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { Verb, Writer } from './writer.ts'

/**
 * An edition is one state of a billing period: staged, then published, then dead.
 *
 *  staged     gains dimensions and rows, a few at a time; nobody reads it
 *  published  what the organisation has: one for each export and month
 *  dead       replaced, taken away, given up, or left by a crash: its rows are deleted a few at a time
 *
 * An amount is two integers, since SQLite's have 64 bits: millionths of the currency, and what is
 * left in units of 10^-12. Both have the amount's sign, and sums of each are exact.
 */

interface StagePart {
  readonly staging: string
  readonly of: CostExport
  readonly dimensions: readonly StagedDimensions[]
  readonly rows: readonly StagedRow[]
}

interface PublishCosts {
  readonly staging: string
  readonly of: CostExport
  readonly periods: readonly { readonly month: string; readonly json: string }[]
}

type BroughtPeriod = CostExport & Pick<CostPeriod, 'month' | 'importId'>

const UNITS_PER_MILLIONTH = 1_000_000n
/** The writer thread does nothing else meanwhile. */
const SWEPT_ROWS_MAX = 2_000
/** The main thread does nothing else meanwhile: some ms. */
const PAGE_ROWS = 1_000
const SUMMED_DIMENSIONS = 10_000

/** Runs in the writer thread. */
export function costStoreVerbs(database: DatabaseSync): Record<string, Verb> {
  const begin = database.prepare(
    `INSERT INTO cost_edition (staging, organisation_id, export_name, month, state)
    VALUES (?, ?, ?, ?, 'staged') ON CONFLICT DO NOTHING`,
  )
  const editionOf = database.prepare('SELECT id FROM cost_edition WHERE staging = ? AND month = ?')
  const addDimension = database.prepare(`
    INSERT INTO cost_dimension (edition, number, provider, billing_account, account, service, region,
      charge_category, charge_frequency, charge_class, meter, currency, tags)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const addRow = database.prepare(`
    INSERT INTO cost_row (edition, day, dimension, billed_millionths, billed_rest,
      effective_millionths, effective_rest) VALUES (?, ?, ?, ?, ?, ?, ?)`)
  const retire = database.prepare(`
    UPDATE cost_edition SET state = 'dead'
    WHERE organisation_id = ? AND export_name = ? AND month = ? AND state = 'published'
    RETURNING period`)
  const remove = database.prepare(`
    UPDATE cost_edition SET state = 'dead'
    WHERE organisation_id = ? AND export_name = ? AND month = ? AND state = 'published'
      AND period ->> '$.importId' = ?`)
  const publish = database.prepare(
    `UPDATE cost_edition SET state = 'published', period = ? WHERE id = ?`,
  )
  const discard = database.prepare(
    `UPDATE cost_edition SET state = 'dead' WHERE staging = ? AND state = 'staged'`,
  )
  const edition = (staging: string, of: CostExport, month: string): number => {
    begin.run(staging, of.organisationId, of.exportName, month)
    return Number(editionOf.get(staging, month)?.['id'])
  }
  return {
    stageCosts: ({ staging, of, dimensions, rows }: StagePart) => {
      const known = new Map<string, number>()
      const editionFor = (month: string) => {
        const id = known.get(month) ?? edition(staging, of, month)
        known.set(month, id)
        return id
      }
      for (const each of dimensions) {
        const { provider, billingAccountId, accountId, service, region, meter, currency } = each
        const charge = [each.chargeCategory, each.chargeFrequency, each.chargeClass]
        const what = [provider, billingAccountId, accountId, service, region, ...charge]
        const tags = JSON.stringify(each.tags)
        addDimension.run(editionFor(each.month), each.number, ...what, meter, currency, tags)
      }
      for (const { month, day, dimension, billedCost, effectiveCost } of rows) {
        const costs = [...parts(billedCost), ...parts(effectiveCost)]
        addRow.run(editionFor(month), dayNumber(day), dimension, ...costs)
      }
    },
    publishCosts: ({ staging, of, periods }: PublishCosts) =>
      periods.flatMap(({ month, json }) => {
        const id = edition(staging, of, month)
        const replaced = retire.all(of.organisationId, of.exportName, month)
        publish.run(json, id)
        return replaced.map(({ period }) => String(period))
      }),
    discardCosts: (staging: string) => {
      discard.run(staging)
    },
    removeCostPeriod: ({ organisationId, exportName, month, importId }: BroughtPeriod) =>
      remove.run(organisationId, exportName, month, importId).changes > 0,
    sweepCosts: sweeping(database),
  }
}

/** Deletes some of an edition that is dead, and at last itself. */
function sweeping(database: DatabaseSync): (edition: number) => void {
  const deleteRows = database.prepare(`
    DELETE FROM cost_row WHERE edition = ? AND (day, dimension) IN
      (SELECT day, dimension FROM cost_row WHERE edition = ? LIMIT ${SWEPT_ROWS_MAX})`)
  const deleteDimensions = database.prepare(`
    DELETE FROM cost_dimension WHERE edition = ? AND number IN
      (SELECT number FROM cost_dimension WHERE edition = ? LIMIT ${SWEPT_ROWS_MAX})`)
  const deleteEdition = database.prepare('DELETE FROM cost_edition WHERE id = ?')
  return (id) => {
    if (deleteRows.run(id, id).changes > 0 || deleteDimensions.run(id, id).changes > 0) return
    deleteEdition.run(id)
  }
}

export function createSqliteCostStore(
  writer: Writer,
  reading: DatabaseSync,
  ids: Pick<Ids, 'uuid'>,
): CostStore {
  const stagings = new Set<string>()
  /** How many read an edition now. */
  const readers = new Map<number, number>()
  const published = reading.prepare(`
    SELECT id, period FROM cost_edition
    WHERE organisation_id = ? AND state = 'published' ORDER BY export_name, month`)
  const dead = reading.prepare(`
    SELECT id FROM cost_edition
    WHERE (state = 'dead'
        OR (state = 'staged' AND staging NOT IN (SELECT value FROM json_each(?))))
      AND id NOT IN (SELECT value FROM json_each(?))
    LIMIT 1`)
  /**
   * One that is dead already, as readers see it, so that none of them begins to read it while it is
   * deleted.
   */
  const deadEdition = () => {
    const found = dead.get(JSON.stringify([...stagings]), JSON.stringify([...readers.keys()]))
    return found === undefined ? undefined : Number(found['id'])
  }
  const editionsOf = (organisationId: string) =>
    published.all(organisationId).map(({ id, period }) => ({
      id: Number(id),
      period: periodOf(String(period)),
    }))

  /** Runs with editions that stay as they are until it has ended. */
  async function* holding<T>(
    organisationId: string,
    { from, to }: { readonly from: Day; readonly to: Day },
    body: (editions: readonly Edition[]) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    const held = editionsOf(organisationId).filter(
      ({ period }) => period.firstDay <= to && period.lastDay >= from,
    )
    for (const { id } of held) readers.set(id, (readers.get(id) ?? 0) + 1)
    try {
      yield* body(held)
    } finally {
      for (const { id } of held) {
        const left = (readers.get(id) ?? 1) - 1
        if (left === 0) readers.delete(id)
        else readers.set(id, left)
      }
    }
  }

  return {
    stage: async (of) => newStaging({ writer, stagings, of, id: ids.uuid() }),
    periods: async (organisationId, exportName) =>
      editionsOf(organisationId).flatMap(({ period }) =>
        (exportName ?? period.exportName) === period.exportName ? [period] : [],
      ),
    rows: (organisationId, days) =>
      holding(organisationId, days, (editions) => rowsOf(reading, editions, days)),
    sums: async (organisationId, asked) => {
      const sums = new Map<string, CostSum>()
      const found = holding(organisationId, asked, (held) => sumsOf(reading, held, asked))
      for await (const sum of found) {
        addSum(sums, sum, asked.by)
        if (sums.size > SUMS_MAX) return undefined
      }
      return [...sums.values()]
    },
    removePeriod: ({ organisationId, exportName, month, importId }) => {
      const of: BroughtPeriod = { organisationId, exportName, month, importId }
      return writer.write<boolean>('removeCostPeriod', of)
    },
    sweep: async (signal) => {
      for (let id = deadEdition(); id !== undefined && !signal.aborted; id = deadEdition()) {
        await writer.write('sweepCosts', id)
      }
    },
  }
}

interface Edition {
  readonly id: number
  readonly period: CostPeriod
}

function newStaging(given: {
  readonly writer: Writer
  readonly stagings: Set<string>
  readonly of: CostExport
  readonly id: string
}): CostStaging {
  const { writer, stagings, of, id } = given
  stagings.add(id)
  return {
    add: (part) => writer.write('stageCosts', { staging: id, of, ...part } satisfies StagePart),
    publish: async (periods) => {
      const published = periods.map((period) => ({
        month: period.month,
        json: periodJson({ ...period, ...of }),
      }))
      const args: PublishCosts = { staging: id, of, periods: published }
      const replaced = await writer.write<readonly string[]>('publishCosts', args)
      stagings.delete(id)
      return replaced.map(periodOf)
    },
    discard: async () => {
      // Where it cannot be written, as on a full disk, it is swept away as what a crash leaves is.
      stagings.delete(id)
      await writer.write('discardCosts', id)
    },
  }
}

async function* rowsOf(
  reading: DatabaseSync,
  editions: readonly Edition[],
  { from, to }: { readonly from: Day; readonly to: Day },
): AsyncGenerator<CostRow> {
  const page = reading.prepare(`
    SELECT r.dimension, r.billed_millionths, r.billed_rest, r.effective_millionths,
      r.effective_rest, d.*
    FROM cost_row r JOIN cost_dimension d ON d.edition = r.edition AND d.number = r.dimension
    WHERE r.edition = ? AND r.day = ? AND r.dimension > ? ORDER BY r.dimension LIMIT ${PAGE_ROWS}`)
  page.setReadBigInts(true)
  for (const { day, edition } of daysOf(editions, from, to)) {
    let after = -1n
    for (;;) {
      const rows = page.all(edition.id, dayNumber(day), after)
      for (const row of rows) yield { day, ...dimensionsOf(row), ...costsOf(row) }
      const last = rows.at(-1)
      if (last === undefined || rows.length < PAGE_ROWS) break
      after = last['dimension'] as bigint
      await setImmediate()
    }
    await setImmediate()
  }
}

/** Every day of every edition between two days, in the order of days and then editions. */
function* daysOf(editions: readonly Edition[], from: Day, to: Day) {
  const first = editions.map(({ period }) => period.firstDay).reduce(earlier, to)
  const last = editions.map(({ period }) => period.lastDay).reduce(later, from)
  const end = earlier(last, to)
  for (let day = later(first, from); day <= end; day = nextDay(day)) {
    for (const edition of editions) {
      const { firstDay, lastDay } = edition.period
      if (firstDay <= day && day <= lastDay) yield { day, edition }
    }
  }
}

const COLUMNS: Readonly<Record<Exclude<SumDimension, 'day' | 'exportName' | 'month'>, string>> = {
  provider: 'provider',
  billingAccountId: 'billing_account',
  accountId: 'account',
  service: 'service',
  region: 'region',
  chargeCategory: 'charge_category',
  chargeFrequency: 'charge_frequency',
  chargeClass: 'charge_class',
  meter: 'meter',
}

async function* sumsOf(
  reading: DatabaseSync,
  editions: readonly Edition[],
  { from, to, by }: SumQuery,
): AsyncGenerator<CostSum> {
  const columns = by.flatMap((name) =>
    name in COLUMNS ? [[name, COLUMNS[name as keyof typeof COLUMNS]] as const] : [],
  )
  const grouped = ['currency', ...columns.map(([, column]) => column)].join(', ')
  const sums = reading.prepare(`
    SELECT ${grouped}, sum(billed_millionths) AS billed_millionths, sum(billed_rest) AS billed_rest,
      sum(effective_millionths) AS effective_millionths, sum(effective_rest) AS effective_rest
    FROM cost_row r JOIN cost_dimension d ON d.edition = r.edition AND d.number = r.dimension
    WHERE r.edition = ? AND r.day = ? AND r.dimension >= ? AND r.dimension < ?
    GROUP BY ${grouped}`)
  sums.setReadBigInts(true)
  const count = reading.prepare('SELECT max(number) AS last FROM cost_dimension WHERE edition = ?')
  const lastOf = new Map(
    editions.map(({ id }) => [id, Number(count.get(id)?.['last'] ?? -1)] as const),
  )
  for (const { day, edition } of daysOf(editions, from, to)) {
    const { id, period } = edition
    for (let low = 0; low <= (lastOf.get(id) ?? -1); low += SUMMED_DIMENSIONS) {
      for (const row of sums.all(id, dayNumber(day), low, low + SUMMED_DIMENSIONS)) {
        const dimensions = columns.map(([name, column]) => [name, String(row[column])] as const)
        yield {
          ...(by.includes('day') && { day }),
          ...(by.includes('exportName') && { exportName: period.exportName }),
          ...(by.includes('month') && { month: period.month }),
          ...Object.fromEntries(dimensions),
          currency: String(row['currency']),
          ...costsOf(row),
        }
      }
      await setImmediate()
    }
  }
}

function addSum(sums: Map<string, CostSum>, sum: CostSum, by: readonly SumDimension[]): void {
  const key = JSON.stringify([sum.currency, ...by.map((name) => sum[name])])
  const before = sums.get(key)
  sums.set(key, {
    ...sum,
    billedCost: sum.billedCost + (before?.billedCost ?? 0n),
    effectiveCost: sum.effectiveCost + (before?.effectiveCost ?? 0n),
  })
}

type Row = Readonly<Record<string, unknown>>

function dimensionsOf(row: Row): CostDimensions {
  const text = (name: string) => String(row[name])
  return {
    provider: text('provider'),
    billingAccountId: text('billing_account'),
    accountId: text('account'),
    service: text('service'),
    region: text('region'),
    chargeCategory: text('charge_category') as CostDimensions['chargeCategory'],
    chargeFrequency: text('charge_frequency') as CostDimensions['chargeFrequency'],
    chargeClass: text('charge_class') as CostDimensions['chargeClass'],
    meter: text('meter'),
    currency: text('currency'),
    tags: JSON.parse(text('tags')) as CostTags,
  }
}

function costsOf(row: Row): Pick<CostRow, 'billedCost' | 'effectiveCost'> {
  const whole = (name: string) => row[name] as bigint
  return {
    billedCost: whole('billed_millionths') * UNITS_PER_MILLIONTH + whole('billed_rest'),
    effectiveCost: whole('effective_millionths') * UNITS_PER_MILLIONTH + whole('effective_rest'),
  }
}

function parts(amount: Money): readonly [bigint, bigint] {
  return [amount / UNITS_PER_MILLIONTH, amount % UNITS_PER_MILLIONTH]
}

/** Amounts as decimal text, since JSON has no such integers. */
function periodJson(period: StagedPeriod & CostExport): string {
  const texts = (total: CostTotal) => ({
    currency: total.currency,
    billedCost: String(total.billedCost),
    effectiveCost: String(total.effectiveCost),
  })
  return JSON.stringify({ ...period, totals: period.totals.map(texts) })
}

function periodOf(json: string): CostPeriod {
  type Texts = Readonly<Record<keyof CostTotal, string>>
  const { totals, ...period } = JSON.parse(json) as Omit<CostPeriod, 'totals'> & {
    readonly totals: readonly Texts[]
  }
  return {
    ...period,
    totals: totals.map(({ currency, billedCost, effectiveCost }) => ({
      currency,
      billedCost: BigInt(billedCost),
      effectiveCost: BigInt(effectiveCost),
    })),
  }
}

/** 2026-11-05 as 20261105: small, and in the order of days. */
function dayNumber(day: Day): number {
  return Number(day.replaceAll('-', ''))
}

const MS_PER_DAY = 86_400_000

function nextDay(day: Day): Day {
  return new Date(Date.parse(day) + MS_PER_DAY).toISOString().slice(0, day.length)
}

function earlier(a: Day, b: Day): Day {
  return a < b ? a : b
}

function later(a: Day, b: Day): Day {
  return a > b ? a : b
}
