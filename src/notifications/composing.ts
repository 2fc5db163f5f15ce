import { createHash } from 'node:crypto'

import { NotificationDefaults } from '#src/model/notification.ts'
import type { IncidentDetails, Notification } from '#src/model/notification.ts'
import type { State } from '#src/ports/state.ts'
import { isFor } from './audiences.ts'
import type { Audience } from './audiences.ts'
import { digestOf, messageOf } from './channels/message-of.ts'
import type { DigestPart } from './channels/message-of.ts'
import type { AlertEvent, Message, MessageLink, Sending } from './channels/sending.ts'
import { capitalised } from './channels/wording.ts'
import { INCIDENT_ALERTS, NOTIFICATIONS, alertKey, ofIncident, stateShown } from './documents.ts'
import type { StoredIncident } from './documents.ts'
import { readersOf } from './readers.ts'

/** An incident that is to be told, as it was when that was decided. */
export interface Telling {
  readonly incident: StoredIncident
  readonly notification: Notification
  readonly why: string
  readonly does: 'tell' | 'escalate'
  readonly inDigest: boolean
  /** For channels that show what people do about it, and for no other. */
  readonly showsState: boolean
  /** It ends before what is new does, as that is very much: the rest follows. */
  readonly isPart?: boolean
}

export interface ComposingPorts {
  readonly state: Pick<State, 'list'>
  /** @param reader of a message for one reader alone: what he does by a link is his */
  readonly linksOf: (incident: StoredIncident, reader?: string) => readonly MessageLink[]
  /** Where a reader ends the letters of a notification; absent: nobody could reach it. */
  readonly unsubscribeUrlFor?: ((notificationId: string, email: string) => string) | undefined
}

/** Of one incident, what a message is made of: the newest. */
export const MOST_TOLD_AT_ONCE = 1_000
/** Of each of many incidents in one message. */
const ALERTS_PER_FOLDED_INCIDENT_MAX = 100

/** Of a message of more notifications, which is rare, the first ones can be ended by it. */
const UNSUBSCRIBE_LINKS_MAX = 10

export interface Composed {
  readonly message: Message
  readonly sending: Sending
  /** What of it has anything to say to its audience. */
  readonly about: readonly Telling[]
}

/** The same for every try of one message about an incident, whoever it is for. */
export function messageKeyOf({ incident: { revision, messages }, does }: Telling): string {
  return [does, revision, messages].join('-')
}

/** Who has had what is to be told, where others have yet to be sent it. */
export function hadAlready(
  { hadBy }: Pick<StoredIncident, 'hadBy'>,
  telling: Telling,
): readonly string[] {
  return hadBy?.message === messageKeyOf(telling) ? hadBy.addresses : []
}

/** The message about one incident: how things are, and for programs what is new. */
export async function composeOne(
  ports: ComposingPorts,
  telling: Telling,
  { audience, now }: { readonly audience: Audience; readonly now: number },
): Promise<Composed | undefined> {
  const { incident, notification, why, does, showsState } = telling
  const all = await alertsOf(ports.state, incident, MOST_TOLD_AT_ONCE)
  const events = all.filter((event) => isFor(audience, event))
  if (!isSome(events)) return undefined
  const { id, number, revision, messages, state, told, alerts, toldState } = incident
  const before = does === 'tell' ? incident.sent : incident.escalated?.sent
  const hasNews = revision > incident.toldRevision
  const isReminder = !hasNews && !showsState
  const isEscalated = does === 'escalate' && state !== 'RESOLVED'
  // Nothing has happened: that nobody has seen to it is what there is to tell.
  const isPressing = isReminder || (does === 'escalate' && !showsState)
  const message = messageOf(events, {
    reader: readerOf(notification),
    at: now,
    state,
    incident: { id, number },
    reasons: [...reasonsOf(telling), ...(isPressing || why === 'new' ? [] : [sentence(why)])],
    links: [
      ...ports.linksOf(incident, onlyReader(audience)),
      ...unsubscribeLinks(ports, [telling], audience),
    ],
  })
  const news = new Set(all.slice(Math.max(0, all.length - (alerts - told))))
  const untold = events.filter((event) => news.has(event))
  // The end that only shows is news to nobody.
  const shownHow = showsState && state === 'RESOLVED' ? ('edit-only' as const) : ('edit' as const)
  const how = isReminder ? ('reply' as const) : shownHow
  const isFurther = incident.escalatedUpTo !== undefined
  const isOfState = showsState && (!hasNews || does === 'escalate')
  const pressing: Message = {
    ...message,
    ...(isEscalated && { title: `Escalated: ${message.title}` }),
    ...(isPressing && { summary: `${sentence(why)} ${message.summary}` }),
  }
  const shown = all.length < alerts ? withCount(pressing, telling, all.length) : pressing
  return {
    about: [telling],
    message: { ...shown, events: untold.length > 0 ? untold : events },
    sending: {
      idempotencyKey: [
        id,
        revision,
        ...(does === 'escalate' ? ['escalation', ...(isFurther ? [told] : [])] : [messages]),
        ...(showsState ? [stateShown(incident)] : []),
      ].join('-'),
      ...(before !== undefined && {
        after: { sent: before, how, ...whoHadOne(incident, telling, audience) },
      }),
      news: isOfState ? 'state' : toldState === stateShown(incident) ? 'alerts' : 'both',
      ...(audience.to !== undefined && { to: audience.to }),
    },
  }
}

/** Of an audience by e-mail, who has had a message of the incident before, where that is known. */
function whoHadOne(
  { toldTo }: StoredIncident,
  telling: Telling,
  audience: Audience,
): Pick<NonNullable<Sending['after']>, 'hadBy'> {
  const { to } = audience
  if (to === undefined || toldTo === undefined) return {}
  // An address of e-mail is a place by itself, whatever the channel.
  const keys = readersOf('', [audience], telling)
  return { hadBy: to.filter((_, at) => toldTo.readers.includes(keys[at] as string)) }
}

/** For the one reader of a letter: to end each notification that it is of, but no escalation. */
function unsubscribeLinks(
  { unsubscribeUrlFor }: ComposingPorts,
  tellings: readonly Telling[],
  audience: Audience,
): readonly MessageLink[] {
  const reader = onlyReader(audience)
  if (unsubscribeUrlFor === undefined || reader === undefined) return []
  const told = tellings.filter(({ does }) => does === 'tell')
  const names = new Map(told.map(({ notification: { id, name } }) => [id, name]))
  return [...names].slice(0, UNSUBSCRIBE_LINKS_MAX).map(([id, name]) => ({
    does: 'unsubscribe',
    label: names.size === 1 ? 'Stop these mails' : `Stop mails of “${name}”`,
    url: unsubscribeUrlFor(id, reader),
  }))
}

function onlyReader({ to = [] }: Audience): string | undefined {
  return to.length === 1 ? to[0] : undefined
}

/** Says how many alerts there are beside those that a message is made of. */
function withCount(
  message: Message,
  { incident: { alerts }, notification: { locale } }: Telling,
  count: number,
): Message {
  const format = new Intl.NumberFormat(locale)
  const value = `${format.format(alerts)}; this is of the newest ${format.format(count)}`
  return { ...message, facts: [{ label: 'Alerts in all', value }, ...message.facts] }
}

/** What an incident's message says of its alerts: how much, where, since when. */
export type IncidentText = Pick<IncidentDetails, 'summary' | 'facts' | 'items' | 'moreItems'>

/** The same for whoever looks at it; undefined where its alerts are not there (any more). */
export async function textOf(
  state: Pick<State, 'get' | 'list'>,
  incident: StoredIncident,
): Promise<IncidentText | undefined> {
  const events = await alertsOf(state, incident, MOST_TOLD_AT_ONCE)
  if (!isSome(events)) return undefined
  const { id, number, notificationId, changedAt } = incident
  const notification = await state.get(NOTIFICATIONS.things, notificationId)
  const { summary, facts, items, moreItems } = messageOf(events, {
    reader: readerOf(notification ?? NotificationDefaults),
    at: changedAt,
    incident: { id, number },
    links: [],
  })
  return { summary, facts: [...facts], items: [...items], moreItems }
}

/** One message about many incidents, each a line of it, and all their alerts counted. */
export async function composeMany(
  ports: ComposingPorts,
  tellings: readonly Telling[],
  { audience, now }: { readonly audience: Audience; readonly now: number },
): Promise<Composed | undefined> {
  const [first] = tellings
  const parts: DigestPart[] = []
  const about: Telling[] = []
  for (const telling of tellings) {
    const all = await alertsOf(ports.state, telling.incident, ALERTS_PER_FOLDED_INCIDENT_MAX)
    const events = all.filter((event) => isFor(audience, event))
    if (!isSome(events)) continue
    const links = ports.linksOf(telling.incident, onlyReader(audience))
    const { url } = links.find(({ does }) => does === 'open') ?? {}
    const older = telling.incident.alerts - all.length
    parts.push({ events, older, ...(url !== undefined && { url }) })
    about.push(telling)
  }
  if (first === undefined || parts.length === 0) return undefined
  const count =
    audience.segment === undefined
      ? tellings.reduce((sum, { incident }) => sum + countToTell(incident), 0)
      : parts.flatMap(({ events }) => events).length
  const { notification } = first
  const inDigest = tellings.every((telling) => telling.inDigest)
  const message = digestOf(parts, {
    reader: readerOf(notification),
    at: now,
    reasons: [
      ...new Set(
        tellings.map(({ notification: { name } }) => `You get this by notification “${name}”.`),
      ),
      inDigest ? 'You asked for a digest.' : 'So much came at once that it is told in one message.',
    ],
    // Each line has its own.
    links: unsubscribeLinks(ports, about, audience),
  })
  const format = new Intl.NumberFormat(notification.locale)
  const counted = { label: 'Alerts in all', value: format.format(count) }
  const keys = tellings.map(({ incident }) => `${incident.id}-${incident.revision}`)
  return {
    about,
    message: { ...message, facts: [counted, ...message.facts] },
    sending: {
      idempotencyKey: createHash('sha256')
        .update([...keys, ...(audience.to ?? [])].join())
        .digest('hex'),
      ...(audience.to !== undefined && { to: audience.to }),
    },
  }
}

/**
 * What of an incident a message would be about now, the oldest first: what is not told yet, and all
 * of it where that would be a reminder; the newest of very many.
 */
export function eventsToTell(
  state: ComposingPorts['state'],
  incident: StoredIncident,
): Promise<readonly AlertEvent[]> {
  return alertsOf(state, incident, Math.min(MOST_TOLD_AT_ONCE, countToTell(incident)))
}

/** A reminder is of all alerts. */
function countToTell({ alerts, told }: StoredIncident): number {
  return alerts > told ? alerts - told : alerts
}

async function alertsOf(
  state: ComposingPorts['state'],
  { id, alerts }: StoredIncident,
  limit: number,
): Promise<readonly AlertEvent[]> {
  if (limit <= 0) return []
  const after = alertKey(id, Math.max(0, alerts - limit))
  const found = await state.list(INCIDENT_ALERTS, { prefix: ofIncident(id), after, limit })
  return found.map(({ value }) => value)
}

function isSome(events: readonly AlertEvent[]): events is readonly [AlertEvent, ...AlertEvent[]] {
  return events.length > 0
}

function readerOf({ timeZone, locale }: Pick<Notification, 'timeZone' | 'locale'>) {
  return { timeZone, locale }
}

/** Why it comes to its readers. */
function reasonsOf({ notification, incident: { owner } }: Telling): readonly string[] {
  const { name, scope, ownerTag } = notification
  const of = scope.length === 0 ? '' : ', which is for the views and segments in its scope'
  return [
    `You get this by notification “${name}”${of}.`,
    ...(ownerTag !== undefined && owner !== undefined ? [`Owner: ${owner}.`] : []),
  ]
}

function sentence(words: string): string {
  return `${capitalised(words)}.`
}
