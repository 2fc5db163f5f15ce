import type { LedgerEntry, Notification } from '#src/model/notification.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { Observer } from '#src/ports/observer.ts'
import { pause } from '#src/ports/patiently.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { audiencesOf } from './audiences.ts'
import type { Audience } from './audiences.ts'
import {
  firstTelling,
  lookedAt,
  nextReminder,
  withEscalation,
  withoutEscalation,
} from './agenda.ts'
import type { ChannelOpener, OpenChannel, SendResult } from './channels/sending.ts'
import { composeMany, composeOne, eventsToTell } from './composing.ts'
import type { Composed, ComposingPorts, Telling } from './composing.ts'
import {
  AGENDA,
  CHANNEL_PACES,
  INCIDENTS,
  NOTIFICATIONS,
  agendaPlace,
  ofChannel,
} from './documents.ts'
import type { AgendaEntry, ChannelPace, StoredIncident } from './documents.ts'
import { writeLedger } from './ledger.ts'
import { mutingNow } from './muting.ts'
import { verdictOn } from './verdict.ts'
import type { Verdict } from './verdict.ts'

export interface SenderPorts extends ComposingPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly observer: Observer
  readonly channels: ChannelOpener
}

/** Messages that people get on one channel in one window; what is more is folded into the last. */
const MESSAGES_PER_WINDOW_MAX = 5
const WINDOW_MS = 5 * 60_000
/**
 * A storm: more incidents than a window has messages are due, or about to be. They are told in one
 * message, and the next is not sent before the storm has had its time to pass.
 */
const ABOUT_TO_BE_DUE_MS = 60_000
const BETWEEN_STORM_MESSAGES_MS = 60_000
/** Looked at together, and so told in one message when they are many. */
const DUE_PER_ROUND_MAX = 20_000
const FIRST_RETRY_MS = 2_000
const RETRY_MS_MAX = 10 * 60_000
/** Somebody has to change the channel, or its other side. */
const REFUSED_RETRY_MS = 60 * 60_000
/** What could not be sent for so long is given up: its incident, and the ledger, still show it. */
const GIVEN_UP_AFTER_MS = 7 * 24 * 60 * 60_000
const SECOND_MS = 1_000
const NO_PACE: ChannelPace = { disturbedAt: [], notBefore: 0, failures: 0 }

/** Does what is due on a channel. Answers when to look again; undefined: nothing is in its agenda. */
export async function lookAt(
  ports: SenderPorts,
  channelId: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { state, clock } = ports
  const pace = (await state.get(CHANNEL_PACES, channelId)) ?? NO_PACE
  if (clock.now() < pace.notBefore) return pace.notBefore
  const agenda = await state.list(AGENDA, {
    prefix: ofChannel(channelId),
    limit: DUE_PER_ROUND_MAX,
  })
  const now = clock.now()
  const due = agenda.filter(({ key }) => agendaPlace(key).at <= now)
  if (due.length === 0) return agenda[0] && agendaPlace(agenda[0].key).at
  const soon = agenda.filter(
    ({ key, value }) => !value.isHeld && agendaPlace(key).at <= now + ABOUT_TO_BE_DUE_MS,
  )
  const isStorm = soon.length > MESSAGES_PER_WINDOW_MAX
  const tellings = await decide(
    ports,
    channelId,
    due.map(({ key, value }) => ({ key, ...value })),
  )
  if (tellings.length > 0) await tell(ports, { channelId, tellings, isStorm }, signal)
  return (await state.get(CHANNEL_PACES, channelId))?.notBefore ?? now
}

/** What needs no message. */
type Settling = Exclude<Verdict, { readonly kind: 'tell' | 'show' }>

interface Due extends AgendaEntry {
  readonly key: string
}

/** Puts off what is not to be told now; answers the rest. */
async function decide(
  ports: SenderPorts,
  channelId: string,
  due: readonly Due[],
): Promise<readonly Telling[]> {
  const { state, clock } = ports
  const now = clock.now()
  const muting = await mutingNow(state, now)
  const tellings: Telling[] = []
  const settled: { readonly entry: Due; readonly verdict: Settling }[] = []
  for (const entry of due) {
    const incident = await state.get(INCIDENTS, entry.incidentId)
    const notification =
      incident && (await state.get(NOTIFICATIONS.things, incident.notificationId))
    if (incident === undefined || notification === undefined) {
      settled.push({ entry, verdict: { kind: 'nothing' } })
      continue
    }
    const verdict = await verdictFor(entry, incident, notification)
    if (verdict.kind !== 'tell' && verdict.kind !== 'show') {
      settled.push({ entry, verdict })
      continue
    }
    const inDigest = verdict.kind === 'tell' && verdict.inDigest === true
    const showsState = verdict.kind === 'show'
    const { why } = verdict
    const told = awake(incident, now)
    tellings.push({ incident: told, notification, why, does: entry.does, inDigest, showsState })
  }
  await settle(ports, settled)
  return tellings

  async function verdictFor(
    { does }: AgendaEntry,
    incident: StoredIncident,
    notification: Notification,
  ): Promise<Verdict> {
    if (does === 'escalate') return escalationVerdict(incident, notification)
    // It was moved to another channel.
    if (notification.channelId !== channelId) return { kind: 'wait', until: now }
    const events = await eventsToTell(state, incident)
    const { organisationId } = incident
    const silence = muting.silenceOf(organisationId, events, now)
    const inhibition = await muting.inhibitionOf(organisationId, events)
    return verdictOn(incident, notification, { now, silence, inhibition })
  }
}

/** With a snooze that is over forgotten. */
function awake(incident: StoredIncident, now: number): StoredIncident {
  const { state, snoozedUntil = 0, snoozedBy: _, ...rest } = incident
  if (state !== 'SNOOZED' || now < snoozedUntil) return incident
  return { ...rest, state: 'OPEN' }
}

function escalationVerdict(
  { state }: StoredIncident,
  { escalation, enabled }: Notification,
): Verdict {
  if (state !== 'OPEN' || escalation === undefined || !enabled) return { kind: 'nothing' }
  const why = `nobody has acknowledged it for ${escalation.afterMinutes} min: escalated`
  return { kind: 'tell', why }
}

const SETTLED_PER_TRANSACTION = 500

async function settle(
  ports: SenderPorts,
  settled: readonly {
    readonly entry: Due
    readonly verdict: Settling
  }[],
): Promise<void> {
  for (let at = 0; at < settled.length; at += SETTLED_PER_TRANSACTION) {
    await ports.state.transact(async (transaction) => {
      for (const { entry, verdict } of settled.slice(at, at + SETTLED_PER_TRANSACTION)) {
        const incident = await transaction.get(INCIDENTS, entry.incidentId)
        const notification =
          incident && (await transaction.get(NOTIFICATIONS.things, incident.notificationId))
        if (incident === undefined || notification === undefined) {
          transaction.delete(AGENDA, entry.key)
        } else if (entry.does === 'escalate') {
          transaction.put(INCIDENTS, incident.id, withoutEscalation(transaction, incident))
        } else {
          const after = settledBy(verdict, incident, ports.clock.now())
          const { why } = verdict
          if (why !== undefined && why !== incident.waitsFor) {
            writeLedger(transaction, ports, { incident, notification, outcome: 'HELD', why })
          }
          const until = verdict.kind === 'wait' ? verdict.until : Infinity
          transaction.put(
            INCIDENTS,
            incident.id,
            lookedAt(transaction, after, notification.channelId, until),
          )
        }
      }
    })
  }
}

function settledBy(
  verdict: Settling,
  { waitsFor: _, newsSince, ...incident }: StoredIncident,
  now: number,
): StoredIncident {
  if (verdict.kind === 'wait') {
    const held = verdict.why !== undefined && { waitsFor: verdict.why }
    return { ...incident, ...(newsSince !== undefined && { newsSince }), ...held }
  }
  const quiet = { ...incident, toldRevision: incident.revision }
  return verdict.kind === 'end' ? { ...quiet, state: 'RESOLVED', resolvedAt: now } : quiet
}

/** Sends what is to be told: each by itself, or where that would be a flood all in one. */
async function tell(
  ports: SenderPorts,
  { channelId, tellings, isStorm }: ToTell,
  signal: AbortSignal,
): Promise<void> {
  const [first] = tellings as [Telling]
  const channel = await ports.channels.open(first.incident.organisationId, channelId)
  if (channel === undefined) {
    const gone: SendResult = { outcome: 'refused', reason: 'the channel is not there any more' }
    return record(ports, { channelId, tellings, result: gone, disturbs: false })
  }
  const now = ports.clock.now()
  const pace = (await ports.state.get(CHANNEL_PACES, channelId)) ?? NO_PACE
  const recent = pace.disturbedAt.filter((at) => now - at < WINDOW_MS)
  const room = roomIn(recent, isStorm, now)
  const shown = tellings.filter(({ showsState }) => !showsState || channel.showsState)
  await noteShown(
    ports,
    channelId,
    tellings.filter((telling) => !shown.includes(telling)),
  )
  for (const parcel of parcelsOf(channel, shown, room)) {
    if (signal.aborted) return
    if (parcel === 'later') return waitForRoom(ports, channelId, room.nextAt)
    if (!(await sendParcel(ports, { channel, channelId }, parcel, signal))) return
  }
}

/** Where a channel does not show what people do about an incident, it counts as shown. */
async function noteShown(
  ports: SenderPorts,
  channelId: string,
  tellings: readonly Telling[],
): Promise<void> {
  if (tellings.length === 0) return
  const now = ports.clock.now()
  await ports.state.transact(async (transaction) => {
    for (const {
      incident: { id, state },
    } of tellings) {
      const incident = await transaction.get(INCIDENTS, id)
      if (incident === undefined) continue
      const after = { ...incident, toldState: state }
      transaction.put(INCIDENTS, id, lookedAt(transaction, after, channelId, now))
    }
  })
}

interface ToTell {
  readonly channelId: string
  readonly tellings: readonly Telling[]
  readonly isStorm: boolean
}

type Parcel = readonly Telling[]

/** Messages that people may be sent now, and when they may be sent more. */
interface Room {
  readonly messages: number
  readonly nextAt: number
}

/** @param recent when messages of the window were sent */
function roomIn(recent: readonly number[], isStorm: boolean, now: number): Room {
  const left = MESSAGES_PER_WINDOW_MAX - recent.length
  if (left <= 0) return { messages: 0, nextAt: Math.min(...recent) + WINDOW_MS }
  const afterLast = Math.max(-Infinity, ...recent) + BETWEEN_STORM_MESSAGES_MS
  if (isStorm) return { messages: afterLast > now ? 0 : 1, nextAt: afterLast }
  return { messages: left, nextAt: now }
}

function parcelsOf(
  channel: OpenChannel,
  tellings: readonly Telling[],
  { messages: room }: Room,
): readonly (Parcel | 'later')[] {
  if (channel.readBy === 'programs') return tellings.map((telling) => [telling])
  const isEdit = ({ incident, does, showsState }: Telling) =>
    showsState || (channel.editsInPlace && does === 'tell' && incident.sent !== undefined)
  const edits = tellings.filter((telling) => isEdit(telling) && !telling.inDigest)
  const others = tellings.filter((telling) => !edits.includes(telling))
  const digest = others.filter(({ inDigest }) => inDigest)
  const single = others.filter(({ inDigest }) => !inDigest)
  const wanted = [...(digest.length > 0 ? [digest] : []), ...single.map((telling) => [telling])]
  const quiet = edits.map((telling) => [telling])
  // The last message of a window is kept for all that still comes in it.
  if (wanted.length < room || (wanted.length === 1 && room > 0)) return [...quiet, ...wanted]
  return [...quiet, ...(wanted.length === 0 ? [] : [room > 0 ? others : ('later' as const)])]
}

/** The agenda stays as it is: everything in it is looked at again when there is room. */
async function waitForRoom(ports: SenderPorts, channelId: string, until: number): Promise<void> {
  await ports.state.transact(async (transaction) => {
    const pace = (await transaction.get(CHANNEL_PACES, channelId)) ?? NO_PACE
    transaction.put(CHANNEL_PACES, channelId, { ...pace, notBefore: until })
  })
}

/** False where the channel wants no more for now. */
async function sendParcel(
  ports: SenderPorts,
  { channel, channelId }: { readonly channel: OpenChannel; readonly channelId: string },
  parcel: Parcel,
  signal: AbortSignal,
): Promise<boolean> {
  let result: SendResult = { outcome: 'sent', sent: {}, answer: 'nobody is to be told' }
  let disturbs = false
  let sentAt = -Infinity
  for (const { audience, tellings } of await lettersOf(ports, channel, parcel)) {
    await pauseAfter(ports, channel, sentAt, signal)
    const now = ports.clock.now()
    const [only] = tellings as [Telling]
    const composed: Composed | undefined =
      tellings.length === 1 && !only.inDigest
        ? await composeOne(ports, only, { audience, now })
        : await composeMany(ports, tellings, { audience, now })
    // All of it is of segments that are not theirs.
    if (composed === undefined) continue
    sentAt = now
    result = await channel.send(composed.message, { ...composed.sending, signal })
    // What others were sent already comes again with the next try, under its id.
    if (result.outcome !== 'sent') break
    const isEdit = channel.editsInPlace && composed.sending.after?.how === 'edit'
    disturbs ||= channel.readBy === 'people' && !isEdit
  }
  if (signal.aborted && result.outcome !== 'sent') return false
  await record(ports, { channelId, tellings: parcel, result, disturbs })
  await pauseAfter(ports, channel, sentAt, signal)
  return result.outcome !== 'retry'
}

/** What is told together, by who is told it. */
async function lettersOf(
  { state }: SenderPorts,
  { recipients }: OpenChannel,
  parcel: Parcel,
): Promise<readonly { readonly audience: Audience; readonly tellings: readonly Telling[] }[]> {
  const letters = new Map<string, { audience: Audience; tellings: Telling[] }>()
  for (const telling of parcel) {
    for (const audience of await audiencesOf(state, recipients, telling)) {
      const key = JSON.stringify(audience)
      const known = letters.get(key) ?? { audience, tellings: [] }
      known.tellings.push(telling)
      letters.set(key, known)
    }
  }
  return [...letters.values()]
}

async function pauseAfter(
  { clock }: SenderPorts,
  { messagesPerSecondMax }: OpenChannel,
  startedAt: number,
  signal: AbortSignal,
): Promise<void> {
  const pauseMs = SECOND_MS / messagesPerSecondMax - (clock.now() - startedAt)
  if (pauseMs > 0) await pause(pauseMs, signal)
}

interface Recorded {
  readonly channelId: string
  readonly tellings: readonly Telling[]
  readonly result: SendResult
  readonly disturbs: boolean
}

/** Writes down what became of a message, for each incident that it told of. */
async function record(ports: SenderPorts, recorded: Recorded): Promise<void> {
  const { state, clock, ids } = ports
  const { channelId, tellings, result, disturbs } = recorded
  const now = clock.now()
  const messageId = ids.timeOrderedUuid(now)
  await state.transact(async (transaction) => {
    const pace = (await transaction.get(CHANNEL_PACES, channelId)) ?? NO_PACE
    transaction.put(
      CHANNEL_PACES,
      channelId,
      paceAfter(pace, result, { now, disturbs, jitter: ids.fraction() }),
    )
  })
  for (let at = 0; at < tellings.length; at += SETTLED_PER_TRANSACTION) {
    await state.transact(async (transaction) => {
      for (const telling of tellings.slice(at, at + SETTLED_PER_TRANSACTION)) {
        await recordOne(ports, transaction, { ...recorded, telling, messageId })
      }
    })
  }
}

function paceAfter(
  { disturbedAt, failures }: ChannelPace,
  result: SendResult,
  { now, disturbs, jitter }: { now: number; disturbs: boolean; jitter: number },
): ChannelPace {
  const recent = disturbedAt.filter((at) => now - at < WINDOW_MS)
  if (result.outcome === 'sent') {
    return { disturbedAt: disturbs ? [...recent, now] : recent, notBefore: now, failures: 0 }
  }
  if (result.outcome === 'refused') return { disturbedAt: recent, notBefore: now, failures: 0 }
  const backoff = Math.min(RETRY_MS_MAX, FIRST_RETRY_MS * 2 ** failures) * (0.5 + jitter / 2)
  const notBefore = now + Math.max(result.afterMs ?? 0, Math.round(backoff))
  return { disturbedAt: recent, notBefore, failures: failures + 1 }
}

async function recordOne(
  ports: SenderPorts,
  transaction: StateTransaction,
  { channelId, telling, result, messageId }: Recorded & { telling: Telling; messageId: string },
): Promise<void> {
  const { notification, does } = telling
  const incident = await transaction.get(INCIDENTS, telling.incident.id)
  if (incident === undefined) return
  const now = ports.clock.now()
  const outcome = outcomeOf(result, telling.incident, now)
  const why = result.outcome === 'sent' ? telling.why : result.reason
  const isNew = outcome === 'SENT' || why !== incident.waitsFor
  if (isNew) {
    const sent = outcome === 'SENT' && { messageId }
    writeLedger(transaction, ports, { incident, notification, channelId, outcome, why, ...sent })
  }
  const { waitsFor: _, newsSince, ...rest } = awake(incident, now)
  if (outcome === 'RETRYING') {
    // It stays where it is in the agenda: the whole channel waits.
    transaction.put(INCIDENTS, incident.id, { ...incident, waitsFor: why })
  } else if (outcome === 'REFUSED') {
    const kept = { ...incident, waitsFor: why }
    const until = now + REFUSED_RETRY_MS
    const place = does === 'tell' ? lookedAt(transaction, kept, channelId, until) : kept
    const after = does === 'tell' ? place : withoutEscalation(transaction, place)
    transaction.put(INCIDENTS, incident.id, after)
  } else if (does === 'escalate') {
    const escalated = withoutEscalation(transaction, incident)
    transaction.put(INCIDENTS, incident.id, { ...escalated, escalatedAt: now })
  } else {
    const isSent = result.outcome === 'sent'
    const toldRevision = telling.incident.revision
    const hasNews = incident.revision > toldRevision
    const told: StoredIncident = {
      ...rest,
      toldRevision,
      told: telling.incident.alerts,
      ...(hasNews && newsSince !== undefined && { newsSince: now }),
      ...(isSent && { toldState: telling.incident.state }),
      ...(isSent && !telling.showsState && { toldAt: now, messages: incident.messages + 1 }),
      ...(isSent && !telling.inDigest && { sent: result.sent }),
    }
    const ends = told.state === 'RESOLVED' ? Infinity : (told.endsAt ?? Infinity)
    const isShown = !isSent || told.state === told.toldState
    const next = isShown ? Math.min(nextReminder(told, notification), ends) : now
    const at = hasNews ? Math.min(firstTelling(told, notification), ends) : next
    const placed = lookedAt(transaction, told, channelId, at)
    transaction.put(INCIDENTS, incident.id, withEscalation(transaction, placed, notification, now))
  }
}

function outcomeOf(
  { outcome }: SendResult,
  { newsSince = Infinity }: StoredIncident,
  now: number,
): LedgerEntry['outcome'] {
  if (outcome === 'sent') return 'SENT'
  if (now - newsSince >= GIVEN_UP_AFTER_MS) return 'GIVEN_UP'
  return outcome === 'retry' ? 'RETRYING' : 'REFUSED'
}
