import { TRAIL_HEADS, documentsOf, headKey } from './documents.ts'
import type { TrailHead } from './documents.ts'
import type { ReachPorts } from './reach.ts'

/** Where else an organisation's trail has been kept, before the configuration named this place. */
export interface TrailElsewhere {
  /** This place and the others, as the hub's own records name them. */
  readonly here: string
  readonly others: readonly string[]
  /** Whether this place holds something too. */
  readonly alsoHere: boolean
}

/**
 * The other places of an organisation's trail, or undefined where there is none.
 * @param day only places that hold events of that day count
 */
export async function elsewhere(
  { state, settings }: ReachPorts,
  organisationId: string,
  day?: string,
): Promise<TrailElsewhere | undefined> {
  const here = settings.place
  const others: string[] = []
  let alsoHere = false
  const prefix = headKey(organisationId, '')
  for await (const { key, value } of documentsOf(state, TRAIL_HEADS, prefix)) {
    if (!holds(value, day)) continue
    const place = key.slice(prefix.length)
    if (place === here) alsoHere = true
    else others.push(place)
  }
  return others.length === 0 ? undefined : { here, others, alsoHere }
}

function holds({ days }: TrailHead, day: string | undefined): boolean {
  if (day === undefined || days === undefined) return true
  return days.first <= day && day <= days.last
}
