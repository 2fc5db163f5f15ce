import { SEVERITIES } from '#src/model/alert.ts'
import type { Severity } from '#src/model/alert.ts'
import { detailTypeOf, eventTypeOf } from '#src/model/catalogue/catalogue.ts'
import { ALERT_EVENTS } from '#src/model/catalogue/cost-and-compliance.ts'
import type { EventType } from '#src/model/catalogue/event-type.ts'
import type { Notification } from '#src/model/notification.ts'

type Conditions = Readonly<Record<string, unknown>>

/**
 * The event pattern of a notification's rule: all that routing can tell of whether it wants an
 * alert. What ends an incident comes whatever the settings, or it would stay open.
 */
export function notificationPattern({
  alerts,
  scope,
}: Pick<Notification, 'alerts' | 'scope'>): string {
  const { budgets, costSpikes, compliance } = alerts
  const kinds = [
    ...(budgets === undefined ? [] : [kind('BUDGET', budgetConditions(budgets))]),
    ...(costSpikes === undefined ? [] : [kind('COST_SPIKE', spikeConditions(costSpikes))]),
    ...(compliance === undefined ? [] : [kind('COMPLIANCE', complianceConditions(compliance))]),
  ]
  const alternatives = kinds.flatMap(({ detailType, detail }) =>
    scopeConditions(scope).map((part) => {
      const conditions = { ...detail, ...part }
      const asksNothing = Object.keys(conditions).length === 0
      return { 'detail-type': [detailType], ...(!asksNothing && { detail: conditions }) }
    }),
  )
  return JSON.stringify(alternatives.length === 1 ? alternatives[0] : { $or: alternatives })
}

/** What is at least so bad. */
function severitiesFrom(severity: Severity): readonly Severity[] {
  return SEVERITIES.slice(SEVERITIES.indexOf(severity))
}

function kind(name: keyof typeof ALERT_EVENTS, detail: Conditions) {
  return { detailType: detailTypeOf(eventTypeOf(ALERT_EVENTS[name]) as EventType), detail }
}

function budgetConditions({
  fromPercent,
  forecasts = true,
}: NonNullable<Notification['alerts']['budgets']>): Conditions {
  const threshold = {
    ...(fromPercent !== undefined && { percent: [{ numeric: ['>=', fromPercent] }] }),
    ...(!forecasts && { basis: ['ACTUAL'] }),
  }
  if (Object.keys(threshold).length === 0) return {}
  return { $or: [{ thresholds: threshold }, { change: ['CORRECTED'] }] }
}

function spikeConditions({
  minimumPercent,
}: NonNullable<Notification['alerts']['costSpikes']>): Conditions {
  if (minimumPercent === undefined) return {}
  const enough = { percentage: [{ numeric: ['>=', minimumPercent] }] }
  // Where nothing was spent before, any spend is more than any part of it.
  const fromNothing = { percentage: [{ exists: false }] }
  return { $or: [enough, fromNothing, { change: ['CLOSED'] }] }
}

function complianceConditions({
  fromSeverity,
  checkedBy,
}: NonNullable<Notification['alerts']['compliance']>): Conditions {
  return {
    ...(fromSeverity !== undefined && { severity: [...severitiesFrom(fromSeverity)] }),
    ...(checkedBy !== undefined && { checkedBy }),
  }
}

/** The ways to be in a scope: as ids are unique, one for whole views and one for segments. */
function scopeConditions(scope: Notification['scope']): readonly Conditions[] {
  if (scope.length === 0) return [{}]
  const views = scope.flatMap(({ viewId, segmentId }) => (segmentId === undefined ? [viewId] : []))
  const segments = scope.flatMap(({ segmentId }) => segmentId ?? [])
  return [
    ...(views.length > 0 ? [{ segments: { viewId: views } }] : []),
    ...(segments.length > 0 ? [{ segments: { segmentId: segments } }] : []),
  ]
}
