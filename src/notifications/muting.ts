import type { Inhibition, Silence } from '#src/model/notification.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { alertJson, alertPattern } from './alert-pattern.ts'
import type { AlertEvent } from './channels/sending.ts'
import { INHIBITIONS, SILENCES } from './documents.ts'
import { hidingAt, noteHiding } from './hiding.ts'

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

export async function mutingNow(state: State, now: number): Promise<Muting> {
  const limit = Number.MAX_SAFE_INTEGER
  const silences = (await state.list(SILENCES, { limit })).map(({ value }) => value)
  const inhibitions = (await state.list(INHIBITIONS.things, { limit })).map(({ value }) => value)
  const active = silences.filter(({ startsAt, endsAt }) => startsAt <= now && now < endsAt)
  const isOver = (pattern: Silence['pattern'], jsons: readonly string[]) =>
    jsons.every((json) => alertPattern(pattern).matches(json))
  const isHidden = hidingAt(state, now)
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
        const hidden = await Promise.all(events.map((event) => isHidden(inhibition, event)))
        if (hidden.every(Boolean)) return inhibition
      }
      return undefined
    },
    noteHiding: async (transaction, organisationId, event) => {
      for (const inhibition of inhibitions) {
        if (inhibition.organisationId !== organisationId) continue
        await noteHiding(transaction, inhibition, event, now)
      }
    },
  }
}
