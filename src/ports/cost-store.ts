import type { CostDimensions, CostPeriod, CostRow, CostTotal, Day, Month } from '#src/model/cost.ts'

/**
 * What organisations' cloud services cost, by the day. A billing period of an export is replaced
 * as a whole: rows of a new state of it are staged, where nobody sees them, a few at a time, and
 * take the place of the old ones in one transaction. What a crash leaves staged is swept away.
 */
export interface CostStore {
  /** Begins the new state of billing periods of one export. */
  stage(of: CostExport): Promise<CostStaging>
  /** All billing periods of an organisation, by export and month. */
  periods(organisationId: string, exportName?: string): Promise<readonly CostPeriod[]>
  /**
   * Cost rows of an organisation, of all its exports, in the order of day, export, billing period and
   * then dimensions: the same costs are always told in the same order. What it tells is the state
   * at its first step; an import that ends meanwhile does not change it. Never more than a page of
   * rows is in memory.
   */
  rows(organisationId: string, days: DayRange): AsyncIterable<CostRow>
  /**
   * Sums over cost rows, for each currency and each combination of the dimensions asked for; undefined
   * where there are more than SUMS_MAX.
   */
  sums(organisationId: string, asked: SumQuery): Promise<readonly CostSum[] | undefined>
  /** Takes away a billing period as an import brought it; false where there is none of that import. */
  removePeriod(of: CostExport & Pick<CostPeriod, 'month' | 'importId'>): Promise<boolean>
  /** Deletes rows that no state of a period has any more, a few at a time. */
  sweep(signal: AbortSignal): Promise<void>
}

export interface CostExport {
  readonly organisationId: string
  readonly exportName: string
}

/** Both days belong to it. */
export interface DayRange {
  readonly from: Day
  readonly to: Day
}

/** Dimensions that sums can tell apart, the export and the billing period among them. */
export const SUM_DIMENSIONS = [
  'day',
  'exportName',
  'month',
  'provider',
  'billingAccountId',
  'accountId',
  'service',
  'region',
  'chargeCategory',
  'chargeFrequency',
  'chargeClass',
  'meter',
] as const satisfies readonly string[]
export type SumDimension =
  | 'day'
  | 'exportName'
  | 'month'
  | Exclude<keyof CostDimensions, 'tags' | 'currency'>

/** They are in memory at once, and in one answer. */
export const SUMS_MAX = 20_000

export interface SumQuery extends DayRange {
  readonly by: readonly SumDimension[]
}

export type CostSum = CostTotal & Partial<Record<SumDimension, string>>

/** Cost rows of one day and billing period in a staging: dimensions are named by their number. */
export interface StagedRow extends Pick<CostRow, 'day' | 'billedCost' | 'effectiveCost'> {
  readonly month: Month
  /** The number that `dimensions` gave. */
  readonly dimension: number
}

export interface StagedDimensions extends CostDimensions {
  readonly month: Month
  /** Unique in its month; rows of a day are told in the order of these. */
  readonly number: number
}

/** New states of billing periods on their way in. */
export interface CostStaging {
  /** Durable when it resolves, and seen by nobody. */
  add(part: {
    readonly dimensions: readonly StagedDimensions[]
    readonly rows: readonly StagedRow[]
  }): Promise<void>
  /**
   * Makes the periods what the organisation has, in place of those of the same export and months, in
   * one transaction.
   * @returns the periods that were replaced
   */
  publish(periods: readonly StagedPeriod[]): Promise<readonly CostPeriod[]>
  /** Gives up: what was staged is deleted. */
  discard(): Promise<void>
}

export type StagedPeriod = Omit<CostPeriod, 'organisationId' | 'exportName'>
