import type { Notification } from '#src/model/notification.ts'
import type { State } from '#src/ports/state.ts'
import { oneByOne, without } from './audiences.ts'
import type { Audience } from './audiences.ts'
import { isOfMails } from './channels/addresses.ts'
import type { ChannelOpener } from './channels/sending.ts'
import type { Telling } from './composing.ts'
import {
  INCIDENTS,
  INCIDENT_ALERTS,
  INCIDENT_OF_GROUP,
  NOTIFICATIONS,
  alertKey,
  keyIn,
  ofIncident,
  stateShown,
} from './documents.ts'
import type { StoredIncident } from './documents.ts'
import { readerOf, readersOf } from './readers.ts'

/**
 * Several notifications may hear of one alert and tell it to the same readers, on one channel or on
 * several that lead to one address. Each reader is told once: by whichever comes first. What comes
 * later is left out, for that reader alone, only where nothing would be lost:
 *
 *  - the reader has had every alert that it is about, and how things are with them now
 *  - in a message of the same kind: a digest stands in for digests, and for nothing else
 *  - where the channel keeps messages up to date: it has none of its own, and the one that was sent
 *    shows the end as well
 *
 * Notifications that are silenced, quiet or off have told nothing, so others still do.
 */

/** Something to tell, with whom it is for. */
export interface Addressed {
  readonly telling: Telling
  readonly audiences: readonly Audience[]
  /** Where it is for nobody: those it would be for, had they not left. */
  readonly left?: readonly string[]
  /** Where others have told it to some who are no audience any more. */
  readonly toldBy?: ToldAlready
}

/** What has told readers already. */
export interface ToldAlready {
  readonly incident: StoredIncident
  readonly notification: Notification
  /** By e-mail: those of them who would have been told by this. */
  readonly to: readonly string[]
}

/** A channel, with what others may have told its readers. */
export interface Place {
  readonly channelId: string
  /** Where it leads: see `readerOf`. */
  readonly address: string
  /** Notifications that tell there: see `notificationsAt`. */
  readonly on: readonly Notification[]
  /** Whether its messages are kept up to date, each by whoever sent it. */
  readonly keepsState: boolean
}

/**
 * Notifications whose readers may be those of a channel.
 * @param tellsOwners whether it may be told to anybody, by e-mail
 */
export async function notificationsAt(
  { state, channels }: { readonly state: State; readonly channels: ChannelOpener },
  organisationId: string,
  { addresses, tellsOwners }: { readonly addresses: readonly string[]; tellsOwners: boolean },
): Promise<readonly Notification[]> {
  const all = await NOTIFICATIONS.all(state, organisationId)
  const byChannel = new Map<string, readonly string[]>()
  for (const { channelId } of all) {
    const known = byChannel.get(channelId)
    byChannel.set(channelId, known ?? (await channels.addressesOf(organisationId, channelId)))
  }
  const here = new Set(addresses)
  return all.filter(({ channelId, tellOwner }) => {
    const there = byChannel.get(channelId) ?? []
    const areMails = isOfMails(there) && isOfMails(addresses)
    return there.some((each) => here.has(each)) || (areMails && (tellOwner || tellsOwners))
  })
}

/** The same for those whom nobody has told already all that there is to tell. */
export async function withoutTold(
  state: Pick<State, 'get' | 'list'>,
  all: Addressed,
  place: Place,
): Promise<Addressed> {
  const { telling, audiences } = all
  const tellers =
    telling.does === 'escalate'
      ? await escalatedAlready(state, telling)
      : await toldAlready(state, telling, place)
  if (tellers.length === 0) return all
  const by = new Map<Audience, Teller>()
  for (const one of audiences.flatMap(oneByOne)) {
    const reader = readerOf(place.address, one, telling)
    const teller = tellers.find(({ readers }) => readers.has(reader))
    if (teller !== undefined) by.set(one, teller)
  }
  const [first] = by.values()
  if (first === undefined) return all
  const to = Array.from(by.keys()).flatMap((one) => one.to ?? [])
  const { incident, notification } = first
  // Of an audience that is not by e-mail there is but the one that is told.
  const rest = audiences.flatMap((each) => (each.to === undefined ? [] : (without(each, to) ?? [])))
  return { telling, audiences: rest, toldBy: { incident, notification, to } }
}

/** An incident of which readers were told, with its notification. */
interface Teller extends Omit<ToldAlready, 'to'> {
  readonly readers: ReadonlySet<string>
}

async function toldAlready(
  state: Pick<State, 'get' | 'list'>,
  { incident, notification, showsState }: Telling,
  { on, keepsState }: Place,
): Promise<readonly Teller[]> {
  if (showsState || (keepsState && incident.sent !== undefined)) return []
  const tellers: Teller[] = []
  for (const other of on) {
    if (other.id === notification.id) continue
    const id = await state.get(INCIDENT_OF_GROUP, keyIn(other.id, incident.group))
    const known = id === undefined ? undefined : await state.get(INCIDENTS, id)
    if (known?.toldTo === undefined || !(await hasTold(state, known, incident))) continue
    const readers = new Set(known.toldTo.readers)
    tellers.push({ incident: known, notification: other, readers })
  }
  return tellers
}

/** What is known by the message of another incident is escalated with that. */
async function escalatedAlready(
  state: Pick<State, 'get'>,
  { incident: { toldWith }, showsState }: Telling,
): Promise<readonly Teller[]> {
  if (showsState || toldWith === undefined) return []
  const known = await state.get(INCIDENTS, toldWith)
  const notification = known && (await state.get(NOTIFICATIONS.things, known.notificationId))
  if (known?.escalatedTo === undefined || notification === undefined) return []
  return [{ incident: known, notification, readers: new Set(known.escalatedTo) }]
}

async function hasTold(
  state: Pick<State, 'list'>,
  known: StoredIncident,
  incident: StoredIncident,
): Promise<boolean> {
  if (known.toldTo === undefined || known.toldState !== stateShown(incident)) return false
  // A reminder, and an end that people declare, tell of no alert: only a newer message is the same.
  const since = Math.max(incident.toldAt ?? Infinity, incident.snoozedUntil ?? 0)
  if (incident.alerts === incident.told && (known.toldAt ?? 0) <= since) return false
  const told = { id: known.id, after: known.toldTo.after, upTo: known.told }
  return isWithin(state, toTell(incident), told)
}

/**
 * What may be left out of one message, since another part of it says the same to some of its readers:
 * to be looked at again when that is told.
 */
export async function repeatsIn(
  state: Pick<State, 'list'>,
  addressed: readonly Addressed[],
  address: string,
): Promise<ReadonlySet<Addressed>> {
  const groups = Map.groupBy(addressed, ({ telling }) => telling.incident.group)
  const repeats = new Set<Addressed>()
  for (const group of groups.values()) {
    if (group.length === 1) continue
    const kept: { readonly alerts: Stretch; readonly readers: readonly string[] }[] = []
    for (const each of group.toSorted(byAlerts)) {
      const { telling, audiences } = each
      const alerts = toTell(telling.incident)
      const readers = new Set(readersOf(address, audiences, telling))
      const others = kept.filter((other) => other.readers.some((reader) => readers.has(reader)))
      const isNews = !telling.showsState && telling.does === 'tell'
      const within = await Promise.all(others.map((other) => isWithin(state, alerts, other.alerts)))
      if (isNews && within.includes(true)) repeats.add(each)
      else kept.push({ alerts, readers: [...readers] })
    }
  }
  return repeats
}

function byAlerts(one: Addressed, other: Addressed): number {
  return other.telling.incident.alerts - one.telling.incident.alerts
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
