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
import { resourcesOf } from './standings.ts'
import type { AlertEvent, Message, MessageItem } from './sending.ts'
import { capitalised } from './wording.ts'

/** What the events of one incident say to a reader. */
export interface Told extends Pick<Message, 'title' | 'summary' | 'facts' | 'items'> {
  readonly isOver: boolean
  /** How many more there are than `items`, which no alert names. */
  readonly moreItems?: number
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
      'Daily, last 7 days': money(alert.averageOfPrevious7Days),
      'Daily, month before': money(alert.averageOfPreviousMonth),
      Counts: alert.costs === 'USAGE' ? 'usage costs' : 'all costs',
    }),
    items: contributorItems(alert, text, 'of what is spent'),
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
    summary: isOver
      ? `Over: costs are as usual again. It was ${isOneDay ? `on ${text.day(alert.day)}` : `from ${text.day(alert.firstDay)} to ${text.day(alert.day)}`}, and ${money(alert.impact)} more than expected.`
      : `${text.day(alert.day)} cost ${money(alert.actual)}; such a day costs ${money(alert.expected)}. ${since} is ${money(alert.impact)} more.`,
    facts: facts({
      Where: where,
      ...(account !== undefined && segmentsFact(alert)),
      Since: `${text.day(alert.firstDay)} (UTC)`,
      ...(!isOneDay && { 'Latest day': `${text.day(alert.day)} (UTC)` }),
      Cost: money(alert.actual),
      Expected: money(alert.expected),
      [isOver ? 'More in all' : 'More so far']: money(alert.impact),
      'Compared with': `${text.day(alert.comparedFrom)} to ${text.day(alert.comparedTo)}`,
      'Last 30 days': money(alert.totalOf30Days),
      Detector: alert.detectorName,
    }),
    items: contributorItems(alert, text, 'of the increase'),
  }
}

function ofCompliance(
  alerts: readonly ComplianceAlert[],
  alert: ComplianceAlert,
  text: ReaderText,
): Told {
  const { resources, unlisted } = resourcesOf(alerts)
  const failing = resources.filter(({ change }) => change === 'FAILED')
  const isOver = failing.length + unlisted === 0
  const shown = isOver ? resources : failing
  const subject = subjectOf(alert, shown, unlisted, text)
  const isSummary = alert.change === 'SUMMARY'
  const accounts = new Set(shown.flatMap((each) => accountText(each) ?? []))
  const about = {
    Rule: alert.ruleName,
    Where: whereText(accounts, unlisted, alert),
    ...(accounts.size === 1 && segmentsFact(alert)),
    'Checked by': `${alert.checkedBy} (${alert.ruleId})`,
  }
  const isOne = resources.length === 1 && unlisted === 0
  const resource = isOne ? resourceFacts(resources[0] as ComplianceAlert) : {}
  const checked = momentText(alert.evaluatedAt, text)
  const common = {
    isOver,
    title: subject.title,
    // Of one alone all is said already, but where its details are.
    items: [...failing, ...resources.filter((each) => !failing.includes(each))]
      .map(resourceItem)
      .filter(({ url }) => !isOne || resources[0]?.resourceId === undefined || url !== undefined),
    moreItems: unlisted,
  }
  if (isSummary) {
    const [bad, good] = [alert.failing ?? 0, alert.passing ?? 0]
    return {
      ...common,
      summary: `The first results of this rule: ${subject.summary}`,
      facts: facts({
        ...about,
        ...resource,
        Failing: text.count(bad),
        Passing: text.count(good),
        'Checked at': checked,
      }),
    }
  }
  return {
    ...common,
    summary: subject.summary,
    facts: facts({
      ...about,
      ...resource,
      Failing: unlisted === 0 ? undefined : text.count(failing.length + unlisted),
      Since: momentText((alerts[0] ?? alert).evaluatedAt, text),
      Frameworks: alert.frameworks.join(', '),
    }),
  }
}

/**
 * What a message of compliance is about, in a title and a sentence.
 * @param shown those that fail, or where none does all that are over
 * @param unlisted how many more fail that no alert names
 */
function subjectOf(
  alert: ComplianceAlert,
  shown: readonly ComplianceAlert[],
  unlisted: number,
  text: ReaderText,
): Pick<Told, 'title' | 'summary'> {
  const { ruleName, change, failing = 0, passing = 0 } = alert
  const [first = alert] = shown
  const isOne = shown.length === 1 && unlisted === 0
  const stands = standing(shown)
  const isFailing = unlisted > 0 || first.change === 'FAILED'
  const isHappening = first.title !== undefined
  const count = shown.length + unlisted
  const isOfAll = change === 'SUMMARY' && !isHappening
  const counted = isOfAll
    ? `${text.count(failing)} of ${text.count(failing + passing)} resources`
    : `${text.count(count)} ${isHappening ? 'findings' : 'resources'}`
  if (change === 'SUMMARY' && count === 0) {
    return { title: `${ruleName}: all comply`, summary: `${counted} do not comply.` }
  }
  const many =
    isHappening && isFailing ? counted : `${counted} ${isFailing ? FAILS.many : stands.many}`
  const title = isOne ? titleOfOne(first, stands.one) : `${ruleName}: ${many}`
  if (change === 'SUMMARY') {
    return { title, summary: isHappening ? `${counted}.` : `${counted} do not comply.` }
  }
  // Of those that the title is about, so that it says nothing of another one.
  const spoken = isFailing ? shown.at(-1) : alert
  if (spoken === undefined) {
    return { title, summary: `Of what the first results told, ${counted} still fail.` }
  }
  return {
    title,
    summary:
      isFailing && spoken.withdrawal === undefined
        ? (spoken.reason ?? `${spoken.checkedBy} evaluated the rule ${spoken.ruleName}.`)
        : `Over: ${isOne ? `it ${stands.one}` : `they ${stands.many}`}.`,
  }
}

/** What happened is told as whoever found it does; a check by its rule. */
function titleOfOne(alert: ComplianceAlert, stands: string): string {
  const { title, ruleName, change } = alert
  const name = resourceName(alert)
  if (title === undefined) return `${ruleName}: ${name} ${stands}`
  const happened = title.includes(name) ? title : `${title.replace(/\.$/, '')}: ${name}`
  return change === 'FAILED' ? happened : `${happened} ${stands}`
}

function resourceFacts(alert: ComplianceAlert) {
  return {
    Resource: alert.resourceId,
    Type: alert.resourceType,
    Region: alert.resourceRegion,
    Tags: tagsText(alert.resourceTags),
  }
}

/** Where the rest is that no alert names nobody knows. */
function whereText(
  accounts: ReadonlySet<string>,
  unlisted: number,
  alert: ComplianceAlert,
): string {
  if (accounts.size === 0) return segmentsText(alert.segments)
  const all = [...accounts].join(', ')
  return unlisted === 0 ? all : `${all} (of those that are listed)`
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

const OVER = { one: 'is over', many: 'are over' } as const
const FAILS = { one: 'does not comply', many: 'do not comply' } as const

/** How resources stand that stand alike, or at least all fail, or all fail no more. */
function standing(alerts: readonly ComplianceAlert[]): {
  readonly one: string
  readonly many: string
} {
  const kinds = new Set(alerts.map(({ change, withdrawal }) => withdrawal ?? change))
  const [kind, ...others] = kinds
  if (kind === 'FAILED') return FAILS
  const isHappening = alerts[0]?.title !== undefined
  if (others.length > 0) {
    return isHappening ? OVER : { one: 'fails no more', many: 'fail no more' }
  }
  if (kind !== undefined && kind !== 'PASSED' && kind !== 'SUMMARY' && kind !== 'WITHDRAWN') {
    return WITHDRAWN[kind]
  }
  return isHappening ? OVER : { one: 'complies again', many: 'comply again' }
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
  { contributors, currency }: Contributed,
  text: ReaderText,
  ofWhat: string,
): readonly MessageItem[] {
  return contributors
    .filter(({ share }) => Math.abs(share) >= LEAST_SHARE)
    .map((contributor) => ({
      text: `${contributorText(contributor)}: ${text.money(contributor.amount, currency)} (${text.percent(contributor.share * 100)} ${ofWhat})`,
    }))
}

function contributorText({ dimension, value }: AlertContributor): string {
  if (dimension === 'shared') return `Shared costs of ${value}`
  return dimension === 'other' ? 'All others' : `${capitalised(dimension)} ${value}`
}

interface Contributed {
  readonly contributors: readonly AlertContributor[]
  readonly currency: string
}

function resourceItem(alert: ComplianceAlert): MessageItem {
  const { resourceId, findingId, change, resourceRegion, title } = alert
  const url = urlOf(alert)
  const places = [accountText(alert), resourceRegion].filter((place) => place !== undefined)
  const passed = change === 'FAILED' ? '' : `: ${standing([alert]).one}`
  const where = places.length === 0 ? '' : ` in ${places.join(', ')}`
  const happened = title === undefined ? '' : `${title}: `
  return {
    text: `${happened}${resourceId ?? findingId}${where}${passed}`,
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
