import type { Budget, BudgetStatus } from '#src/model/budget.ts'
import { addDays } from '#src/model/day.ts'
import { ZERO, parseMoney, roundedMoney } from '#src/model/money.ts'
import { fields } from './output.ts'
import type { Column } from './output.ts'
import { localMoment } from './terminal-text.ts'
import type { ViewTitles } from './view-titles.ts'

const DECIMALS_SHOWN = 2
export const moneyText = (text: string) => roundedMoney(parseMoney(text) ?? ZERO, DECIMALS_SHOWN)
const percentText = (percent: number) => `${percent.toFixed(1)} %`

/** How one budget stands, in words. */
export function statusShown(name: string, status: BudgetStatus): string {
  const { state, currency = '', spend, budget, percentage = 0, forecast, reached = [] } = status
  const { otherCurrencies } = status
  const unknown = standingUnknown(status)
  if (unknown !== undefined || spend === undefined || budget === undefined) {
    return `${name}: ${unknown ?? state}`
  }
  const lastDay = status.periodEnd && addDays(status.periodEnd, -1)
  const off =
    forecast?.errorPercent === undefined
      ? ''
      : `; off by ${percentText(forecast.errorPercent)} in the last ${forecast.monthsTested} months`
  return fields(
    {
      budget: name,
      period: `${status.periodStart} to ${lastDay}, ${completeText(status)}`,
      'waiting for': (status.waitingFor ?? []).map(
        ({ exportName, completeThrough }) => `${exportName}, complete through ${completeThrough}`,
      ),
      spend: `${moneyText(spend)} of ${moneyText(budget)} ${currency} (${percentText(percentage)})`,
      warning: otherCurrencies && noCostsText(currency, otherCurrencies),
      forecast:
        forecast === undefined
          ? `none: ${status.noForecast}`
          : `${moneyText(forecast.estimate)} ${currency} (${percentText(forecast.percentage)}), ${moneyText(forecast.low)} to ${moneyText(forecast.high)} at 80 %${off}`,
      told: reached.map(
        ({ basis, percent, at }) =>
          `${percent} %${basis === 'FORECAST' ? ' by forecast' : ''} at ${localMoment(at)}`,
      ),
    },
    { budget: 'cyan', warning: 'yellow' },
  )
}

/** What to do where a budget is in a currency that nothing costs. */
export function noCostsText(currency: string, others: readonly string[]): string {
  return `there are no costs in ${currency}, only in ${others.join(', ')}: "belfry budgets update --currency" changes what a budget counts`
}

function standingUnknown({ state }: BudgetStatus): string | undefined {
  if (state === 'WAITING') return 'not evaluated yet'
  return state === 'NO_COSTS' ? 'there are no costs of this period yet' : undefined
}

function completeText({ completeThrough }: BudgetStatus): string {
  return completeThrough === undefined
    ? 'no day is complete yet'
    : `costs complete through ${completeThrough}`
}

/** A budget with how it stands. */
export type StandingBudget = Budget & { readonly status: BudgetStatus }

/** Columns of a table of many. */
export function statusColumns(titles: ViewTitles): readonly Column<StandingBudget>[] {
  return [
    { title: 'NO', text: ({ number }) => String(number), align: 'right' },
    { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
    { title: 'OF', text: (budget) => scopeText(budget, titles) },
    { title: 'FROM', text: ({ status }) => status.periodStart ?? '', optional: true },
    { title: 'SPENT', text: spentText, align: 'right' },
    {
      title: 'BUDGET',
      text: ({ status: { budget, currency } }) =>
        budget === undefined ? '' : `${moneyText(budget)} ${currency}`,
      align: 'right',
    },
    { title: '%', text: ({ status }) => status.percentage?.toFixed(1) ?? '', align: 'right' },
    {
      title: 'FORECAST %',
      text: ({ status }) => status.forecast?.percentage.toFixed(1) ?? '',
      align: 'right',
    },
    { title: 'TOLD', text: toldText, align: 'right', optional: true },
  ]
}

export function scopeText({ scope }: Budget, titles: ViewTitles): string {
  return scope === undefined ? 'organisation' : titles.segment(scope)
}

function spentText({ status }: StandingBudget): string {
  const { spend, state, otherCurrencies, currency } = status
  if (otherCurrencies !== undefined) return `none in ${currency}`
  if (spend !== undefined) return moneyText(spend)
  return state === 'WAITING' ? 'not evaluated' : 'no costs yet'
}

function toldText({ status: { reached = [] } }: StandingBudget): string {
  const percents = reached.filter(({ basis }) => basis === 'ACTUAL').map(({ percent }) => percent)
  const foretold = reached.some(({ basis }) => basis === 'FORECAST') ? ['forecast'] : []
  const highest = percents.length === 0 ? [] : [`${Math.max(...percents)} %`]
  return [...highest, ...foretold].join(', ')
}
