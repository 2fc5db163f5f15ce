import { Type } from 'typebox'

/** Long enough for every program that holds the old secret to be told the new one. */
const OVERLAP_HOURS_MAX = 14 * 24
export const OVERLAP_HOURS_DEFAULT = 24
const MS_PER_HOUR = 60 * 60_000

export const OverlapHours = Type.Optional(
  Type.Number({ minimum: 0, maximum: OVERLAP_HOURS_MAX, default: OVERLAP_HOURS_DEFAULT }),
)

export function overlapMs(hours = OVERLAP_HOURS_DEFAULT): number {
  return hours * MS_PER_HOUR
}
