import type { CostTotal, Day, Month } from '#src/model/cost.ts'
import { daysBetween } from '#src/model/day.ts'
import { MONEY_ABSOLUTE_MAX } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import type { StagedDimensions, StagedRow } from '#src/ports/cost-store.ts'
import { RowFaultError } from './charge.ts'
import type { Charge } from './charge.ts'
import { tagsOf } from './cost-tags.ts'
import { NO_SUM, createDailySums } from './daily-sums.ts'
import type { DailySums } from './daily-sums.ts'
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
  /** @throws RowFaultError for text that has a separator of keys in it, and a day that is far off */
  add(charge: Charge): void
  summaries(): readonly PeriodSummary[]
  /**
   * All rows, a part at a time, by billing period and day, as a store keeps them; dimensions are numbered
   * in the order of their text.
   */
  parts(): Generator<RollupPart>
}

export interface RollupLimits {
  /** About 250 bytes of memory each. */
  readonly dimensions: number
  /** 40 bytes of memory each. */
  readonly rows: number
}

const LIMITS: RollupLimits = { dimensions: 500_000, rows: 3_000_000 }
const BILLING_ACCOUNTS_MAX = 10_000
/** Twenty years, of one import: each of them is looked at with every question about costs. */
export const BILLING_PERIODS_MAX = 240
/** Days of a thing are looked through one by one. Bills are corrected for less than five years. */
export const DAYS_FROM_PERIOD_MAX = 1_830
/** The store writes one part at once. */
const PART_ROWS = 1_000

interface Period {
  /** The number of each combination of dimensions among the sums, by its key. */
  readonly things: Map<string, number>
  readonly billingAccountIds: Set<string>
  readonly totals: Map<string, { billed: Money; effective: Money }>
  firstDay: Day
  lastDay: Day
  lastUsageDay: Day
  rows: number
}

export function createRollup(max: RollupLimits = LIMITS): Rollup {
  const periods = new Map<Month, Period>()
  const sums = createDailySums()
  const days = createDayNumbers()
  let dimensions = 0

  const add = (charge: Charge): void => {
    const { month, day } = charge
    const key = keyOf(charge)
    let period = periods.get(month)
    let thing = period?.things.get(key)
    if (thing === undefined) {
      checkKey(key)
      checkDay(charge)
      dimensions += 1
      if (dimensions > max.dimensions) throw tooMany(`${max.dimensions} combinations of dimensions`)
      if (period === undefined) {
        if (periods.size >= BILLING_PERIODS_MAX) {
          throw tooMany(`${BILLING_PERIODS_MAX} billing periods`)
        }
        period = newPeriod(day)
        periods.set(month, period)
      }
      thing = sums.addThing()
      period.things.set(key, thing)
    }
    const number = days.numberOf(day)
    let place = sums.find(thing, number)
    if (place === NO_SUM) {
      checkDay(charge)
      if (sums.size >= max.rows) throw tooMany(`${max.rows} cost rows`)
      place = sums.begin(thing, number)
      ;(period as Period).rows += 1
    }
    sums.add(place, charge.billedCost, charge.effectiveCost)
    note(period as Period, charge)
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
      for (const [month, { things }] of ordered(periods)) {
        const inOrder = ordered(things)
        yield* dimensionParts(month, inOrder)
        yield* rowParts(month, inOrder, { sums, days })
      }
    },
  }
}

function newPeriod(day: Day): Period {
  return {
    things: new Map(),
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

/** Keys with what they are the key of, in order. */
type Things = readonly (readonly [string, number])[]

function* dimensionParts(month: Month, things: Things): Generator<RollupPart> {
  for (let from = 0; from < things.length; from += PART_ROWS) {
    const some = things.slice(from, from + PART_ROWS)
    const dimensions = some.map(([key], at) => dimensionsOf(key, month, from + at))
    yield { dimensions, rows: [] }
  }
}

function* rowParts(
  month: Month,
  things: Things,
  { sums, days }: { readonly sums: DailySums; readonly days: DayNumbers },
): Generator<RollupPart> {
  /** Dimension and place of each row, one after the other. */
  const byDay = new Map<Day, number[]>()
  for (const [dimension, [, thing]] of things.entries()) {
    for (const place of sums.placesOf(thing)) {
      const day = days.dayOf(sums.at(place).day)
      const ofDay = byDay.get(day)
      if (ofDay === undefined) byDay.set(day, [dimension, place])
      else ofDay.push(dimension, place)
    }
  }
  let rows: StagedRow[] = []
  for (const [day, places] of ordered(byDay)) {
    for (let at = 0; at < places.length; at += 2) {
      const { billed, effective } = sums.at(places[at + 1] as number)
      const costs = { billedCost: checked(billed), effectiveCost: checked(effective) }
      rows.push({ month, day, dimension: places[at] as number, ...costs })
      if (rows.length < PART_ROWS) continue
      yield { dimensions: [], rows }
      rows = []
    }
  }
  if (rows.length > 0) yield { dimensions: [], rows }
}

/** The store keeps amounts a few times larger than this. */
function checked(amount: Money): Money {
  if (amount < MONEY_ABSOLUTE_MAX && amount > -MONEY_ABSOLUTE_MAX) return amount
  throw new ImportFault('a day has costs of a trillion or more: no bill does')
}

/** Below all texts that exports have, so that keys sort as their parts do. */
const SEPARATOR = '\u0000'
const KEY_PARTS = 11

/** All that a charge is of, as one text: of these there are millions, and of texts of it few. */
function keyOf(charge: Charge): string {
  const { provider, billingAccountId, accountId, service, region, meter, currency, tags } = charge
  const { chargeCategory, chargeFrequency, chargeClass } = charge
  const who = provider + SEPARATOR + billingAccountId + SEPARATOR + accountId + SEPARATOR
  const kind = chargeCategory + SEPARATOR + chargeFrequency + SEPARATOR + chargeClass + SEPARATOR
  const what = meter + SEPARATOR + currency + SEPARATOR + tags
  return who + service + SEPARATOR + region + SEPARATOR + kind + what
}

function checkKey(key: string): void {
  if (key.split(SEPARATOR).length === KEY_PARTS) return
  throw new RowFaultError('a value has a NUL character')
}

function checkDay({ month, day }: Charge): void {
  if (Math.abs(daysBetween(`${month}-01`, day)) <= DAYS_FROM_PERIOD_MAX) return
  const reason = `the charge begins more than ${DAYS_FROM_PERIOD_MAX} days from its billing period`
  throw new RowFaultError(reason, day)
}

function dimensionsOf(key: string, month: Month, number: number): StagedDimensions {
  const parts = key.split(SEPARATOR)
  const text = (at: number) => parts[at] ?? ''
  return {
    month,
    number,
    provider: text(0),
    billingAccountId: text(1),
    accountId: text(2),
    service: text(3),
    region: text(4),
    chargeCategory: text(5) as StagedDimensions['chargeCategory'],
    chargeFrequency: text(6) as StagedDimensions['chargeFrequency'],
    chargeClass: text(7) as StagedDimensions['chargeClass'],
    meter: text(8),
    currency: text(9),
    tags: tagsOf(text(10)),
  }
}

interface DayNumbers {
  numberOf(day: Day): number
  dayOf(number: number): Day
}

function createDayNumbers(): DayNumbers {
  const numbers = new Map<Day, number>()
  const days: Day[] = []
  return {
    numberOf: (day) => {
      const known = numbers.get(day)
      if (known !== undefined) return known
      const number = days.push(day) - 1
      numbers.set(day, number)
      return number
    },
    dayOf: (number) => days[number] as Day,
  }
}

function ordered<T>(map: ReadonlyMap<string, T>): (readonly [string, T])[] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function tooMany(what: string): ImportFault {
  return new ImportFault(
    `the import has more than ${what}: import fewer billing periods at once, or name the tag keys to tell costs apart by`,
  )
}
