/** Epoch microseconds: fine enough that no two actions of a hub have the same. */
export type Moment = number

const MICROS_PER_MS = 1_000

/** `YYYY-MM-DDThh:mm:ss.uuuuuuZ`, as the reference system writes the time of an event. */
export function isoMicros(moment: Moment): string {
  const ms = Math.floor(moment / MICROS_PER_MS)
  const micros = String(moment % MICROS_PER_MS).padStart(3, '0')
  return `${new Date(ms).toISOString().slice(0, -1)}${micros}Z`
}

/** The moment that a date-time text names, or undefined where it names none. */
export function parseMoment(text: string): Moment | undefined {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) return undefined
  // Date.parse reads three digits of a second; the next three are the microseconds.
  const micros = /\.\d{3}(\d{1,3})/.exec(text)?.[1] ?? ''
  return ms * MICROS_PER_MS + Number(micros.padEnd(3, '0'))
}

export function momentOf(epochMs: number): Moment {
  return epochMs * MICROS_PER_MS
}

export function epochMsOf(moment: Moment): number {
  return Math.floor(moment / MICROS_PER_MS)
}
