import type { Day } from '#src/model/cost.ts'
import { addDays } from '#src/model/day.ts'
import type { Verdict } from './spikes.ts'

/**
 * Spikes in one scope are incidents, so that one that lasts is told once and then updated.
 *
 *  open    from its first day; each further day of the spike, also after a single usual one, is of it
 *  closed  once two days after its last one are usual
 *
 * Restated costs neither take back nor repeat what was told.
 */
export interface Incident {
  readonly firstDay: Day
  /** The last day of the spike. */
  readonly lastDay: Day
  readonly isOpen: boolean
  /** How much more than expected, by day. */
  readonly impacts: Readonly<Record<Day, number>>
  /** Of the last day. */
  readonly verdict: Verdict
}

export type IncidentChange = 'OPENED' | 'UPDATED' | 'CLOSED'

export interface IncidentNews {
  readonly change: IncidentChange
  readonly incident: Incident
}

export interface JudgedDay {
  readonly day: Day
  readonly verdict: Verdict
}

/** Usual days after which a spike is over. */
const USUAL_DAYS_TO_CLOSE = 2

/**
 * Carries an incident on through days that follow each other, the last of which is the newest.
 * @returns what is to be told, in order, and the newest incident
 */
export function carriedOn(
  before: Incident | undefined,
  days: readonly JudgedDay[],
): { readonly incident: Incident | undefined; readonly news: readonly IncidentNews[] } {
  const news: IncidentNews[] = []
  let incident = before
  const tell = (change: IncidentChange, told: Incident) => {
    incident = told
    // A second update of the same evaluation says all that the first one did.
    const last = news.at(-1)
    if (change === 'UPDATED' && last !== undefined && last.change !== 'CLOSED') {
      news[news.length - 1] = { change: last.change, incident: told }
    } else news.push({ change, incident: told })
  }
  for (const judged of days) {
    const { day } = judged
    const isPast = incident !== undefined && day > addDays(incident.lastDay, USUAL_DAYS_TO_CLOSE)
    const isUsual = !judged.verdict.isSpike
    if (incident?.isOpen === true) {
      const isOver = isUsual && day >= addDays(incident.lastDay, USUAL_DAYS_TO_CLOSE)
      if (isPast || isOver) tell('CLOSED', { ...incident, isOpen: false })
    }
    if (isUsual || (incident !== undefined && day <= incident.lastDay)) continue
    if (incident !== undefined && !isPast && incident.isOpen) {
      tell('UPDATED', extended(incident, judged))
    } else tell('OPENED', opened(judged))
  }
  return { incident, news }
}

export function impactOf({ impacts }: Incident): number {
  return Object.values(impacts).reduce((sum, impact) => sum + impact, 0)
}

function opened({ day, verdict }: JudgedDay): Incident {
  const impacts = { [day]: verdict.actual - verdict.expected }
  return { firstDay: day, lastDay: day, isOpen: true, impacts, verdict }
}

function extended({ firstDay, impacts }: Incident, { day, verdict }: JudgedDay): Incident {
  const impact = { [day]: verdict.actual - verdict.expected }
  return { firstDay, lastDay: day, isOpen: true, impacts: { ...impacts, ...impact }, verdict }
}
