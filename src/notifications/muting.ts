import { EventPattern } from '@belfry/event-pattern'

import { detailTypeOf, eventTypeOf } from '#src/model/catalogue/catalogue.ts'
import type { EventType } from '#src/model/catalogue/event-type.ts'
import type { Inhibition, Silence } from '#src/model/notification.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { endingOf, endsByItself } from './alert-event.ts'
import type { AlertEvent } from './channels/sending.ts'
import { HIDING, INHIBITIONS, SILENCES, keyIn } from './documents.ts'
import type { HidingAlert } from './documents.ts'

/** Silences and inhibitions as they stood when they were read. */
export interface Muting {
  /** The silence that is over all of these alerts now; where there are several, the longest. */
  silenceOf(organisationId: string, events: readonly AlertEvent[], now: number): Silence | undefined
  /** The inhibition that hides all of these alerts now. */
  inhibitionOf(
    organisationId: string,
    events: readonly AlertEvent[],
  ): Promise<Inhibition | undefined>
  /** Keeps count of the alerts that hide others, as they open and end. */
  noteHiding(
    transaction: StateTransaction,
    organisationId: string,
    event: AlertEvent,
  ): Promise<void>
}

/** Patterns that were compiled once; they are few, and change seldom. */
const patterns = new Map<string, EventPattern>()
const PATTERNS_KEPT_MAX = 2_000
/** Alerts of one inhibition and one set of values that are known to be open: any one of them hides. */
const HIDING_MAX = 100

/** @throws InvalidEventPatternError */
export function alertPattern(pattern: Readonly<Record<string, unknown>>): EventPattern {
  const text = JSON.stringify(pattern)
  const known = patterns.get(text)
  if (known !== undefined) return known
  const parsed = EventPattern.parse(text)
  if (patterns.size >= PATTERNS_KEPT_MAX) patterns.clear()
  patterns.set(text, parsed)
  return parsed
}

/** What a pattern on alerts is matched with: the event without its envelope. */
function alertJson({ name, alert }: AlertEvent): string {
  return JSON.stringify({
    'detail-type': detailTypeOf(eventTypeOf(name) as EventType),
    detail: alert,
  })
}

export async function mutingNow(state: State, now: number): Promise<Muting> {
  const limit = Number.MAX_SAFE_INTEGER
  const silences = (await state.list(SILENCES, { limit })).map(({ value }) => value)
  const inhibitions = (await state.list(INHIBITIONS.things, { limit })).map(({ value }) => value)
  const active = silences.filter(({ startsAt, endsAt }) => startsAt <= now && now < endsAt)
  const matches = (pattern: Silence['pattern'], json: string) => alertPattern(pattern).matches(json)
  const isOver = (pattern: Silence['pattern'], jsons: readonly string[]) =>
    jsons.every((json) => matches(pattern, json))
  return {
    silenceOf: (organisationId, events, at) => {
      const own = active.filter(
        (silence) => silence.organisationId === organisationId && at < silence.endsAt,
      )
      if (own.length === 0 || events.length === 0) return undefined
      const jsons = events.map(alertJson)
      return own
        .filter(({ pattern }) => isOver(pattern, jsons))
        .toSorted((one, other) => other.endsAt - one.endsAt)[0]
    },
    inhibitionOf: async (organisationId, events) => {
      const own = inhibitions.filter((each) => each.organisationId === organisationId)
      if (own.length === 0 || events.length === 0) return undefined
      const jsons = events.map(alertJson)
      for (const inhibition of own) {
        if (!isOver(inhibition.target, jsons)) continue
        const hidden = await Promise.all(
          events.map(async (event) => {
            const key = hidingKey(inhibition, event)
            const hiding = key === undefined ? undefined : await state.get(HIDING, key)
            return stillHiding(hiding, now).some(({ alertId }) => alertId !== event.alert.alertId)
          }),
        )
        if (hidden.every(Boolean)) return inhibition
      }
      return undefined
    },
    noteHiding: async (transaction, organisationId, event) => {
      const own = inhibitions.filter((each) => each.organisationId === organisationId)
      if (own.length === 0) return
      const json = alertJson(event)
      const ends = endingOf(event) === 'ends'
      for (const inhibition of own) {
        // An end may be told of as less than what the source asks for, as a spike's is.
        if (!ends && !matches(inhibition.source, json)) continue
        const key = hidingKey(inhibition, event)
        if (key === undefined) continue
        const { alertId } = event.alert
        const before = stillHiding(await transaction.get(HIDING, key), now)
        const others = before.filter((other) => other.alertId !== alertId)
        const until = endsByItself(event, now)
        const hides = { alertId, ...(until !== undefined && { until }) }
        const after = [...others, ...(ends ? [] : [hides])].slice(-HIDING_MAX)
        if (after.length === 0) transaction.delete(HIDING, key)
        else transaction.put(HIDING, key, after)
      }
    },
  }
}

function stillHiding(
  hiding: readonly (HidingAlert | string)[] = [],
  now: number,
): readonly HidingAlert[] {
  return hiding
    .map((one): HidingAlert => (typeof one === 'string' ? { alertId: one } : one))
    .filter(({ until = Infinity }) => now < until)
}

/** One for each set of values that source and target must share; none where one is missing. */
function hidingKey({ id, equal }: Inhibition, { alert }: AlertEvent): string | undefined {
  const values = equal.map((field) => (alert as Readonly<Record<string, unknown>>)[field])
  return values.includes(undefined) ? undefined : keyIn(id, JSON.stringify(values))
}
