import { styled } from './output.ts'
import type { Style } from './output.ts'
import { counted, localMoment, localTime, printable } from './terminal-text.ts'

interface Attempt {
  readonly number: number
  readonly startedAt: number
  readonly durationMs: number
  readonly outcome: 'delivered' | 'retry' | 'dead'
  readonly errorCode?: string
  readonly errorMessage?: string
  readonly status?: number
  readonly answer?: string
}

/** A delivery as the hub traces it. */
export interface TracedDelivery {
  readonly id: number
  readonly ruleArn: string
  readonly targetId: string
  readonly targetArn: string
  readonly state: 'DELIVERED' | 'PENDING' | 'DEAD'
  readonly nextAttemptAt?: number
  readonly deadLetterQueue?: { readonly arn: string; readonly sent: boolean }
  readonly attempts: readonly Attempt[]
}

const STATES: Readonly<Record<TracedDelivery['state'], { word: string; style: Style }>> = {
  DELIVERED: { word: 'delivered', style: 'green' },
  PENDING: { word: 'pending', style: 'yellow' },
  DEAD: { word: 'dead letter', style: 'red' },
}

/** A line for each delivery, and one for each of its attempts. */
export function deliveriesText(deliveries: readonly TracedDelivery[]): string {
  return deliveries.map(deliveryText).join('\n')
}

function deliveryText(delivery: TracedDelivery): string {
  const { targetId, targetArn, state, attempts } = delivery
  const { word, style } = STATES[state]
  const made = `after ${counted(attempts.length, 'attempt')}`
  const about = `${targetId} (${targetArn}) ${made}${endText(delivery)}`
  const head = `  ${styled(style, word)}  ${printable(about)}`
  return [head, ...attempts.map(attemptLine)].join('\n')
}

function endText({ id, state, nextAttemptAt, deadLetterQueue }: TracedDelivery): string {
  if (nextAttemptAt !== undefined) return `, next attempt ${localMoment(nextAttemptAt)}`
  if (deadLetterQueue?.sent === true) return `: sent to ${deadLetterQueue.arn}`
  return state === 'DEAD' ? `: "belfry dead-letters show ${id}"` : ''
}

function attemptLine(attempt: Attempt): string {
  const { number, startedAt, durationMs, errorCode, errorMessage, status, answer = '' } = attempt
  const answered = status === undefined ? '' : ` ${status}`
  const fault = errorCode === undefined ? '' : ` ${errorCode}: ${errorMessage}`
  const said = answer.trim() === '' || errorCode === undefined ? '' : ` ("${answer.trim()}")`
  const text = `${number}. ${localTime(startedAt)} ${durationMs} ms${answered}${fault}${said}`
  return `    ${printable(text)}`
}
