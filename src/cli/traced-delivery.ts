import type { Incident, LedgerEntry } from '#src/model/notification.ts'
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

/** What a notification made of the alert that it was given. */
interface Outcome {
  readonly notificationName?: string
  readonly incident?: Pick<Incident, 'number' | 'title' | 'state' | 'waitsFor'>
  /** The newest first. */
  readonly ledger: readonly (Pick<LedgerEntry, 'at' | 'outcome' | 'why'> & {
    readonly channelName?: string
  })[]
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
  readonly notification?: Outcome
}

const STATES: Readonly<Record<TracedDelivery['state'], { word: string; style: Style }>> = {
  DELIVERED: { word: 'delivered', style: 'green' },
  PENDING: { word: 'pending', style: 'yellow' },
  DEAD: { word: 'dead letter', style: 'red' },
}

/** How the ledger's outcomes look. */
export const OUTCOME_STYLES: Readonly<Record<LedgerEntry['outcome'], Style>> = {
  SENT: 'green',
  HELD: 'yellow',
  RETRYING: 'yellow',
  REFUSED: 'red',
  GIVEN_UP: 'red',
}

/** A line for each delivery, and one for each of its attempts. */
export function deliveriesText(deliveries: readonly TracedDelivery[]): string {
  return deliveries.map(deliveryText).join('\n')
}

function deliveryText(delivery: TracedDelivery): string {
  const { targetId, targetArn, state, attempts, notification } = delivery
  const { word, style } = STATES[state]
  const made = `after ${counted(attempts.length, 'attempt')}`
  const name = notification?.notificationName
  const target = name === undefined ? `${targetId} (${targetArn})` : `notification "${name}"`
  const head = `  ${styled(style, word)}  ${printable(`${target} ${made}${endText(delivery)}`)}`
  const became =
    notification === undefined || state !== 'DELIVERED' ? [] : outcomeLines(notification)
  return [head, ...attempts.map(attemptLine), ...became].join('\n')
}

/** What people were told of it, the oldest first. */
function outcomeLines({ incident, ledger }: Outcome): readonly string[] {
  if (incident === undefined) {
    return ['    no incident: it ended what nobody was told of, or the incident is forgotten']
  }
  const { number, title, state, waitsFor } = incident
  const told = ledger
    .toReversed()
    .map(({ at, outcome, channelName = 'a deleted channel', why }) => {
      const style = OUTCOME_STYLES[outcome]
      const text = printable(`on ${channelName}: ${why}`)
      return `      ${localMoment(at)}  ${styled(style, outcome)} ${text}`
    })
  const waits = waitsFor === undefined ? [] : [`      waits: ${printable(waitsFor)}`]
  const none = told.length + waits.length === 0 ? ['      nothing is sent or held back yet'] : []
  return [
    `    incident ${number}, ${state}: ${printable(title)}`,
    ...told,
    ...waits,
    ...none,
    `    more: "belfry incidents show ${number}", "belfry notifications ledger --incident ${number}"`,
  ]
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
