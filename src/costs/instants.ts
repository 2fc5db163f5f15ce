import type { Day, Month } from '#src/model/cost.ts'

/** A moment as costs need it. */
export interface CostInstant {
  readonly day: Day
  readonly month: Month
}

const TEXT =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,9})?\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?$/i
/** Hours of two years, so that the times of any one import are read once each. */
const REMEMBERED_MAX = 20_000

/**
 * Reads times of exports, which come with and without `T`, `Z` and parts of a second; without a zone they
 * are UTC. Remembers what it has read, as the same few hundred times stand in millions of rows.
 * @returns undefined for what is no time
 */
export function createInstantReader(): (text: string) => CostInstant | undefined {
  const known = new Map<string, CostInstant | undefined>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined || known.has(text)) return found
    const read = instantOf(text)
    if (known.size >= REMEMBERED_MAX) known.clear()
    known.set(text, read)
    return read
  }
}

function instantOf(text: string): CostInstant | undefined {
  const found = TEXT.exec(text.trim())
  if (found === null) return undefined
  const [, date = '', time = '00:00', zone = 'Z'] = found
  const offset = /^(z|utc)$/i.test(zone) ? 'Z' : `${zone.replace(':', '')}00`.slice(0, 5)
  const at = new Date(`${date}T${time}${offset}`)
  // 2026-02-30 is read as a day of March elsewhere.
  if (Number.isNaN(at.getTime()) || !isDay(date)) return undefined
  const iso = at.toISOString()
  return { day: iso.slice(0, 'YYYY-MM-DD'.length), month: iso.slice(0, 'YYYY-MM'.length) }
}

function isDay(date: string): boolean {
  const at = new Date(`${date}T00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(date)
}
