import type { BudgetAlert, ComplianceAlert, CostSpikeAlert, Withdrawal } from '#src/model/alert.ts'
import { eventTypeOf, faultOfFields } from '#src/model/catalogue/catalogue.ts'
import { ALERT_EVENTS } from '#src/model/catalogue/cost-and-compliance.ts'
import type { EventType } from '#src/model/catalogue/event-type.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import type { Notification } from '#src/model/notification.ts'
import type { AlertEvent } from './channels/sending.ts'

const NAMES: ReadonlySet<string> = new Set(Object.values(ALERT_EVENTS))

/**
 * The alert that an event of the tenancy tells of; undefined where it tells of none.
 * @param json the whole event
 */
export function alertEventOf(json: string, { prefix }: EventNamespace): AlertEvent | undefined {
  const { id, time, detail } = JSON.parse(json) as {
    readonly id: string
    readonly time: string
    readonly detail: Readonly<Record<string, unknown>>
  }
  const name = detail[`${prefix}EventName`]
  if (typeof name !== 'string' || !NAMES.has(name)) return undefined
  // A publisher outside of the hub may have sent it under a newer version of its type.
  if (faultOfFields(eventTypeOf(name) as EventType, detail) !== undefined) return undefined
  return { id, at: Date.parse(time), name, alert: detail } as unknown as AlertEvent
}

/** What alerts of one incident have in common. */
export interface Cause {
  /** The same for all alerts of the incident, and for no other. */
  readonly group: string
  /** In words of one line. */
  readonly cause: string
  readonly title: string
  readonly owner?: string
}

/** Costs: each budget's period and each spike. Compliance: what one owner has of one rule. */
export function causeOf(event: AlertEvent, { ownerTag }: Pick<Notification, 'ownerTag'>): Cause {
  if (event.name === ALERT_EVENTS.BUDGET) return budgetCause(event.alert)
  if (event.name === ALERT_EVENTS.COST_SPIKE) return spikeCause(event.alert)
  return complianceCause(event.alert, ownerTag)
}

function budgetCause({ alertId, budgetName, budgetNumber, periodStart }: BudgetAlert): Cause {
  return {
    group: alertId,
    cause: `budget ${budgetNumber}, from ${periodStart}`,
    title: `Budget “${budgetName}”`,
  }
}

function spikeCause(alert: CostSpikeAlert): Cause {
  const { alertId, detectorName, detectorNumber, firstDay, accountName, awsAccountId } = alert
  const place = accountName ?? awsAccountId
  return {
    group: alertId,
    cause: `spike detector ${detectorNumber}, from ${firstDay}`,
    title: `Cost spike${place === undefined ? '' : ` in ${place}`} (“${detectorName}”)`,
    ...(awsAccountId !== undefined && { owner: `account ${awsAccountId}` }),
  }
}

function complianceCause(alert: ComplianceAlert, ownerTag: string | undefined): Cause {
  const { alertId, checkedBy, ruleId, ruleName, resourceTags, awsAccountId } = alert
  const tagged = ownerTag === undefined ? undefined : resourceTags[ownerTag]?.trim()
  const account = awsAccountId === undefined ? undefined : `account ${awsAccountId}`
  // A tag without a value names nobody.
  const owner = tagged || account
  return {
    // Nothing that goes on is to be in an incident that ends by itself.
    group: JSON.stringify([
      checkedBy,
      ruleId,
      owner ?? '',
      ...(namesNothing(alert) ? [alertId] : []),
    ]),
    cause: `rule ${ruleId} of ${checkedBy}`,
    title: ruleName,
    ...(owner !== undefined && { owner }),
  }
}

/**
 * What an alert does to what is open of its incident; `eases`: some of it is over, and the rest goes on.
 * @param alerts of which a notification tells: what it does not is nothing that goes on for it
 */
export function endingOf(
  { name, alert }: AlertEvent,
  { budgets = {} }: Notification['alerts'] = {},
): 'opens' | 'eases' | 'ends' {
  const { change } = alert
  if (name === ALERT_EVENTS.COMPLIANCE) {
    if (change === 'FAILED' || change === 'SUMMARY') return 'opens'
    return (leftOfSummary({ name, alert }) ?? 0) > 0 ? 'eases' : 'ends'
  }
  if (name === ALERT_EVENTS.COST_SPIKE) return change === 'CLOSED' ? 'ends' : 'opens'
  if (change !== 'CORRECTED') return 'opens'
  const { fromPercent = 0, forecasts = true } = budgets
  const goesOn = alert.remaining?.some(
    ({ basis, percent }) => percent >= fromPercent && (forecasts || basis === 'ACTUAL'),
  )
  return goesOn === true ? 'eases' : 'ends'
}

/** Of the end of something that a summary told of: how many others of it still fail. */
export function leftOfSummary({
  name,
  alert,
}: Pick<AlertEvent, 'name' | 'alert'>): number | undefined {
  if (name !== ALERT_EVENTS.COMPLIANCE) return undefined
  const { change, failing } = alert as ComplianceAlert
  return change === 'PASSED' || change === 'WITHDRAWN' ? failing : undefined
}

/** How much an alert says is so; undefined: no more is so than was before, and no less. */
export function countOf({ name, alert }: AlertEvent): number | undefined {
  if (name !== ALERT_EVENTS.COMPLIANCE) return undefined
  return alert.change === 'SUMMARY' ? alert.failing : leftOfSummary({ name, alert })
}

/** Why an end is told to nobody: whoever brought it about knows, and there is nothing to do. */
export function quietEndOf({ name, alert }: AlertEvent): string | undefined {
  if (name !== ALERT_EVENTS.COMPLIANCE || alert.withdrawal === undefined) return undefined
  return QUIET_ENDS[alert.withdrawal]
}

const QUIET_ENDS: { readonly [reason in Withdrawal]: string | undefined } = {
  RESOURCE_DELETED: undefined,
  NOT_APPLICABLE: undefined,
  ARCHIVED: undefined,
  SUPPRESSED: 'over without a message: it was suppressed where it was found',
  RULE_DISABLED: 'over without a message: the rule is not applied any more',
  ACCOUNT_CLOSED: 'over without a message: the account is closed',
}

const DAY_MS = 24 * 60 * 60 * 1_000

/**
 * When an incident is over that no other event ends: a budget's with its period, and that of a summary
 * that names no resources, as hubs told them that did not tell of each end.
 */
export function endsByItself(event: AlertEvent, now: number): number | undefined {
  if (event.name === ALERT_EVENTS.BUDGET) {
    return Math.max(Date.parse(event.alert.periodEnd), now + DAY_MS)
  }
  if (event.name !== ALERT_EVENTS.COMPLIANCE) return undefined
  return namesNothing(event.alert) ? now + DAY_MS : undefined
}

function namesNothing({ change, resources = [] }: ComplianceAlert): boolean {
  return change === 'SUMMARY' && resources.length === 0
}

/** Why a notification does not want an alert that its rule lets through, as no pattern can tell. */
export function unwanted(
  event: AlertEvent,
  { alerts }: Pick<Notification, 'alerts'>,
): string | undefined {
  const minimum = alerts.costSpikes?.minimumIncrease
  if (event.name !== ALERT_EVENTS.COST_SPIKE || minimum === undefined) return undefined
  if (event.alert.change === 'CLOSED' || isAtLeast(event.alert.impact, minimum)) return undefined
  return `the increase of ${event.alert.impact} ${event.alert.currency} is below ${minimum}`
}

/** Of decimals, by their digits. */
function isAtLeast(amount: string, minimum: string): boolean {
  if (amount.startsWith('-')) return false
  const scaled = (text: string) => {
    const [whole = '0', fraction = ''] = text.split('.')
    return BigInt(whole + fraction.slice(0, SCALE).padEnd(SCALE, '0'))
  }
  return scaled(amount) >= scaled(minimum)
}

const SCALE = 12
