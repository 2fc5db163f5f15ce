/**
 * Time zones of the IANA database, as Node has them. A wall time is what a clock in the zone
 * shows, as epoch ms of a clock in UTC that shows the same.
 */

const DAY_MS = 86_400_000
const FORMATS_MAX = 1_000
const formats = new Map<string, Intl.DateTimeFormat>()

/** Whether there is such a zone: a name of the database, not an offset such as `+02:00`. */
export function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false
  try {
    formatOf(zone)
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

export function wallTimeOf(instant: number, zone: string): number {
  return instant + offsetAt(instant, zone)
}

/** What clocks in the zone show, to the minute: `2026-01-31 19:00 Australia/Sydney`. */
export function minuteIn(zone: string, instant: number): string {
  const [day, time = ''] = new Date(wallTimeOf(instant, zone)).toISOString().split('T')
  return `${day} ${time.slice(0, 'hh:mm'.length)} ${zone}`
}

/**
 * The instants at which a clock in the zone shows a time: two where clocks were put back over it,
 * none where they were put forward over it.
 */
export function instantsOf(wallTime: number, zone: string): readonly number[] {
  const offsets = new Set([offsetAt(wallTime - DAY_MS, zone), offsetAt(wallTime + DAY_MS, zone)])
  return [...offsets]
    .map((offset) => wallTime - offset)
    .filter((instant) => wallTimeOf(instant, zone) === wallTime)
    .toSorted((a, b) => a - b)
}

/** How far clocks in the zone are ahead of UTC, in ms. */
export function offsetAt(instant: number, zone: string): number {
  if (zone === 'UTC') return 0
  const text = formatOf(zone).format(instant)
  const [, sign, hours = 0, minutes = 0, seconds = 0] =
    /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text) ?? []
  const ahead = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000
  return sign === '-' ? -ahead : ahead
}

/** Writes the offset last: `1/31/2026, GMT+01:00`. */
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  if (formats.size >= FORMATS_MAX) formats.clear()
  formats.set(zone, format)
  return format
}
