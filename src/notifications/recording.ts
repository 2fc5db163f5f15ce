import type { LedgerEntry } from '#src/model/notification.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import {
  escalatedLater,
  firstTelling,
  lookedAt,
  nextReminder,
  withEscalation,
  withEscalationShown,
  withoutEscalation,
} from './agenda.ts'
import { oneByOne, whyForNobody } from './audiences.ts'
import type { Audience } from './audiences.ts'
import type { SendResult } from './channels/sending.ts'
import { MOST_TOLD_AT_ONCE, hadAlready, messageKeyOf } from './composing.ts'
import type { Telling } from './composing.ts'
import { CHANNEL_PACES, INCIDENTS, stateShown } from './documents.ts'
import type { StoredIncident } from './documents.ts'
import { writeLedger } from './ledger.ts'
import { NO_PACE, paceAfter } from './pace.ts'
import { readersOf } from './readers.ts'
import type { SenderPorts } from './sender-ports.ts'
import type { Addressed, ToldAlready } from './told-already.ts'
import { awake } from './verdict.ts'

/** Somebody has to change the channel, or its other side. */
const REFUSED_RETRY_MS = 60 * 60_000
/** A mail server that asks for one reader's patience, as greylisting does, asks for a minute or more. */
const READERS_RETRY_MS = 60_000
/** What could not be sent for so long is given up: its incident, and the ledger, still show it. */
const GIVEN_UP_AFTER_MS = 7 * 24 * 60 * 60_000
const RECORDED_PER_TRANSACTION = 500

/** What became of a message for some of those who are to have it. */
export interface SentLetter {
  readonly audience: Audience
  readonly result: SendResult
}

/** What was to be told, and the letters that told of it: none where nobody has to hear of it. */
interface Told extends Addressed {
  readonly letters: readonly SentLetter[]
}

interface Recorded {
  readonly channelId: string
  /** Where that leads. */
  readonly address: string
  /** The same in words, without what is secret of it; empty: nobody knows any more. */
  readonly leadsTo: string
  readonly told: readonly Told[]
  /** Of the channel as a whole. */
  readonly result: SendResult
  readonly disturbs: boolean
}

/** What letters of one message say of their channel; without any, all is well. */
export function worstOf(results: readonly SendResult[]): SendResult {
  return (
    results.find(({ outcome }) => outcome === 'retry') ??
    results.find(({ outcome }) => outcome === 'refused') ??
    results.at(-1) ?? { outcome: 'sent', sent: {}, answer: 'nobody is to be told' }
  )
}

/** Writes down what became of a message, for each incident that it told of. */
export async function record(ports: SenderPorts, recorded: Recorded): Promise<void> {
  const { state, clock, ids } = ports
  const { channelId, address, leadsTo, told, result, disturbs } = recorded
  const now = clock.now()
  const messageId = ids.timeOrderedUuid(now)
  // Of what was not sent nothing follows for the next message.
  if (told.some(({ letters }) => letters.length > 0)) {
    await state.transact(async (transaction) => {
      const pace = (await transaction.get(CHANNEL_PACES, channelId)) ?? NO_PACE
      const next = paceAfter(pace, result, { now, disturbs, jitter: ids.fraction() })
      transaction.put(CHANNEL_PACES, channelId, next)
    })
  }
  for (let at = 0; at < told.length; at += RECORDED_PER_TRANSACTION) {
    await state.transact(async (transaction) => {
      for (const each of told.slice(at, at + RECORDED_PER_TRANSACTION)) {
        const isAlone = told.length === 1 && !each.telling.inDigest
        const one = { ...each, channelId, address, leadsTo, messageId, isAlone }
        await recordOne(ports, transaction, one)
      }
    })
  }
}

interface RecordedOne extends Told {
  readonly channelId: string
  readonly address: string
  readonly leadsTo: string
  readonly messageId: string
  /** The message is about nothing else, so what follows may change it, or go on in its thread. */
  readonly isAlone: boolean
}

async function recordOne(
  ports: SenderPorts,
  transaction: StateTransaction,
  recorded: RecordedOne,
): Promise<void> {
  const { telling } = recorded
  const incident = await transaction.get(INCIDENTS, telling.incident.id)
  if (incident === undefined) return
  const now = ports.clock.now()
  const failure = failureOf(recorded, now)
  noteInLedger(ports, transaction, { ...recorded, incident, failure })
  if (recorded.toldBy !== undefined) await noteFollower(transaction, recorded.toldBy, incident)
  const after =
    failure === undefined || failure.outcome === 'GIVEN_UP' || isEnough(recorded)
      ? afterTelling(transaction, incident, recorded, now)
      : afterFailure(transaction, incident, { ...recorded, failure }, now)
  const isPlanned =
    telling.does === 'tell' && (hasBeenRead(recorded) || failure?.outcome === 'GIVEN_UP')
  transaction.put(
    INCIDENTS,
    incident.id,
    isPlanned ? withEscalation(transaction, after, telling.notification, now) : after,
  )
}

/** What people do about the one, they do about the other, of which they have no message. */
async function noteFollower(
  transaction: StateTransaction,
  toldBy: ToldAlready,
  { id }: StoredIncident,
): Promise<void> {
  const leader = await transaction.get(INCIDENTS, toldBy.incident.id)
  if (leader === undefined || leader.tellsOf?.includes(id)) return
  transaction.put(INCIDENTS, leader.id, { ...leader, tellsOf: [...(leader.tellsOf ?? []), id] })
}

interface Failure {
  readonly outcome: Exclude<LedgerEntry['outcome'], 'SENT' | 'HELD'>
  readonly why: string
  readonly letters: readonly SentLetter[]
}

/** Why a message has not come to all of its readers. */
function failureOf({ letters, telling }: Told, now: number): Failure | undefined {
  const { newsSince, resolvedAt } = telling.incident
  const since = newsSince ?? (telling.showsState ? resolvedAt : undefined) ?? Infinity
  const failed = letters.filter(({ result }) => result.outcome !== 'sent')
  const worst = worstOf(failed.map(({ result }) => result))
  if (worst.outcome === 'sent') return undefined
  const outcome = worst.outcome === 'retry' ? 'RETRYING' : 'REFUSED'
  const isPart = failed.length < letters.length || hadAlready(telling.incident, telling).length > 0
  const whom = isPart ? failed.flatMap(({ audience: { to = [] } }) => to) : []
  return {
    outcome: now - since >= GIVEN_UP_AFTER_MS ? 'GIVEN_UP' : outcome,
    why: whom.length === 0 ? worst.reason : `not sent to ${whom.join(', ')}: ${worst.reason}`,
    letters: failed,
  }
}

/** Whether a message that some of its readers refuse is not sent to these again. */
function isEnough({ telling: { incident, does }, letters }: RecordedOne): boolean {
  // A reminder comes again by itself, and an escalation has reached somebody.
  const isOfNews = does === 'tell' && incident.revision > incident.toldRevision
  const worst = worstOf(letters.map(({ result }) => result))
  const isOfReaders = worst.outcome === 'refused' || (worst.outcome === 'retry' && !waits(letters))
  return !isOfNews && isOfReaders && isSentToSome(letters)
}

/** Whether the channel as a whole has to be tried again. */
function waits(letters: readonly SentLetter[]): boolean {
  return letters.some(({ result }) => result.outcome === 'retry' && result.isOfReaders !== true)
}

/** Whether somebody has had the message now, or nobody is to have it. */
function hasBeenRead({ letters }: RecordedOne): boolean {
  return letters.length === 0 || isSentToSome(letters)
}

function isSentToSome(letters: readonly SentLetter[]): boolean {
  return letters.some(isSent)
}

function isSent({ result }: SentLetter): boolean {
  return result.outcome === 'sent'
}

function noteInLedger(
  ports: SenderPorts,
  transaction: StateTransaction,
  recorded: RecordedOne & {
    readonly incident: StoredIncident
    readonly failure: Failure | undefined
  },
): void {
  const { channelId, leadsTo, telling, letters, messageId, incident, failure, toldBy } = recorded
  const { notification, why } = telling
  const common = { incident, notification, channelId }
  const place = leadsTo === '' ? [] : [leadsTo]
  // Of a channel's readers nothing is known but where it leads.
  const whomOf = (some: readonly SentLetter[]) => some.flatMap(({ audience: { to = place } }) => to)
  if (letters.length === 0 && hadAlready(incident, telling).length === 0) {
    const to = toldBy?.to.length === 0 ? place : (toldBy?.to ?? [])
    writeLedger(transaction, ports, { ...common, outcome: 'HELD', why: whyNobody(recorded), to })
  }
  if (isSentToSome(letters)) {
    const to = whomOf(letters.filter(isSent))
    writeLedger(transaction, ports, { ...common, outcome: 'SENT', why, messageId, to })
    if (toldBy !== undefined) {
      const held = `${whyNobody(recorded)}: ${toldBy.to.join(', ')}`
      writeLedger(transaction, ports, { ...common, outcome: 'HELD', why: held, to: toldBy.to })
    }
  }
  if (failure !== undefined && failure.why !== incident.waitsFor) {
    const { letters: failed, ...rest } = failure
    writeLedger(transaction, ports, { ...common, ...rest, to: whomOf(failed) })
  }
}

function whyNobody({ toldBy, left = [] }: Told): string {
  if (toldBy === undefined) return whyForNobody(left)
  const { notification, incident } = toldBy
  return `told by notification “${notification.name}”, as incident ${incident.number}`
}

/** All have had it who will. */
function afterTelling(
  transaction: StateTransaction,
  incident: StoredIncident,
  recorded: RecordedOne,
  now: number,
): StoredIncident {
  const { telling, letters, toldBy, channelId, isAlone } = recorded
  const { notification, does, showsState, isPart = false } = telling
  if (does === 'escalate') return afterEscalation(transaction, incident, recorded, now)
  const { waitsFor: _, hadBy: __, ...kept } = incident
  const sent = lastSent(letters)
  const isTold = letters.length === 0 || sent !== undefined
  const { newsSince, toldTo: ___, toldWith, ...rest } = awake(kept, now)
  const knownBy = toldBy?.incident.id ?? (sent === undefined ? toldWith : undefined)
  const reached = reachedBy(incident, telling, readersReached(incident, recorded))
  const common: StoredIncident = {
    ...rest,
    told: telling.incident.alerts,
    ...(reached !== undefined && { toldTo: reached }),
    ...(knownBy !== undefined && { toldWith: knownBy }),
    ...(sent !== undefined && !showsState && { messages: incident.messages + 1 }),
    ...(sent !== undefined && isAlone && { sent }),
  }
  if (isPart) {
    const part = { ...common, ...(newsSince !== undefined && { newsSince }) }
    return lookedAt(transaction, part, channelId, now)
  }
  const toldRevision = telling.incident.revision
  const hasNews = incident.revision > toldRevision
  const told: StoredIncident = {
    ...common,
    toldRevision,
    ...(hasNews && newsSince !== undefined && { newsSince: now }),
    ...(isTold && { toldState: stateShown(telling.incident) }),
    ...(isTold && !showsState && { toldAt: now }),
  }
  const ends = told.state === 'RESOLVED' ? Infinity : (told.endsAt ?? Infinity)
  const isShown = !isTold || stateShown(told) === told.toldState
  const next = isShown ? Math.min(nextReminder(told, notification), ends) : now
  const at = hasNews ? Math.min(firstTelling(told, notification), ends) : next
  return lookedAt(transaction, told, channelId, at)
}

/** The escalation has come to who will have it, or shows there how things are. */
function afterEscalation(
  transaction: StateTransaction,
  before: StoredIncident,
  recorded: RecordedOne,
  now: number,
): StoredIncident {
  const { telling, letters, channelId, isAlone } = recorded
  const { waitsFor: _, hadBy: __, escalatedUpTo: ___, escalated: ____, ...incident } = before
  const { alerts } = telling.incident
  if (telling.isPart === true) {
    return escalatedLater(transaction, { ...incident, escalatedUpTo: alerts }, channelId, now)
  }
  const sent = lastSent(letters)
  const state = stateShown(telling.incident)
  return withEscalationShown(transaction, {
    ...withoutEscalation(transaction, incident),
    ...(!telling.showsState && {
      escalatedAt: now,
      escalatedTo: readersReached(before, recorded),
    }),
    ...(sent !== undefined && isAlone && { escalated: { channelId, sent, state } }),
  })
}

/** Who has had the message: now, or at a try before. */
function readersReached(
  incident: Pick<StoredIncident, 'hadBy'>,
  { telling, audiences, letters, address }: RecordedOne,
): readonly string[] {
  const had = hadAlready(incident, telling)
  const before = audiences.flatMap(oneByOne).filter(({ to: [one] = [] }) => had.includes(one ?? ''))
  const now = letters.flatMap(({ audience, result }) => (result.outcome === 'sent' ? audience : []))
  return [...new Set(readersOf(address, [...before, ...now], telling))]
}

/** Who knows of all alerts that are told now, and from which on. */
function reachedBy(
  { toldTo, told }: StoredIncident,
  { incident: { alerts }, showsState }: Telling,
  readers: readonly string[],
): StoredIncident['toldTo'] {
  const knew = new Set(toldTo?.readers)
  const isOfThem = readers.every((reader) => knew.has(reader))
  if (alerts > told && readers.length === 0) return undefined
  if (alerts > told) return { readers, after: isOfThem && toldTo ? toldTo.after : told }
  // A reminder is of all that there is.
  if (showsState || isOfThem) return toldTo
  return { readers, after: Math.max(0, alerts - MOST_TOLD_AT_ONCE) }
}

/** Some have yet to have it: it is told again, to them alone. */
function afterFailure(
  transaction: StateTransaction,
  incident: StoredIncident,
  { telling, letters, channelId, failure, isAlone }: RecordedOne & { readonly failure: Failure },
  now: number,
): StoredIncident {
  const had = letters.flatMap(({ audience: { to = [] }, result }) =>
    result.outcome === 'sent' ? to : [],
  )
  const message = messageKeyOf(telling)
  const addresses = [...hadAlready(incident, telling), ...had]
  const kept = {
    ...incident,
    waitsFor: failure.why,
    ...(addresses.length > 0 && { hadBy: { message, addresses } }),
  }
  // It stays where it is in the agenda: the whole channel waits.
  if (waits(letters)) return kept
  const isForGood = letters.some(({ result }) => result.outcome === 'refused')
  const again = now + (isForGood ? REFUSED_RETRY_MS : READERS_RETRY_MS)
  if (telling.does === 'escalate') {
    // An escalation has to reach somebody; that it shows how things are has not.
    if (!telling.showsState || failure.outcome === 'RETRYING') {
      return escalatedLater(transaction, kept, channelId, again)
    }
    const { escalated: _, ...rest } = withoutEscalation(transaction, kept)
    return rest
  }
  const sent = lastSent(letters)
  // The next one waits its time, as some have been told.
  const told = {
    ...kept,
    ...(sent !== undefined && { toldAt: now, toldState: stateShown(telling.incident) }),
    ...(sent !== undefined && isAlone && { sent }),
  }
  return lookedAt(transaction, told, channelId, again)
}

function lastSent(letters: readonly SentLetter[]) {
  const results = letters.map(({ result }) => result)
  return results.findLast((result) => result.outcome === 'sent')?.sent
}
