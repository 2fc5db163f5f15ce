import { describe, expect, it } from 'vitest'

import { createOutbound } from '#src/adapters/outbound/undici-outbound.ts'
import { startReceiver } from '../../../test/receiver.ts'
import { openPagerDuty } from './kinds/pagerduty.ts'
import { slackMessage } from './kinds/slack-blocks.ts'
import { teamsBody } from './kinds/teams.ts'
import type { Message, MessageItem, Sending } from './sending.ts'

/** As short as a message gets, with what a test makes long. */
const messageWith = (more: Partial<Message>): Message => ({
  ...{ kind: 'alert', severity: 'HIGH', state: 'OPEN', title: 'T', summary: 'S', facts: [] },
  ...{ items: [], moreItems: 0, reasons: [], links: [], events: [], at: 0, shownAt: 'now' },
  ...more,
})
const items = (...lengths: readonly number[]): readonly MessageItem[] =>
  lengths.map((length) => ({ text: 'x'.repeat(length) }))
const many = (count: number, length: number) => Array.from({ length: count }, () => length)

/**
 * A message that is just as long as it may be, and one that is longer by one.
 * @param sizeOf of a message that is shown whole
 */
async function filled(most: number, sizeOf: (message: Message) => number | Promise<number>) {
  const of = (count: number, summary: number) =>
    messageWith({ items: items(...many(count, ITEM_CHARACTERS)), summary: 's'.repeat(summary) })
  const left = async (count: number) => most - (await sizeOf(of(count, 1)))
  const perItem = (await left(0)) - (await left(1))
  // One that is too long would be cut, and so is a summary of more than a thousand characters.
  let count = Math.floor((await left(0)) / perItem) - 1
  while ((await left(count)) >= 999) count += 1
  const summary = (await left(count)) + 1
  return { full: of(count, summary), more: of(count, summary + 1) }
}
const ITEM_CHARACTERS = 300

describe('Slack takes', () => {
  const blocksOf = (message: Message) => slackMessage(message).blocks as readonly any[]

  it('a header of 150 characters', () => {
    const mark = ':large_orange_circle: '
    const headerOf = (length: number) =>
      blocksOf(messageWith({ title: 't'.repeat(length) }))[0].text.text
    const whole = mark + 't'.repeat(150 - mark.length)
    expect(headerOf(150 - mark.length)).toBe(whole)
    expect(headerOf(151 - mark.length)).toBe(`${whole.slice(0, -1)}…`)
  })

  it('a section of 3,000 characters: lines beyond it stand in the next', () => {
    // Six lines with "• " before each and a line feed between them.
    const sectionsOf = (last: number) =>
      blocksOf(messageWith({ items: items(...many(5, 498), last) }))
        .filter(({ type }) => type === 'section')
        .slice(1)
        .map(({ text }) => text.text.length)
    const last = 3_000 - 5 * 501 - 2
    expect(sectionsOf(last)).toEqual([3_000])
    expect(sectionsOf(last + 1)).toEqual([2_504, last + 3])
  })

  it('ten fields in a section', () => {
    const facts = Array.from({ length: 11 }, (_, at) => ({ label: `L${at}`, value: 'v' }))
    const fieldsOf = (count: number) =>
      blocksOf(messageWith({ facts: facts.slice(0, count) })).flatMap(
        ({ fields }) => fields?.length ?? [],
      )
    expect([fieldsOf(10), fieldsOf(11)]).toEqual([[10], [10, 1]])
  })

  it('a button’s label of 75 characters, and its URL of 3,000', () => {
    const start = 'https://belfry.example.com/'
    const buttonsOf = (label: string, urlLength: number) => {
      const url = start.padEnd(urlLength, 'u')
      const blocks = blocksOf(messageWith({ links: [{ does: 'open', label, url }] }))
      return blocks.find(({ type }) => type === 'actions')?.elements ?? []
    }
    expect(buttonsOf('l'.repeat(75), 3_000)[0].text.text).toBe('l'.repeat(75))
    expect(buttonsOf('l'.repeat(76), 3_000)[0].text.text).toBe(`${'l'.repeat(74)}…`)
    expect(buttonsOf('l', 3_001)).toEqual([])
  })

  it('12,000 characters in all, and else one item fewer, which is counted', async () => {
    const sizeOf = (message: Message) => JSON.stringify(blocksOf(message)).length
    const { full, more } = await filled(12_000, sizeOf)
    expect(sizeOf(full)).toBe(12_000)
    expect(JSON.stringify(blocksOf(full))).not.toContain('more')
    expect(sizeOf(more)).toBeLessThan(12_000)
    expect(JSON.stringify(blocksOf(more))).toContain('and 1 more')
  })
})

it('Teams takes 26,000 bytes, and else one item fewer, which is counted', async () => {
  const sizeOf = (message: Message) => Buffer.byteLength(teamsBody(message))
  const { full, more } = await filled(26_000, sizeOf)
  expect(sizeOf(full)).toBe(26_000)
  expect(teamsBody(full)).not.toContain('more')
  expect(sizeOf(more)).toBeLessThan(26_000)
  expect(teamsBody(more)).toContain('and 1 more')
})

describe('PagerDuty takes', () => {
  /** What it gets, as text. */
  const eventOf = async (message: Message, sending: Partial<Sending> = {}): Promise<string> => {
    const receiver = await startReceiver()
    try {
      const settings = { kind: 'pagerduty', routingKey: 'k', endpoint: receiver.url } as const
      const outbound = createOutbound({ allowPrivateTargets: true })
      const ports = { outbound, clock: { now: () => 0 }, urlRefusal: () => undefined }
      const duty = openPagerDuty(settings, ports)
      const sent = await duty.send(message, { idempotencyKey: 'key', ...sending })
      expect(sent).toMatchObject({ outcome: 'sent' })
      return receiver.received[0]?.text ?? ''
    } finally {
      await receiver.close()
    }
  }

  it('a summary of 1,024 characters', async () => {
    const summaryOf = async (length: number) =>
      JSON.parse(await eventOf(messageWith({ title: 't'.repeat(length) }))).payload.summary
    expect(await summaryOf(1_024)).toBe('t'.repeat(1_024))
    expect(await summaryOf(1_025)).toBe(`${'t'.repeat(1_023)}…`)
  })

  it('a deduplication key of 255 characters, and a longer one as its hash', async () => {
    const keyOf = async (length: number) => {
      const idempotencyKey = 'd'.repeat(length)
      return JSON.parse(await eventOf(messageWith({ kind: 'digest' }), { idempotencyKey }))
        .dedup_key
    }
    expect(await keyOf(255)).toBe('d'.repeat(255))
    expect(await keyOf(256)).toMatch(/^[0-9a-f]{64}$/)
  })

  it('512,000 bytes, and else one item fewer, which is counted', async () => {
    const most = 512_000
    const sizeOf = async (message: Message) => Buffer.byteLength(await eventOf(message))
    const { full, more } = await filled(most, sizeOf)
    expect(await sizeOf(full)).toBe(most)
    expect(await eventOf(full)).not.toContain('more')
    expect(await sizeOf(more)).toBeLessThan(most)
    expect(await eventOf(more)).toContain('and 1 more')
    // Of bytes, not of characters.
    expect(await sizeOf({ ...full, summary: 'é' })).toBeLessThan(most)
  })
})
