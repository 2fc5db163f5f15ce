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
  const { id, targetId, targetArn, state, nextAttemptAt, attempts } = delivery
  const { word, style } = STATES[state]
  const next = nextAttemptAt === undefined ? '' : `, next attempt ${localMoment(nextAttemptAt)}`
  const made = `after ${counted(attempts.length, 'attempt')}`
  const end = state === 'DEAD' ? `: "belfry dead-letters show ${id}"` : next
  const head = `  ${styled(style, word)}  ${printable(`${targetId} (${targetArn}) ${made}${end}`)}`
  return [head, ...attempts.map(attemptLine)].join('\n')
}

function attemptLine(attempt: Attempt): string {
  const { number, startedAt, durationMs, errorCode, errorMessage, status, answer = '' } = attempt
  const answered = status === undefined ? '' : ` ${status}`
  const fault = errorCode === undefined ? '' : ` ${errorCode}: ${errorMessage}`
  const said = answer.trim() === '' || errorCode === undefined ? '' : ` ("${answer.trim()}")`
  const text = `${number}. ${localTime(startedAt)} ${durationMs} ms${answered}${fault}${said}`
  return `    ${printable(text)}`
}
