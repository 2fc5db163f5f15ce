import { pause } from '#src/ports/patiently.ts'
import { minuteIn } from '#src/schedules/time-zone.ts'
import { lookedAt, withoutEscalation } from './agenda.ts'
import { EVERYBODY, audiencesOf, leftOf, oneByOne, without } from './audiences.ts'
import type { Audience } from './audiences.ts'
import { mailAddress } from './channels/addresses.ts'
import type { OpenChannel, PlacedChannel, SendResult } from './channels/sending.ts'
import { MOST_TOLD_AT_ONCE, composeMany, composeOne, hadAlready } from './composing.ts'
import type { Composed, Telling } from './composing.ts'
import { CHANNEL_PACES, INCIDENTS, stateShown } from './documents.ts'
import { writeLedger } from './ledger.ts'
import { MESSAGES_PER_WINDOW_MAX, NO_PACE, WINDOW_MS, roomIn } from './pace.ts'
import type { Room } from './pace.ts'
import { record, worstOf } from './recording.ts'
import type { SentLetter } from './recording.ts'
import type { SenderPorts } from './sender-ports.ts'
import { notificationsAt, repeatsIn, withoutTold } from './told-already.ts'
import type { Addressed, Place } from './told-already.ts'

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
    const result: SendResult = { outcome: 'refused', reason: 'the channel is not there any more' }
    const letters = [{ audience: EVERYBODY, result }]
    const told = tellings.map((telling) => ({ telling, letters, audiences: [EVERYBODY] }))
    return record(ports, { channelId, address: '', leadsTo: '', told, result, disturbs: false })
  }
  const now = ports.clock.now()
  const pace = (await ports.state.get(CHANNEL_PACES, channelId)) ?? NO_PACE
  const room = roomIn(pace, isStorm, now)
  const isShown = ({ showsState, does, incident: { sent, escalated } }: Telling) =>
    !showsState || (channel.showsState && (does === 'tell' ? sent : escalated) !== undefined)
  await noteShown(
    ports,
    channelId,
    tellings.filter((telling) => !isShown(telling)),
  )
  const { organisationId } = first.incident
  const addresses = await ports.channels.addressesOf(organisationId, channelId)
  const tellsOwners = tellings.some(({ notification }) => notification.tellOwner)
  const on = await notificationsAt(ports, organisationId, { addresses, tellsOwners })
  const [address = ''] = addresses
  const to = { channel, channelId, address, on, keepsState: channel.showsState }
  const shown = tellings.filter(isShown)
  for (const parcel of parcelsOf(channel, shown, room)) {
    if (signal.aborted) return
    if (parcel === 'later') return waitForRoom(ports, { channelId, tellings: shown }, room.nextAt)
    if (!(await sendParcel(ports, to, parcel, signal))) return
  }
}

/** Where there is no message that shows what people do about an incident, it counts as shown. */
async function noteShown(
  ports: SenderPorts,
  channelId: string,
  tellings: readonly Telling[],
): Promise<void> {
  if (tellings.length === 0) return
  const now = ports.clock.now()
  await ports.state.transact(async (transaction) => {
    for (const { incident: shown, does } of tellings) {
      const { id } = shown
      const incident = await transaction.get(INCIDENTS, id)
      if (incident === undefined) continue
      if (does === 'escalate') {
        const { escalated: _, ...rest } = withoutEscalation(transaction, incident)
        transaction.put(INCIDENTS, id, rest)
        continue
      }
      const after = { ...incident, toldState: stateShown(shown) }
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
  if (channel.readBy === 'programs') return tellings.map((telling) => [forProgram(telling)])
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

/**
 * Programs get all that is new of each incident, also at the time of a digest, and all of it where it
 * is escalated: as many alerts at a time as a message is made of.
 */
function forProgram(telling: Telling): Telling {
  const { incident, does, showsState } = telling
  const whole = { ...telling, inDigest: false }
  if (showsState) return whole
  const before = does === 'tell' ? incident.told : (incident.escalatedUpTo ?? 0)
  const next = { ...incident, told: before }
  if (incident.alerts - before <= MOST_TOLD_AT_ONCE) return { ...whole, incident: next }
  return { ...whole, incident: { ...next, alerts: before + MOST_TOLD_AT_ONCE }, isPart: true }
}

/** The agenda stays as it is: everything in it is looked at again when there is room. */
async function waitForRoom(
  ports: SenderPorts,
  { channelId, tellings }: Pick<ToTell, 'channelId' | 'tellings'>,
  until: number,
): Promise<void> {
  const most = `${MESSAGES_PER_WINDOW_MAX} messages in ${WINDOW_MS / 60_000} minutes`
  await ports.state.transact(async (transaction) => {
    const pace = (await transaction.get(CHANNEL_PACES, channelId)) ?? NO_PACE
    transaction.put(CHANNEL_PACES, channelId, { ...pace, notBefore: until })
    for (const {
      incident: { id },
      notification,
    } of tellings) {
      const incident = await transaction.get(INCIDENTS, id)
      const end = minuteIn(notification.timeZone, until)
      const why = `told with what else comes until ${end}: people get at most ${most}`
      if (incident === undefined || incident.waitsFor === why) continue
      writeLedger(transaction, ports, { incident, notification, channelId, outcome: 'HELD', why })
      transaction.put(INCIDENTS, id, { ...incident, waitsFor: why })
    }
  })
}

interface To extends Place {
  readonly channel: PlacedChannel
}

/** False where the channel wants no more for now. */
async function sendParcel(
  ports: SenderPorts,
  to: To,
  parcel: Parcel,
  signal: AbortSignal,
): Promise<boolean> {
  const all = await addressed(ports, to, parcel)
  const audiences = all.flatMap((each) => each.audiences)
  const places = audiences.flatMap((each) => each.to?.map(mailAddress) ?? to.address)
  // Other channels may lead there too.
  return ports.turns.take([...new Set(places)], async () => {
    const fresh = await leaveOutTold(ports, to, all)
    const repeats = await repeatsIn(ports.state, fresh, to.address)
    const rest = fresh.filter((each) => !repeats.has(each))
    if (rest.length > 0 && !(await sendMessage(ports, to, rest, signal))) return false
    // What is not told by now after all is in the agenda still.
    await leaveOutTold(ports, to, [...repeats])
    return true
  })
}

function addressed(
  { state }: SenderPorts,
  { channel: { recipients } }: To,
  parcel: Parcel,
): Promise<readonly Addressed[]> {
  return Promise.all(
    parcel.map(async (telling) => {
      const audiences = await audiencesOf(state, recipients, telling)
      if (audiences.length > 0) return { telling, audiences }
      return { telling, audiences, left: leftOf(recipients, telling) }
    }),
  )
}

/** Notes what all readers were told by other notifications; answers the rest, for those who were not. */
async function leaveOutTold(
  ports: SenderPorts,
  to: To,
  all: readonly Addressed[],
): Promise<readonly Addressed[]> {
  const { channelId, address } = to
  const { leadsTo } = to.channel
  const looked = await Promise.all(all.map((each) => withoutTold(ports.state, each, to)))
  const isTold = ({ audiences, toldBy }: Addressed) =>
    toldBy !== undefined && audiences.length === 0
  const told = looked.filter(isTold).map((each) => ({ ...each, letters: [] }))
  if (told.length > 0) {
    const result = worstOf([])
    await record(ports, { channelId, address, leadsTo, told, result, disturbs: false })
  }
  return looked.filter((each) => !isTold(each))
}

async function sendMessage(
  ports: SenderPorts,
  { channel, channelId, address }: To,
  parcel: readonly Addressed[],
  signal: AbortSignal,
): Promise<boolean> {
  const sent = new Map<Telling, SentLetter[]>(parcel.map(({ telling }) => [telling, []]))
  const results: SendResult[] = []
  let disturbs = false
  let sentAt = -Infinity
  for (const { audience, tellings } of await lettersOf(ports, channelId, parcel)) {
    const failed = results.find(isOfAll)
    // The server is busy, or away: others wait too, and are the first of the next try.
    if (failed !== undefined) {
      for (const telling of tellings) sent.get(telling)?.push({ audience, result: failed })
      continue
    }
    await pauseAfter(ports, channel, sentAt, signal)
    const now = ports.clock.now()
    const composed = await compose(ports, tellings, { audience, now })
    // All of it is of segments that are not theirs.
    if (composed === undefined) continue
    sentAt = now
    const result = await channel.send(composed.message, { ...composed.sending, signal })
    if (signal.aborted && result.outcome !== 'sent' && !disturbs) return false
    results.push(result)
    for (const telling of composed.about) sent.get(telling)?.push(...lettersIn(audience, result))
    const { how = 'reply' } = composed.sending.after ?? {}
    const isEdit = channel.editsInPlace && how !== 'reply'
    disturbs ||= result.outcome === 'sent' && channel.readBy === 'people' && !isEdit
  }
  const told = parcel.map((each) => ({ ...each, letters: sent.get(each.telling) ?? [] }))
  const result = worstOf(results.filter((each) => each.outcome !== 'retry' || isOfAll(each)))
  const { leadsTo } = channel
  await record(ports, { channelId, address, leadsTo, told, result, disturbs })
  await pauseAfter(ports, channel, sentAt, signal)
  return result.outcome !== 'retry'
}

/** Whether there is no use in trying others now. */
function isOfAll(result: SendResult): boolean {
  return result.outcome === 'retry' && result.isOfReaders !== true
}

/** A letter that was taken for some is one for each of the others, which they refuse or may take later. */
function lettersIn(audience: Audience, result: SendResult): readonly SentLetter[] {
  const missed = (result.outcome === 'sent' && result.missed) || []
  const addresses = missed.map(({ address }) => address)
  const others = missed.map(({ address, message: reason, isForNow }): SentLetter => ({
    audience: { ...audience, to: [address] },
    result: isForNow
      ? { outcome: 'retry', isOfReaders: true, reason }
      : { outcome: 'refused', reason },
  }))
  const rest = without(audience, addresses)
  return [...(rest === undefined ? [] : [{ audience: rest, result }]), ...others]
}

function compose(
  ports: SenderPorts,
  tellings: readonly Telling[],
  to: { readonly audience: Audience; readonly now: number },
): Promise<Composed | undefined> {
  const [only] = tellings as [Telling]
  const isOne = tellings.length === 1 && !only.inDigest
  return isOne ? composeOne(ports, only, to) : composeMany(ports, tellings, to)
}

/**
 * What is told together, by who is told it: whoever has had it already is left out. Where readers
 * can leave by a link, that is in a letter of their own.
 */
async function lettersOf(
  { state, unsubscribeUrlFor }: SenderPorts,
  channelId: string,
  parcel: readonly Addressed[],
): Promise<readonly { readonly audience: Audience; readonly tellings: readonly Telling[] }[]> {
  const letters = new Map<string, { audience: Audience; tellings: Telling[] }>()
  for (const { telling, audiences } of parcel) {
    const had = hadAlready(telling.incident, telling)
    const isEachAlone = unsubscribeUrlFor !== undefined
    for (const all of isEachAlone ? audiences.flatMap(oneByOne) : audiences) {
      const audience = without(all, had)
      if (audience === undefined) continue
      const key = JSON.stringify(audience)
      const known = letters.get(key) ?? { audience, tellings: [] }
      known.tellings.push(telling)
      letters.set(key, known)
    }
  }
  // Each try after a failure begins with other readers, so that none stand in the way of all.
  const { failures } = (await state.get(CHANNEL_PACES, channelId)) ?? NO_PACE
  const all = [...letters.values()]
  const first = failures % Math.max(1, all.length)
  return [...all.slice(first), ...all.slice(0, first)]
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
