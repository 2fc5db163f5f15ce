import type { Actor } from '#src/model/actor.ts'
import { parseBusArn } from '#src/model/arn.ts'
import { detailWords } from './detail-words.ts'
import { fields, styled } from './output.ts'
import type { StreamMessage } from './tail-line.ts'
import { shortSource } from './tail-line.ts'
import { localMoment, localTime, printable, wrapped } from './terminal-text.ts'

/** An event as the hub answers it by its id. */
export interface FoundEvent extends StreamMessage {
  readonly awaitsEnrichment?: boolean
  readonly actor?: Actor
  readonly event: StreamMessage['event'] & { readonly time: string }
}

const KINDS: Readonly<Record<Actor['kind'], string>> = {
  person: 'a person',
  'iam-user': 'an IAM user',
  service: 'an AWS service',
  workload: 'something that runs',
  role: 'a role',
  account: 'an account',
  unknown: 'not known',
}

/** Programs name themselves at length. */
const PROGRAM_CHARACTERS_MAX = 80

/** The widest label, `called by`, and the gap behind it. */
const LABEL_WIDTH_MAX = 11

export interface Shown {
  readonly accountNames: ReadonlyMap<string, string>
  /** Columns of the terminal. */
  readonly width: number
}

/** A few lines for each event; an event that several buses have is one. */
export function explainedText(
  found: readonly FoundEvent[],
  { accountNames, width }: Shown,
): string {
  const events = new Map<string, FoundEvent[]>()
  for (const one of found) {
    const { source, account, time, 'detail-type': type } = one.event
    const key = JSON.stringify([source, account, time, type])
    events.set(key, [...(events.get(key) ?? []), one])
  }
  return Array.from(events.values(), (same) => explained(same, { accountNames, width })).join(
    '\n\n',
  )
}

function explained(same: readonly FoundEvent[], { accountNames, width }: Shown): string {
  const routed = same.filter(({ awaitsEnrichment }) => awaitsEnrichment !== true)
  const [shown = same[0] as FoundEvent] = routed
  const { event, actor, accountName } = shown
  const title = `${shortSource(event.source)}  ${event['detail-type']}`
  const about = fields(
    {
      event: event.id,
      when: whenOf(shown),
      where: `${withId(accountName, event.account)}, ${event.region}`,
      what: callOf(event.detail) ?? (detailWords(event).join(' ') || undefined),
      ...(actor === undefined
        ? { who: 'the event does not say' }
        : { ...whoOf(actor), how: stepLines(actor.steps, width - LABEL_WIDTH_MAX) }),
      buses: routed.length > 0 ? routed.map((one) => busOf(one, accountNames)) : NOT_ROUTED,
    },
    { event: 'dim', who: 'cyan' },
  )
  return `${styled('bold', printable(title))}\n${about}`
}

function stepLines(steps: readonly string[], width: number): readonly string[] {
  return steps.flatMap((step, at) => wrapped(`${at + 1}. ${printable(step)}`, width))
}

const NOT_ROUTED = 'none yet: the event waits for the names behind its ids'

function whenOf({ event, acceptedAt }: FoundEvent): string {
  const accepted = `accepted ${localMoment(acceptedAt)}`
  const happenedAt = Date.parse(event.time)
  return Number.isNaN(happenedAt) ? accepted : `${localMoment(happenedAt)}, ${accepted}`
}

/** The API call of a CloudTrail event, and how it ended. */
function callOf(detail: unknown): string | undefined {
  const { eventName, eventSource, errorCode } = (detail ?? {}) as Record<string, unknown>
  if (typeof eventName !== 'string' || typeof eventSource !== 'string') return undefined
  return `${eventName} of ${eventSource}${typeof errorCode === 'string' ? `: ${errorCode}` : ''}`
}

function whoOf(actor: Actor): Record<string, string | undefined> {
  const { name, email, kind, confidence, accountId, accountName, sourceIp, userAgent } = actor
  const address = email === undefined || email === name ? '' : ` <${email}>`
  const program = userAgent?.slice(0, PROGRAM_CHARACTERS_MAX)
  const from = [sourceIp, program].filter((text) => text !== undefined)
  return {
    who: `${name}${address}`,
    is: `${KINDS[kind]} (${confidence})`,
    through: actor.through === name ? undefined : actor.through,
    session: actor.session === name ? undefined : actor.session,
    'called by': actor.invokedBy === name ? undefined : actor.invokedBy,
    of: accountId === undefined ? undefined : withId(accountName, accountId),
    from: [...new Set(from)].join(', ') || undefined,
  }
}

function busOf({ bus: arn, acceptedAt }: FoundEvent, names: ReadonlyMap<string, string>): string {
  const bus = parseBusArn(arn)
  if (bus === undefined) return arn
  const place = `${withId(names.get(bus.account), bus.account)}, ${bus.region}`
  return `${localTime(acceptedAt)}  ${shortSource(bus.name)} of ${place}`
}

function withId(name: string | undefined, awsAccountId: string): string {
  return name === undefined ? awsAccountId : `${name} (${awsAccountId})`
}
