import type { LedgerEntry } from '#src/model/notification.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import {
  firstTelling,
  lookedAt,
  nextReminder,
  withEscalation,
  withoutEscalation,
} from './agenda.ts'
import type { SendResult } from './channels/sending.ts'
import type { Telling } from './composing.ts'
import { CHANNEL_PACES, INCIDENTS } from './documents.ts'
import type { StoredIncident } from './documents.ts'
import { writeLedger } from './ledger.ts'
import { NO_PACE, paceAfter } from './pace.ts'
import type { SenderPorts } from './sender-ports.ts'
import { awake } from './verdict.ts'

/** Somebody has to change the channel, or its other side. */
const REFUSED_RETRY_MS = 60 * 60_000
/** What could not be sent for so long is given up: its incident, and the ledger, still show it. */
const GIVEN_UP_AFTER_MS = 7 * 24 * 60 * 60_000
const RECORDED_PER_TRANSACTION = 500

interface Recorded {
  readonly channelId: string
  readonly tellings: readonly Telling[]
  readonly result: SendResult
  readonly disturbs: boolean
  /** False: all that read the channel are told of other segments alone, so nothing was sent. */
  readonly hasReaders: boolean
}

/** Writes down what became of a message, for each incident that it told of. */
export async function record(ports: SenderPorts, recorded: Recorded): Promise<void> {
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
  for (let at = 0; at < tellings.length; at += RECORDED_PER_TRANSACTION) {
    await state.transact(async (transaction) => {
      for (const telling of tellings.slice(at, at + RECORDED_PER_TRANSACTION)) {
        await recordOne(ports, transaction, { ...recorded, telling, messageId })
      }
    })
  }
}

async function recordOne(
  ports: SenderPorts,
  transaction: StateTransaction,
  recorded: Recorded & { telling: Telling; messageId: string },
): Promise<void> {
  const { channelId, telling, result, messageId, hasReaders } = recorded
  const { notification, does } = telling
  const incident = await transaction.get(INCIDENTS, telling.incident.id)
  if (incident === undefined) return
  const now = ports.clock.now()
  const outcome = outcomeOf(result, telling.incident, now)
  const why = result.outcome === 'sent' ? telling.why : result.reason
  const isNew = outcome === 'SENT' || why !== incident.waitsFor
  if (!hasReaders) {
    const nobody = 'whoever reads the channel is told of other segments alone'
    const held = { incident, notification, channelId, outcome: 'HELD' as const, why: nobody }
    writeLedger(transaction, ports, held)
  } else if (isNew) {
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
    const { waitsFor: __, ...escalated } = withoutEscalation(transaction, incident)
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
