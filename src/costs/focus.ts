import { CHARGE_CATEGORIES, CHARGE_FREQUENCIES } from '#src/model/cost.ts'
import { parseMoney } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import { ABSENT, RowFaultError, columnsOf, isForLong, textIn } from './charge.ts'
import type { Cell, Mapping, Readers } from './charge.ts'
import { NO_TAGS } from './cost-tags.ts'
import type { TagReader, TagText } from './cost-tags.ts'
import type { CostInstant } from './instants.ts'

/** Columns that no table of FOCUS is without, and no other has. */
export function looksLikeFocus(names: readonly string[]): boolean {
  const known = new Set(names.map(plain))
  return ['billedcost', 'effectivecost', 'chargeperiodstart', 'chargecategory'].some((name) =>
    known.has(name),
  )
}

/**
 * FOCUS 1.0 and later (focus.finops.org), by the names of columns in whatever case; more columns and
 * unknown ones are no fault. AWS leaves out some that FOCUS asks for, so only those are required that
 * costs are counted by.
 * @throws ImportFault that names required columns that are missing
 */
export function focusMapping(names: readonly string[], readers: Readers): Mapping {
  const { instant } = readers
  const columns = columnsOf(names, plain)
  const at = {
    billed: columns.required('BilledCost'),
    effective: columns.required('EffectiveCost'),
    currency: columns.required('BillingCurrency'),
    period: columns.required('BillingPeriodStart'),
    start: columns.required('ChargePeriodStart'),
    end: columns.optional('ChargePeriodEnd'),
    category: columns.required('ChargeCategory'),
    billingAccount: columns.required('BillingAccountId'),
    service: columns.required('ServiceName'),
    // FOCUS 1.3 renames it.
    provider: columns.required('ProviderName', 'ServiceProviderName'),
    account: columns.optional('SubAccountId'),
    region: columns.optional('RegionId', 'Region'),
    frequency: columns.optional('ChargeFrequency'),
    chargeClass: columns.optional('ChargeClass'),
    // AWS called the meter so before FOCUS 1.2.
    meter: columns.optional('SkuMeter', 'x_UsageType'),
    tags: columns.optional('Tags'),
    // AWS has them among the tags from FOCUS 1.2 on.
    costCategories: columns.optional('x_CostCategories'),
  }
  columns.check('FOCUS')
  const tagText = allTagsIn(at, readers)
  return {
    format: 'FOCUS',
    wanted: columns.wanted,
    chargeOf: (cells) => {
      const billingAccountId = needed(cells, at.billingAccount, 'BillingAccountId')
      const start = instantIn(cells, at.start, 'ChargePeriodStart', instant)
      const frequency = frequencyOf(textIn(cells, at.frequency))
      const chargeCategory = oneOf(CHARGE_CATEGORIES, textIn(cells, at.category), 'ChargeCategory')
      const isUse = chargeCategory === 'Usage' && frequency !== 'One-Time'
      const isLong = isUse && isForLong(start, instant(textIn(cells, at.end)))
      return {
        month: instantIn(cells, at.period, 'BillingPeriodStart', instant).month,
        day: start.day,
        provider: textIn(cells, at.provider),
        billingAccountId,
        accountId: textIn(cells, at.account) || billingAccountId,
        service: textIn(cells, at.service),
        region: textIn(cells, at.region),
        chargeCategory,
        chargeFrequency: isLong ? 'Recurring' : frequency,
        chargeClass: classOf(textIn(cells, at.chargeClass)),
        meter: textIn(cells, at.meter),
        currency: needed(cells, at.currency, 'BillingCurrency'),
        tags: tagText(cells),
        billedCost: moneyIn(cells, at.billed, 'BilledCost'),
        effectiveCost: moneyIn(cells, at.effective, 'EffectiveCost'),
      }
    },
  }
}

/** Athena and others write names in lower case, or with underscores. */
function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}

/** @throws RowFaultError where the cell is empty */
export function needed(cells: readonly Cell[], slot: number, name: string): string {
  const text = textIn(cells, slot)
  if (text !== '') return text
  throw new RowFaultError(`${name} is empty`)
}

export function moneyIn(cells: readonly Cell[], slot: number, name: string): Money {
  const text = needed(cells, slot, name)
  const amount = parseMoney(text)
  if (amount !== undefined) return amount
  throw new RowFaultError(`${name} is no decimal number below a trillion`, text)
}

export function instantIn(
  cells: readonly Cell[],
  slot: number,
  name: string,
  read: Readers['instant'],
): CostInstant {
  const text = needed(cells, slot, name)
  const instant = read(text)
  if (instant !== undefined) return instant
  throw new RowFaultError(`${name} is no time such as 2026-01-31T23:00:00Z`, text)
}

function allTagsIn(
  at: { readonly tags: number; readonly costCategories: number },
  readers: Readers,
): (cells: readonly Cell[]) => TagText {
  const tags = tagsIn(at.tags, 'Tags', readers.tags)
  if (at.costCategories === ABSENT) return tags
  const categories = tagsIn(at.costCategories, 'x_CostCategories', readers.costCategories)
  return (cells) => readers.tags.joined(tags(cells), categories(cells))
}

function tagsIn(
  slot: number,
  name: string,
  reader: TagReader,
): (cells: readonly Cell[]) => TagText {
  if (slot === ABSENT) return () => NO_TAGS
  return (cells) => {
    const cell = cells[slot]
    if (typeof cell === 'object') return reader.ofMap(cell)
    if (cell === undefined || cell === '' || cell === 'NULL' || cell === 'null') return NO_TAGS
    const tags = reader.ofJson(cell)
    if (tags !== undefined) return tags
    throw new RowFaultError(`${name} is no JSON object`, cell)
  }
}

/** Some write `Usage-based`. */
function oneOf<T extends string>(values: readonly T[], text: string, name: string): T {
  const exact = values.find((value) => value === text)
  const found = exact ?? values.find((value) => value.toLowerCase() === text.toLowerCase())
  if (found !== undefined) return found
  throw new RowFaultError(`${name} is none of ${values.join(', ')}`, text)
}

function frequencyOf(text: string) {
  return text === '' ? '' : oneOf(CHARGE_FREQUENCIES, text, 'ChargeFrequency')
}

function classOf(text: string) {
  return text === '' ? '' : oneOf(['Correction'] as const, text, 'ChargeClass')
}
