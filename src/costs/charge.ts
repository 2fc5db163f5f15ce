import type { CostDimensions, Day, Month } from '#src/model/cost.ts'
import { daysBetween } from '#src/model/day.ts'
import type { Money } from '#src/model/money.ts'
import type { TagReader, TagText } from './cost-tags.ts'
import type { CostInstant, createInstantReader } from './instants.ts'
import { ImportFault } from './import-fault.ts'

/** A row of an export, as the hub understands it. */
export interface Charge extends Omit<CostDimensions, 'tags'> {
  /** Of the billing period. */
  readonly month: Month
  /** On which the charge begins. */
  readonly day: Day
  readonly tags: TagText
  readonly billedCost: Money
  readonly effectiveCost: Money
  /** What people should be told of it, though it counts; the same for all that it is so for. */
  readonly oddity?: string
}

/** Why a row cannot be understood. */
export interface RowFault {
  /** The same for all rows with the fault. */
  readonly reason: string
  readonly found?: string
}

/** What a table has in a column of a row; a map of Parquet is an object. */
export type Cell = string | Readonly<Record<string, unknown>> | undefined

/** What is read once for many rows. */
export interface Readers {
  readonly instant: ReturnType<typeof createInstantReader>
  readonly tags: TagReader
  /** Of AWS's cost categories by their names. */
  readonly costCategories: TagReader
}

/** How rows of a table with certain columns are understood. */
export interface Mapping {
  readonly format: 'FOCUS' | 'AWS CUR'
  /** The columns that it needs, by their number in the table; cells come in this order. */
  readonly wanted: readonly number[]
  /** @throws RowFaultError */
  chargeOf(cells: readonly Cell[]): Charge
}

/** Thrown by a mapping: the row is skipped and reported. */
export class RowFaultError extends Error implements RowFault {
  override readonly name = 'RowFaultError'
  readonly reason: string
  readonly found: string
  constructor(reason: string, found = '') {
    super(reason)
    this.reason = reason
    this.found = found
  }
}

/** A charge for longer is no use that goes on day by day; some exports tell of a day or a week at once. */
const DAYS_OF_USE_MAX = 7

/** Whether a charge is for so long at once as what is billed by the month, such as a desktop. */
export function isForLong(start: CostInstant, end: CostInstant | undefined): boolean {
  if (end === undefined || end.day === start.day) return false
  return daysBetween(start.day, end.day) > DAYS_OF_USE_MAX
}

/** Takes cells by the names of columns, while a mapping is made for a table. */
export interface Columns {
  /** The place among the cells; the table must have one of the columns. */
  required(...names: readonly string[]): number
  /** The place among the cells, or ABSENT. */
  optional(...names: readonly string[]): number
  /** Columns whose name has a prefix, with the rest of it. */
  prefixed(pattern: RegExp): readonly { readonly slot: number; readonly rest: string }[]
  readonly wanted: number[]
  /** @throws ImportFault that names the columns that are missing or repeated, and what was found */
  check(format: string): void
}

export const ABSENT = -1
const NAMES_TOLD_MAX = 60

export function columnsOf(names: readonly string[], plain: (name: string) => string): Columns {
  const places = new Map<string, number>()
  const repeated = new Set<number>()
  for (const [at, name] of names.entries()) {
    const first = places.get(plain(name))
    if (first === undefined) places.set(plain(name), at)
    else repeated.add(first)
  }
  const wanted: number[] = []
  const missing: string[] = []
  const ambiguous: string[] = []
  const slotOf = (at: number) => {
    const known = wanted.indexOf(at)
    return known === ABSENT ? wanted.push(at) - 1 : known
  }
  const optional = (...asked: readonly string[]) => {
    for (const name of asked) {
      const at = places.get(plain(name))
      if (at !== undefined) return slotOf(at)
    }
    return ABSENT
  }
  return {
    wanted,
    optional,
    required: (...asked) => {
      const slot = optional(...asked)
      if (slot === ABSENT) missing.push(asked.join(' or '))
      else if (repeated.has(wanted[slot] as number)) ambiguous.push(asked.join(' or '))
      return slot
    },
    prefixed: (pattern) =>
      names.flatMap((name, at) => {
        const rest = pattern.exec(name)?.[1]
        return rest === undefined ? [] : [{ slot: slotOf(at), rest }]
      }),
    check: (format) => {
      if (ambiguous.length > 0) {
        throw new ImportFault(
          `the table has the column ${ambiguous.join(' and ')} more than once: leave one`,
        )
      }
      if (missing.length === 0) return
      throw new ImportFault(
        `the table looks like ${format} and has no column ${missing.join(', no ')}: ${columnsFound(names)}`,
      )
    },
  }
}

export function columnsFound(names: readonly string[]): string {
  const told = names.slice(0, NAMES_TOLD_MAX).map((name) => name.slice(0, 64))
  const more = names.length - told.length
  return `found ${told.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** A name or an id that is longer was not meant to be one. */
export const DIMENSION_CHARACTERS_MAX = 1_024

/** What stands in a cell; empty for NULL, which some exports write out. */
export function textIn(cells: readonly Cell[], slot: number): string {
  if (slot === ABSENT) return ''
  const cell = cells[slot]
  if (typeof cell !== 'string' || cell === 'NULL' || cell === 'null') return ''
  if (cell.length > DIMENSION_CHARACTERS_MAX) {
    throw new RowFaultError(`a value has more than ${DIMENSION_CHARACTERS_MAX} characters`, cell)
  }
  return cell
}
