import { setImmediate as nextTurn } from 'node:timers/promises'
import { EventPattern } from '@belfry/event-pattern'
import type { Explanation } from '@belfry/event-pattern'

import { retriesOf } from '#src/model/delivery.ts'
import type { AttemptError, DeadLetter, Delivery, PastAttempt } from '#src/model/delivery.ts'
import { isArchiveRule } from '#src/model/event-bus.ts'
import type { Rule, Target } from '#src/model/event-bus.ts'
import type { LogPosition, PositionedEvent, RecordedEvent } from '#src/model/event.ts'
import { attemptStep } from '#src/model/step.ts'
import type { StepType } from '#src/model/step.ts'
import { inputFor } from '#src/model/target-input/target-input.ts'
import type { DeliveryQueue } from '#src/ports/delivery-queue.ts'

/**
 * What became of an event on one event bus: the deliveries and attempts as they were recorded, and
 * how the rules that the bus has now judge it.
 */
export interface Trace {
  /** Whether the event has been routed; before that nothing can be said of its deliveries. */
  readonly isRouted: boolean
  readonly rules: readonly RuleVerdict[]
  readonly deliveries: readonly TracedDelivery[]
  /** In the order of their times. */
  readonly steps: readonly Step[]
}

export interface RuleVerdict {
  readonly ruleArn: string
  readonly state: Rule['state']
  /** The rule had another pattern or state, or was not there, when the event came. */
  readonly changedSince?: true
  readonly matches: boolean
  /** The first field that fails, in words. */
  readonly summary: string
  /** What it matches goes to an archive and is no delivery. */
  readonly archives?: true
}

/** A queue that has a dead letter, or is to get it. */
export interface DeadLetterQueueState {
  readonly arn: string
  readonly sent: boolean
  readonly error?: AttemptError
}

export interface TracedDelivery {
  readonly id: number
  readonly ruleArn: string
  /** As it was tried last, or routed. */
  readonly target: Target
  readonly state: 'DELIVERED' | 'PENDING' | 'DEAD'
  /** The text that the target is sent of the event, cut where it is long; absent: it makes none. */
  readonly sent?: string
  /** Epoch ms, of one that is pending. */
  readonly nextAttemptAt?: number
  /** Of one that is dead and whose target has a dead-letter queue. */
  readonly deadLetterQueue?: DeadLetterQueueState
  readonly attempts: readonly PastAttempt[]
}

export interface Step {
  /** Epoch ms. */
  readonly at: number
  readonly type: StepType
  readonly ruleArn?: string
  readonly targetId?: string
  readonly deliveryId?: number
  readonly attempt?: number
  readonly message?: string
}

export interface TracePorts {
  readonly queue: Pick<DeliveryQueue, 'historyOf'>
  /** All rules that a bus has now. */
  readonly rulesOf: (busArn: string) => Promise<readonly Rule[]>
  /** Whether routing has passed this place of the log. */
  readonly isRouted: (position: LogPosition) => Promise<boolean>
}

/** Of what a target is sent, as much as a trace shows. */
const SENT_CHARACTERS_MAX = 4_096
/** More than the targets of a bus's rules, each tried as often as EventBridge does. */
const ATTEMPTS_MAX = 2_000

/** Tells what became of an event on its event bus. */
export async function traceOf(
  ports: TracePorts,
  { position, event }: PositionedEvent,
): Promise<Trace> {
  const isRouted = await ports.isRouted(position)
  const deliveries = await deliveriesOf(ports, { position, event })
  const rules: RuleVerdict[] = []
  for (const rule of await ports.rulesOf(event.busArn)) {
    const { matches, summary } = judgement(rule, event)
    rules.push({
      ruleArn: rule.arn,
      state: rule.state,
      ...changeOf(rule, event),
      matches,
      summary,
      ...(isArchiveRule(rule) && { archives: true }),
    })
    // A bus may have hundreds of rules, and explaining takes longer than matching.
    await nextTurn()
  }
  const steps = [
    { at: event.acceptedAt, type: 'EVENT_INGEST_SUCCESS' as const },
    ...(isRouted && deliveries.length === 0 ? unmatched(event.acceptedAt, rules) : []),
    ...deliveries.flatMap((delivery) => stepsOf(delivery, event.acceptedAt)),
  ]
  return { isRouted, rules, deliveries, steps: steps.toSorted((a, b) => a.at - b.at) }
}

/** Why a rule matches an event or does not, and what came of it. */
export interface Reason {
  readonly isRouted: boolean
  readonly changedSince?: true
  readonly explanation: Explanation
  readonly deliveries: readonly TracedDelivery[]
}

export async function reasonOf(
  ports: TracePorts,
  rule: Rule,
  { position, event }: PositionedEvent,
): Promise<Reason> {
  const deliveries = await deliveriesOf(ports, { position, event })
  return {
    isRouted: await ports.isRouted(position),
    ...changeOf(rule, event),
    explanation: judgement(rule, event),
    deliveries: deliveries.filter(({ ruleArn }) => ruleArn === rule.arn),
  }
}

function changeOf({ changedAt = 0 }: Rule, { acceptedAt }: RecordedEvent): { changedSince?: true } {
  return changedAt > acceptedAt ? { changedSince: true } : {}
}

/** What the rule's pattern says of the event, unless a schedule decides. */
function judgement({ arn, eventPattern }: Rule, { onlyRules, json }: RecordedEvent): Explanation {
  const decided = { hints: [], alternatives: [], alternativesLeftOut: 0 }
  if (onlyRules?.includes(arn)) {
    return { ...decided, matches: true, summary: "match: it is the event of the rule's schedule" }
  }
  if (onlyRules !== undefined) {
    const summary = 'no match: it is the event of another schedule'
    return { ...decided, matches: false, summary }
  }
  if (eventPattern === undefined) {
    const summary = 'no match: the rule has a schedule and no pattern'
    return { ...decided, matches: false, summary }
  }
  return EventPattern.parse(eventPattern).explain(json)
}

async function deliveriesOf(
  { queue }: TracePorts,
  { position, event }: PositionedEvent,
): Promise<readonly TracedDelivery[]> {
  const { pending, dead, attempts } = await queue.historyOf(position, ATTEMPTS_MAX)
  const waiting = new Map<number, Delivery>(pending.map((delivery) => [delivery.id, delivery]))
  const letters = new Map<number, DeadLetter>(dead.map((letter) => [letter.id, letter]))
  const tried = Map.groupBy(attempts, ({ deliveryId }) => deliveryId)
  const ids = [...new Set([...tried.keys(), ...waiting.keys(), ...letters.keys()])]
  return ids
    .toSorted((a, b) => a - b)
    .map((id) => {
      const made = tried.get(id) ?? []
      const delivery = waiting.get(id)
      const letter = letters.get(id)
      const [last] = made.slice(-1)
      const known = lastTry(last) ?? delivery ?? letterTarget(letter)
      return {
        id,
        ruleArn: known?.ruleArn ?? '',
        target: known?.target ?? { id: '', arn: '' },
        ...endOf(last, delivery, letter),
        ...(known !== undefined && sentTo(known, event)),
        attempts: made,
      }
    })
}

function sentTo(
  to: Pick<Delivery, 'ruleArn' | 'target' | 'attempts'>,
  event: RecordedEvent,
): Pick<TracedDelivery, 'sent'> {
  const outcome = inputFor(to, event)
  return outcome.ok ? { sent: outcome.text.slice(0, SENT_CHARACTERS_MAX) } : {}
}

function endOf(
  last: PastAttempt | undefined,
  delivery: Delivery | undefined,
  letter: DeadLetter | undefined,
): Pick<TracedDelivery, 'state' | 'nextAttemptAt' | 'deadLetterQueue'> {
  if (delivery !== undefined) return { state: 'PENDING', nextAttemptAt: delivery.nextAttemptAt }
  if (letter === undefined && last?.outcome !== 'dead') return { state: 'DELIVERED' }
  const arn = last?.target.deadLetterArn
  if (arn === undefined) return { state: 'DEAD' }
  // The hub's own list has the letter no longer when the queue has it.
  const { sendError: error } = letter ?? {}
  const sent = letter === undefined
  return { state: 'DEAD', deadLetterQueue: { arn, sent, ...(error !== undefined && { error }) } }
}

/** A delivery as it was when it was tried last. */
function lastTry(attempt: PastAttempt | undefined) {
  if (attempt === undefined) return undefined
  const { ruleArn, target, number } = attempt
  return { ruleArn, target, attempts: number - 1 }
}

/** A dead letter outlives the attempts that led to it. */
function letterTarget(letter: DeadLetter | undefined) {
  if (letter === undefined) return undefined
  const { ruleArn, targetId: id, targetArn: arn } = letter
  return { ruleArn, target: { id, arn }, attempts: retriesOf(letter) }
}

function unmatched(at: number, rules: readonly RuleVerdict[]): readonly Step[] {
  const matching = rules.find(
    ({ matches, state, archives }) => matches && state === 'ENABLED' && !archives,
  )
  if (matching === undefined) return [{ at, type: 'NO_STANDARD_RULES_MATCHED' }]
  return [
    {
      at,
      type: 'NO_STANDARD_RULES_MATCHED',
      ruleArn: matching.ruleArn,
      message:
        'a rule matches now that had no target, or another pattern, when it was routed, or that the replay was not for',
    },
  ]
}

function stepsOf(delivery: TracedDelivery, routedAt: number): readonly Step[] {
  const { id: deliveryId, ruleArn, target, attempts } = delivery
  const about = { ruleArn, targetId: target.id, deliveryId }
  const tried = attempts.flatMap((attempt): readonly Step[] => {
    const { number, startedAt, durationMs, error } = attempt
    const of = { ...about, attempt: number }
    return [
      { at: startedAt, type: 'INVOCATION_ATTEMPT_START', ...of },
      {
        at: startedAt + durationMs,
        type: attemptStep(attempt.outcome, error),
        ...of,
        ...(error !== undefined && { message: `${error.code}: ${error.message}` }),
      },
    ]
  })
  const [last] = attempts.slice(-1)
  const endedAt = last === undefined ? routedAt : last.startedAt + last.durationMs
  const matched: Step = { at: routedAt, type: 'RULE_MATCH', ...about }
  const end = endSteps(delivery).map((step) => ({ at: endedAt, ...step, ...about }))
  return [matched, ...tried, ...end]
}

function endSteps({
  state,
  deadLetterQueue,
}: TracedDelivery): readonly Pick<Step, 'type' | 'message'>[] {
  if (state === 'PENDING') return []
  if (state === 'DELIVERED') return [{ type: 'INVOCATION_SUCCESS' }]
  const message = deadLetterQueue === undefined ? {} : { message: queueText(deadLetterQueue) }
  return [{ type: 'INVOCATION_FAILURE' }, { type: 'INVOCATION_DLQ', ...message }]
}

function queueText({ arn, sent, error }: DeadLetterQueueState): string {
  if (sent) return `sent to ${arn}`
  return `${arn} does not have it${error === undefined ? ' yet' : `: ${error.code}: ${error.message}`}`
}
