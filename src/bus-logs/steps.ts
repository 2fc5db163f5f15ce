import type { AttemptError, DeadLetter, Delivery, TargetAnswer } from '#src/model/delivery.ts'
import { derivedUuid } from '#src/model/derived-uuid.ts'
import type { Target } from '#src/model/event-bus.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { attemptStep } from '#src/model/step.ts'
import type { StepType } from '#src/model/step.ts'
import { textAt } from '#src/model/target-input/event-path.ts'
import { JsonValue } from '#src/model/target-input/json-value.ts'
import { inputFor } from '#src/model/target-input/target-input.ts'
import type {
  ExpiredDelivery,
  FinishedAttempt,
  FinishedSend,
  RefusedEntry,
} from '#src/ports/observer.ts'

type Details = Readonly<Record<string, unknown>>

/** A step of an event's way as its bus may log it; what costs time is made when it does. */
export interface LoggedStep {
  readonly type: StepType
  /** Epoch ms. */
  readonly at: number
  readonly eventId?: string
  readonly invocationId?: () => string
  readonly details: () => Details
  /** What only a log has that includes details: texts, or nothing. */
  readonly full?: () => Readonly<Record<string, string | undefined>>
  readonly error?: StepError
}

interface StepError {
  readonly http_status_code?: number
  readonly error_message: string
  readonly aws_service: string
}

/**
 * What routing did with an event; none of it where AWS logs nothing, which is of an AWS event that
 * no rule of the bus's owner matches.
 * @param deliveries those of the event
 */
export function routedSteps(
  event: RecordedEvent,
  deliveries: readonly Delivery[],
  now: number,
): readonly LoggedStep[] {
  const standard = deliveries.filter(({ managed }) => !managed)
  if (isOfAws(event.source) && standard.length === 0) return []
  const parts = lazily(() => new JsonValue(event.json))
  const details = lazily(() => detailsOfEvent(event, parts()))
  const full = lazily(() => ({ event_detail: textAt(parts(), '$.detail') }))
  const about = (type: StepType, at: number): LoggedStep => ({
    type,
    at,
    eventId: event.id,
    details,
    full,
  })
  const matches = [...Map.groupBy(standard, ({ ruleArn }) => ruleArn)].map(
    ([ruleArn, ofRule]): LoggedStep => ({
      type: 'RULE_MATCH',
      at: now,
      eventId: event.id,
      details: () => ({
        rule_arn: ruleArn,
        target_arns: ofRule.map(({ target }) => target.arn),
        invocation_ids: ofRule.map((delivery) => invocationIdOf(delivery)),
      }),
    }),
  )
  return [
    about('EVENT_RECEIPT', event.acceptedAt),
    about('EVENT_INGEST_SUCCESS', event.acceptedAt),
    about('RULE_MATCH_START', now),
    ...(matches.length > 0 ? matches : [about('NO_STANDARD_RULES_MATCHED', now)]),
  ]
}

/** An entry that was refused never became an event. */
export function refusedStep(entry: RefusedEntry, now: number): LoggedStep {
  const { account, message, source, detailType, detail, resources = [], time } = entry
  return {
    type: 'EVENT_INGEST_FAILURE',
    at: now,
    details: () => ({
      caller_account_id: account,
      source_time_ms: time ?? now,
      source,
      detail_type: detailType,
      resources,
    }),
    full: () => ({ event_detail: detail }),
    error: { error_message: message, aws_service: 'events' },
  }
}

/** An attempt, with the end of the delivery where it was the last. */
export function attemptSteps(finished: FinishedAttempt): readonly LoggedStep[] {
  const { delivery, outcome, attempt, error } = finished
  const { startedAt, durationMs, answer } = attempt
  const count = delivery.attempts + 1
  const endedAt = startedAt + durationMs
  const about = aboutDelivery(delivery)
  const started = { ...startOf(delivery, finished.event), ...about, at: startedAt }
  const ended: LoggedStep = {
    ...about,
    type: attemptStep(outcome, error),
    at: endedAt,
    details: () => ({
      ...targetOf(delivery),
      attempt_type: count === 1 ? 'FIRST' : 'RETRY',
      attempt_count: count,
      invocation_status: error?.code ?? 'SUCCESS',
      target_duration_ms: durationMs,
    }),
    full: () => ({ target_response_body: answer?.body }),
    ...errorOf(delivery.target.arn, error, answer),
  }
  return [
    ...(count === 1 ? [{ ...started, type: 'INVOCATION_START' as const }] : []),
    { ...started, type: 'INVOCATION_ATTEMPT_START' },
    ended,
    ...(outcome === 'retry'
      ? []
      : endSteps(finished, endedAt).map((end) => ({ ...end, ...about }))),
  ]
}

/** A delivery that ended without another attempt. */
export function expiredSteps(expired: ExpiredDelivery, now: number): readonly LoggedStep[] {
  return endSteps({ ...expired, outcome: 'dead' }, now)
}

/** A delivery whose target takes nothing for now. */
export function heldUpStep(
  delivery: Delivery,
  event: RecordedEvent | undefined,
  now: number,
): LoggedStep {
  return { ...startOf(delivery, event), type: 'INVOCATION_THROTTLE_START', at: now }
}

/** What became of sending a dead letter to its queue; nothing yet where it is sent again. */
export function letterSteps(
  { letter, outcome, error }: FinishedSend,
  now: number,
): readonly LoggedStep[] {
  if (outcome === 'retry') return []
  return [{ ...letterStep(letter, now), ...errorOf(QUEUE, error, undefined) }]
}

type EndedDelivery = Pick<FinishedAttempt, 'delivery' | 'event' | 'error'> &
  Partial<Pick<FinishedAttempt, 'attempt'>> &
  Pick<FinishedAttempt, 'outcome'>

function endSteps(ended: EndedDelivery, at: number): readonly LoggedStep[] {
  const { delivery, event, outcome, attempt, error } = ended
  const isDelivered = outcome === 'delivered'
  const attempts = delivery.attempts + (attempt === undefined ? 0 : 1)
  const latencyMs = at - delivery.startedAt
  const end: LoggedStep = {
    ...aboutDelivery(delivery),
    at,
    type: isDelivered ? 'INVOCATION_SUCCESS' : 'INVOCATION_FAILURE',
    details: () => ({
      ...targetOf(delivery),
      total_attempts: attempts,
      final_invocation_status: error?.code ?? 'SUCCESS',
      // AWS has these two of first attempts alone.
      ...(attempts === 1 &&
        attempt !== undefined && {
          ingestion_to_start_latency_ms: attempt.startedAt - delivery.startedAt,
          ingestion_to_complete_latency_ms: latencyMs,
        }),
      ...(isDelivered && { ingestion_to_success_latency_ms: latencyMs }),
      ...(attempt !== undefined && { target_duration_ms: attempt.durationMs }),
    }),
    full: () => ({
      target_input: inputText(delivery, event),
      target_response_body: attempt?.answer?.body,
    }),
    ...errorOf(delivery.target.arn, error, attempt?.answer),
  }
  // Of a dead letter that a queue is to get, it is told when the queue has it.
  const isKept = !isDelivered && delivery.target.deadLetterArn === undefined
  return isKept ? [end, { ...end, type: 'INVOCATION_DLQ' }] : [end]
}

function letterStep(letter: DeadLetter, at: number): LoggedStep {
  const { id, eventId, ruleArn, targetArn, attempts, error } = letter
  return {
    type: 'INVOCATION_DLQ',
    at,
    eventId,
    invocationId: () => invocationIdOf({ id, eventId }),
    details: () => ({
      rule_arn: ruleArn,
      target_arn: targetArn,
      total_attempts: attempts,
      final_invocation_status: error.code,
    }),
  }
}

function startOf(delivery: Delivery, event: RecordedEvent | undefined) {
  return {
    ...aboutDelivery(delivery),
    details: () => ({ ...targetOf(delivery), attempt_count: delivery.attempts + 1 }),
    full: () => ({ target_input: inputText(delivery, event) }),
  }
}

function aboutDelivery(delivery: Delivery) {
  return { eventId: delivery.eventId, invocationId: lazily(() => invocationIdOf(delivery)) }
}

/** The same in every step of a delivery. */
function invocationIdOf({ id, eventId }: Pick<Delivery, 'id' | 'eventId'>): string {
  return derivedUuid(`${eventId} ${id}`)
}

function targetOf({ ruleArn, target }: { readonly ruleArn: string; readonly target: Target }) {
  const { arn, roleArn } = target
  return { rule_arn: ruleArn, ...(roleArn !== undefined && { role_arn: roleArn }), target_arn: arn }
}

function inputText(delivery: Delivery, event: RecordedEvent | undefined): string | undefined {
  const outcome = event && inputFor(delivery, event)
  return outcome?.ok ? outcome.text : undefined
}

function detailsOfEvent({ account, source, detailType }: RecordedEvent, parts: JsonValue): Details {
  const parsed = (path: string): unknown => JSON.parse(textAt(parts, path) ?? 'null')
  return {
    caller_account_id: account,
    source_time_ms: Date.parse(String(parsed('$.time'))),
    source,
    detail_type: detailType,
    resources: parsed('$.resources'),
  }
}

const QUEUE = 'arn:aws:sqs'
/** A record has the reason of a failure, not all that a target had to say. */
const MESSAGE_CHARACTERS_MAX = 1_024

function errorOf(
  targetArn: string,
  error: AttemptError | undefined,
  answer: TargetAnswer | undefined,
): { readonly error?: StepError } {
  if (error === undefined) return {}
  return {
    error: {
      ...(answer !== undefined && { http_status_code: answer.status }),
      error_message: error.message.slice(0, MESSAGE_CHARACTERS_MAX),
      aws_service: serviceOf(targetArn),
    },
  }
}

/** The service in an ARN, or the scheme of a URL. */
function serviceOf(targetArn: string): string {
  const [first = '', , service = ''] = targetArn.split(':')
  return first === 'arn' ? service : first
}

/** Made when it is first asked for. */
function lazily<T extends object | string>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

/** Partner events are no AWS events. */
function isOfAws(source: string): boolean {
  return source.startsWith('aws.') && !source.startsWith('aws.partner/')
}
