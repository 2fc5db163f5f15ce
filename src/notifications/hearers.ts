import { EventPattern } from '@belfry/event-pattern'

import type { EventNamespace } from '#src/model/event-namespace.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State } from '#src/ports/state.ts'
import { alertEventOf, causeOf, quietEndOf, unwanted } from './alert-event.ts'
import type { AlertEvent } from './channels/sending.ts'
import { NOTIFICATIONS } from './documents.ts'
import type { StoredIncident } from './documents.ts'
import { mutingNow } from './muting.ts'
import { notificationPattern } from './notification-pattern.ts'
import type { Notification } from '#src/model/notification.ts'
import { verdictOn } from './verdict.ts'

/** What one notification would do about an alert. */
export interface Hearer {
  readonly notification: Notification
  readonly hears: boolean
  /** When its first message would be sent (epoch ms), were nothing to change until then. */
  readonly at?: number
  readonly why: string
}

/** Who would hear of an alert, now: nothing is sent. */
export interface Hearers {
  /**
   * @param json the whole event of the alert
   * @returns undefined where it tells of no alert
   */
  of(organisationId: string, json: string): Promise<readonly Hearer[] | undefined>
}

export function createHearers({
  state,
  clock,
  namespace,
}: {
  readonly state: State
  readonly clock: Clock
  readonly namespace: EventNamespace
}): Hearers {
  const hearing = async (notification: Notification, event: AlertEvent): Promise<Hearer> => {
    const refusal = unwanted(event, notification) ?? quietEndOf(event)
    if (refusal !== undefined) return { notification, hears: false, why: refusal }
    const now = clock.now()
    const muting = await mutingNow(state, now)
    const { organisationId } = notification
    const silence = muting.silenceOf(organisationId, [event], now)
    const inhibition = await muting.inhibitionOf(organisationId, [event])
    const settledAt = now + notification.settleSeconds * 1_000
    const incident = supposed(notification, event, now)
    const verdict = verdictOn(incident, notification, { now: settledAt, silence, inhibition })
    if (verdict.kind === 'tell')
      return { notification, hears: true, at: settledAt, why: verdict.why }
    if (verdict.kind === 'wait') {
      const { toldAt, why = 'it is gathered' } = verdict
      return { notification, hears: true, ...(toldAt !== undefined && { at: toldAt }), why }
    }
    return { notification, hears: false, why: verdict.why ?? 'there is nothing to tell' }
  }

  return {
    of: async (organisationId, json) => {
      const event = alertEventOf(json, namespace)
      if (event === undefined) return undefined
      const all = await NOTIFICATIONS.all(state, organisationId)
      return Promise.all(
        all.map(async (notification) => {
          const pattern = EventPattern.parse(notificationPattern(notification))
          if (pattern.matches(json)) return hearing(notification, event)
          const why = 'its kinds of alerts, their settings or its scope leave it out'
          return { notification, hears: false, why }
        }),
      )
    },
  }
}

/** The incident that the alert would open. */
function supposed(notification: Notification, event: AlertEvent, now: number): StoredIncident {
  return {
    id: '',
    number: 0,
    organisationId: notification.organisationId,
    notificationId: notification.id,
    ...causeOf(event, notification),
    state: 'OPEN',
    severity: event.alert.severity,
    alerts: 1,
    open: 1,
    told: 0,
    messages: 0,
    revision: 1,
    toldRevision: 0,
    newsSince: now,
    openedAt: now,
    changedAt: now,
  }
}
