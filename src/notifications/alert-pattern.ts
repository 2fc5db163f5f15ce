import { EventPattern, InvalidEventPatternError } from '@belfry/event-pattern'

import { RestError } from '#src/errors.ts'
import { BudgetAlert, ComplianceAlert, CostSpikeAlert } from '#src/model/alert.ts'
import { detailTypeOf, eventTypeOf } from '#src/model/catalogue/catalogue.ts'
import type { EventType } from '#src/model/catalogue/event-type.ts'
import type { Silence } from '#src/model/notification.ts'
import type { AlertEvent } from './channels/sending.ts'

/** Patterns on alerts, of silences and inhibitions. */

/** They were compiled once; they are few, and change seldom. */
const patterns = new Map<string, EventPattern>()
const PATTERNS_KEPT_MAX = 2_000

/** @throws InvalidEventPatternError */
export function alertPattern(pattern: Silence['pattern']): EventPattern {
  const text = JSON.stringify(pattern)
  const known = patterns.get(text)
  if (known !== undefined) return known
  const parsed = EventPattern.parse(text)
  if (patterns.size >= PATTERNS_KEPT_MAX) patterns.clear()
  patterns.set(text, parsed)
  return parsed
}

/** What a pattern on alerts is matched with: the event without its envelope. */
export function alertJson({ name, alert }: AlertEvent): string {
  return JSON.stringify({
    'detail-type': detailTypeOf(eventTypeOf(name) as EventType),
    detail: alert,
  })
}

const ON_ALERTS: ReadonlySet<string> = new Set(['detail', 'detail-type', '$or'])

/** What alerts have in their detail, beside what all events of the tenancy have. */
const FIELDS: ReadonlySet<string> = new Set(
  [BudgetAlert, CostSpikeAlert, ComplianceAlert].flatMap(({ properties }) =>
    Object.keys(properties),
  ),
)
const OF_ALL_EVENTS = /^(\$or|meta|[a-z]+Event(Version|ID|Time|Source|Type|Name))$/

/** @throws RestError 400 */
export function checkAlertFields(fields: readonly string[]): void {
  const unknown = fields.find((field) => !FIELDS.has(field) && !OF_ALL_EVENTS.test(field))
  if (unknown === undefined) return
  throw new RestError(
    400,
    'alert-pattern.unknown-field',
    `alerts have no field "${unknown}": they have ${[...FIELDS].toSorted().join(', ')}`,
  )
}

/** @throws RestError 400 */
export function checkAlertPattern(pattern: Silence['pattern']): void {
  const other = Object.keys(pattern).find((field) => !ON_ALERTS.has(field))
  if (other !== undefined || Object.keys(pattern).length === 0) {
    throw new RestError(
      400,
      'alert-pattern.fields',
      `a pattern on alerts asks of "detail" or "detail-type"${other === undefined ? '' : `, not of "${other}"`}: {"detail":{"ruleId":["tagging/owner"]}}`,
    )
  }
  const { detail } = pattern
  if (typeof detail === 'object' && detail !== null) checkAlertFields(Object.keys(detail))
  try {
    alertPattern(pattern)
  } catch (error) {
    if (!(error instanceof InvalidEventPatternError)) throw error
    throw new RestError(400, 'alert-pattern.invalid', error.message)
  }
}
