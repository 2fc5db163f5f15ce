import { inputFor } from '#src/model/target-input/target-input.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import type { TargetKind } from '../dispatcher.ts'
import { ATTEMPT_TIMEOUT_MS, attemptOutcomeOf } from './http-answer.ts'

const ATTEMPTS_PER_TARGET_MAX = 16

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
          ...(event.traceHeader !== undefined && { 'x-amzn-trace-id': event.traceHeader }),
        },
        body: input.text,
        timeoutMs: ATTEMPT_TIMEOUT_MS,
      })
      return attemptOutcomeOf(outcome, clock.now())
    },
  }
}
