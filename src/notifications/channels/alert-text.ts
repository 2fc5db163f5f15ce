import type {
  AlertContributor,
  AlertSegment,
  BudgetAlert,
  ComplianceAlert,
  CostSpikeAlert,
  Withdrawal,
} from '#src/model/alert.ts'
import { ALERT_EVENTS } from '#src/model/catalogue/cost-and-compliance.ts'
import type { ReaderText } from './reader-text.ts'
import type { AlertEvent, Message, MessageItem } from './sending.ts'

/** What the events of one incident say to a reader. */
export interface Told extends Pick<Message, 'title' | 'summary' | 'facts' | 'items'> {
  readonly isOver: boolean
}

/** @param events of one incident, the oldest first */
export function told(events: readonly [AlertEvent, ...AlertEvent[]], text: ReaderText): Told {
  const last = events.at(-1) ?? events[0]
  switch (last.name) {
    case ALERT_EVENTS.BUDGET:
      return ofBudget(last.alert, text)
    case ALERT_EVENTS.COST_SPIKE:
      return ofSpike(last.alert, text)
    case ALERT_EVENTS.COMPLIANCE: {
      const alerts = events.flatMap((each) =>
        each.name === ALERT_EVENTS.COMPLIANCE ? [each.alert] : [],
      )
      return ofCompliance(alerts, last.alert, text)
    }
    default:
      return last satisfies never
  }
}

function ofBudget(alert: BudgetAlert, text: ReaderText): Told {
  const { currency, budgetName, change, thresholds } = alert
  const money = (amount: string) => text.money(amount, currency)
  const isCorrected = change === 'CORRECTED'
  const remaining = (isCorrected && alert.remaining) || []
  const highest = thresholds.at(-1)
  // Below the lowest of those that are corrected it is below all of them.
  const spoken = isCorrected ? thresholds[0] : highest
  const share = text.percent(spoken?.percent ?? alert.percentage)
  const period = alert.period === 'ANNUAL' ? 'annual' : 'monthly'
  const done = highest?.basis === 'FORECAST' ? 'is forecast to be spent' : 'is spent'
  const whole = `the ${period} budget`
  const forecast = forecastText(alert, money)
  return {
    isOver: isCorrected && remaining.length === 0,
    title: isCorrected
      ? `${budgetName}: below ${share} of ${whole} again`
      : `${budgetName}: ${share} of ${whole} ${done}`,
    summary: [
      isCorrected ? correctionText(remaining, text) : '',
      `${money(alert.spend)} of ${money(alert.budget)} (${text.percent(alert.percentage)}) is spent; ${completeText(alert, text)}.`,
      forecast === undefined ? '' : `The forecast of the whole period is ${forecast}.`,
      alert.late ? 'The period was over before these costs came in.' : '',
    ]
      .filter((sentence) => sentence !== '')
      .join(' '),
    facts: facts({
      Where: segmentsText(alert.segments),
      Budget: money(alert.budget),
      Spent: `${money(alert.spend)} (${text.percent(alert.percentage)})`,
      Forecast: forecast,
      [isCorrected ? 'Corrected' : 'Thresholds']: thresholdsText(thresholds, text),
      'Not corrected': thresholdsText(remaining, text),
      Period: `${text.day(alert.periodStart)} to ${text.dayBefore(alert.periodEnd)} (UTC)`,
      'A day, last 7 days': money(alert.averageOfPrevious7Days),
      'A day, month before': money(alert.averageOfPreviousMonth),
      Counts: alert.costs === 'USAGE' ? 'usage costs' : 'all costs',
    }),
    items: contributorItems(alert, text, ' of what is spent'),
  }
}

function completeText({ completeThrough }: BudgetAlert, text: ReaderText): string {
  if (completeThrough === undefined) return 'more is to come, as no day is complete yet'
  return `costs are complete through ${text.day(completeThrough)}`
}

/** An interval that ends at so many times the estimate says only that nobody knows. */
const UNCERTAIN_FROM = 4

function forecastText(
  { estimate, estimateLow: low, estimateHigh: high }: BudgetAlert,
  money: (amount: string) => string,
): string | undefined {
  if (estimate === undefined) return undefined
  if (low === undefined || high === undefined) return money(estimate)
  if (Number(high) > UNCERTAIN_FROM * Number(estimate)) return `${money(estimate)}, very uncertain`
  return `${money(estimate)} (${money(low)} to ${money(high)})`
}

function correctionText(remaining: BudgetAlert['thresholds'], text: ReaderText): string {
  return remaining.length === 0
    ? 'Restated costs corrected what was reported.'
    : `Restated costs corrected some of what was reported, but not: ${thresholdsText(remaining, text)}.`
}

function thresholdsText(thresholds: BudgetAlert['thresholds'], text: ReaderText): string {
  return thresholds
    .map(({ basis, percent }) => `${text.percent(percent)} ${BASES[basis]}`)
    .join(', ')
}

const BASES = { ACTUAL: 'spent', FORECAST: 'forecast' } as const

/** A greater share of next to nothing says less than the amounts. */
const PERCENT_TOLD_MAX = 1_000

function ofSpike(alert: CostSpikeAlert, text: ReaderText): Told {
  const money = (amount: string) => text.money(amount, alert.currency)
  const account = accountText(alert)
  const where = account ?? segmentsText(alert.segments)
  const { percentage } = alert
  const usual = percentage === undefined ? 'nothing' : money(alert.expected)
  const more =
    percentage === undefined || percentage > PERCENT_TOLD_MAX
      ? `${money(alert.actual)} where ${usual} was expected`
      : `${text.percent(percentage)} more than expected`
  const isOver = alert.change === 'CLOSED'
  const isOneDay = alert.day === alert.firstDay
  const since = isOneDay ? 'That' : `Since ${text.day(alert.firstDay)} that`
  const goesOn = alert.change === 'UPDATED' ? ' goes on' : ''
  return {
    isOver,
    title: isOver ? `Cost spike in ${where} is over` : `Cost spike in ${where}${goesOn}: ${more}`,
    summary: `${text.day(alert.day)} cost ${money(alert.actual)}; such a day costs ${money(alert.expected)}. ${since} is ${money(alert.impact)} more.`,
    facts: facts({
      Where: where,
      ...(account !== undefined && segmentsFact(alert)),
      Since: `${text.day(alert.firstDay)} (UTC)`,
      ...(!isOneDay && { 'Latest day': `${text.day(alert.day)} (UTC)` }),
      Cost: money(alert.actual),
      Expected: money(alert.expected),
      'More so far': money(alert.impact),
      'Compared with': `${text.day(alert.comparedFrom)} to ${text.day(alert.comparedTo)}`,
      'Last 30 days': money(alert.totalOf30Days),
      Detector: alert.detectorName,
    }),
    items: contributorItems(alert, text, ' of what the day cost more'),
  }
}

function ofCompliance(
  alerts: readonly ComplianceAlert[],
  alert: ComplianceAlert,
  text: ReaderText,
): Told {
  const resources = resourcesOf(alerts)
  const isSummary = alert.change === 'SUMMARY'
  const failing = resources.filter(({ change }) => change === 'FAILED')
  const isOver = isSummary ? alert.failing === 0 : failing.length === 0
  const shown = failing.length === 0 ? resources : failing
  const accounts = new Set(shown.flatMap((each) => accountText(each) ?? []))
  const facts1 = {
    Rule: alert.ruleName,
    Where: accounts.size === 0 ? segmentsText(alert.segments) : [...accounts].join(', '),
    ...(accounts.size === 1 && segmentsFact(alert)),
    'Checked by': `${alert.checkedBy} (${alert.ruleId})`,
  }
  const checked = momentText(alert.evaluatedAt, text)
  if (isSummary) {
    const [bad, good] = [alert.failing ?? 0, alert.passing ?? 0]
    const of = `${text.count(bad)} of ${text.count(bad + good)} resources`
    return {
      isOver,
      title: isOver ? `${alert.ruleName}: all comply` : `${alert.ruleName}: ${of} do not comply`,
      summary: `The first results of this rule: ${of} do not comply.`,
      facts: facts({ ...facts1, Failing: text.count(bad), Passing: text.count(good), At: checked }),
      items: [],
    }
  }
  const one = resources.length === 1
  const [first = alert] = shown
  // Of those that the title is about, so that it says nothing of another one.
  const spoken = isOver ? alert : (failing.at(-1) ?? alert)
  const is = shown.length === 1
  return {
    isOver,
    title: `${alert.ruleName}: ${is ? resourceName(first) : `${text.count(shown.length)} resources`} ${standing(shown)[is ? 'one' : 'many']}`,
    summary:
      spoken.withdrawal === undefined
        ? (spoken.reason ?? `${spoken.checkedBy} evaluated the rule ${spoken.ruleName}.`)
        : `Over: ${is ? `it ${standing(shown).one}` : `they ${standing(shown).many}`}.`,
    facts: facts({
      ...facts1,
      ...(one && {
        Resource: alert.resourceId,
        Type: alert.resourceType,
        Region: alert.resourceRegion,
        Tags: tagsText(alert.resourceTags),
      }),
      Since: momentText((alerts[0] ?? alert).evaluatedAt, text),
      Frameworks: alert.frameworks.join(', '),
    }),
    items: resources.map(resourceItem),
  }
}

/** How each resource stands: it fails as long as anything that was found of it does. */
function resourcesOf(alerts: readonly ComplianceAlert[]): readonly ComplianceAlert[] {
  const findings = new Map(alerts.map((each) => [each.findingId, each]))
  const resources = new Map<string, ComplianceAlert>()
  for (const each of findings.values()) {
    const { awsAccountId, resourceRegion, resourceId = each.findingId } = each
    // Not all ids are of one account and region alone: they may be names.
    const key = JSON.stringify([awsAccountId, resourceRegion, resourceId])
    if (resources.get(key)?.change !== 'FAILED') resources.set(key, each)
  }
  return [...resources.values()]
}

const WITHDRAWN = {
  RESOURCE_DELETED: { one: 'is gone', many: 'are gone' },
  NOT_APPLICABLE: {
    one: 'is not what the rule is about any more',
    many: 'are not what the rule is about any more',
  },
  RULE_DISABLED: { one: 'is not checked by it any more', many: 'are not checked by it any more' },
  ACCOUNT_CLOSED: { one: 'is of a closed account', many: 'are of closed accounts' },
  ARCHIVED: { one: 'was archived where it was found', many: 'were archived where they were found' },
  SUPPRESSED: {
    one: 'was suppressed where it was found',
    many: 'were suppressed where they were found',
  },
} as const satisfies { readonly [reason in Withdrawal]: object }

/** How resources stand that stand alike, or at least all fail, or all fail no more. */
function standing(alerts: readonly ComplianceAlert[]): {
  readonly one: string
  readonly many: string
} {
  const kinds = new Set(alerts.map(({ change, withdrawal }) => withdrawal ?? change))
  const [kind, ...others] = kinds
  if (kind === 'FAILED') return { one: 'does not comply', many: 'do not comply' }
  if (others.length > 0) return { one: 'fails no more', many: 'fail no more' }
  return kind === undefined || kind === 'PASSED' || kind === 'SUMMARY' || kind === 'WITHDRAWN'
    ? { one: 'complies again', many: 'comply again' }
    : WITHDRAWN[kind]
}

/** A leap second, which publishers may name, is no time of JavaScript's. */
function momentText(dateTime: string, text: ReaderText): string {
  const at = Date.parse(dateTime)
  return Number.isNaN(at) ? dateTime : text.moment(at)
}

/** Only what there is to say. */
function facts(values: Readonly<Record<string, string | undefined>>): Message['facts'] {
  return Object.entries(values).flatMap(([label, value]) =>
    value === undefined || value === '' ? [] : [{ label, value }],
  )
}

function segmentsText(segments: readonly AlertSegment[]): string {
  if (segments.length === 0) return 'the whole organisation'
  return segments.map(({ viewName, segmentTitle }) => `${viewName} / ${segmentTitle}`).join(', ')
}

/** Beside an account, which says where already. */
function segmentsFact({ segments }: { readonly segments: readonly AlertSegment[] }) {
  return segments.length === 0 ? {} : { Segments: segmentsText(segments) }
}

function accountText({
  awsAccountId,
  accountName,
}: Pick<CostSpikeAlert, 'awsAccountId' | 'accountName'>): string | undefined {
  if (awsAccountId === undefined) return undefined
  return accountName === undefined ? awsAccountId : `${accountName} (${awsAccountId})`
}

/** What would be written as 0 %. */
const LEAST_SHARE = 0.0005

function contributorItems(
  { contributors, currency }: BudgetAlert | CostSpikeAlert,
  text: ReaderText,
  ofWhat: string,
): readonly MessageItem[] {
  return contributors
    .filter(({ share }) => Math.abs(share) >= LEAST_SHARE)
    .map((contributor) => ({
      text: `${contributorText(contributor)}: ${text.money(contributor.amount, currency)} (${text.percent(contributor.share * 100)}${ofWhat})`,
    }))
}

function contributorText({ dimension, value }: AlertContributor): string {
  if (dimension === 'shared') return `Shared costs of ${value}`
  return dimension === 'other' ? 'All others' : `${capitalised(dimension)} ${value}`
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}

function resourceItem(alert: ComplianceAlert): MessageItem {
  const { resourceId, findingId, change } = alert
  const url = urlOf(alert)
  const account = accountText(alert)
  const passed = change === 'FAILED' ? '' : `: ${standing([alert]).one}`
  const where = account === undefined ? '' : ` in ${account}`
  return {
    text: `${resourceId ?? findingId}${where}${passed}`,
    ...(url !== undefined && { url }),
  }
}

/** As long as there is room for beside others. */
const URL_CHARACTERS_MAX = 1_000

/** As it is written where no blank or bracket ends a link; the text of a finding is foreign. */
function urlOf({ link = '' }: ComplianceAlert): string | undefined {
  if (!link.startsWith('https://') || !URL.canParse(link)) return undefined
  const { href } = new URL(link)
  return href.length <= URL_CHARACTERS_MAX ? href : undefined
}

/** The last part of an ARN says enough beside the rest. */
function resourceName({ resourceId, findingId }: ComplianceAlert): string {
  return resourceId?.split(/[/:]/).at(-1) || resourceId || findingId
}

const TAGS_SHOWN_MAX = 8

function tagsText(tags: Readonly<Record<string, string>>): string {
  const all = Object.entries(tags).map(([key, value]) => `${key}=${value}`)
  const left = all.length - TAGS_SHOWN_MAX
  return all.slice(0, TAGS_SHOWN_MAX).join(', ') + (left > 0 ? ` and ${left} more` : '')
}
