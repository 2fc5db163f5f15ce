import { SEVERITIES } from '#src/model/alert.ts'
import type { Severity } from '#src/model/alert.ts'
import type { Inhibition, Notification, Silence } from '#src/model/notification.ts'
import { callerName } from '#src/model/principal.ts'
import { minuteIn } from '#src/schedules/time-zone.ts'
import { firstTelling, nextReminder } from './agenda.ts'
import { stateShown } from './documents.ts'
import type { StoredIncident } from './documents.ts'
import { nextTimeOfDay, quietUntil } from './windows.ts'

/** What to do about an incident whose time has come in the agenda. */
export type Verdict =
  | { readonly kind: 'tell'; readonly why: string; readonly inDigest?: true }
  /** Nothing is new but what somebody does about it: for channels that show that. */
  | { readonly kind: 'show'; readonly why: string }
  /** `why` is for the ledger; absent where it is but the gathering of alerts. */
  | {
      readonly kind: 'wait'
      /** When to look again. */
      readonly until: number
      readonly why?: string
      /** When it would be told, where that is known. */
      readonly toldAt?: number
    }
  | { readonly kind: 'end'; readonly why: string }
  | { readonly kind: 'nothing'; readonly why?: string }

interface Circumstances {
  readonly now: number
  /** Over all that is not told yet; over all of it where everything is told. */
  readonly silence: Silence | undefined
  /** Hides the same. */
  readonly inhibition: Inhibition | undefined
  /** Much is told in one message: what is new need not be gathered any longer. */
  readonly isGathered?: boolean
}

/** What may end early, such as a silence, is looked at again so often. */
const LOOK_AGAIN_AFTER_MS = 60_000

/**
 * Whether to tell of an incident now. In this order, as each is more particular than the next: what
 * nobody need hear, what somebody put off, what another alert hides, what is silenced, quiet hours,
 * the digest.
 */
export function verdictOn(
  incident: StoredIncident,
  notification: Notification,
  circumstances: Circumstances,
): Verdict {
  const { now } = circumstances
  const { state, snoozedUntil = 0, toldAt, endsAt } = incident
  const hasNews = incident.revision > incident.toldRevision
  const untold = state === 'RESOLVED' ? untoldEnd(incident, notification) : undefined
  if (untold !== undefined) return untold
  if (endsAt !== undefined && endsAt <= now && !hasNews) {
    return { kind: 'end', why: 'its time is over' }
  }
  if (!notification.enabled) {
    const until = now + LOOK_AGAIN_AFTER_MS
    return { kind: 'wait', until, why: 'the notification is switched off' }
  }
  const isSnoozed = state === 'SNOOZED' && now < snoozedUntil
  const isToShow = isSnoozed || (!hasNews && state !== 'SNOOZED' && state !== 'RESOLVED')
  if (isToShow && showsOther(incident)) {
    return { kind: 'show', why: stateWords(incident, notification) }
  }
  if (isSnoozed) {
    return wait(snoozedUntil, stateWords(incident, notification))
  }
  const due = hasNews ? firstTelling(incident, notification) : nextReminder(incident, notification)
  if (due === Infinity && endsAt === undefined) return { kind: 'nothing' }
  const isFirst = hasNews && toldAt === undefined
  if (now < due && !(isFirst && circumstances.isGathered === true)) {
    return { kind: 'wait', until: hasNews ? due : Math.min(due, endsAt ?? Infinity) }
  }
  const held = heldVerdict(incident, notification, circumstances)
  if (held !== undefined) return held
  if (!hasNews && state === 'SNOOZED') return { kind: 'tell', why: 'the snooze is over' }
  if (!hasNews) {
    return { kind: 'tell', why: `nobody has acknowledged it for ${notification.repeatHours} h` }
  }
  const why = toldAt === undefined ? 'new' : state === 'RESOLVED' ? 'it is over' : 'there is more'
  return digestVerdict(incident, notification, now) ?? { kind: 'tell', why }
}

/** What to do about an end that nobody is told; undefined where it is told. */
function untoldEnd(
  incident: StoredIncident,
  { tellResolved }: Pick<Notification, 'tellResolved'>,
): Verdict | undefined {
  const { quietEnd, toldAt, sent, alerts, revision, toldRevision } = incident
  const hasNews = revision > toldRevision && quietEnd === undefined
  if (hasNews && tellResolved && (toldAt !== undefined || alerts === 1)) return undefined
  // Where it was told, nobody is to look for what is over.
  if (sent !== undefined && showsOther(incident)) {
    return { kind: 'show', why: quietEnd ?? 'it is over: shown where it was told' }
  }
  if (hasNews && toldAt === undefined) {
    return { kind: 'nothing', why: 'it was over before it was told' }
  }
  return { kind: 'nothing' }
}

/** Whether its last message shows something else than what is so. */
function showsOther(incident: StoredIncident): boolean {
  return incident.toldState !== undefined && incident.toldState !== stateShown(incident)
}

function stateWords(
  { state, acknowledgedBy, snoozedBy, snoozedUntil = 0 }: StoredIncident,
  { timeZone }: Pick<Notification, 'timeZone'>,
): string {
  switch (state) {
    case 'ACKNOWLEDGED':
      return `acknowledged by ${acknowledgedBy}`
    case 'SNOOZED':
      return `snoozed by ${snoozedBy} until ${minuteIn(timeZone, snoozedUntil)}`
    case 'RESOLVED':
      return 'it is over: shown where it was escalated'
    case 'OPEN':
      return 'open again'
    default:
      return state satisfies never
  }
}

/** With a snooze that is over forgotten. */
export function awake(incident: StoredIncident, now: number): StoredIncident {
  const { state, snoozedUntil = 0, snoozedBy: _, ...rest } = incident
  if (state !== 'SNOOZED' || now < snoozedUntil) return incident
  return { ...rest, state: 'OPEN' }
}

/**
 * Whether to tell the next channel of an incident that nobody has acknowledged; of one that was told
 * there already, whether that message is to show how things are now.
 */
export function escalationVerdict(
  incident: StoredIncident,
  notification: Notification,
  circumstances: Circumstances,
): Verdict {
  const { escalation, enabled } = notification
  const { escalated } = incident
  if (escalated !== undefined) {
    const isShown = escalated.state === stateShown(incident)
    return isShown ? { kind: 'nothing' } : { kind: 'show', why: stateWords(incident, notification) }
  }
  // What it has begun to send it sends whole.
  if (incident.escalatedUpTo !== undefined)
    return { kind: 'tell', why: 'escalated: the rest of it' }
  if (incident.state !== 'OPEN' || escalation === undefined || !enabled) return { kind: 'nothing' }
  const why = `nobody has acknowledged it for ${escalation.afterMinutes} min: escalated`
  return heldVerdict(incident, notification, circumstances) ?? { kind: 'tell', why }
}

/** What holds back whatever is to be told. */
function heldVerdict(
  incident: StoredIncident,
  notification: Notification,
  { now, silence, inhibition }: Circumstances,
): Verdict | undefined {
  if (inhibition !== undefined) {
    const until = now + LOOK_AGAIN_AFTER_MS
    return { kind: 'wait', until, why: `hidden by inhibition “${inhibition.name}”` }
  }
  if (silence !== undefined) {
    const { endsAt: until, createdBy, reason } = silence
    const again = Math.min(until, now + LOOK_AGAIN_AFTER_MS)
    const end = minuteIn(notification.timeZone, until)
    const why = `silence of ${callerName(createdBy)} until ${end}: ${reason}`
    return { kind: 'wait', until: again, why, toldAt: until }
  }
  return quietVerdict(incident, notification, now)
}

function quietVerdict(
  { severity }: StoredIncident,
  { quietHours, timeZone }: Notification,
  now: number,
): Verdict | undefined {
  if (quietHours === undefined || isWorse(severity, quietHours.upTo)) return undefined
  const until = quietUntil(quietHours.windows, timeZone, now)
  return until === undefined
    ? undefined
    : wait(until, `quiet hours until ${minuteIn(timeZone, until)}`)
}

function digestVerdict(
  { severity, newsSince, changedAt }: StoredIncident,
  { digest, timeZone }: Notification,
  now: number,
): Verdict | undefined {
  if (digest === undefined || isWorse(severity, digest.upTo)) return undefined
  const due = nextTimeOfDay(digest, timeZone, newsSince ?? changedAt)
  if (due <= now) return { kind: 'tell', why: 'digest', inDigest: true }
  return wait(due, `kept for the digest of ${minuteIn(timeZone, due)}`)
}

function isWorse(severity: Severity, than: Severity): boolean {
  return SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(than)
}

function wait(until: number, why: string): Verdict {
  return { kind: 'wait', until, why, toldAt: until }
}
