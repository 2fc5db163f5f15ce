import { setTimeout as sleep } from 'node:timers/promises'

import type { LedgerEntry, Notification } from '#src/model/notification.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { Observer } from '#src/ports/observer.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
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
  const settled: { readonly entry: Due; readonly verdict: Exclude<Verdict, { kind: 'tell' }> }[] =
    []
  for (const entry of due) {
    const incident = await state.get(INCIDENTS, entry.incidentId)
    const notification =
      incident && (await state.get(NOTIFICATIONS.things, incident.notificationId))
    if (incident === undefined || notification === undefined) {
      settled.push({ entry, verdict: { kind: 'nothing' } })
      continue
    }
    const verdict = await verdictFor(entry, incident, notification)
    if (verdict.kind !== 'tell') settled.push({ entry, verdict })
    else {
      const { does } = entry
      const inDigest = verdict.inDigest ?? false
      tellings.push({ incident, notification, why: verdict.why, does, inDigest })
    }
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
    readonly verdict: Exclude<Verdict, { readonly kind: 'tell' }>
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
  verdict: Exclude<Verdict, { readonly kind: 'tell' }>,
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
  for (const parcel of parcelsOf(channel, tellings, room)) {
    if (signal.aborted) return
    if (parcel === 'later') return waitForRoom(ports, channelId, room.nextAt)
    if (!(await sendParcel(ports, { channel, channelId }, parcel, signal))) return
  }
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
  const isEdit = ({ incident, does }: Telling) =>
    channel.editsInPlace && does === 'tell' && incident.sent !== undefined
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
  const { clock } = ports
  const [only] = parcel as [Telling]
  const composed: Composed | undefined =
    parcel.length === 1 && !only.inDigest
      ? await composeOne(ports, only, clock.now())
      : await composeMany(ports, parcel, clock.now())
  if (composed === undefined) return true
  const startedAt = clock.now()
  const sending = { ...composed.sending, signal }
  const result = await channel.send(composed.message, sending)
  if (signal.aborted && result.outcome !== 'sent') return false
  const isEdit = channel.editsInPlace && composed.sending.after?.how === 'edit'
  const disturbs = channel.readBy === 'people' && !isEdit
  await record(ports, { channelId, tellings: parcel, result, disturbs })
  const pauseMs = SECOND_MS / channel.messagesPerSecondMax - (clock.now() - startedAt)
  if (pauseMs > 0) await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
  return result.outcome !== 'retry'
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
  const { waitsFor: _, newsSince, ...rest } = incident
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
      ...(isSent && { toldAt: now, messages: incident.messages + 1 }),
      ...(isSent && !telling.inDigest && { sent: result.sent }),
    }
    const ends = told.state === 'RESOLVED' ? Infinity : (told.endsAt ?? Infinity)
    const again = hasNews ? firstTelling(told, notification) : nextReminder(told, notification)
    const at = Math.min(again, ends)
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
