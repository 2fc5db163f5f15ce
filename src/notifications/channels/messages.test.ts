import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { ComplianceAlert } from '#src/model/alert.ts'
import { about, anyMessage, budget, finding, message, spike } from './alerts.fixture.ts'
import { letterBodies } from './kinds/email-letter.ts'
import { slackMessage } from './kinds/slack-blocks.ts'
import { teamsBody } from './kinds/teams.ts'
import { digestOf, messageOf } from './message-of.ts'
import type { AlertEvent } from './sending.ts'

const ACTUAL_90 = { basis: 'ACTUAL', percent: 90 } as const

const factsOf = ({ facts }: { facts: readonly { label: string; value: string }[] }) =>
  Object.fromEntries(facts.map(({ label, value }) => [label, value]))

describe('what a message says', () => {
  it('of a budget: how much of what, where, the forecast, and the period', () => {
    const { title, summary, state, ...rest } = message(budget())
    expect([title, state]).toEqual(['Platform 2026: 75% of the monthly budget is spent', 'OPEN'])
    expect(summary).toContain('USD 5,812.44 of USD 7,500.00 (77.5%) is spent')
    expect(summary).toContain('The forecast of the whole period is USD 8,191.53')
    expect(factsOf(rest)).toMatchObject({
      Where: 'Cost centres / Platform',
      Thresholds: '50% spent, 75% spent',
      Period: '1 Jan 2026 to 31 Jan 2026 (UTC)',
      'Daily, last 7 days': 'USD 307.83',
    })
    expect(message(budget({ change: 'CORRECTED' }))).toMatchObject({
      state: 'RESOLVED',
      title: 'Platform 2026: below 50% of the monthly budget again',
    })
    const part = { thresholds: [ACTUAL_90], remaining: [{ ...ACTUAL_90, percent: 75 }] }
    const { summary: goesOn, ...eased } = message(budget({ change: 'CORRECTED', ...part }))
    expect(eased).toMatchObject({
      state: 'OPEN',
      title: 'Platform 2026: below 90% of the monthly budget again',
    })
    expect(goesOn).toContain('corrected some of what was reported, but not: 75% spent.')
    expect(factsOf(eased)).toMatchObject({ Corrected: '90% spent', 'Not corrected': '75% spent' })
    const forecast = budget({ thresholds: [{ basis: 'FORECAST', percent: 100 }] })
    expect(message(forecast).title).toContain('100% of the monthly budget is forecast to be spent')
    const contributors = [
      { dimension: 'shared' as const, value: 'Platform', amount: '60', share: 0.6 },
      { dimension: 'other' as const, value: '', amount: '40', share: 0.4 },
    ]
    expect(message(budget({ contributors })).items).toEqual([
      { text: 'Shared costs of Platform: USD 60.00 (60% of what is spent)' },
      { text: 'All others: USD 40.00 (40% of what is spent)' },
    ])
  })

  it('of a spike: how much more than expected, since when, and what adds to it', () => {
    const { title, items, ...rest } = message(spike())
    expect(title).toBe('Cost spike in build-farm (111122223333): 150% more than expected')
    expect(items).toEqual([
      { text: 'Service Amazon Elastic Compute Cloud: USD 480.25 (80% of the increase)' },
    ])
    expect(factsOf(rest)).toMatchObject({ Since: '20 Jan 2026 (UTC)', Expected: 'USD 400.00' })
    expect(message(spike({ change: 'CLOSED' }))).toMatchObject({
      state: 'RESOLVED',
      summary: expect.stringMatching(
        /^Over: costs are as usual again\. It was on 20 Jan 2026, and USD/,
      ),
    })
    const { percentage: _, ...fromNothing } = spike().alert as never as Record<string, never>
    const odd = message({ ...spike(), alert: fromNothing } as never)
    expect(odd.title).toContain('USD 1,000.00 where nothing was expected')
    const fromCents = message(spike({ actual: '1000', expected: '0.02', percentage: 4_999_900 }))
    expect(fromCents.title).toContain('USD 1,000.00 where USD 0.02 was expected')
  })

  it('of compliance: which resources, together where an incident has several', () => {
    const one = message(finding())
    expect(one.title).toBe('Every resource has an owner: i-0123456789abcdef0 does not comply')
    expect(factsOf(one)).toMatchObject({ Tags: 'Environment=test', Region: 'eu-west-1' })
    const other = finding({ resourceId: 'arn:aws:s3:::logs', findingId: 'f2' })
    const two = message(finding(), other)
    expect(two.title).toBe('Every resource has an owner: 2 resources do not comply')
    expect(two.items).toHaveLength(2)
    const passed = finding({ change: 'PASSED' })
    expect(message(finding(), passed)).toMatchObject({
      state: 'RESOLVED',
      title: 'Every resource has an owner: i-0123456789abcdef0 complies again',
      summary: 'Over: it complies again.',
    })
    expect(message(finding(), other, passed).title).toBe(
      'Every resource has an owner: logs does not comply',
    )
    const gone = finding({ change: 'WITHDRAWN', withdrawal: 'RESOURCE_DELETED' })
    expect(message(finding(), gone)).toMatchObject({
      ...{ state: 'RESOLVED', summary: 'Over: it is gone.' },
      title: 'Every resource has an owner: i-0123456789abcdef0 is gone',
    })
    // Of two resources one is gone and the other complies.
    const otherPassed = finding({ ...other.alert, change: 'PASSED' } as never)
    expect(message(finding(), other, otherPassed, gone).title).toBe(
      'Every resource has an owner: 2 resources fail no more',
    )
    // One is gone, and what is said is of the other.
    expect(
      message(finding(), finding({ ...other.alert, reason: 'No owner.' } as never), gone),
    ).toMatchObject({
      title: 'Every resource has an owner: logs does not comply',
      summary: 'No owner.',
    })
    const summary = finding({ change: 'SUMMARY', failing: 12, passing: 28 })
    expect(message(summary).title).toContain('12 of 40 resources do not comply')
  })

  it('of a summary: which resources fail, where, and how many more', () => {
    const resource = (name: string) => ({
      ...{ findingId: name, severity: 'HIGH' as const, resourceId: `arn:aws:s3:::${name}` },
      ...{ awsAccountId: '111122223333', accountName: 'build-farm', resourceRegion: 'eu-west-1' },
    })
    const of = (failing: number, ...names: readonly string[]) => {
      const {
        accountName: _,
        awsAccountId: __,
        resourceId: ___,
        ...alert
      } = finding({
        ...{ change: 'SUMMARY', failing, passing: 1, findingId: 'rule' },
        resources: names.map(resource),
      }).alert as ComplianceAlert
      return { ...finding(), alert } as AlertEvent
    }
    const summary = message(of(10, 'logs', 'data'))
    expect(summary).toMatchObject({
      title: 'Every resource has an owner: 10 of 11 resources do not comply',
      items: [
        { text: 'arn:aws:s3:::logs in build-farm (111122223333), eu-west-1' },
        { text: 'arn:aws:s3:::data in build-farm (111122223333), eu-west-1' },
      ],
      moreItems: 8,
    })
    expect(factsOf(summary)['Where']).toBe('build-farm (111122223333) (of those that are listed)')
    expect(message(of(1, 'logs')).title).toBe('Every resource has an owner: logs does not comply')
    const passed = (failing: number, name: string) =>
      finding({ ...{ change: 'PASSED', failing }, ...resource(name) })
    const some = message(of(10, 'logs', 'data'), passed(9, 'logs'), passed(8, 'other'))
    expect(some).toMatchObject({ state: 'OPEN', moreItems: 7 })
    expect(some.title).toBe('Every resource has an owner: 8 resources do not comply')
    expect(some.items[0]?.text).toContain('arn:aws:s3:::data')
    const none = message(of(2, 'logs', 'data'), passed(1, 'logs'), passed(0, 'data'))
    expect(none).toMatchObject({
      ...{ state: 'RESOLVED', moreItems: 0 },
      title: 'Every resource has an owner: 2 resources comply again',
    })
  })

  it('of what is no check, such as an attack: what happened, in words of whoever found it', () => {
    const ruleName = 'CryptoCurrency:EC2/BitcoinTool.B'
    const title = 'The instance i-777 asks for a name of Bitcoin.'
    const attack = finding({ ruleName, title, resourceId: 'i-777' })
    expect(message(attack).title).toBe(title)
    const other = { ruleName, title: 'Bitcoin.', resourceId: 'i-8', findingId: 'f2' }
    expect(message(finding(other)).title).toBe('Bitcoin: i-8')
    expect(message(attack, finding(other)).title).toBe(`${ruleName}: 2 findings`)
    expect(message(finding({ ...other, change: 'PASSED' })).title).toBe('Bitcoin: i-8 is over')
  })

  it('of a resource: that it fails as long as anything found of it does, in its own account', () => {
    const passed = finding({ findingId: 'f2', change: 'PASSED' })
    expect(message(finding(), finding({ findingId: 'f2' }), passed)).toMatchObject({
      ...{ state: 'OPEN', items: [] },
      title: 'Every resource has an owner: i-0123456789abcdef0 does not comply',
    })
    const elsewhere = finding({ findingId: 'f2', awsAccountId: '444455556666' })
    const both = message(finding(), elsewhere)
    expect(both.title).toContain('2 resources do not comply')
    expect(factsOf(both)['Where']).toBe('build-farm (111122223333), build-farm (444455556666)')
  })

  it('of a resource: where it is seen, by a link that ends where it should and has room', () => {
    const urlOf = (link: string) => message(finding({ link })).items[0]?.url
    expect(urlOf('https://a.example/x y>|z')).toBe('https://a.example/x%20y%3E|z')
    expect(urlOf(`https://a.example/${'x'.repeat(1_000)}`)).toBeUndefined()
    expect(urlOf('javascript:alert(1)')).toBeUndefined()
    const long = finding({ link: `https://a.example/${'x'.repeat(5_000)}` })
    const other = finding({ findingId: 'f2', resourceId: 'arn:aws:s3:::logs' })
    expect(JSON.stringify(slackMessage(message(long, other)))).not.toContain('and 2 more')
  })

  it('in the reader’s time zone, language of numbers, and the bill’s own currency', () => {
    expect(message(budget()).shownAt).toBe('31 Jan 2026, 07:15 pm AEDT')
    const swiss = messageOf([budget({ currency: 'CHF', spend: '1234567.89' })], {
      ...about,
      reader: { timeZone: 'Europe/Zurich', locale: 'de-CH' },
    })
    expect(swiss.summary).toMatch(/CHF.1['’]234['’]567\.89/)
    expect(swiss.shownAt).toMatch(/09:15/)
    const exact = message(budget({ currency: 'Credits', spend: '90071992547409931.25' }))
    expect(exact.summary).toContain('90,071,992,547,409,931.25 Credits')
  })

  it('of a leap second, as it was written', () => {
    const leap = '2016-12-31T23:59:60Z'
    expect(factsOf(message(finding({ evaluatedAt: leap })))).toMatchObject({ Since: leap })
  })

  it('of several incidents in a digest: the worst first, one line each', () => {
    const url = 'https://belfry.example.com/incidents/1?token=t'
    const digest = digestOf(
      [{ events: [budget()], older: 1 }, { events: [spike()], url }, { events: [finding()] }],
      about,
    )
    expect(digest).toMatchObject({ kind: 'digest', title: '3 incidents', severity: 'HIGH' })
    expect(digest.items[0]).toMatchObject({ text: expect.stringMatching(/^High: Cost spike/), url })
    expect(digest.items[1]?.text).toMatch(/^Medium: Platform 2026.* \(and 1 older alert\)$/)
    expect(factsOf(digest)).toEqual({ High: '1', Medium: '2' })
  })
})

interface SlackElement {
  readonly text: string | { readonly text: string }
  readonly action_id?: string
  readonly value?: string
  readonly url?: string
}

interface SlackBlock {
  readonly type: string
  readonly text?: { readonly text: string }
  readonly fields?: readonly { readonly text: string }[]
  readonly elements?: readonly SlackElement[]
}

describe('whatever the alerts say, a message', () => {
  it('is within the limits of Slack', () => {
    fc.assert(
      fc.property(anyMessage, fc.boolean(), (any, canAct) => {
        const { text, blocks } = slackMessage(any, { canAct })
        expect(text.length).toBeLessThanOrEqual(4_000)
        expect(blocks.length).toBeLessThanOrEqual(50)
        expect(JSON.stringify(blocks).length).toBeLessThanOrEqual(12_000)
        for (const block of blocks as readonly SlackBlock[]) {
          const { type, fields = [], elements = [] } = block
          const length = block.text?.text.length ?? 1
          expect(length).toBeGreaterThan(0)
          expect(length).toBeLessThanOrEqual(type === 'header' ? 150 : 3_000)
          expect(fields.length).toBeLessThanOrEqual(10)
          for (const field of fields) expect(field.text.length).toBeLessThanOrEqual(2_000)
          expect(elements.length).toBeLessThanOrEqual(25)
          for (const element of elements) {
            if (typeof element.text === 'string') {
              expect(element.text.length).toBeLessThanOrEqual(3_000)
            } else expect(element.text.text.length).toBeLessThanOrEqual(75)
            expect((element.action_id ?? '').length).toBeLessThanOrEqual(255)
            expect((element.value ?? '').length).toBeLessThanOrEqual(2_000)
            expect((element.url ?? '').length).toBeLessThanOrEqual(3_000)
          }
          const ids = elements.flatMap(({ action_id: id }) => id ?? [])
          expect(new Set(ids).size).toBe(ids.length)
        }
      }),
    )
  })

  it('calls nobody in Slack and has no links of its own there', () => {
    fc.assert(
      fc.property(anyMessage, (any) => {
        const { text, blocks } = slackMessage(any)
        // The header is plain text, in which nothing means anything but an emoji.
        const marked = [text, ...(blocks as readonly SlackBlock[]).slice(1)]
        const texts = JSON.stringify(marked).replaceAll(/<https?:[^|>]*\|/g, '')
        expect(texts).not.toMatch(/<[!@#]|<http/)
      }),
    )
    const evil = message(budget({ budgetName: '<!channel> <https://evil.example|click>' }))
    expect(slackMessage(evil).text).toContain('&lt;!channel&gt; &lt;https://evil.example|click&gt;')
  })

  it('is within the bytes that Teams takes', () => {
    fc.assert(
      fc.property(anyMessage, (any) => {
        const body = teamsBody(any)
        expect(Buffer.byteLength(body)).toBeLessThanOrEqual(28 * 1_024)
        expect(JSON.parse(body).attachments[0].content.type).toBe('AdaptiveCard')
      }),
    )
  })

  it('has no links, lists and functions of its own in Teams', () => {
    const ours = /^• \[[^[\]]*\]\(https:[^()<>\s]*\)$/
    fc.assert(
      fc.property(anyMessage, (any) => {
        const { body } = JSON.parse(teamsBody(any)).attachments[0].content as {
          body: { text?: string; facts?: { title: string; value: string }[] }[]
        }
        const texts = body.flatMap(({ text = '', facts = [] }) => [
          text,
          ...facts.flatMap(({ title, value }) => [title, value]),
        ])
        for (const text of texts) {
          const unescaped = text.replaceAll(/\\[\s\S]/g, 'x').replace(ours, '')
          expect(unescaped).not.toMatch(/[[\]<>{}*_`&]|^([-+]|\d+[.)])(\s|$)/)
        }
      }),
    )
  })

  it('is one line of a subject, and has no markup that came with a name', () => {
    fc.assert(
      fc.property(anyMessage, (any) => {
        expect(any.title).not.toMatch(/[\r\n]/)
        expect(any.title.isWellFormed()).toBe(true)
        const { html } = letterBodies(any)
        const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, url]) => url)
        const known = [...any.links, ...any.items].map(({ url = '' }) =>
          url.replaceAll('&', '&amp;').replaceAll("'", '&#39;'),
        )
        expect(links.filter((url) => !known.includes(url ?? ''))).toEqual([])
        expect(html).not.toMatch(/<(script|img|iframe)/)
      }),
    )
  })

  it('counts what it does not show', () => {
    const events = Array.from({ length: 120 }, (_, index) =>
      finding({ findingId: `f${index}`, resourceId: `arn:aws:s3:::bucket-${index}` }),
    ) as unknown as [AlertEvent, ...AlertEvent[]]
    const many = messageOf(events, about)
    const shownAndMore = (text: string) => {
      const more = Number(/and (\d+) more/.exec(text)?.[1] ?? 0)
      return (text.match(/bucket-\d+ in/g) ?? []).length + more
    }
    expect(shownAndMore(JSON.stringify(slackMessage(many)))).toBe(120)
    expect(shownAndMore(teamsBody(many))).toBe(120)
    expect(shownAndMore(letterBodies(many).text)).toBe(120)
  })
})
