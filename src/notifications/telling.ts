import { pause } from '#src/ports/patiently.ts'
import { lookedAt } from './agenda.ts'
import { audiencesOf } from './audiences.ts'
import type { Audience } from './audiences.ts'
import type { OpenChannel, SendResult } from './channels/sending.ts'
import { composeMany, composeOne } from './composing.ts'
import type { Composed, Telling } from './composing.ts'
import { CHANNEL_PACES, INCIDENTS } from './documents.ts'
import { writeLedger } from './ledger.ts'
import { MESSAGES_PER_WINDOW_MAX, NO_PACE, WINDOW_MS, roomIn } from './pace.ts'
import type { Room } from './pace.ts'
import { record } from './recording.ts'
import type { SenderPorts } from './sender-ports.ts'

const SECOND_MS = 1_000

/** Sends what is to be told: each by itself, or where that would be a flood all in one. */
export async function tell(
  ports: SenderPorts,
  { channelId, tellings, isStorm }: ToTell,
  signal: AbortSignal,
): Promise<void> {
  const [first] = tellings as [Telling]
  const channel = await ports.channels.open(first.incident.organisationId, channelId)
  if (channel === undefined) {
    const gone: SendResult = { outcome: 'refused', reason: 'the channel is not there any more' }
    return record(ports, { channelId, tellings, result: gone, disturbs: false, hasReaders: true })
  }
  const now = ports.clock.now()
  const pace = (await ports.state.get(CHANNEL_PACES, channelId)) ?? NO_PACE
  const room = roomIn(pace, isStorm, now)
  const shown = tellings.filter(({ showsState }) => !showsState || channel.showsState)
  await noteShown(
    ports,
    channelId,
    tellings.filter((telling) => !shown.includes(telling)),
  )
  for (const parcel of parcelsOf(channel, shown, room)) {
    if (signal.aborted) return
    if (parcel === 'later') return waitForRoom(ports, { channelId, tellings: shown }, room.nextAt)
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
async function waitForRoom(
  ports: SenderPorts,
  { channelId, tellings }: Pick<ToTell, 'channelId' | 'tellings'>,
  until: number,
): Promise<void> {
  const most = `${MESSAGES_PER_WINDOW_MAX} messages in ${WINDOW_MS / 60_000} minutes`
  const why = `told with what else comes until ${new Date(until).toISOString()}: people get at most ${most}`
  await ports.state.transact(async (transaction) => {
    const pace = (await transaction.get(CHANNEL_PACES, channelId)) ?? NO_PACE
    transaction.put(CHANNEL_PACES, channelId, { ...pace, notBefore: until })
    for (const {
      incident: { id },
      notification,
    } of tellings) {
      const incident = await transaction.get(INCIDENTS, id)
      if (incident === undefined || incident.waitsFor === why) continue
      writeLedger(transaction, ports, { incident, notification, channelId, outcome: 'HELD', why })
      transaction.put(INCIDENTS, id, { ...incident, waitsFor: why })
    }
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
  const hasReaders = sentAt !== -Infinity
  await record(ports, { channelId, tellings: parcel, result, disturbs, hasReaders })
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
