import { isFifo, parseAwsResource } from '#src/model/aws-resource.ts'
import { retriesOf } from '#src/model/delivery.ts'
import type { AttemptError, LetterSettlement, OutgoingLetter } from '#src/model/delivery.ts'
import type { Target } from '#src/model/event-bus.ts'
import type { AwsOutcome, AwsServices } from '#src/ports/aws-services.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { Observer } from '#src/ports/observer.ts'
import type { OutgoingLetters } from '#src/ports/outgoing-letters.ts'
import { patiently, pause } from '#src/ports/patiently.ts'
import { verdictAfter } from './retry-schedule.ts'
import { scheduledLetterOf } from './scheduled-letter.ts'
import type { LetterMessage } from './scheduled-letter.ts'
import { accessOf } from './targets/aws-resource.ts'

export interface DeadLetterQueuePorts {
  readonly letters: OutgoingLetters
  readonly aws: AwsServices
  readonly clock: Clock
  readonly ids: Ids
  readonly observer: Observer
  /** The target as its rule or schedule has it now; undefined where it is gone. */
  readonly currentTarget: (ruleArn: string, targetId: string) => Promise<Target | undefined>
}

/** Takes dead letters to the dead-letter queues of their targets, until its signal aborts. */
export interface DeadLetterSender {
  /** There may be letters that are due. */
  wake(): void
  /** Resolves after the signal has aborted and what was under way is settled. */
  readonly drained: Promise<void>
}

const SENT_AT_ONCE_MAX = 16
const LOOK_AGAIN_AFTER_MS_MAX = 60_000
/** A queue gets the reason of a failure, not all that a target had to say. */
const MESSAGE_CHARACTERS_MAX = 1_024

/**
 * A letter is sent until its queue has it, then it is removed. It is kept, with the reason, when the
 * queue will not have it or has not had it for as long as EventBridge tries a delivery.
 */
export function sendDeadLetters(
  ports: DeadLetterQueuePorts,
  signal: AbortSignal,
): DeadLetterSender {
  const { letters, clock, observer } = ports
  const onFault = (error: unknown) => observer.stageFaulted('deliver', error)
  let woken = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => woken.resolve())

  const waitForMore = async () => {
    const dueAt = await patiently(() => letters.nextDueAt(), onFault, signal)
    const waitMs = Math.max(0, (dueAt ?? Infinity) - clock.now())
    const over = new AbortController()
    const timer = pause(Math.min(waitMs, LOOK_AGAIN_AFTER_MS_MAX), over.signal)
    await Promise.race([timer, woken.promise])
    over.abort()
  }
  const settle = async (settlements: readonly LetterSettlement[]) => {
    try {
      await letters.settle(settlements)
    } catch (error) {
      onFault(error)
      await patiently(() => letters.settle(settlements), onFault, signal)
    }
  }
  const run = async () => {
    while (!signal.aborted) {
      woken = Promise.withResolvers()
      const read = () => letters.due(clock.now(), SENT_AT_ONCE_MAX)
      const due = (await patiently(read, onFault, signal)) ?? []
      if (due.length === 0) await waitForMore()
      else await settle(await Promise.all(due.map((letter) => settlementOf(ports, letter))))
    }
  }
  return { wake: () => woken.resolve(), drained: run() }
}

async function settlementOf(
  ports: DeadLetterQueuePorts,
  outgoing: OutgoingLetter,
): Promise<LetterSettlement> {
  const { clock, ids, observer } = ports
  const { letter, sends } = outgoing
  const { id, diedAt } = letter
  const outcome = await outcomeOf(ports, outgoing)
  const settlement = { id, diedAt, kind: 'sent' as const }
  if (outcome.kind === 'success') {
    observer.letterSent({ letter, outcome: 'sent' })
    return settlement
  }
  const { error } = outcome
  const target = { id: letter.targetId, arn: letter.targetArn }
  const timing = { now: clock.now(), jitter: ids.fraction() }
  const verdict = verdictAfter({ target, startedAt: diedAt }, sends + 1, timing)
  const again = outcome.kind === 'retryable' && verdict.kind === 'retry'
  observer.letterSent({ letter, outcome: again ? 'retry' : 'kept', error })
  const next = again && { nextSendAt: verdict.nextAttemptAt }
  return { ...settlement, kind: 'kept', error, ...next }
}

async function outcomeOf(
  { aws, observer, currentTarget }: DeadLetterQueuePorts,
  { letter, event, target: routed }: OutgoingLetter,
): Promise<AwsOutcome> {
  try {
    // A queue that was mended, or taken away, is asked as it is now.
    const target = (await currentTarget(letter.ruleArn, letter.targetId)) ?? routed
    const to = parseAwsResource(target.deadLetterArn ?? '')
    if (to?.service !== 'sqs' || isFifo(to)) {
      return kept('INVALID_PARAMETER', 'the target no longer has a dead-letter queue')
    }
    if (event === undefined) {
      return kept('INTERNAL_ERROR', `the log no longer has event ${letter.eventId}`)
    }
    const isScheduled = event.scheduled !== undefined
    const message = isScheduled ? scheduledLetterOf(letter, event, routed) : letterOf(letter)
    const { account, ...role } = accessOf({ ruleArn: letter.ruleArn, target })
    return await aws.send(
      { service: 'sqs', to, text: message.text, attributes: attributesOf(message) },
      // What is the rule's own account's, it reaches without a target's role; a schedule has one
      // for all that it does.
      to.account === account && !isScheduled ? { account } : { account, ...role },
    )
  } catch (error) {
    observer.stageFaulted('deliver', error)
    const message = error instanceof Error ? error.message : String(error)
    return { kind: 'retryable', error: { code: 'INTERNAL_ERROR', message } }
  }
}

/** EventBridge's names; the last two say how the retries ended, where there were any. */
function letterOf(letter: OutgoingLetter['letter']): LetterMessage {
  const { ruleArn, targetArn, error, exhausted, eventJson } = letter
  return {
    text: eventJson,
    errorCode: error.code,
    errorMessage: error.message,
    attributes: {
      RULE_ARN: ruleArn,
      TARGET_ARN: targetArn,
      ...(exhausted !== undefined && {
        EXHAUSTED_RETRY_CONDITION: exhausted,
        RETRY_ATTEMPTS: String(retriesOf(letter)),
      }),
    },
  }
}

function attributesOf({ attributes, errorCode, errorMessage }: LetterMessage) {
  const ERROR_MESSAGE = printable(errorMessage) || errorCode
  return { ...attributes, ERROR_CODE: errorCode, ERROR_MESSAGE }
}

/** SQS refuses a message for one control character in its attributes. */
function printable(text: string): string {
  return text
    .slice(0, MESSAGE_CHARACTERS_MAX)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\uFFFE\uFFFF]/gu, ' ')
}

function kept(code: AttemptError['code'], message: string): AwsOutcome {
  return { kind: 'permanent', error: { code, message } }
}
