import { EventPattern } from '@belfry/event-pattern'
import { describe, expect, it } from 'vitest'

import { eventTypeOf, exampleOf } from '#src/model/catalogue/catalogue.ts'
import type { EventType } from '#src/model/catalogue/event-type.ts'
import type { Notification } from '#src/model/notification.ts'
import { notificationPattern } from './notification-pattern.ts'

const NAMESPACE = { prefix: 'stax', partner: 'stax.io' }

type Wanted = Pick<Notification, 'alerts' | 'scope'>

/** Whether a notification hears the catalogue's example of an event with some fields changed. */
function hears(wanted: Partial<Wanted>, name: string, fields: object = {}): boolean {
  const event = exampleOf(eventTypeOf(name) as EventType, NAMESPACE)
  const pattern = EventPattern.parse(notificationPattern({ alerts: {}, scope: [], ...wanted }))
  return pattern.matches(JSON.stringify({ ...event, detail: { ...event.detail, ...fields } }))
}

const everything = { budgets: {}, costSpikes: {}, compliance: {} }
const EVENTS = ['BudgetAlertEvent', 'CostSpikeEvent', 'ComplianceAlertEvent']
const segment = (viewId: string, segmentId: string) => ({ viewId, segmentId })

describe('what a notification hears', () => {
  it('is the kinds of alerts that it names, and nothing else of the tenancy', () => {
    for (const name of EVENTS) expect(hears({ alerts: everything }, name)).toBe(true)
    expect(hears({ alerts: everything }, 'AccountCreateEvent')).toBe(false)
    expect(EVENTS.map((name) => hears({ alerts: { costSpikes: {} } }, name))).toEqual([
      false,
      true,
      false,
    ])
  })

  it('is of the views and segments in its scope', () => {
    const scope = [{ viewId: 'v1', segmentId: 's1' }, { viewId: 'v2' }]
    for (const alerts of [everything, { budgets: { fromPercent: 50 } }]) {
      const inScope = (...segments: readonly object[]) =>
        hears({ alerts, scope }, 'BudgetAlertEvent', { segments })
      expect(inScope(segment('v1', 's1'))).toBe(true)
      expect(inScope(segment('v1', 's9'))).toBe(false)
      expect(inScope(segment('v2', 's9'))).toBe(true)
      expect(inScope(segment('v3', 's3'), segment('v2', 's4'))).toBe(true)
      expect(inScope()).toBe(false)
    }
  })

  it('is of budgets from a percentage on, and what corrects them', () => {
    const of = (budgets: object, fields: object) =>
      hears({ alerts: { budgets } }, 'BudgetAlertEvent', fields)
    const reached = (basis: string, percent: number) => ({ thresholds: [{ basis, percent }] })
    expect(of({ fromPercent: 75 }, reached('ACTUAL', 74))).toBe(false)
    expect(of({ fromPercent: 75 }, reached('FORECAST', 75))).toBe(true)
    expect(of({ fromPercent: 75, forecasts: false }, reached('FORECAST', 75))).toBe(false)
    expect(of({ fromPercent: 75 }, { ...reached('ACTUAL', 50), change: 'CORRECTED' })).toBe(true)
    expect(
      of(
        { fromPercent: 75, forecasts: false },
        {
          thresholds: [
            { basis: 'ACTUAL', percent: 50 },
            { basis: 'FORECAST', percent: 100 },
          ],
        },
      ),
    ).toBe(false)
  })

  it('is of spikes from a percentage on, from nothing, and of their end', () => {
    const of = (fields: object) =>
      hears({ alerts: { costSpikes: { minimumPercent: 50 } } }, 'CostSpikeEvent', fields)
    expect(of({ percentage: 49 })).toBe(false)
    expect(of({ percentage: 50 })).toBe(true)
    expect(of({ percentage: undefined })).toBe(true)
    expect(of({ percentage: 1, change: 'CLOSED' })).toBe(true)
  })

  it('is of findings from a severity on, and of who checked', () => {
    const of = (compliance: object, fields: object) =>
      hears({ alerts: { compliance } }, 'ComplianceAlertEvent', fields)
    expect(of({ fromSeverity: 'HIGH' }, { severity: 'MEDIUM' })).toBe(false)
    expect(of({ fromSeverity: 'HIGH' }, { severity: 'CRITICAL' })).toBe(true)
    expect(of({ checkedBy: ['guardduty'] }, { checkedBy: 'belfry' })).toBe(false)
    expect(of({ checkedBy: ['guardduty', 'belfry'] }, { checkedBy: 'belfry' })).toBe(true)
  })
})
