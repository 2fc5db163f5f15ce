import { createHash } from 'node:crypto'

import { accountIn } from '#src/model/arn.ts'
import type { Delivery } from '#src/model/delivery.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { inputFor } from '#src/model/target-input/target-input.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import type { WebhookSigner } from '#src/ports/webhook-signer.ts'
import type { TargetKind } from '../dispatcher.ts'
import { ATTEMPT_TIMEOUT_MS, attemptOutcomeOf } from './http-answer.ts'

export interface HttpEndpointPorts {
  readonly outbound: Outbound
  readonly clock: Clock
  readonly webhookSigner: WebhookSigner
}

const ATTEMPTS_PER_TARGET_MAX = 16
/** PutEvents takes any text as a trace header; what is none must not keep the event from its target. */
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/

/**
 * A target that is an http or https URL: it gets its input as the body of a POST, signed where the
 * account of its rule has a secret for the URL.
 */
export function createHttpEndpoint({
  outbound,
  clock,
  webhookSigner,
}: HttpEndpointPorts): TargetKind {
  return {
    concurrency: ATTEMPTS_PER_TARGET_MAX,
    attempt: async (delivery, event) => {
      const input = inputFor(delivery, event)
      if (!input.ok) return { kind: 'permanent', error: input.error }
      const url = delivery.target.arn
      const signature = await webhookSigner.headersFor({
        account: accountIn(delivery.ruleArn),
        url,
        id: webhookId(delivery, event),
        body: input.text,
      })
      const outcome = await outbound.request({
        url,
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'user-agent': 'Belfry',
          ...traceHeaderOf(event),
          ...signature,
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

const EVENT_ID_CHARACTERS_MAX = 64
const DIGEST_CHARACTERS = 16

/**
 * By what a receiver knows a message again: the same on each retry and redrive, and where the hub
 * got the event twice under one id. Another target gets the event under another one, and so does a
 * replay, which is meant to be acted on once more. It starts with the event's id, for who looks for
 * the event behind a message; foreign events may have characters in theirs that are not for headers.
 */
function webhookId({ ruleArn, target }: Delivery, { id, replayArn = '' }: RecordedEvent): string {
  const readable = id.slice(0, EVENT_ID_CHARACTERS_MAX).replaceAll(/[^\w-]/g, '-')
  const whole = createHash('sha256').update(JSON.stringify([id, ruleArn, target.id, replayArn]))
  return `${readable}_${whole.digest('hex').slice(0, DIGEST_CHARACTERS)}`
}
