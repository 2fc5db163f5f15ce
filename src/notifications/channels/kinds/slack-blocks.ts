import { SNOOZES } from '#src/model/notification.ts'
import { cut, fitted, moreText } from '../fitting.ts'
import type { Message } from '../sending.ts'
import { asOf, statusLine, tone } from '../wording.ts'

/** What Slack shows: blocks, and a text for notifications and for who reads the screen aloud. */
export interface SlackMessage {
  readonly text: string
  readonly blocks: readonly object[]
  readonly unfurl_links: false
  readonly unfurl_media: false
}

// https://docs.slack.dev/reference/block-kit/blocks
const SECTION_CHARACTERS_MAX = 3_000
const HEADER_CHARACTERS_MAX = 150
const FIELDS_PER_SECTION_MAX = 10
const FIELD_CHARACTERS_MAX = 2_000
const BUTTONS_MAX = 25
const BUTTON_CHARACTERS_MAX = 75
const BUTTON_URL_CHARACTERS_MAX = 3_000
const TEXT_CHARACTERS_MAX = 4_000
/** Not documented: `msg_blocks_too_long` comes near 13,200 characters of the whole. */
const WHOLE_CHARACTERS_MAX = 12_000

/** The id of the button that acknowledges; its value is the incident's id. */
export const ACKNOWLEDGE_ACTION = 'acknowledge'
/** As many as stand in one row; the page behind "Open" has the others. */
const SNOOZE_BUTTON_HOURS: readonly number[] = [1, 24]
/** The buttons that snooze, by their id, each with its hours. */
export const SNOOZE_ACTIONS: ReadonlyMap<string, (typeof SNOOZES)[number]> = new Map(
  SNOOZES.filter(({ hours }) => SNOOZE_BUTTON_HOURS.includes(hours)).map((snooze) => [
    `snooze-${snooze.hours}`,
    snooze,
  ]),
)

interface Interactivity {
  /** Slack tells the hub what is pressed, so that buttons act; else they are links. */
  readonly canAct: boolean
}

/** A message within every limit of Slack's, with as much of it as these take. */
export function slackMessage(
  whole: Message,
  { canAct }: Interactivity = { canAct: false },
): SlackMessage {
  const { links } = whole
  const message = canAct ? { ...whole, links: links.filter(({ does }) => !ACTS.has(does)) } : whole
  const blocksOf = (shorter: Message) => blocksWith(shorter, canAct ? actingButtons(shorter) : [])
  const shown = fitted(message, (shorter) => isWithinLimits(blocksOf(shorter)))
  return {
    text: cut(mrkdwn(`${statusLine(message)}: ${message.title}`), TEXT_CHARACTERS_MAX),
    blocks: blocksOf(shown),
    unfurl_links: false,
    unfurl_media: false,
  }
}

const ACTS: ReadonlySet<string> = new Set(['acknowledge', 'snooze'])

const TONES = {
  CRITICAL: ':red_circle:',
  HIGH: ':large_orange_circle:',
  MEDIUM: ':large_yellow_circle:',
  LOW: ':large_blue_circle:',
  INFORMATIONAL: ':white_circle:',
  RESOLVED: ':white_check_mark:',
} as const

interface Measured {
  readonly text?: { readonly text: string }
  readonly fields?: readonly { readonly text: string }[]
  /** Those of a context; a button's text is an object. */
  readonly elements?: readonly { readonly text: string | object }[]
}

function blocksWith(message: Message, acting: readonly object[]): readonly object[] {
  const { title, summary, facts, items, moreItems, reasons } = message
  const more = moreText(moreItems)
  const lines = [
    ...items.map(({ text, url }) => (url === undefined ? mrkdwn(text) : link(text, url))),
    ...(more === undefined ? [] : [more]),
  ].map((line) => `• ${line}`)
  const fields = facts.map(({ label, value }) => ({
    ...markdown(`*${mrkdwn(label)}*\n${mrkdwn(value)}`),
  }))
  const context = [statusLine(message), ...reasons, asOf(message)].map(mrkdwn).join('\n')
  return [
    {
      type: 'header',
      text: {
        type: 'plain_text',
        emoji: true,
        text: cut(`${TONES[tone(message)]} ${title}`, HEADER_CHARACTERS_MAX),
      },
    },
    section(mrkdwn(summary)),
    ...chunks(fields, FIELDS_PER_SECTION_MAX).map((some) => ({ type: 'section', fields: some })),
    ...sections(lines),
    ...buttonsOf(message, acting),
    { type: 'context', elements: [markdown(context)] },
  ]
}

/** Lines in as few sections as they need. */
function sections(lines: readonly string[]): readonly object[] {
  const texts: string[] = []
  for (const line of lines) {
    const last = texts.at(-1)
    const joined = last === undefined ? line : `${last}\n${line}`
    if (last !== undefined && joined.length <= SECTION_CHARACTERS_MAX)
      texts[texts.length - 1] = joined
    else texts.push(line)
  }
  return texts.map(section)
}

/** What can still be done about the incident, with one press. */
function actingButtons({ incident, state }: Message): readonly object[] {
  if (incident === undefined || state === 'RESOLVED') return []
  const button = (action: string, label: string, more: object = {}) => ({
    type: 'button',
    action_id: action,
    text: { type: 'plain_text', text: label },
    value: incident.id,
    ...more,
  })
  const snoozes = [...SNOOZE_ACTIONS].map(([id, { label }]) => button(id, `Snooze ${label}`))
  if (state === 'ACKNOWLEDGED') return snoozes
  return [button(ACKNOWLEDGE_ACTION, 'Acknowledge', { style: 'primary' }), ...snoozes]
}

function buttonsOf({ links }: Message, acting: readonly object[]): readonly object[] {
  const leading = links
    .filter(({ url }) => url.length <= BUTTON_URL_CHARACTERS_MAX)
    .slice(0, BUTTONS_MAX - acting.length)
    .map(({ does, label, url }, index) => ({
      type: 'button',
      action_id: `${does}-${index}`,
      text: { type: 'plain_text', text: cut(label, BUTTON_CHARACTERS_MAX) },
      url,
      ...(does === 'acknowledge' && { style: 'primary' }),
    }))
  const elements = [...acting, ...leading]
  return elements.length === 0 ? [] : [{ type: 'actions', elements }]
}

const section = (text: string) => ({ type: 'section', text: markdown(text) })
/** Verbatim: names in it are not made links and mentions. */
const markdown = (text: string) => ({ type: 'mrkdwn', text, verbatim: true })

/** The fixed parts of `blocksOf` are few: with fields of 20 facts far from 50 blocks. */
function isWithinLimits(blocks: readonly object[]): boolean {
  const texts = (blocks as readonly Measured[]).every(
    ({ text, fields = [], elements = [] }) =>
      (text?.text ?? '').length <= SECTION_CHARACTERS_MAX &&
      fields.every((field) => field.text.length <= FIELD_CHARACTERS_MAX) &&
      elements.every((each) => isShort(each.text)),
  )
  return texts && JSON.stringify(blocks).length <= WHOLE_CHARACTERS_MAX
}

function isShort(text: string | object): boolean {
  return typeof text !== 'string' || text.length <= SECTION_CHARACTERS_MAX
}

function link(text: string, url: string): string {
  return `<${mrkdwn(url).replaceAll('|', '%7C')}|${mrkdwn(text)}>`
}

/** The three that mean something: a name cannot call the channel, or be a link. */
export function mrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function chunks<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  const starts = Array.from({ length: Math.ceil(all.length / size) }, (_, index) => index * size)
  return starts.map((start) => all.slice(start, start + size))
}
