import type { BudgetAlert, ComplianceAlert, CostSpikeAlert } from '#src/model/alert.ts'
import { ALERT_EVENTS } from '#src/model/catalogue/cost-and-compliance.ts'
import type { AlertEvent, Message } from '../sending.ts'
import { findingsOf } from '../standings.ts'

/** Whose alerts they are: `client` in the bodies. */
export interface Client {
  readonly id: number
  readonly name: string
}

/** A body as the reference system posts it. */
export interface WebhookBody {
  readonly event: string
  readonly time: string
  readonly client: Client
  readonly payload: object
}

/** Beyond this a body goes on in another one: the bodies have no word for "and more". */
const RESOURCES_PER_BODY_MAX = 100

/**
 * The bodies of a message, in the reference system's words. It has none for what is over: programs
 * get what happened, once, as it was last told.
 */
export function webhookBodies(message: Message, client: Client): readonly WebhookBody[] {
  const body = (event: string, at: number, payload: object): WebhookBody => ({
    event,
    time: utcSeconds(at),
    client,
    payload,
  })
  if (message.kind === 'test') return [body('test', message.at, {})]
  // Whoever sees to it hears of what is new; programs do as well.
  if (message.state === 'RESOLVED') return []
  const latest = latestOfEach(message.events)
  const costs = latest.flatMap((event) => {
    if (event.name === ALERT_EVENTS.BUDGET && event.alert.change === 'REACHED') {
      return [body('budget_alert', event.at, budgetPayload(event.alert))]
    }
    if (event.name === ALERT_EVENTS.COST_SPIKE && event.alert.change !== 'CLOSED') {
      return [body('run_rate_spike', event.at, spikePayload(event.alert))]
    }
    return []
  })
  const found = message.events.flatMap((event) =>
    event.name === ALERT_EVENTS.COMPLIANCE ? [event.alert] : [],
  )
  const at = latest.at(-1)?.at ?? message.at
  const rules = compliancePayloads(failuresOf(found)).map((payload) =>
    body('noncompliant_evaluable_rules', at, payload),
  )
  return [...costs, ...rules]
}

/** What each budget and spike came to: earlier events of it have been told before. */
function latestOfEach(events: readonly AlertEvent[]): readonly AlertEvent[] {
  const latest = new Map<string, AlertEvent>()
  for (const event of events) {
    const { alertId } = event.alert
    latest.delete(alertId)
    latest.set(alertId, event)
  }
  return [...latest.values()]
}

/**
 * Amounts are numbers in these bodies: up to 15 digits of a decimal stay as they are in the float
 * between, which is more than a bill has.
 */
function budgetPayload(alert: BudgetAlert): object {
  const [segment] = alert.segments
  return {
    current_percentage: alert.percentage,
    previous_months_average_spend: Number(alert.averageOfPreviousMonth),
    previous_7_days_average_spend: Number(alert.averageOfPrevious7Days),
    // Without a forecast what is spent is what is known of it.
    estimated_spend: Number(alert.estimate ?? alert.spend),
    current_budget: Number(alert.budget),
    ...(segment !== undefined && {
      segment: {
        id: segment.segmentNumber,
        title: segment.segmentTitle,
        view: { id: segment.viewNumber, name: segment.viewName },
      },
    }),
  }
}

function spikePayload(alert: CostSpikeAlert): object {
  return {
    normal_run_rate: Number(alert.expected),
    current_run_rate: Number(alert.actual),
    // From nothing there is no percentage.
    variance_percentage: alert.percentage ?? null,
    day: `${alert.day}T00:00:00+00:00`,
    comparison_period: {
      starts: `${alert.comparedFrom}T00:00:00+00:00`,
      ends: `${alert.comparedTo}T23:59:59+00:00`,
    },
    last_30_days_total: Number(alert.totalOf30Days),
  }
}

interface Failure {
  readonly alert: ComplianceAlert
  /** Stands for so many more that a summary counts and does not list. */
  readonly unlisted?: number
}

/** What fails by now of all that is told. */
function failuresOf(alerts: readonly ComplianceAlert[]): readonly Failure[] {
  const byRule = Map.groupBy(alerts, ({ ruleNumber }) => ruleNumber)
  return [...byRule.values()].flatMap((ofRule) => {
    const { findings, unlisted } = findingsOf(ofRule)
    const failures: Failure[] = findings
      .filter(({ change }) => change === 'FAILED')
      .map((alert) => ({ alert }))
    // That others of it still fail was told with the summary.
    const summary = ofRule.findLast(({ change }) => change === 'SUMMARY')
    if (summary === undefined || unlisted === 0) return failures
    return [...failures, { alert: summary, unlisted }]
  })
}

interface RuleEntry {
  readonly rule: object
  readonly resources: object[]
  /** Ours: of very many a summary lists the first. */
  more_resources?: number
}

/** Several rules in a body, each with its resources. */
function compliancePayloads(failures: readonly Failure[]): readonly object[] {
  const payloads: object[] = []
  for (let start = 0; start < failures.length; start += RESOURCES_PER_BODY_MAX) {
    const byRule = new Map<number, RuleEntry>()
    for (const { alert, unlisted } of failures.slice(start, start + RESOURCES_PER_BODY_MAX)) {
      const { ruleNumber: id, ruleName: name } = alert
      const entry = byRule.get(id) ?? { rule: { id, name }, resources: [] }
      byRule.set(id, entry)
      if (unlisted !== undefined) entry.more_resources = unlisted
      else if (alert.resourceId !== undefined) entry.resources.push(resourceOf(alert))
    }
    payloads.push({ rules: [...byRule.values()] })
  }
  return payloads
}

/** Nothing is published of a resource's properties: these are ours. */
function resourceOf(alert: ComplianceAlert): object {
  const { resourceId, resourceType, awsAccountId, accountName, resourceRegion } = alert
  return {
    id: resourceId,
    ...(resourceType !== undefined && { type: resourceType }),
    ...(awsAccountId !== undefined && {
      account: { id: awsAccountId, ...(accountName !== undefined && { name: accountName }) },
    }),
    ...(resourceRegion !== undefined && { region: resourceRegion }),
  }
}

/** `2019-10-07T01:53:27Z`: with Z, while days in payloads end in +00:00. */
function utcSeconds(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
