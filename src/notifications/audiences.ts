import type { Notification } from '#src/model/notification.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { collection } from '#src/ports/state.ts'
import { USERS, USER_EMAILS } from '#src/tenancy/documents.ts'
import type { AlertEvent } from './channels/sending.ts'
import type { StoredIncident } from './documents.ts'

/** What a user's view of things is narrowed to. */
export interface DefaultSegment {
  readonly viewId: string
  readonly segmentId: string
}

/** By user. */
export const DEFAULT_SEGMENTS = collection<DefaultSegment>('default-segments')

/** Readers of a channel who are told the same. */
export interface Audience {
  /** Absent: whoever reads the channel. */
  readonly to?: readonly string[]
  /** Alerts of other segments of its view are not for them. */
  readonly segment?: DefaultSegment
}

/** Whoever reads the channel. */
export const EVERYBODY: Audience = {}

/**
 * Who is told of an incident, where each recipient is known: the owner, where the notification says
 * so and the owner is a user of the organisation, and else all, each within his default segment; of
 * an escalation all.
 * Who has left the notification is none of them, so there may be nobody; but whoever is on call
 * cannot leave what nobody has acknowledged.
 * @param recipients e-mail addresses of the channel; empty where it is no mail
 */
export async function audiencesOf(
  state: Pick<State, 'get'>,
  recipients: readonly string[],
  {
    incident,
    notification,
    does,
  }: {
    readonly incident: Pick<StoredIncident, 'organisationId' | 'owner'>
    readonly notification: Pick<Notification, 'tellOwner' | 'unsubscribed'>
    readonly does: 'tell' | 'escalate'
  },
): Promise<readonly Audience[]> {
  if (recipients.length === 0) return [EVERYBODY]
  const { organisationId, owner } = incident
  const stays = (address: string) => does === 'escalate' || !hasLeft(notification, address)
  // Who has not seen to it is not told in place of those to whom it is escalated.
  if (does === 'tell' && notification.tellOwner && owner !== undefined) {
    const user = await userOf(state, organisationId, owner)
    if (user !== undefined) return stays(owner) ? [{ to: [owner] }] : []
  }
  const bySegment = new Map<string, { to: string[]; segment?: DefaultSegment }>()
  for (const address of recipients.filter(stays)) {
    const user = await userOf(state, organisationId, address)
    const segment = user === undefined ? undefined : await state.get(DEFAULT_SEGMENTS, user)
    const key = segment?.segmentId ?? ''
    const known = bySegment.get(key) ?? { to: [], ...(segment !== undefined && { segment }) }
    known.to.push(address)
    bySegment.set(key, known)
  }
  return [...bySegment.values()]
}

/** Where it is told to nobody: those of whom it would be told, had they not left. */
export function leftOf(
  recipients: readonly string[],
  {
    incident: { owner },
    notification,
  }: {
    readonly incident: Pick<StoredIncident, 'owner'>
    readonly notification: Pick<Notification, 'tellOwner' | 'unsubscribed'>
  },
): readonly string[] {
  const readers =
    notification.tellOwner && owner !== undefined ? [owner, ...recipients] : recipients
  return readers.filter((address) => hasLeft(notification, address))
}

/** Why something is told to nobody, in words of the ledger. */
export function whyForNobody(left: readonly string[]): string {
  if (left.length > 0) return `unsubscribed: ${left.join(', ')}`
  return 'whoever reads the channel is told of other segments alone'
}

/** Whether whoever has that address has ended the notification's letters. */
export function hasLeft(
  { unsubscribed = [] }: Pick<Notification, 'unsubscribed'>,
  address: string,
): boolean {
  return unsubscribed.some(({ email }) => email.toLowerCase() === address.toLowerCase())
}

/** An audience as letters are sent to it where each is for one reader: with a link of its own. */
export function oneByOne(audience: Audience): readonly Audience[] {
  return audience.to?.map((address) => ({ ...audience, to: [address] })) ?? [audience]
}

/** Those of an audience who are none of these; undefined where nobody is left. */
export function without(audience: Audience, addresses: readonly string[]): Audience | undefined {
  if (audience.to === undefined || addresses.length === 0) return audience
  const to = audience.to.filter((address) => !addresses.includes(address))
  return to.length === 0 ? undefined : { ...audience, to }
}

/** Alerts of the whole organisation are for everybody. */
export function isFor({ segment }: Audience, { alert: { segments } }: AlertEvent): boolean {
  if (segment === undefined) return true
  const ofView = segments.filter(({ viewId }) => viewId === segment.viewId)
  return ofView.length === 0 || ofView.some(({ segmentId }) => segmentId === segment.segmentId)
}

/** The id of the user of that e-mail in the organisation. */
async function userOf(
  from: Pick<StateTransaction, 'get'>,
  organisationId: string,
  email: string,
): Promise<string | undefined> {
  const id = await from.get(USER_EMAILS, email.toLowerCase())
  const user = id === undefined ? undefined : await from.get(USERS, id)
  return user?.organisationId === organisationId && user.status === 'ACTIVE' ? id : undefined
}
