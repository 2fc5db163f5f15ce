import type { Severity } from '#src/model/alert.ts'
import type { Message } from './sending.ts'

/** `High`, for people. */
export function severityWord(severity: Severity): string {
  return severity[0] + severity.slice(1).toLowerCase()
}

const STATES = {
  OPEN: 'open',
  ACKNOWLEDGED: 'acknowledged',
  SNOOZED: 'snoozed',
  RESOLVED: 'resolved',
} as const

/** What stands above the title: `High · incident 12 · open`. */
export function statusLine({ kind, severity, incident, state }: Message): string {
  if (kind === 'test') return 'Test'
  if (kind === 'digest') return `${severityWord(severity)} at worst`
  const number = incident === undefined ? [] : [`incident ${incident.number}`]
  return [severityWord(severity), ...number, STATES[state]].join(' · ')
}

/** Where a message ends: things may be otherwise when it is read. */
export function asOf({ shownAt }: Message): string {
  return `As of ${shownAt}`
}

/** Of what is over, whatever it was, and otherwise of how bad it is. */
export function tone({ severity, state }: Message): Severity | 'RESOLVED' {
  return state === 'RESOLVED' ? 'RESOLVED' : severity
}

export function capitalised(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1)
}
