import { EventPattern } from '@belfry/event-pattern'

import type { EventNamespace } from '#src/model/event-namespace.ts'
import type { Notification } from '#src/model/notification.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State } from '#src/ports/state.ts'
import { alertEventOf, causeOf, quietEndOf, unwanted } from './alert-event.ts'
import { audiencesOf, isFor, leftOf, oneByOne, whyForNobody } from './audiences.ts'
import type { AlertEvent, ChannelOpener } from './channels/sending.ts'
import { NOTIFICATIONS } from './documents.ts'
import type { StoredIncident } from './documents.ts'
import { mutingNow } from './muting.ts'
import type { Muting } from './muting.ts'
import { notificationPattern } from './notification-pattern.ts'
import { readerOf } from './readers.ts'
import { verdictOn } from './verdict.ts'

/** What one notification would do about an alert. */
export interface Hearer {
  readonly notification: Notification
  readonly hears: boolean
  /** Whom it would tell: addresses of e-mail, or where another channel leads. */
  readonly to?: readonly string[]
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

export interface HearerPorts {
  readonly state: State
  readonly clock: Clock
  readonly namespace: EventNamespace
  readonly channels: ChannelOpener
}

/** One that would hear of it, were it the only one. */
interface Hearing extends Hearer {
  readonly hears: true
  /** The incident that the alert would open. */
  readonly incident: StoredIncident
  readonly inDigest: boolean
}

export function createHearers({ state, clock, namespace, channels }: HearerPorts): Hearers {
  const alone = async (
    notification: Notification,
    event: AlertEvent,
    json: string,
    muting: Muting,
  ) => {
    if (EventPattern.parse(notificationPattern(notification)).matches(json)) {
      return hearingOf(notification, event, { now: clock.now(), muting })
    }
    const why = 'its kinds of alerts, their settings or its scope leave it out'
    return { notification, hears: false, why } as const
  }

  /** Who reads its message, by the name of the reader; and the address of each. */
  const readersOf = async ({ notification, incident, inDigest }: Hearing, event: AlertEvent) => {
    const { organisationId, channelId } = notification
    const channel = await channels.open(organisationId, channelId)
    const [address = ''] = await channels.addressesOf(organisationId, channelId)
    const { recipients = [], readBy = 'people', leadsTo } = channel ?? {}
    const told = { incident, notification, does: 'tell' } as const
    const all = await audiencesOf(state, recipients, told)
    const how = { inDigest: inDigest && readBy === 'people' }
    const readers = new Map(
      all
        .filter((audience) => isFor(audience, event))
        .flatMap(oneByOne)
        .map((one) => [readerOf(address, one, how), one.to?.[0] ?? leadsTo ?? channelId]),
    )
    return { readers, left: all.length === 0 ? leftOf(recipients, told) : [] }
  }

  /** Each reader is told once, by whichever would be the first. */
  const together = async (hearings: readonly Hearing[], event: AlertEvent) => {
    const told = new Map<string, Notification>()
    const hearers = new Map<Notification, Hearer>()
    for (const hearing of hearings.toSorted(bySending)) {
      const { notification, why, at } = hearing
      const { readers, left } = await readersOf(hearing, event)
      const { group } = hearing.incident
      const to: string[] = []
      const by: { readonly name: string; readonly teller: Notification }[] = []
      for (const [reader, name] of readers) {
        const teller = told.get(group + reader)
        if (teller === undefined) to.push(name)
        else by.push({ name, teller })
      }
      for (const reader of readers.keys()) {
        const key = group + reader
        told.set(key, told.get(key) ?? notification)
      }
      const hears = to.length > 0
      const tellers = wordsOfTellers(by, hears)
      const whyNot = by.length > 0 ? tellers : whyForNobody(left)
      hearers.set(notification, {
        notification,
        hears,
        ...(hears && { to }),
        ...(hears && at !== undefined && { at }),
        why: hears ? [why, ...(by.length > 0 ? [tellers] : [])].join('; ') : whyNot,
      })
    }
    return hearers
  }

  return {
    of: async (organisationId, json) => {
      const event = alertEventOf(json, namespace)
      if (event === undefined) return undefined
      const muting = await mutingNow(state, clock.now())
      const notifications = await NOTIFICATIONS.all(state, organisationId)
      const each = await Promise.all(
        notifications.map((notification) => alone(notification, event, json, muting)),
      )
      const hearers = await together(
        each.flatMap((one) => (one.hears ? [one] : [])),
        event,
      )
      return each.map(({ notification, hears, why }) => {
        return hearers.get(notification) ?? { notification, hears, why }
      })
    },
  }
}

function bySending({ at: one = Infinity }: Hearing, { at: other = Infinity }: Hearing): number {
  return one === other ? 0 : one - other
}

/** As the ledger says it: of some of its readers with who they are. */
function wordsOfTellers(
  by: readonly { readonly name: string; readonly teller: Notification }[],
  isOfSome: boolean,
): string {
  const tellers = Map.groupBy(by, ({ teller }) => teller.name)
  return Array.from(tellers, ([teller, all]) => {
    const readers = isOfSome ? `: ${all.map(({ name }) => name).join(', ')}` : ''
    return `told by notification “${teller}”${readers}`
  }).join('; ')
}

/** Whether one notification would tell of an alert, whatever others do. */
async function hearingOf(
  notification: Notification,
  event: AlertEvent,
  { now, muting }: { readonly now: number; readonly muting: Muting },
): Promise<Hearing | (Hearer & { readonly hears: false })> {
  const refusal = unwanted(event, notification) ?? quietEndOf(event)
  if (refusal !== undefined) return { notification, hears: false, why: refusal }
  const { organisationId } = notification
  const incident = supposed(notification, event, now)
  const silence = muting.silenceOf(organisationId, [event], now)
  const inhibition = await muting.inhibitionOf(organisationId, [event])
  let at = now + notification.settleSeconds * 1_000
  let why: string | undefined
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const isSilenced = silence !== undefined && at < silence.endsAt
    const circumstances = { now: at, silence: isSilenced ? silence : undefined, inhibition }
    const verdict = verdictOn(incident, notification, circumstances)
    if (verdict.kind === 'tell') {
      const inDigest = verdict.inDigest === true
      return { notification, hears: true, at, why: why ?? verdict.why, incident, inDigest }
    }
    if (verdict.kind !== 'wait') {
      return { notification, hears: false, why: verdict.why ?? 'there is nothing to tell' }
    }
    why ??= verdict.why ?? 'it is gathered'
    if (verdict.toldAt === undefined) break
    at = verdict.toldAt
  }
  return { notification, hears: true, why: why ?? '', incident, inDigest: false }
}

/** A silence, quiet hours and a digest follow each other; quiet hours of all hours have no end. */
const LOOKS_MAX = 10

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
