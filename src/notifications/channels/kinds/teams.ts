import type { SettingsOf } from '#src/model/channel.ts'
import { fitted, moreText } from '../fitting.ts'
import { posted } from '../posting.ts'
import type { PostingPorts } from '../posting.ts'
import type { Message, OpenChannel } from '../sending.ts'
import { asOf, statusLine, tone } from '../wording.ts'

/** Teams cuts off near 28 KB, and what a flow adds counts too. */
const BODY_BYTES_MAX = 26_000

/** Posts an Adaptive Card to a flow of Workflows, in the envelope that its trigger asks for. */
export function openTeams({ url }: SettingsOf<'teams'>, ports: PostingPorts): OpenChannel {
  return {
    // More than 4 requests a second are throttled.
    messagesPerSecondMax: 3,
    recipients: [],
    readBy: 'people',
    editsInPlace: false,
    showsState: false,
    send: async (message, { signal }) => {
      const answer = await posted(ports, { url, body: teamsBody(message), signal })
      return answer.ok
        ? { outcome: 'sent', sent: {}, answer: `the flow answered ${answer.status}` }
        : answer.result
    },
  }
}

/** The body to post, within Teams' limit of bytes. */
export function teamsBody(message: Message): string {
  const shown = fitted(message, (shorter) => Buffer.byteLength(bodyOf(shorter)) <= BODY_BYTES_MAX)
  return bodyOf(shown)
}

function bodyOf(message: Message): string {
  const contentType = 'application/vnd.microsoft.card.adaptive'
  return JSON.stringify({
    type: 'message',
    attachments: [{ contentType, contentUrl: null, content: cardOf(message) }],
  })
}

/** Colours come as names alone. */
const TONES = {
  CRITICAL: 'Attention',
  HIGH: 'Attention',
  MEDIUM: 'Warning',
  LOW: 'Accent',
  INFORMATIONAL: 'Default',
  RESOLVED: 'Good',
} as const

function cardOf(message: Message): object {
  const { title, summary, facts, items, moreItems, reasons, links } = message
  const more = moreText(moreItems)
  const lines = [
    ...items.map(({ text, url }) => (url === undefined ? plain(text) : link(text, url))),
    ...(more === undefined ? [] : [more]),
  ].map((line) => block(`• ${line}`, { spacing: 'Small' }))
  const factSet = {
    type: 'FactSet',
    facts: facts.map(({ label, value }) => ({ title: plain(label), value: plain(value) })),
  }
  const footer = [...reasons, asOf(message)].map((line) =>
    block(plain(line), { size: 'Small', isSubtle: true, spacing: 'Small' }),
  )
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    fallbackText: title,
    body: [
      block(plain(statusLine(message)), { size: 'Small', color: TONES[tone(message)] }),
      block(plain(title), { size: 'Large', weight: 'Bolder', spacing: 'None' }),
      block(plain(summary)),
      ...(facts.length === 0 ? [] : [factSet]),
      ...lines,
      ...footer,
    ],
    actions: links.map(({ label, url }) => ({ type: 'Action.OpenUrl', title: label, url })),
  }
}

function block(content: string, look: object = {}): object {
  return { type: 'TextBlock', text: content, wrap: true, ...look }
}

function link(label: string, url: string): string {
  return `[${plain(label)}](${url.replaceAll('(', '%28').replaceAll(')', '%29')})`
}

/**
 * Text blocks are Markdown: a name cannot be a link or a list in it, nor one of the cards' own
 * functions, such as `{{DATE(...)}}`.
 */
function plain(content: string): string {
  return content
    .replaceAll(/[\\`*_[\]#~|<>&{}]/g, String.raw`\$&`)
    .replace(/^(\d*)([-+.)])(?=\s|$)/, String.raw`$1\$2`)
}
