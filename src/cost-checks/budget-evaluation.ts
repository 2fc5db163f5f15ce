import type { BudgetAlert } from '#src/model/alert.ts'
import type { Budget, BudgetStatus } from '#src/model/budget.ts'
import { ALERT_EVENTS } from '#src/model/catalogue/cost-and-compliance.ts'
import type { CostRow, Day } from '#src/model/cost.ts'
import { addDays, addMonths, daysBetween } from '#src/model/day.ts'
import { ZERO, formatMoney, sumOf, timesRatio } from '#src/model/money.ts'
import type { Money } from '#src/model/money.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { CostStore } from '#src/ports/cost-store.ts'
import type { State } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import type { CompiledView } from '#src/views/compiled-view.ts'
import { alertSegment } from '#src/views/view-table.ts'
import { amountOf, openPeriods } from './budget-periods.ts'
import type { BudgetPeriod } from './budget-periods.ts'
import { BUDGET_STATES, budgetStateKey } from './budget-states.ts'
import { decide } from './budget-thresholds.ts'
import type { Decision, Figures, Threshold } from './budget-thresholds.ts'
import { BUDGETS } from './budgets.ts'
import { greatestOf } from './contributors.ts'
import { FORECAST_DAYS_MIN, forecast, inCurrency, rounded } from './forecast.ts'
import type { Forecast } from './forecast.ts'
import { daysOf } from './spend-tally.ts'
import type { SpendSeries, SpendTally } from './spend-tally.ts'

export interface EvaluationPorts {
  readonly state: State
  readonly clock: Clock
  readonly actions: Actions
  readonly costs: Pick<CostStore, 'rows'>
}

/** The costs that checks are made against. */
export interface Evaluated {
  readonly tally: SpendTally
  readonly views: readonly CompiledView[]
  /** The last day of which all costs are in; the tally ends with it. */
  readonly completeThrough: Day
  readonly costsKey: string
}

/** The segments that bear the costs of a view and currency, split no more often than needed. */
export type BorneSeries = (viewId: string, currency: string) => Promise<readonly SpendSeries[]>

/**
 * Evaluates a budget in each period that may be told of. What is told, and that it was told, become
 * durable in one transaction, so that a crash repeats nothing and loses nothing.
 */
export async function evaluateBudget(
  ports: EvaluationPorts,
  budget: Budget,
  { borne, ...given }: Evaluated & { readonly borne: BorneSeries },
): Promise<void> {
  const now = ports.clock.now()
  const scope = await scopeOf(budget, given, borne)
  for (const period of openPeriods(budget, now)) {
    await evaluatePeriod(ports, { ...given, budget, scope, period, now })
  }
}

interface Scope {
  readonly series: SpendSeries
  readonly view?: CompiledView
  readonly segmentAt?: number
}

interface PeriodEvaluation extends Evaluated {
  readonly budget: Budget
  readonly scope: Scope
  readonly period: BudgetPeriod
  readonly now: number
}

async function scopeOf(
  { scope, currency }: Budget,
  { tally, views }: Pick<Evaluated, 'tally' | 'views'>,
  borne: BorneSeries,
): Promise<Scope> {
  if (scope === undefined) return { series: tally.organisation(currency) }
  const view = views.find(({ view: { id } }) => id === scope.viewId)
  const segmentAt = view?.view.segments.findIndex(({ id }) => id === scope.segmentId) ?? -1
  const series = view && (await borne(scope.viewId, currency))[segmentAt]
  if (view === undefined || series === undefined) {
    throw new Error(`a budget looks at segment ${scope.segmentId}, which is not there`)
  }
  return { series, view, segmentAt }
}

async function evaluatePeriod(ports: EvaluationPorts, given: PeriodEvaluation): Promise<void> {
  const { budget, period, completeThrough, now, costsKey } = given
  const key = budgetStateKey(budget, period)
  if (completeThrough < period.start) {
    const status: BudgetStatus = { budgetId: budget.id, state: 'NO_COSTS', evaluatedAt: now }
    await ports.state.transact(async (transaction) => {
      if ((await transaction.get(BUDGETS.things, budget.id))?.revision !== budget.revision) return
      const before = await transaction.get(BUDGET_STATES, key)
      const empty = { reached: [], corrected: [], foretold: [], costsKey }
      const after = { ...empty, ...before, revision: budget.revision, status }
      transaction.put(BUDGET_STATES, key, after)
    })
    return
  }
  const measured = measure(given)
  const { figures } = measured
  const isNews = ({ reached, corrected }: Decision) => reached.length + corrected.length > 0
  const likely = decide(budget, figures, await ports.state.get(BUDGET_STATES, key))
  const contributors = isNews(likely) ? await contributorsOf(ports.costs, given) : []
  await ports.actions.perform(undefined, async ({ transaction, tell }) => {
    // One that was changed meanwhile is evaluated again anyway.
    const current = await transaction.get(BUDGETS.things, budget.id)
    if (current?.modifiedAt !== budget.modifiedAt) return
    const decision = decide(budget, figures, await transaction.get(BUDGET_STATES, key))
    for (const change of ['REACHED', 'CORRECTED'] as const) {
      const thresholds = change === 'REACHED' ? decision.reached : decision.corrected
      if (thresholds.length === 0) continue
      const standing = change === 'CORRECTED' ? decision.remaining : decision.reached
      const alert = {
        ...alertOf(given, measured),
        change,
        thresholds: [...thresholds],
        ...(change === 'CORRECTED' && standing.length > 0 && { remaining: [...standing] }),
        severity: standing.length === 0 ? 'INFORMATIONAL' : severityOf(standing),
        contributors,
      } satisfies BudgetAlert
      tell(ALERT_EVENTS.BUDGET, { organisationId: budget.organisationId, fields: alert })
    }
    const status = statusFrom(given, measured, decision)
    transaction.put(BUDGET_STATES, key, { ...decision.after, status })
  })
}

interface Measured {
  readonly figures: Figures
  readonly through: Day
  readonly foretold: Forecast | undefined
}

function measure(given: PeriodEvaluation): Measured {
  const { budget, scope, period, tally, completeThrough, costsKey, now } = given
  const lastDay = addDays(period.end, -1)
  const through = completeThrough < lastDay ? completeThrough : lastDay
  const amounts = amountsOf(budget, scope)
  const spend = sumOf(daysOf(tally, amounts, { from: period.start, to: through }))
  const { start: periodStart, end: periodEnd } = period
  const isComplete = completeThrough >= lastDay
  const foretold = isComplete
    ? undefined
    : forecast({ tally, series: scope.series, costs: budget.costs, periodStart, periodEnd })
  return {
    through,
    foretold,
    figures: {
      budget: amountOf(budget, period),
      spend,
      ...(foretold !== undefined && { estimate: foretold.estimate }),
      completeThrough: through,
      costsKey,
      isOver: now >= Date.parse(periodEnd),
      now,
    },
  }
}

function amountsOf({ costs }: Budget, { series }: Scope): readonly Money[] {
  return costs === 'USAGE' ? series.usage : series.all
}

function alertOf(given: PeriodEvaluation, { figures, through, foretold }: Measured) {
  const { budget, scope, period, tally } = given
  const amounts = amountsOf(budget, scope)
  const monthBefore = { from: addMonths(through, -1), to: addDays(addMonths(through, 0), -1) }
  const week = { from: addDays(through, 1 - DAYS_OF_WEEK), to: through }
  const average = (range: { readonly from: Day; readonly to: Day }) => {
    const days = BigInt(daysBetween(range.from, range.to) + 1)
    return formatMoney(timesRatio(sumOf(daysOf(tally, amounts, range)), 1n, days))
  }
  return {
    alertId: `budget/${budget.id}/${period.start}`,
    segments:
      scope.view === undefined || scope.segmentAt === undefined
        ? []
        : [alertSegment(scope.view.view, scope.segmentAt)],
    budgetId: budget.id,
    budgetNumber: budget.number,
    budgetName: budget.name,
    costs: budget.costs,
    period: budget.period,
    periodStart: period.start,
    periodEnd: period.end,
    completeThrough: through,
    late: figures.isOver,
    currency: budget.currency,
    budget: formatMoney(figures.budget),
    spend: formatMoney(figures.spend),
    percentage: percentOf(figures.spend, figures.budget),
    ...(foretold !== undefined && {
      estimate: formatMoney(foretold.estimate),
      estimateLow: formatMoney(foretold.low),
      estimateHigh: formatMoney(foretold.high),
    }),
    averageOfPreviousMonth: average(monthBefore),
    averageOfPrevious7Days: average(week),
  }
}

const DAYS_OF_WEEK = 7

function statusFrom(
  given: PeriodEvaluation,
  { figures, through, foretold }: Measured,
  { after }: Decision,
): BudgetStatus {
  const { budget, scope, period, tally, completeThrough, now } = given
  const currencies = [...tally.currencies()].toSorted()
  const isElsewhere = currencies.length > 0 && !currencies.includes(budget.currency)
  const isComplete = completeThrough >= addDays(period.end, -1)
  const noForecast = isComplete
    ? 'all costs of the period are in'
    : `not enough history: it takes ${FORECAST_DAYS_MIN} days with costs`
  return {
    budgetId: budget.id,
    state: 'EVALUATED',
    evaluatedAt: now,
    periodStart: period.start,
    periodEnd: period.end,
    completeThrough: through,
    ...(scope.view !== undefined && { viewVersion: scope.view.view.version }),
    currency: budget.currency,
    ...(isElsewhere && { otherCurrencies: currencies }),
    budget: formatMoney(figures.budget),
    spend: formatMoney(figures.spend),
    percentage: percentOf(figures.spend, figures.budget),
    ...(foretold === undefined ? { noForecast } : { forecast: shown(foretold, figures) }),
    reached: [...after.reached],
  }
}

function shown({ estimate, low, high, errorPercent, monthsTested }: Forecast, figures: Figures) {
  return {
    estimate: formatMoney(estimate),
    low: formatMoney(low),
    high: formatMoney(high),
    percentage: percentOf(estimate, figures.budget),
    ...(errorPercent !== undefined && { errorPercent: rounded(errorPercent) }),
    monthsTested,
  }
}

/** A budget of 0 in one month of several is reached by whatever is spent. */
function percentOf(amount: Money, budget: Money): number {
  if (budget === ZERO) return amount > ZERO ? 100 : 0
  return rounded((inCurrency(amount) / inCurrency(budget)) * 100)
}

const SEVERE = [
  [100, 'CRITICAL'],
  [90, 'HIGH'],
  [75, 'MEDIUM'],
] as const

/** By the highest that is spent, which are last; one that is only foretold is a step milder. */
function severityOf(reached: readonly Threshold[]): BudgetAlert['severity'] {
  const actual = reached.filter(({ basis }) => basis === 'ACTUAL').at(-1)?.percent ?? 0
  const foretold = reached.filter(({ basis }) => basis === 'FORECAST').at(-1)?.percent ?? 0
  const found = SEVERE.find(([percent]) => actual >= percent)?.[1]
  if (found !== undefined) return found
  return foretold >= 100 ? 'MEDIUM' : 'LOW'
}

function contributorsOf(costs: Pick<CostStore, 'rows'>, given: PeriodEvaluation) {
  const { budget, scope, period, completeThrough } = given
  const { view, segmentAt } = scope
  const counts = (row: CostRow) =>
    (budget.costs === 'ALL' || row.chargeCategory === 'Usage') &&
    (view === undefined || view.segmentOf(row) === segmentAt)
  const lastDay = addDays(period.end, -1)
  const to = completeThrough < lastDay ? completeThrough : lastDay
  const { organisationId, currency } = budget
  return greatestOf(costs, { organisationId, currency, counts }, { from: period.start, to })
}
