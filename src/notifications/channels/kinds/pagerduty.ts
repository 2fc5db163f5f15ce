import { createHash } from 'node:crypto'

import { PAGERDUTY_ENDPOINT } from '#src/model/channel.ts'
import type { SettingsOf } from '#src/model/channel.ts'
import { cut, fitted, moreText, oneLine } from '../fitting.ts'
import { posted } from '../posting.ts'
import type { PostingPorts } from '../posting.ts'
import type { Message, OpenChannel, Sending } from '../sending.ts'

/** https://developer.pagerduty.com/docs/send-alert-event */
const SUMMARY_CHARACTERS_MAX = 1_024
const EVENT_BYTES_MAX = 512_000
const DEDUP_KEY_CHARACTERS_MAX = 255

const SEVERITIES = {
  CRITICAL: 'critical',
  HIGH: 'error',
  MEDIUM: 'warning',
  LOW: 'info',
  INFORMATIONAL: 'info',
} as const

/** Opens, acknowledges and resolves one incident of PagerDuty for each of the hub's. */
export function openPagerDuty(
  { routingKey, endpoint: url = PAGERDUTY_ENDPOINT }: SettingsOf<'pagerduty'>,
  ports: PostingPorts,
): OpenChannel {
  return {
    // About 120 a minute for each key.
    messagesPerSecondMax: 2,
    recipients: [],
    readBy: 'programs',
    editsInPlace: false,
    showsState: true,
    send: async (message, sending) => {
      const key = dedupKey(message, sending)
      for (const action of actionsOf(message, sending)) {
        const event = { routing_key: routingKey, event_action: action, dedup_key: key }
        const body = action === 'trigger' ? triggerBody(message, event) : JSON.stringify(event)
        const { signal } = sending
        const answer = await posted(ports, { url, body, signal, reasonIn: pagerDutyWord })
        if (!answer.ok) return answer.result
      }
      return { outcome: 'sent', sent: { dedupKey: key }, answer: 'PagerDuty took it' }
    },
  }
}

type Action = 'trigger' | 'acknowledge' | 'resolve'

/**
 * Only a trigger carries text. One that finds its incident open is added to it: it stays acknowledged,
 * wakes nobody, and has the new severity (https://support.pagerduty.com/docs/event-management). One
 * that finds it resolved over there opens another, which should wake somebody: so nothing is
 * acknowledged twice.
 */
function actionsOf({ kind, state }: Message, { news = 'both' }: Sending): readonly Action[] {
  // It is seen and wakes nobody for long.
  if (kind === 'test') return ['trigger', 'resolve']
  if (state === 'RESOLVED') return ['resolve']
  if (state === 'OPEN' || news === 'alerts') return ['trigger']
  return news === 'state' ? ['acknowledge'] : ['trigger', 'acknowledge']
}

/** A digest is an incident of its own; what its parts become it does not say. */
function dedupKey({ incident }: Message, { after, idempotencyKey }: Sending): string {
  const key = after?.sent['dedupKey'] ?? incident?.id ?? idempotencyKey
  if (key.length <= DEDUP_KEY_CHARACTERS_MAX) return key
  return createHash('sha256').update(key).digest('hex')
}

function triggerBody(message: Message, event: object): string {
  const bodyOf = (shown: Message) => JSON.stringify({ ...event, ...triggerOf(shown) })
  return bodyOf(fitted(message, (shorter) => Buffer.byteLength(bodyOf(shorter)) <= EVENT_BYTES_MAX))
}

function triggerOf(message: Message): object {
  const { title, summary, severity, facts, items, moreItems, reasons, links, at } = message
  const more = moreText(moreItems)
  const list = [...items.map(({ text }) => text), ...(more === undefined ? [] : [more])]
  return {
    payload: {
      summary: cut(title, SUMMARY_CHARACTERS_MAX),
      source: 'Belfry',
      severity: SEVERITIES[severity],
      timestamp: new Date(at).toISOString(),
      class: message.events.at(-1)?.name ?? message.kind,
      custom_details: {
        'What happened': summary,
        ...Object.fromEntries(facts.map(({ label, value }) => [label, value])),
        ...(list.length > 0 && { Details: list }),
        ...(reasons.length > 0 && { Why: reasons }),
      },
    },
    client: 'Belfry',
    ...(links[0] !== undefined && { client_url: links[0].url }),
    links: links.map(({ url, label }) => ({ href: url, text: label })),
  }
}

const WORD_CHARACTERS_MAX = 200

/** `{"status":"invalid event","message":"...","errors":["..."]}` */
function pagerDutyWord(body: string): string | undefined {
  try {
    const { errors } = JSON.parse(body) as { errors?: unknown }
    if (!Array.isArray(errors)) return undefined
    const texts = errors.filter((each) => typeof each === 'string')
    return texts.length === 0 ? undefined : cut(oneLine(texts.join('; ')), WORD_CHARACTERS_MAX)
  } catch {
    return undefined
  }
}
