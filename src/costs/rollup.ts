import type { CostTotal, Day, Month } from '#src/model/cost.ts'
import { MONEY_ABSOLUTE_MAX } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import type { StagedDimensions, StagedRow } from '#src/ports/cost-store.ts'
import type { Charge } from './charge.ts'
import { tagsOf } from './cost-tags.ts'
import { ImportFault } from './import-fault.ts'

/** What is known of a billing period after all its rows were read. */
export interface PeriodSummary {
  readonly month: Month
  readonly firstDay: Day
  readonly lastDay: Day
  /** The newest day that usage is told of. */
  readonly lastUsageDay?: Day
  readonly billingAccountIds: readonly string[]
  readonly totals: readonly CostTotal[]
  /** Cost rows, by day and dimensions. */
  readonly rows: number
}

export interface RollupPart {
  readonly dimensions: readonly StagedDimensions[]
  readonly rows: readonly StagedRow[]
}

/** Sums up charges by day and dimensions: the sum is the same in whatever order they come. */
export interface Rollup {
  add(charge: Charge): void
  summaries(): readonly PeriodSummary[]
  /** All rows, a part at a time; dimensions are numbered in the order of their text. */
  parts(): Generator<RollupPart>
}

export interface RollupLimits {
  /** About 700 bytes of memory each. */
  readonly dimensions: number
  /** About 100 bytes of memory each. */
  readonly rows: number
}

const LIMITS: RollupLimits = { dimensions: 500_000, rows: 3_000_000 }
const BILLING_ACCOUNTS_MAX = 10_000
/** The store writes one part at once. */
const PART_ROWS = 1_000

interface Entry {
  readonly charge: Charge
  readonly days: Day[]
  readonly billed: Money[]
  readonly effective: Money[]
}

interface Period {
  readonly entries: Map<string, Entry>
  readonly billingAccountIds: Set<string>
  readonly totals: Map<string, { billed: Money; effective: Money }>
  firstDay: Day
  lastDay: Day
  lastUsageDay: Day
  rows: number
}

/** Below all texts that exports have, so that keys sort as their parts do. */
const SEPARATOR = '\u0000'

export function createRollup(max: RollupLimits = LIMITS): Rollup {
  const periods = new Map<Month, Period>()
  const shared = createSharedTexts()
  let rows = 0
  let dimensions = 0

  const add = (charge: Charge): void => {
    const { month, day } = charge
    let period = periods.get(month)
    if (period === undefined) {
      period = newPeriod(day)
      periods.set(month, period)
    }
    const key = keyOf(charge)
    let entry = period.entries.get(key)
    if (entry === undefined) {
      dimensions += 1
      if (dimensions > max.dimensions) throw tooMany(`${max.dimensions} combinations of dimensions`)
      entry = { charge: shared(charge), days: [], billed: [], effective: [] }
      period.entries.set(key, entry)
    }
    let at = entry.days.lastIndexOf(day)
    if (at === -1) {
      rows += 1
      if (rows > max.rows) throw tooMany(`${max.rows} cost rows`)
      at = entry.days.push(day) - 1
      entry.billed.push(0n)
      entry.effective.push(0n)
      period.rows += 1
    }
    entry.billed[at] = (entry.billed[at] as Money) + charge.billedCost
    entry.effective[at] = (entry.effective[at] as Money) + charge.effectiveCost
    note(period, charge)
  }

  return {
    add,
    summaries: () =>
      ordered(periods).map(([month, period]) => ({
        month,
        firstDay: period.firstDay,
        lastDay: period.lastDay,
        ...(period.lastUsageDay !== '' && { lastUsageDay: period.lastUsageDay }),
        billingAccountIds: [...period.billingAccountIds].toSorted(),
        totals: ordered(period.totals).map(([currency, { billed, effective }]) => ({
          currency,
          billedCost: billed,
          effectiveCost: effective,
        })),
        rows: period.rows,
      })),
    parts: function* () {
      for (const [month, { entries }] of ordered(periods)) yield* partsOf(month, entries)
    },
  }
}

function newPeriod(day: Day): Period {
  return {
    entries: new Map(),
    billingAccountIds: new Set(),
    totals: new Map(),
    firstDay: day,
    lastDay: day,
    lastUsageDay: '',
    rows: 0,
  }
}

function note(period: Period, charge: Charge): void {
  const { day, currency, billedCost, effectiveCost, billingAccountId } = charge
  if (day < period.firstDay) period.firstDay = day
  if (day > period.lastDay) period.lastDay = day
  const isUsage = charge.chargeCategory === 'Usage' && charge.chargeClass === ''
  if (isUsage && day > period.lastUsageDay) period.lastUsageDay = day
  const total = period.totals.get(currency)
  if (total === undefined) {
    period.totals.set(currency, { billed: billedCost, effective: effectiveCost })
  } else {
    total.billed += billedCost
    total.effective += effectiveCost
  }
  if (period.billingAccountIds.size < BILLING_ACCOUNTS_MAX) {
    period.billingAccountIds.add(billingAccountId)
  }
}

function* partsOf(month: Month, entries: ReadonlyMap<string, Entry>): Generator<RollupPart> {
  let dimensions: StagedDimensions[] = []
  let rows: StagedRow[] = []
  let number = 0
  for (const [, entry] of ordered(entries)) {
    const { day: _, billedCost: __, effectiveCost: ___, tags, ...what } = entry.charge
    dimensions.push({ ...what, month, number, tags: tagsOf(tags) })
    for (const [at, day] of entry.days.entries()) {
      const billedCost = checked(entry.billed[at] as Money)
      const effectiveCost = checked(entry.effective[at] as Money)
      rows.push({ month, day, dimension: number, billedCost, effectiveCost })
    }
    number += 1
    if (rows.length + dimensions.length < PART_ROWS) continue
    yield { dimensions, rows }
    dimensions = []
    rows = []
  }
  if (rows.length > 0) yield { dimensions, rows }
}

/** The store keeps amounts a few times larger than this. */
function checked(amount: Money): Money {
  if (amount < MONEY_ABSOLUTE_MAX && amount > -MONEY_ABSOLUTE_MAX) return amount
  throw new ImportFault('a day has costs of a trillion or more: no bill does')
}

function keyOf(charge: Charge): string {
  const { provider, billingAccountId, accountId, service, region, meter, currency, tags } = charge
  const { chargeCategory, chargeFrequency, chargeClass } = charge
  return (
    provider +
    SEPARATOR +
    billingAccountId +
    SEPARATOR +
    accountId +
    SEPARATOR +
    service +
    SEPARATOR +
    region +
    SEPARATOR +
    chargeCategory +
    SEPARATOR +
    chargeFrequency +
    SEPARATOR +
    chargeClass +
    SEPARATOR +
    meter +
    SEPARATOR +
    currency +
    SEPARATOR +
    tags
  )
}

/** Makes equal texts one, as a service's name stands in hundreds of thousands of dimensions. */
function createSharedTexts(): (charge: Charge) => Charge {
  const texts = new Map<string, string>()
  const one = (text: string): string => {
    const known = texts.get(text)
    if (known !== undefined) return known
    texts.set(text, text)
    return text
  }
  return (charge) => ({
    ...charge,
    provider: one(charge.provider),
    billingAccountId: one(charge.billingAccountId),
    accountId: one(charge.accountId),
    service: one(charge.service),
    region: one(charge.region),
    meter: one(charge.meter),
    currency: one(charge.currency),
    tags: one(charge.tags),
  })
}

function ordered<T>(map: ReadonlyMap<string, T>): (readonly [string, T])[] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function tooMany(what: string): ImportFault {
  return new ImportFault(
    `the import has more than ${what}: import fewer billing periods at once, or name the tag keys to tell costs apart by`,
  )
}
