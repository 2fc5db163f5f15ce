import type { Notification } from '#src/model/notification.ts'
import type { StoredDocument } from '#src/ports/state.ts'
import { escalatedLater, lookedAt, withoutEscalation } from './agenda.ts'
import { eventsToTell } from './composing.ts'
import type { Telling } from './composing.ts'
import {
  AGENDA,
  CHANNEL_PACES,
  INCIDENTS,
  NOTIFICATIONS,
  agendaPlace,
  ofChannel,
} from './documents.ts'
import type { AgendaEntry, StoredIncident } from './documents.ts'
import { writeLedger } from './ledger.ts'
import { mutingNow } from './muting.ts'
import { ABOUT_TO_BE_DUE_MS, MESSAGES_PER_WINDOW_MAX, NO_PACE, roomIn } from './pace.ts'
import type { SenderPorts } from './sender-ports.ts'
import { tell } from './telling.ts'
import { awake, escalationVerdict, verdictOn } from './verdict.ts'
import type { Verdict } from './verdict.ts'

/** Looked at together, and so told in one message when they are many. */
const DUE_PER_ROUND_MAX = 20_000
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
  const isOneMessage = isStorm && roomIn(pace, isStorm, now).messages > 0
  // Or it would be of the one that is due first, and all the others a minute later.
  const early = soon.filter(({ value: { does } }) => does === 'tell')
  const looked =
    isOneMessage && (await isForPeople(ports, channelId, due)) ? [...due, ...early] : due
  const tellings = await decide(
    ports,
    channelId,
    [...new Set(looked)].map(({ key, value }) => ({ key, ...value })),
  )
  if (tellings.length > 0) await tell(ports, { channelId, tellings, isStorm }, signal)
  return (await state.get(CHANNEL_PACES, channelId))?.notBefore ?? now
}

async function isForPeople(
  { state, channels }: SenderPorts,
  channelId: string,
  [first]: readonly StoredDocument<AgendaEntry>[],
): Promise<boolean> {
  const incident = first && (await state.get(INCIDENTS, first.value.incidentId))
  const channel = incident && (await channels.open(incident.organisationId, channelId))
  return channel?.readBy === 'people'
}

/** What needs no message. */
type Settling = Exclude<Verdict, { readonly kind: 'tell' | 'show' }>

interface Due extends AgendaEntry {
  readonly key: string
}

/** Puts off what is not to be told now, and was to be looked at; answers the rest. */
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
    const isEarly = agendaPlace(entry.key).at > now
    if (isEarly && verdict.kind !== 'tell') continue
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
    { does, key }: Due,
    incident: StoredIncident,
    notification: Notification,
  ): Promise<Verdict> {
    // It was moved to another channel.
    const to = channelFor(does, incident, notification)
    if (to !== undefined && to !== channelId) return { kind: 'wait', until: now }
    const events = await eventsToTell(state, incident)
    const { organisationId } = incident
    const silence = muting.silenceOf(organisationId, events, now)
    const inhibition = await muting.inhibitionOf(organisationId, events)
    const judge = does === 'tell' ? verdictOn : escalationVerdict
    return judge(incident, notification, {
      now,
      silence,
      inhibition,
      isGathered: agendaPlace(key).at > now,
    })
  }
}

/** Undefined where it stays on the channel where it is. */
function channelFor(
  does: AgendaEntry['does'],
  { escalated, escalatedUpTo }: StoredIncident,
  { channelId, escalation }: Notification,
): string | undefined {
  if (does === 'tell') return channelId
  // What was escalated is shown, and told to its end, where that was.
  return escalated === undefined && escalatedUpTo === undefined ? escalation?.channelId : undefined
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
          continue
        }
        const { channelId } = agendaPlace(entry.key)
        const { why } = verdict
        if (why !== undefined && why !== incident.waitsFor) {
          const held = { incident, notification, channelId, outcome: 'HELD', why } as const
          writeLedger(transaction, ports, held)
        }
        if (entry.does === 'escalate') {
          const after =
            verdict.kind === 'wait'
              ? escalatedLater(
                  transaction,
                  withReason(incident, verdict),
                  channelFor('escalate', incident, notification) ?? channelId,
                  verdict.until,
                )
              : withoutEscalation(transaction, incident)
          transaction.put(INCIDENTS, incident.id, after)
        } else {
          const after = settledBy(verdict, incident, ports.clock.now())
          // What has ended is looked at once more: its message may have to show that.
          const nextLook = verdict.kind === 'end' ? ports.clock.now() : Infinity
          const until = verdict.kind === 'wait' ? verdict.until : nextLook
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
    return withReason({ ...incident, ...(newsSince !== undefined && { newsSince }) }, verdict)
  }
  const quiet = { ...incident, toldRevision: incident.revision }
  return verdict.kind === 'end' ? { ...quiet, state: 'RESOLVED', resolvedAt: now } : quiet
}

function withReason(incident: StoredIncident, { why }: { readonly why?: string }): StoredIncident {
  return why === undefined ? incident : { ...incident, waitsFor: why }
}
