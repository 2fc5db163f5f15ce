import { PAGERDUTY_ENDPOINT, SLACK_ENDPOINT } from '#src/model/channel.ts'
import type { WholeSettings } from './settings.ts'

/** Where messages come, so that channels that lead to one place are known to. */

/** Of all that settings lead to. They may hold secrets, but none that only proves who sends. */
export function addressesOf(settings: WholeSettings): readonly string[] {
  return settings.kind === 'email'
    ? settings.to.map(mailAddress)
    : [JSON.stringify(placeOf(settings))]
}

/** Of a reader of e-mail. */
export function mailAddress(email: string): string {
  return `mailto:${email.toLowerCase()}`
}

/** Whether addresses are those of readers of e-mail. */
export function isOfMails([first = '']: readonly string[]): boolean {
  return first.startsWith(mailAddress(''))
}

function placeOf(settings: Exclude<WholeSettings, { kind: 'email' }>): readonly string[] {
  const { kind } = settings
  switch (settings.kind) {
    case 'slack-bot': {
      const { endpoint = SLACK_ENDPOINT, token, channel } = settings
      // A token is of one workspace.
      return [kind, new URL(endpoint).href, token, channel.replace(/^#/, '').toLowerCase()]
    }
    case 'pagerduty': {
      const { endpoint = PAGERDUTY_ENDPOINT, routingKey } = settings
      return [kind, new URL(endpoint).href, routingKey]
    }
    case 'slack-webhook':
    case 'teams':
    case 'webhook':
      return [kind, new URL(settings.url).href]
    default:
      return settings satisfies never
  }
}
