import type { ChargeCategory, ChargeFrequency } from '#src/model/cost.ts'
import { ZERO, parseMoney } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import { ABSENT, RowFaultError, columnsOf, isForLong, textIn } from './charge.ts'
import type { Cell, Columns, Mapping, Readers } from './charge.ts'
import { costCategoryKey, jsonObject } from './cost-tags.ts'
import type { TagText } from './cost-tags.ts'
import { instantIn, moneyIn, needed } from './focus.ts'

/** How AWS's types of line items read in FOCUS, after the rules of focus_converters. */
const KINDS: Readonly<Record<string, readonly [ChargeCategory, ChargeFrequency | '']>> = {
  Usage: ['Usage', 'Usage-Based'],
  DiscountedUsage: ['Usage', 'Usage-Based'],
  SavingsPlanCoveredUsage: ['Usage', 'Usage-Based'],
  SavingsPlanNegation: ['Usage', 'Usage-Based'],
  RIFee: ['Purchase', 'Recurring'],
  SavingsPlanRecurringFee: ['Purchase', 'Recurring'],
  SavingsPlanUpfrontFee: ['Purchase', 'One-Time'],
  Fee: ['Purchase', 'One-Time'],
  FlatRateSubscription: ['Purchase', 'Recurring'],
  Tax: ['Tax', ''],
  Credit: ['Credit', 'One-Time'],
  Refund: ['Adjustment', 'One-Time'],
}

const TYPE_SHOWN_MAX = 64
/** AWS adds types: of an unknown one the invoice has the cost all the same. */
const UNKNOWN_KIND = ['Adjustment', ''] as const

function kindOf(type: string) {
  if (Object.hasOwn(KINDS, type)) return KINDS[type]
  // Bundled, EDP, private rate, RI volume, SPP and whatever comes next.
  return type.endsWith('Discount') ? KINDS['Usage'] : undefined
}

export function looksLikeCur(names: readonly string[]): boolean {
  const known = new Set(names.map(plain))
  return ['line_item_unblended_cost', 'line_item_line_item_type'].some((name) => known.has(name))
}

/**
 * AWS Cost and Usage Reports: CUR 2.0, and legacy ones in CSV (`lineItem/UnblendedCost`) and Parquet
 * (`line_item_unblended_cost`). Billed is the unblended cost; effective is amortised, as the queries do
 * that AWS publishes for it.
 * @throws ImportFault that names required columns that are missing
 */
export function curMapping(names: readonly string[], { instant, tags }: Readers): Mapping {
  const columns = columnsOf(names, plain)
  const at = {
    unblended: columns.required('line_item_unblended_cost'),
    type: columns.required('line_item_line_item_type'),
    currency: columns.required('line_item_currency_code'),
    period: columns.required('bill_billing_period_start_date'),
    start: columns.required('line_item_usage_start_date'),
    end: columns.optional('line_item_usage_end_date'),
    payer: columns.required('bill_payer_account_id'),
    account: columns.required('line_item_usage_account_id'),
    code: columns.required('line_item_product_code'),
    productName: columns.optional('product_product_name'),
    product: columns.optional('product'),
    region: columns.optional('product_region_code'),
    olderRegion: columns.optional('product_region'),
    zone: columns.optional('line_item_availability_zone'),
    usageType: columns.optional('line_item_usage_type'),
  }
  const amortised = amortisedCost(columns)
  const tagText = tagsIn(columns, tags)
  columns.check('an AWS Cost and Usage Report')
  return {
    format: 'AWS CUR',
    wanted: columns.wanted,
    chargeOf: (cells) => {
      const type = needed(cells, at.type, 'line_item_line_item_type')
      const kind = kindOf(type)
      const [chargeCategory, frequency] = kind ?? UNKNOWN_KIND
      const start = instantIn(cells, at.start, 'line_item_usage_start_date', instant)
      const isLong = frequency === 'Usage-Based' && isForLong(start, instant(textIn(cells, at.end)))
      const billedCost = moneyIn(cells, at.unblended, 'line_item_unblended_cost')
      return {
        month: instantIn(cells, at.period, 'bill_billing_period_start_date', instant).month,
        day: start.day,
        provider: 'AWS',
        billingAccountId: needed(cells, at.payer, 'bill_payer_account_id'),
        accountId: needed(cells, at.account, 'line_item_usage_account_id'),
        service:
          textIn(cells, at.productName) ||
          entryOf(cells, at.product, 'product_name') ||
          textIn(cells, at.code),
        region:
          textIn(cells, at.region) ||
          textIn(cells, at.olderRegion) ||
          textIn(cells, at.zone).replace(/[a-z]$/, ''),
        chargeCategory,
        chargeFrequency: isLong ? 'Recurring' : frequency,
        chargeClass: '',
        meter: textIn(cells, at.usageType),
        currency: needed(cells, at.currency, 'line_item_currency_code'),
        tags: tagText(cells),
        billedCost,
        effectiveCost: amortised(type, cells, billedCost),
        ...(kind === undefined && {
          oddity: `the line item type "${type.slice(0, TYPE_SHOWN_MAX)}" is not known: counted as an adjustment`,
        }),
      }
    },
  }
}

/** `lineItem/UnblendedCost` as Parquet has it, `line_item_unblended_cost`. */
function plain(name: string): string {
  return name
    .replaceAll('/', '_')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
}

/** What a line item costs when purchases are spread over what they cover. */
function amortisedCost(columns: Columns) {
  const at = {
    covered: columns.optional('savings_plan_savings_plan_effective_cost'),
    commitment: columns.optional('savings_plan_total_commitment_to_date'),
    used: columns.optional('savings_plan_used_commitment'),
    reserved: columns.optional('reservation_effective_cost'),
    unusedUpfront: columns.optional('reservation_unused_amortized_upfront_fee_for_billing_period'),
    unusedFee: columns.optional('reservation_unused_recurring_fee'),
    reservation: columns.optional('reservation_reservation_a_r_n', 'reservation_reservation_arn'),
  }
  const needs = (cells: readonly Cell[], slot: number, name: string): Money => {
    if (slot !== ABSENT) return moneyIn(cells, slot, name)
    throw new RowFaultError(`the line item is amortised, and there is no column ${name}`)
  }
  return (type: string, cells: readonly Cell[], unblended: Money): Money => {
    switch (type) {
      case 'SavingsPlanCoveredUsage':
        return needs(cells, at.covered, 'savings_plan_savings_plan_effective_cost')
      case 'DiscountedUsage':
        return needs(cells, at.reserved, 'reservation_effective_cost')
      case 'SavingsPlanNegation':
      case 'SavingsPlanUpfrontFee':
        return ZERO
      case 'SavingsPlanRecurringFee':
        return (
          needs(cells, at.commitment, 'savings_plan_total_commitment_to_date') -
          needs(cells, at.used, 'savings_plan_used_commitment')
        )
      case 'RIFee':
        return moneyOrZero(cells, at.unusedUpfront) + moneyOrZero(cells, at.unusedFee)
      case 'Fee':
        return textIn(cells, at.reservation) === '' ? unblended : ZERO
      default:
        return unblended
    }
  }
}

function moneyOrZero(cells: readonly Cell[], slot: number): Money {
  const text = textIn(cells, slot)
  if (text === '') return ZERO
  const amount = parseMoney(text)
  if (amount !== undefined) return amount
  throw new RowFaultError('a fee of a reservation is no decimal number', text)
}

/** Of a map, which in a CSV is JSON. */
function entryOf(cells: readonly Cell[], slot: number, key: string): string {
  const cell = slot === ABSENT ? undefined : cells[slot]
  const map = typeof cell === 'string' ? jsonObject(cell) : cell
  const value = map?.[key]
  return typeof value === 'string' ? value : ''
}

/**
 * Tags of users stand under their own keys, those of AWS under `aws:...`, cost categories as FOCUS 1.2 has
 * them. Legacy CSV has a column `resourceTags/user:team` or `costCategory/Team` for each, legacy Parquet
 * `resource_tags_user_team` or `cost_category_team`, CUR 2.0 a map of each kind, or one of all:
 * `resourceTags/`, `costCategory/`, `accountTag/` and `userAttribute/` are prefixes there.
 */
function tagsIn(columns: Columns, reader: Readers['tags']): (cells: readonly Cell[]) => TagText {
  const maps = [
    { name: 'tags', keyOf: prefixedKey },
    { name: 'resource_tags', keyOf: tagKey },
    { name: 'cost_category', keyOf: costCategoryKey },
  ].flatMap(({ name, keyOf }) => {
    const slot = columns.optional(name)
    return slot === ABSENT ? [] : [{ name, slot, keyOf }]
  })
  const singles = [
    ...columns
      .prefixed(/^resource(?:Tags\/|_tags_)(.+)$/)
      .map(({ slot, rest }) => ({ slot, key: tagKey(rest) })),
    ...columns
      .prefixed(/^cost(?:Category\/|_category_)(.+)$/)
      .map(({ slot, rest }) => ({ slot, key: costCategoryKey(rest) })),
  ]
  return (cells) => {
    const tags: Record<string, string> = {}
    const add = (key: string, value: unknown) => {
      if (typeof value === 'string' && value !== '' && value !== 'NULL') tags[key] = value
    }
    for (const { slot, key } of singles) add(key, cells[slot])
    for (const { name, slot, keyOf } of maps) {
      for (const [key, value] of Object.entries(mapIn(cells[slot], name))) add(keyOf(key), value)
    }
    return reader.ofMap(tags)
  }
}

const NONE = {}

function mapIn(cell: Cell, name: string): Readonly<Record<string, unknown>> {
  if (typeof cell === 'object') return cell
  if (cell === undefined || cell === '' || cell === 'NULL') return NONE
  const map = jsonObject(cell)
  if (map === undefined) throw new RowFaultError(`${name} is no JSON object`, cell)
  return map
}

/** Of a tag of a resource. */
function tagKey(key: string): string {
  return key.replace(/^user[:_]/, '').replace(/^aws_/, 'aws:')
}

/** Tags of accounts and attributes of users keep their prefix, which tells them from tags of resources. */
function prefixedKey(key: string): string {
  const [, kind, name = ''] = /^(resourceTags|costCategory)\/(.+)$/.exec(key) ?? []
  if (kind === undefined) return key
  return kind === 'costCategory' ? costCategoryKey(name) : tagKey(name)
}
