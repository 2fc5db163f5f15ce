/**
 * Words of costs.
 *
 *  export          what tells of costs again and again under one name: an AWS data export, a folder
 *  execution       one state of an export; the same execution again tells nothing new
 *  billing period  a month of an export; each execution restates the whole of it
 *  cost row        what one thing cost on one day: the sum of all rows of an export that differ in
 *                  nothing else
 *  billed cost     as on the invoice: a purchase on its day, what it covers costs nothing
 *  effective cost  amortised: a purchase costs nothing, what it covers bears its part
 *
 * The two kinds of cost are never added to each other, and neither are two currencies. Names and
 * closed sets are those of FOCUS (focus.finops.org).
 */
import type { Money } from './money.ts'

/** A day in UTC, `YYYY-MM-DD`. */
export type Day = string
/** A month in UTC, `YYYY-MM`. */
export type Month = string

export const CHARGE_CATEGORIES = ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment'] as const
export type ChargeCategory = (typeof CHARGE_CATEGORIES)[number]
export const CHARGE_FREQUENCIES = ['One-Time', 'Recurring', 'Usage-Based'] as const
export type ChargeFrequency = (typeof CHARGE_FREQUENCIES)[number]

/** The tags of a resource; one without a value is `true`. */
export type CostTags = Readonly<Record<string, string | true>>

/** What a cost is of. Text that the export does not tell is empty. */
export interface CostDimensions {
  /** Who provides the service: `AWS`, `Microsoft`. */
  readonly provider: string
  readonly billingAccountId: string
  /** The sub account; that of AWS is the account in which things are. The payer's where none is told. */
  readonly accountId: string
  readonly service: string
  readonly region: string
  readonly chargeCategory: ChargeCategory
  /** Empty where the export does not tell. */
  readonly chargeFrequency: ChargeFrequency | ''
  /** `Correction`: belongs to a period that was invoiced already. */
  readonly chargeClass: 'Correction' | ''
  /** The SKU meter; AWS calls it usage type. */
  readonly meter: string
  readonly currency: string
  readonly tags: CostTags
}

/** What one thing cost on one day. */
export interface CostRow extends CostDimensions {
  readonly day: Day
  readonly billedCost: Money
  readonly effectiveCost: Money
}

/** Both kinds of cost in one currency. */
export interface CostTotal {
  readonly currency: string
  readonly billedCost: Money
  readonly effectiveCost: Money
}

/** A billing period of an export, as the last import of it left it. */
export interface CostPeriod {
  readonly organisationId: string
  /** The export's name. */
  readonly exportName: string
  readonly month: Month
  /** Which state of the export this is; another one replaces the whole period. */
  readonly execution: string
  /** The import that brought it. */
  readonly importId: string
  /** Epoch ms. */
  readonly importedAt: number
  /** The first and the last day that rows are of; days before and after the month do occur. */
  readonly firstDay: Day
  readonly lastDay: Day
  /**
   * The last day that nothing is missing from, since the export tells of usage on a later one or
   * the month is long over; absent: no day is known to be complete.
   */
  readonly completeThrough?: Day
  readonly billingAccountIds: readonly string[]
  readonly totals: readonly CostTotal[]
  /** Cost rows, after rows of the export were summed up by the day. */
  readonly rows: number
}
