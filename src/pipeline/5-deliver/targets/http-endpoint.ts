import type { RecordedEvent } from '#src/model/event.ts'
import { inputFor } from '#src/model/target-input/target-input.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import type { TargetKind } from '../dispatcher.ts'
import { ATTEMPT_TIMEOUT_MS, attemptOutcomeOf } from './http-answer.ts'

const ATTEMPTS_PER_TARGET_MAX = 16
/** PutEvents takes any text as a trace header; what is none must not keep the event from its target. */
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/** A target that is an http or https URL: it gets its input as the body of a POST. */
export function createHttpEndpoint(outbound: Outbound, clock: Clock): TargetKind {
  return {
    concurrency: ATTEMPTS_PER_TARGET_MAX,
    attempt: async (delivery, event) => {
      const input = inputFor(delivery, event)
      if (!input.ok) return { kind: 'permanent', error: input.error }
      const outcome = await outbound.request({
        url: delivery.target.arn,
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'user-agent': 'Belfry',
          ...traceHeaderOf(event),
        },
        body: input.text,
        timeoutMs: ATTEMPT_TIMEOUT_MS,
      })
      return attemptOutcomeOf(outcome, clock.now())
    },
  }
}

function traceHeaderOf({ traceHeader }: Pick<RecordedEvent, 'traceHeader'>) {
  if (traceHeader === undefined || !HEADER_VALUE.test(traceHeader)) return {}
  return { 'x-amzn-trace-id': traceHeader }
}
