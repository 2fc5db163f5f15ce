import { setImmediate } from 'node:timers/promises'

import type { AlertSegment, CostSpikeAlert } from '#src/model/alert.ts'
import type { SpikeDetector } from '#src/model/budget.ts'
import { ALERT_EVENTS } from '#src/model/catalogue/cost-and-compliance.ts'
import type { CostRow, Day } from '#src/model/cost.ts'
import { addDays, dayOf, daysBetween, daysFrom } from '#src/model/day.ts'
import { formatMoney, sumOf } from '#src/model/money.ts'
import type { State } from '#src/ports/state.ts'
import type { CompiledView } from '#src/views/compiled-view.ts'
import { alertSegment } from '#src/views/view-table.ts'
import { LATE_DAYS_MAX } from './budget-periods.ts'
import type { EvaluationPorts } from './budget-evaluation.ts'
import { causesOf } from './contributors.ts'
import { firstDayWithCosts, inCurrency, rounded, units } from './forecast.ts'
import { carriedOn, impactOf } from './incidents.ts'
import type { Incident, IncidentNews, JudgedDay } from './incidents.ts'
import { DETECTORS, INCIDENTS, WATCHED_FROM } from './spike-detectors.ts'
import { judge } from './spikes.ts'
import type { DetectorSettings } from './spikes.ts'
import { daysOf, isSteady, lastDayOf } from './spend-tally.ts'
import type { SpendSeries, SpendTally } from './spend-tally.ts'

/** Where a detector looks. */
export interface SpikeScope {
  /** In keys of incidents: `organisation`, `account|111122223333`, `segment|<id>`. */
  readonly key: string
  readonly series: SpendSeries
  readonly accountId?: string
  readonly segment?: AlertSegment
  readonly counts: (row: CostRow) => boolean
}

/** The costs that detectors look at: complete days alone, as part of a day is no day like others. */
export interface CompleteCosts {
  readonly tally: SpendTally
  readonly views: readonly CompiledView[]
}

/** Costs that are restated so many days later are judged again. */
const JUDGED_DAYS = 14

/**
 * Judges the newest days in each scope of a detector. A new detector begins with the newest day;
 * days that are long past are told by nobody. What is told, and the incident as it then is, become
 * durable in one transaction.
 */
export async function evaluateDetector(
  ports: EvaluationPorts,
  detector: SpikeDetector,
  given: CompleteCosts,
): Promise<void> {
  const { state, clock } = ports
  const completeThrough = lastDayOf(given.tally)
  const watchedFrom = await watchFrom(state, detector, completeThrough)
  if (watchedFrom === undefined) return
  const oldest = addDays(dayOf(clock.now()), -LATE_DAYS_MAX)
  const starts = [addDays(completeThrough, 1 - JUDGED_DAYS), watchedFrom, oldest, given.tally.from]
  const from = starts.reduce((a, b) => (a > b ? a : b))
  if (from > completeThrough) return
  for (const scope of scopesOf(detector, given)) {
    // Nothing else gets a turn while a model is made.
    await setImmediate()
    const days = judgedDays(detector, scope, { tally: given.tally, from, to: completeThrough })
    await evaluateScope(ports, { detector, scope, days, tally: given.tally })
  }
}

/** The scopes of a detector. Each segment has what falls in it, not what it bears of others. */
export function scopesOf(
  { scope: { kind, viewId }, currency }: Pick<SpikeDetector, 'scope' | 'currency'>,
  { tally, views }: CompleteCosts,
): readonly SpikeScope[] {
  if (kind === 'ORGANISATION') {
    const series = tally.organisation(currency)
    return [{ key: 'organisation', series, counts: isSteady }]
  }
  if (kind === 'ACCOUNTS') {
    return Array.from(tally.accounts(currency), ([accountId, series]) => ({
      key: `account|${accountId}`,
      series,
      accountId,
      counts: (row: CostRow) => row.accountId === accountId && isSteady(row),
    }))
  }
  const compiled = views.find(({ view }) => view.id === viewId)
  if (compiled === undefined) throw new Error('a detector looks at a view that is not there')
  return segmentScopes(compiled, tally.segments(compiled.view.id, currency))
}

function segmentScopes(
  compiled: CompiledView,
  series: readonly SpendSeries[],
): readonly SpikeScope[] {
  return series.map((ofSegment, at) => {
    const segment = alertSegment(compiled.view, at)
    return {
      key: `segment|${segment.segmentId}`,
      series: ofSegment,
      segment,
      counts: (row) => compiled.segmentOf(row) === at && isSteady(row),
    }
  })
}

export function judgedDays(
  settings: DetectorSettings,
  { series }: Pick<SpikeScope, 'series'>,
  { tally, from, to }: { readonly tally: SpendTally; readonly from: Day; readonly to: Day },
): readonly JudgedDay[] {
  const everything = Array.from(tally.currencies(), (one) => tally.organisation(one))
  const firsts = everything.map((one) => firstDayWithCosts(one) ?? tally.days)
  const costs = series.steady.map(inCurrency)
  const verdictAt = judge(settings, { costs, firstDay: Math.min(tally.days, ...firsts) })
  return daysFrom(from, to).map((day) => ({
    day,
    verdict: verdictAt(daysBetween(tally.from, day)),
  }))
}

/** The first day that a detector tells of; undefined: it is gone. */
async function watchFrom(
  state: State,
  { id }: SpikeDetector,
  completeThrough: Day,
): Promise<Day | undefined> {
  return state.transact(async (transaction) => {
    if ((await transaction.get(DETECTORS.things, id)) === undefined) return undefined
    const known = await transaction.get(WATCHED_FROM, id)
    if (known !== undefined) return known
    transaction.put(WATCHED_FROM, id, completeThrough)
    return completeThrough
  })
}

interface ScopeEvaluation {
  readonly detector: SpikeDetector
  readonly scope: SpikeScope
  readonly days: readonly JudgedDay[]
  readonly tally: SpendTally
}

async function evaluateScope(ports: EvaluationPorts, given: ScopeEvaluation): Promise<void> {
  const { detector, scope, days, tally } = given
  const key = `${detector.id}|${scope.key}`
  const { news: likely } = carriedOn(await ports.state.get(INCIDENTS, key), days)
  const newest = likely.at(-1)?.incident
  if (newest === undefined) return
  const { organisationId, currency } = detector
  const contributors = await causesOf(
    ports.costs,
    { organisationId, currency, counts: scope.counts },
    { day: newest.lastDay, impact: units(newest.verdict.actual - newest.verdict.expected) },
  )
  await ports.actions.perform(undefined, async ({ transaction, tell }) => {
    // One that was changed meanwhile is evaluated again anyway.
    const current = await transaction.get(DETECTORS.things, detector.id)
    if (current?.modifiedAt !== detector.modifiedAt) return
    const { incident, news } = carriedOn(await transaction.get(INCIDENTS, key), days)
    for (const one of news) {
      const alert = { ...alertOf(detector, scope, one), ...pastOf(tally, scope, one), contributors }
      const fields: CostSpikeAlert = alert
      tell(ALERT_EVENTS.COST_SPIKE, { organisationId, fields })
    }
    if (incident !== undefined && news.length > 0) transaction.put(INCIDENTS, key, incident)
  })
}

function alertOf(detector: SpikeDetector, scope: SpikeScope, { change, incident }: IncidentNews) {
  const { firstDay, lastDay, verdict } = incident
  const { score, percentage } = verdict
  return {
    alertId: `spike/${detector.id}/${scope.key}/${firstDay}`,
    severity: change === 'CLOSED' ? ('INFORMATIONAL' as const) : severityOf(incident),
    segments: scope.segment === undefined ? [] : [scope.segment],
    detectorId: detector.id,
    detectorNumber: detector.number,
    detectorName: detector.name,
    change,
    ...(isAwsAccount(scope.accountId) && { awsAccountId: scope.accountId }),
    ...(scope.accountId !== undefined &&
      !isAwsAccount(scope.accountId) && { accountName: scope.accountId }),
    method: detector.method,
    ...(score !== undefined && { score: rounded(score) }),
    day: lastDay,
    firstDay,
    currency: detector.currency,
    expected: formatMoney(units(verdict.expected)),
    actual: formatMoney(units(verdict.actual)),
    impact: formatMoney(units(impactOf(incident))),
    ...(percentage !== undefined && { percentage: rounded(percentage) }),
  }
}

/** Sub accounts of other providers are told by their own ids. */
function isAwsAccount(accountId: string | undefined): accountId is string {
  return accountId !== undefined && /^\d{12}$/.test(accountId)
}

const DAYS_COMPARED = 7
const DAYS_TOTALLED = 30

function pastOf(
  tally: SpendTally,
  { series }: SpikeScope,
  { incident: { lastDay } }: { readonly incident: Incident },
) {
  const total = { from: addDays(lastDay, 1 - DAYS_TOTALLED), to: lastDay }
  return {
    comparedFrom: addDays(lastDay, -DAYS_COMPARED),
    comparedTo: addDays(lastDay, -1),
    totalOf30Days: formatMoney(sumOf(daysOf(tally, series.steady, total))),
  }
}

const SEVERE_PERCENT = 300
const HIGH_PERCENT = 100

/** What comes from nothing is as bad as what doubles. */
function severityOf({ verdict }: Incident): CostSpikeAlert['severity'] {
  const { percentage = HIGH_PERCENT } = verdict
  if (percentage >= SEVERE_PERCENT) return 'CRITICAL'
  return percentage >= HIGH_PERCENT ? 'HIGH' : 'MEDIUM'
}
