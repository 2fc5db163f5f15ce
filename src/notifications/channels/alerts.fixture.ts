import fc from 'fast-check'

import type { BudgetAlert, ComplianceAlert, CostSpikeAlert } from '#src/model/alert.ts'
import { SEVERITIES } from '#src/model/alert.ts'
import { ALERT_EVENTS, COST_AND_COMPLIANCE } from '#src/model/catalogue/cost-and-compliance.ts'
import { messageOf } from './message-of.ts'
import type { AlertEvent, Message, MessageLink } from './sending.ts'

const AT = Date.parse('2026-01-31T08:15:27.123Z')
const exampleOf = (name: string) =>
  COST_AND_COMPLIANCE.find((type) => type.name === name)?.example as Record<string, unknown>

/** The catalogue's examples, with changes. */
export const budget = (change: Partial<BudgetAlert> = {}): AlertEvent => ({
  ...{ id: 'e1', at: AT, name: ALERT_EVENTS.BUDGET },
  alert: { ...(exampleOf(ALERT_EVENTS.BUDGET) as BudgetAlert), ...change },
})
export const spike = (change: Partial<CostSpikeAlert> = {}): AlertEvent => ({
  ...{ id: 'e2', at: AT, name: ALERT_EVENTS.COST_SPIKE },
  alert: { ...(exampleOf(ALERT_EVENTS.COST_SPIKE) as CostSpikeAlert), ...change },
})
export const finding = (change: Partial<ComplianceAlert> = {}): AlertEvent => ({
  ...{ id: 'e3', at: AT, name: ALERT_EVENTS.COMPLIANCE },
  alert: { ...(exampleOf(ALERT_EVENTS.COMPLIANCE) as ComplianceAlert), ...change },
})

const READER = { timeZone: 'Australia/Sydney', locale: 'en-AU' }
const LINKS: readonly MessageLink[] = [
  { does: 'open', label: 'Open in Belfry', url: 'https://belfry.example.com/incidents/12' },
  { does: 'acknowledge', label: 'Acknowledge', url: 'https://belfry.example.com/incidents/12/ack' },
  { does: 'unsubscribe', label: 'Stop these mails', url: 'https://belfry.example.com/unsubscribe' },
]
export const about = {
  reader: READER,
  at: AT,
  links: LINKS,
  incident: { id: 'inc-12', number: 12 },
  reasons: ['The notification "FinOps" sends alerts from medium on.'],
}

/** With plain spaces where Intl keeps numbers and their units together. */
export const message = (...events: readonly [AlertEvent, ...AlertEvent[]]): Message =>
  plainSpaces(messageOf(events, about))
const plainSpaces = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value).replaceAll(/[\u00a0\u202f]/g, ' ')) as T

/** Names as whoever owns them may choose: long, foreign, and full of what means something. */
const name = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 400 }),
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.constantFrom('&'.repeat(2_000), '<'.repeat(500), '"'.repeat(3_000), '\u0001'.repeat(900)),
  fc.constantFrom('😀'.repeat(1_000), 'line\nbreak', '\u202eabc', '\ud800', '[a](https://b)'),
  fc.constantFrom('<https://b>', '{{DATE(2026-01-31T08:15:27Z)}}', '- a', '1. a', '&lt;b&gt;'),
)
const money = fc
  .tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.nat(99))
  .map(([whole, cents]) => `${whole}.${String(cents).padStart(2, '0')}`)
const linkTo = (rest: string) => `https://example.com/${rest}`
const few = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 40 })
const segment = fc.record({
  viewId: fc.uuid(),
  viewNumber: fc.integer({ min: 1 }),
  viewName: name,
  viewVersion: fc.integer({ min: 1 }),
  segmentId: fc.uuid(),
  segmentNumber: fc.integer({ min: 1 }),
  segmentTitle: name,
})
const contributor = fc.record({
  dimension: fc.constantFrom('service', 'account', 'region', 'meter', 'shared', 'other'),
  value: name,
  amount: money,
  share: fc.double({ min: 0, max: 1, noNaN: true }),
})
const common = {
  severity: fc.constantFrom(...SEVERITIES),
  segments: fc.array(segment, { maxLength: 4 }),
}
const currency = fc.constantFrom('USD', 'AUD', 'JPY', 'Credits')

const anyAlert: fc.Arbitrary<AlertEvent> = fc.oneof(
  fc
    .record({
      ...{ ...common, currency, budgetName: name, budget: money, spend: money, estimate: money },
      change: fc.constantFrom('REACHED', 'CORRECTED'),
      contributors: few(contributor),
    })
    .map((change) => budget(change as Partial<BudgetAlert>)),
  fc
    .record({
      ...{ ...common, currency, actual: money, expected: money, detectorName: name },
      accountName: name,
      change: fc.constantFrom('OPENED', 'UPDATED', 'CLOSED'),
      contributors: few(contributor),
    })
    .map((change) => spike(change as Partial<CostSpikeAlert>)),
  fc
    .record({
      ...{ ...common, ruleName: name, resourceId: name, reason: name, checkedBy: name },
      findingId: fc.uuid(),
      change: fc.constantFrom('FAILED', 'PASSED', 'SUMMARY'),
      resourceTags: fc.dictionary(name, name, { maxKeys: 20 }),
      frameworks: few(name),
      link: fc.oneof(fc.webUrl(), name, name.map(linkTo)),
    })
    .map((change) => finding(change as Partial<ComplianceAlert>)),
)

/** Messages about any alerts there may be. */
export const anyMessage: fc.Arbitrary<Message> = fc
  .tuple(
    fc.array(anyAlert, { minLength: 1, maxLength: 80 }),
    fc.array(name, { maxLength: 20 }),
    fc.constantFrom('en-AU', 'de-CH', 'hi', 'ja'),
    fc.constantFrom('UTC', 'Australia/Sydney', 'America/St_Johns'),
  )
  .map(([events, reasons, locale, timeZone]) =>
    messageOf(events as [AlertEvent, ...AlertEvent[]], {
      ...about,
      reasons,
      reader: { locale, timeZone },
    }),
  )
