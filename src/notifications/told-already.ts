import { createHash } from 'node:crypto'

import type { Notification } from '#src/model/notification.ts'
import type { State } from '#src/ports/state.ts'
import type { Audience } from './audiences.ts'
import type { Telling } from './composing.ts'
import {
  INCIDENTS,
  INCIDENT_ALERTS,
  INCIDENT_OF_GROUP,
  NOTIFICATIONS,
  alertKey,
  keyIn,
  ofIncident,
} from './documents.ts'
import type { StoredIncident } from './documents.ts'

/**
 * Several notifications may hear of one alert and tell it on one channel. Its readers are told once:
 * by whichever comes first. What comes later is left out only where nothing would be lost:
 *
 *  - the same readers have had every alert that it is about, and how things are with them now
 *  - in a message of the same kind: a digest stands in for digests, and for nothing else
 *  - where the channel keeps messages up to date: it has none of its own, and the one that was sent
 *    will be told of the end, if that was to be told
 *
 * Notifications that are silenced, quiet or off have told nothing, so others still do.
 */

/** Something to tell, with whom it is for: the same destination is the same readers. */
export interface Addressed {
  readonly telling: Telling
  readonly audiences: readonly Audience[]
  readonly destination: string
  /** Where it is for nobody: those it would be for, had they not left. */
  readonly left?: readonly string[]
}

/** What has told the readers of a channel already. */
export interface ToldAlready {
  readonly incident: StoredIncident
  readonly notification: Notification
}

export function destinationOf(
  channelId: string,
  audiences: readonly Audience[],
  { inDigest }: Pick<Telling, 'inDigest'>,
): string {
  const whole = JSON.stringify([channelId, audiences, inDigest])
  return createHash('sha256').update(whole).digest('base64url')
}

/** Other notifications by which an incident might have been told there. */
export async function notificationsOn(
  state: Pick<State, 'list'>,
  organisationId: string,
  channelId: string,
): Promise<readonly Notification[]> {
  const all = await NOTIFICATIONS.all(state as State, organisationId)
  return all.filter((each) => each.channelId === channelId)
}

/** What has told the readers already all that there is to tell, if anything has. */
export async function toldAlready(
  state: Pick<State, 'get' | 'list'>,
  { telling, destination }: Addressed,
  { channelId, on, keepsState }: Place,
): Promise<ToldAlready | undefined> {
  const { incident, notification, does, showsState } = telling
  if (does === 'escalate') return escalatedAlready(state, telling, channelId)
  if (showsState || (keepsState && incident.sent !== undefined)) return undefined
  for (const other of on) {
    if (other.id === notification.id) continue
    if (keepsState && notification.tellResolved && !other.tellResolved) continue
    const id = await state.get(INCIDENT_OF_GROUP, keyIn(other.id, incident.group))
    const known = id === undefined ? undefined : await state.get(INCIDENTS, id)
    if (known === undefined || !(await hasTold(state, known, telling, destination))) continue
    return { incident: known, notification: other }
  }
  return undefined
}

/** A channel, by those who may have told on it. */
export interface Place {
  readonly channelId: string
  /** See `notificationsOn`. */
  readonly on: readonly Notification[]
  /** Whether its messages are kept up to date, each by whoever sent it. */
  readonly keepsState: boolean
}

/** What is known by the message of another incident is escalated with that. */
async function escalatedAlready(
  state: Pick<State, 'get'>,
  { incident, notification }: Telling,
  channelId: string,
): Promise<ToldAlready | undefined> {
  if (incident.toldWith === undefined) return undefined
  const known = await state.get(INCIDENTS, incident.toldWith)
  const other = known && (await state.get(NOTIFICATIONS.things, known.notificationId))
  if (known?.escalatedAt === undefined || other?.escalation?.channelId !== channelId) {
    return undefined
  }
  if (other.tellOwner !== notification.tellOwner) return undefined
  return { incident: known, notification: other }
}

async function hasTold(
  state: Pick<State, 'list'>,
  known: StoredIncident,
  { incident }: Telling,
  destination: string,
): Promise<boolean> {
  if (known.toldTo?.destination !== destination || known.toldState !== incident.state) return false
  // A reminder, and an end that people declare, tell of no alert: only a newer message is the same.
  const since = Math.max(incident.toldAt ?? Infinity, incident.snoozedUntil ?? 0)
  if (incident.alerts === incident.told && (known.toldAt ?? 0) <= since) return false
  const told = { id: known.id, after: known.toldTo.after, upTo: known.told }
  return isWithin(state, toTell(incident), told)
}

/**
 * What may be left out of one message, since another part of it says the same: to be looked at
 * again when that is told.
 */
export async function repeatsIn(
  state: Pick<State, 'list'>,
  addressed: readonly Addressed[],
): Promise<ReadonlySet<Addressed>> {
  const groups = Map.groupBy(addressed, ({ telling, destination }) =>
    JSON.stringify([destination, telling.incident.group]),
  )
  const repeats = new Set<Addressed>()
  for (const group of groups.values()) {
    const [first, ...others] = group.toSorted(
      (one, other) => other.telling.incident.alerts - one.telling.incident.alerts,
    )
    if (first === undefined || others.length === 0) continue
    const all = toTell(first.telling.incident)
    for (const other of others) {
      if (other.telling.showsState || other.telling.does !== 'tell') continue
      if (await isWithin(state, toTell(other.telling.incident), all)) repeats.add(other)
    }
  }
  return repeats
}

/** Alerts of an incident, by their turn: after one, up to another. */
interface Stretch {
  readonly id: string
  readonly after: number
  readonly upTo: number
}

/** What is not told yet, and all of it where that would be a reminder. */
function toTell({ id, alerts, told }: StoredIncident): Stretch {
  return { id, after: alerts > told ? told : 0, upTo: alerts }
}

/** Of longer stretches it is not looked whether they are the same: they are told. */
const ALERTS_COMPARED_MAX = 20_000
const ALERTS_PER_READ = 1_000

async function isWithin(state: Pick<State, 'list'>, some: Stretch, all: Stretch): Promise<boolean> {
  const [fewer, more] = [some.upTo - some.after, all.upTo - all.after]
  if (fewer === 0 || fewer > more || more > ALERTS_COMPARED_MAX) return false
  const ids = await eventIdsOf(state, all)
  return [...(await eventIdsOf(state, some))].every((id) => ids.has(id))
}

async function eventIdsOf(
  state: Pick<State, 'list'>,
  { id, after, upTo }: Stretch,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  for (let at = after; at < upTo; at += ALERTS_PER_READ) {
    const limit = Math.min(ALERTS_PER_READ, upTo - at)
    const from = { prefix: ofIncident(id), after: alertKey(id, at), limit }
    for (const { value } of await state.list(INCIDENT_ALERTS, from)) ids.add(value.id)
  }
  return ids
}
