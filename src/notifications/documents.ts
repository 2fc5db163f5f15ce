import type {
  Incident,
  Inhibition,
  LedgerEntry,
  Notification,
  Silence,
} from '#src/model/notification.ts'
import { collection } from '#src/ports/state.ts'
import type { Collection, State, StoredDocument } from '#src/ports/state.ts'
import { namedDocuments } from '#src/tenancy/named-documents.ts'
import type { AlertEvent, Sent } from './channels/sending.ts'

/** An incident as it is stored: `told` counts its alerts up to that of the last message. */
export interface StoredIncident extends Omit<Incident, 'waitsUntil'> {
  /** What all its alerts share; the open incident of a group takes the group's next alert. */
  readonly group: string
  /** Counts what is worth telling: alerts, and its end. */
  readonly revision: number
  readonly toldRevision: number
  /** As the last message shows it: see `stateShown`. */
  readonly toldState?: string
  /** When the first came of what is not told yet. */
  readonly newsSince?: number
  readonly messages: number
  /** The last message in its channel, by which the next one finds it. */
  readonly sent?: Sent
  /** By e-mail, who has had a message that others have yet to be sent, and which that is. */
  readonly hadBy?: { readonly message: string; readonly addresses: readonly string[] }
  /** Readers (see `readerOf`) who have been told of its alerts, from after that one up to `told`. */
  readonly toldTo?: { readonly readers: readonly string[]; readonly after: number }
  /** The incident of another notification by whose message some or all of its readers know of it. */
  readonly toldWith?: string
  /** Incidents of other notifications that are told with it: what people do about it they do to these. */
  readonly tellsOf?: readonly string[]
  /** Why its end is told to nobody, and but shown where it was told. */
  readonly quietEnd?: string
  /** When its button was last pressed, by Slack's clock (epoch seconds): each press counts once. */
  readonly pressedAt?: number
  /** When it ends by itself. */
  readonly endsAt?: number
  /** The message of its escalation, by which that is kept up to date, and how it shows things. */
  readonly escalated?: { readonly channelId: string; readonly sent: Sent; readonly state: string }
  /** Readers to whom it was escalated. */
  readonly escalatedTo?: readonly string[]
  /** Of an escalation that is sent in parts: its alerts that were in those before. */
  readonly escalatedUpTo?: number
  /** Its places in the agenda. */
  readonly due?: string
  readonly escalationDue?: string
}

/** Each is a rule on one bus, where AWS allows 300. */
const NOTIFICATIONS_PER_ORGANISATION_MAX = 100
/** Each is a pattern that all alerts are matched with. */
const INHIBITIONS_PER_ORGANISATION_MAX = 50

export const NOTIFICATIONS = namedDocuments<Notification>(
  'notification',
  NOTIFICATIONS_PER_ORGANISATION_MAX,
)
export const INHIBITIONS = namedDocuments<Inhibition>(
  'inhibition',
  INHIBITIONS_PER_ORGANISATION_MAX,
)
/** By id. */
export const INCIDENTS = collection<StoredIncident>('incidents')
/** By organisation, newest first; holds the id. */
export const INCIDENTS_IN_ORDER = collection<string>('incidents-in-order')
/** By notification and group; holds the id of the incident that takes the group's alerts. */
export const INCIDENT_OF_GROUP = collection<string>('incident-of-group')
/** By incident, in the order in which they were taken. */
export const INCIDENT_ALERTS = collection<AlertEvent>('incident-alerts')
/** By notification and event; holds the incident: a delivery that is repeated is known again. */
export const TAKEN = collection<string>('taken-alerts')
/** By channel and time: what each channel's sender is to look at when. */
export const AGENDA = collection<AgendaEntry>('notification-agenda')
/** By organisation, newest first. */
export const LEDGER = collection<LedgerEntry>('notification-ledger')
/** By channel. */
export const CHANNEL_PACES = collection<ChannelPace>('channel-paces')
/** By id. */
export const SILENCES = collection<Silence>('silences')

/** What a channel may be sent, as of what it was sent. */
export interface ChannelPace {
  /** When messages that disturb people were sent, of late. */
  readonly disturbedAt: readonly number[]
  /** Nothing is sent before: its other side asked for a pause, or does not answer. */
  readonly notBefore: number
  /** Tries in a row without success. */
  readonly failures: number
}

export interface AgendaEntry {
  readonly incidentId: string
  readonly does: 'tell' | 'escalate'
  /** It is held back, and but looked at again then. */
  readonly isHeld?: true
}

/** How things are with an incident, as a message shows it: until when it is snoozed, too. */
export function stateShown({
  state,
  snoozedUntil,
}: Pick<StoredIncident, 'state' | 'snoozedUntil'>): string {
  return state === 'SNOOZED' ? `${state} ${snoozedUntil}` : state
}

const SEPARATOR = '|'
const TIME_DIGITS = 16
const COUNT_DIGITS = 9

export function ofOrganisation(organisationId: string): string {
  return organisationId + SEPARATOR
}

export function keyIn(organisationId: string, id: string): string {
  return ofOrganisation(organisationId) + id
}

export function ofIncident(incidentId: string): string {
  return incidentId + SEPARATOR
}

/** @param turn which of the incident's alerts it is, from 1 */
export function alertKey(incidentId: string, turn: number): string {
  return ofIncident(incidentId) + String(turn).padStart(COUNT_DIGITS, '0')
}

export function ofChannel(channelId: string): string {
  return channelId + SEPARATOR
}

export function agendaKey(channelId: string, at: number, entry: AgendaEntry): string {
  const time = String(Math.max(0, at)).padStart(TIME_DIGITS, '0')
  return [channelId, time, entry.incidentId, entry.does].join(SEPARATOR)
}

/** The channel and the time (epoch ms) of a place in the agenda. */
export function agendaPlace(key: string): { readonly channelId: string; readonly at: number } {
  const [channelId = '', time = '0'] = key.split(SEPARATOR)
  return { channelId, at: Number(time) }
}

const DOCUMENTS_PER_READ = 500

/** All of a collection under a prefix, however many there are. */
export async function* documentsOf<T>(
  state: Pick<State, 'list'>,
  from: Collection<T>,
  prefix = '',
): AsyncGenerator<StoredDocument<T>> {
  let after: string | undefined
  for (;;) {
    const read = await state.list(from, {
      prefix,
      limit: DOCUMENTS_PER_READ,
      ...(after !== undefined && { after }),
    })
    yield* read
    if (read.length < DOCUMENTS_PER_READ) return
    after = read.at(-1)?.key
  }
}
