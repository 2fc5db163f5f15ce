import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'

import { BUDGET_COSTS, BUDGET_DEFAULTS, BUDGET_PERIODS, MONTHS } from '#src/model/budget.ts'
import type { Budget, BudgetStatus } from '#src/model/budget.ts'
import { addDays } from '#src/model/day.ts'
import { ZERO, parseMoney, roundedMoney, sumOf } from '#src/model/money.ts'
import type { View } from '#src/model/view.ts'
import { action, commaSeparated, givenOnly, oneOf, wholeNumber } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { addListCommand } from './list-command.ts'
import { fields } from './output.ts'
import type { Column } from './output.ts'
import { budgetBy, organisationBy, segmentOf, viewBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

const REFERENCE = 'its name, number or id'

export function addBudgets(program: Command): void {
  const budgets = program
    .command('budgets')
    .description('list, show, create, update, delete budgets, and how they stand')
    .addHelpText(
      'after',
      `
Thresholds are told once in each period, as the event BudgetAlertEvent; by default at ${BUDGET_DEFAULTS.thresholds.join(', ')} %
of the budget, and when the forecast of the period twice in a row is over it:

  belfry budgets create "Cloud 2026" --year-amount 120000
  belfry budgets create Shop --view Teams --segment Shop --year-amount 24000 --thresholds 80,100
  belfry budgets create Labs --month-amounts 500

A month may have another amount than others (planned budget limits in AWS Budgets), in each financial
year anew; a budget of the year has the sum of them:

  belfry budgets create Season --start-month 7 \\
    --month-amounts 900,900,900,900,1500,2400,700,700,700,700,700,700

  belfry budgets status Shop`,
    )

  addListCommand<Budget>(budgets, {
    path: '/budgets',
    description: 'list budgets',
    none: 'no budgets: make one with "belfry budgets create"',
    columns: COLUMNS,
    lastColumns: [ID_COLUMN],
  })

  budgets
    .command('show')
    .description('show a budget')
    .argument('<budget>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const budget = await budgetBy(hub, reference)
        const text = await shown(hub, budget)
        await output.show(budget, () => text)
      }),
    )

  budgets
    .command('status')
    .description('how a budget stands in this period: spend, forecast, and what was told')
    .argument('<budget>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, name } = await budgetBy(hub, reference)
        const status = await hub.get<BudgetStatus>(`/budgets/${id}/status`)
        await output.show(status, () => statusShown(name, status))
      }),
    )

  addCreate(budgets)
  addUpdate(budgets)

  budgets
    .command('delete')
    .description('delete a budget')
    .argument('<budget>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, name } = await budgetBy(hub, reference)
        await hub.delete(`/budgets/${id}`)
        await output.show({ deleted: id }, () => `deleted the budget "${name}"`)
      }),
    )
}

interface SettingOptions {
  readonly description?: string
  readonly view?: string
  readonly segment?: string
  readonly period?: string
  readonly startMonth?: number
  readonly currency?: string
  readonly yearAmount?: string
  readonly monthAmounts?: readonly string[]
  readonly costs?: string
  readonly thresholds?: readonly number[]
  readonly forecastThresholds?: readonly number[]
  readonly tellCorrections?: boolean
}

function withSettings(command: Command): Command {
  return command
    .option('--description <text>', 'what it is for')
    .option('--view <view>', `of a segment of this view: ${REFERENCE}`)
    .option('--segment <title>', 'title, number or id of the segment')
    .option(
      '--period <period>',
      `MONTHLY or ANNUAL (default: ${BUDGET_DEFAULTS.period})`,
      oneOf(BUDGET_PERIODS),
    )
    .option(
      '--start-month <month>',
      'in which the financial year begins (default: 1)',
      wholeNumber(1, MONTHS),
    )
    .option('--currency <currency>', `default: ${BUDGET_DEFAULTS.currency}`)
    .option('--year-amount <amount>', 'of a financial year; a month has a twelfth of it')
    .option(
      '--month-amounts <amounts>',
      'of each month instead: 12 with commas, from the start month on, or one for every month',
      amountsByMonth,
    )
    .option(
      '--costs <costs>',
      `USAGE or ALL charges (default: ${BUDGET_DEFAULTS.costs})`,
      oneOf(BUDGET_COSTS),
    )
    .option('--thresholds <percent>', 'with commas, or none', percents)
    .option('--forecast-thresholds <percent>', 'with commas, or none', percents)
    .option('--tell-corrections', 'also tell when restated costs are below a threshold again')
    .option('--no-tell-corrections', 'do not (default)')
}

async function settingsOf(hub: HubClient, options: SettingOptions) {
  const { view, segment, ...settings } = options
  const names = [
    'description',
    'period',
    'startMonth',
    'currency',
    'yearAmount',
    'monthAmounts',
    'costs',
    'thresholds',
    'forecastThresholds',
    'tellCorrections',
  ]
  const given = Object.entries(settings).filter(([name]) => names.includes(name))
  if ((view === undefined) !== (segment === undefined)) {
    throw new UsageFault('a segment is one of a view: give --view and --segment, or neither')
  }
  const scope =
    view === undefined || segment === undefined ? undefined : await scopeOf(hub, view, segment)
  return givenOnly({ ...Object.fromEntries(given), scope })
}

async function scopeOf(hub: HubClient, reference: string, segment: string) {
  const view = await viewBy(hub, reference)
  return { viewId: view.id, segmentId: segmentOf(view, segment).id }
}

function addCreate(budgets: Command): void {
  withSettings(
    budgets
      .command('create')
      .description('set a budget of the organisation or of a segment of a view')
      .argument('<name>')
      .option('--organisation <organisation>', 'whose: id or alias'),
  ).action(
    action<SettingOptions & { organisation?: string }>(
      async ({ hub, output, options }, name: string) => {
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const given = { organisationId, name, ...(await settingsOf(hub, options)) }
        const budget = await hub.post<Budget>('/budgets', given)
        const text = await shown(hub, budget)
        await output.show(budget, () => text)
      },
    ),
  )
}

function addUpdate(budgets: Command): void {
  withSettings(
    budgets
      .command('update')
      .description('change a budget')
      .argument('<budget>', REFERENCE)
      .option('--name <name>', 'new name')
      .option('--whole-organisation', 'of the organisation instead of a segment'),
  ).action(
    action<SettingOptions & { name?: string; wholeOrganisation?: boolean }>(
      async ({ hub, output, options }, reference: string) => {
        const { name, wholeOrganisation } = options
        const change = {
          ...(await settingsOf(hub, options)),
          ...givenOnly({ name }),
          ...(wholeOrganisation === true && { scope: null }),
        }
        if (Object.keys(change).length === 0) {
          throw new UsageFault('nothing to change: give --year-amount, or another option of --help')
        }
        const { id } = await budgetBy(hub, reference)
        const budget = await hub.patch<Budget>(`/budgets/${id}`, change)
        const text = await shown(hub, budget)
        await output.show(budget, () => text)
      },
    ),
  )
}

/** A parser of options. */
function amountsByMonth(text: string): readonly string[] {
  const amounts = commaSeparated(text)
  const [first] = amounts
  if (amounts.length === MONTHS) return amounts
  if (amounts.length === 1 && first !== undefined) return Array(MONTHS).fill(first)
  throw new InvalidArgumentError(
    `It must be one amount for every month, or ${MONTHS} with commas, from the start month on; found ${amounts.length}.`,
  )
}

/** A parser of options. */
function percents(text: string): readonly number[] {
  if (text.trim() === 'none') return []
  const numbers = text.split(',').map((one) => Number(one.replace('%', '')))
  if (numbers.every((one) => one > 0)) return numbers
  throw new InvalidArgumentError('It must be per cent with commas, such as 75,90, or none.')
}

const COLUMNS: readonly Column<Budget>[] = [
  { title: 'NO', text: ({ number }) => String(number), align: 'right' },
  { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'PERIOD', text: ({ period }) => period },
  { title: 'AMOUNT', text: amountText, align: 'right' },
  { title: 'OF', text: ({ scope }) => (scope === undefined ? 'organisation' : 'segment') },
  { title: 'COSTS', text: ({ costs }) => costs, optional: true },
  { title: 'THRESHOLDS', text: ({ thresholds }) => thresholds.join(', '), optional: true },
]
const ID_COLUMN: Column<Budget> = {
  title: 'ID',
  text: ({ id }) => id,
  style: () => 'dim',
  optional: true,
}

function amountText({ currency, yearAmount, monthAmounts }: Budget): string {
  if (yearAmount !== undefined) return `${money(yearAmount)} ${currency} a year`
  const [first = '', ...others] = monthAmounts ?? []
  if (others.every((amount) => amount === first)) return `${money(first)} ${currency} a month`
  const year = sumOf([first, ...others].map((amount) => parseMoney(amount) ?? ZERO))
  return `${roundedMoney(year, DECIMALS_SHOWN)} ${currency} a year, by the month`
}

const MONTH_NAMES =
  'January February March April May June July August September October November December'.split(' ')
const MONTHS_PER_LINE = 3

/** Lines of months with their amounts, where these are not all the same. */
function monthsShown({ monthAmounts = [], startMonth }: Budget): readonly string[] {
  if (new Set(monthAmounts).size <= 1) return []
  const months = monthAmounts.map((amount, at) => {
    const name = MONTH_NAMES[(startMonth - 1 + at) % MONTHS] ?? ''
    return `${name.slice(0, 3)} ${money(amount)}`
  })
  return Array.from({ length: MONTHS / MONTHS_PER_LINE }, (_, line) =>
    months.slice(line * MONTHS_PER_LINE, (line + 1) * MONTHS_PER_LINE).join(', '),
  )
}

const DECIMALS_SHOWN = 2
const money = (text: string) => roundedMoney(parseMoney(text) ?? ZERO, DECIMALS_SHOWN)
const percentText = (percent: number) => `${percent.toFixed(1)} %`
const listOf = (numbers: readonly number[]) =>
  numbers.length === 0 ? 'none' : numbers.map((one) => `${one} %`).join(', ')

async function shown(hub: HubClient, budget: Budget): Promise<string> {
  const { scope } = budget
  const view = scope && (await hub.get<View>(`/views/${scope.viewId}`))
  const segment = view?.segments.find(({ id }) => id === scope?.segmentId)
  return fields(
    {
      budget: budget.name,
      description: budget.description,
      number: String(budget.number),
      of: view === undefined ? 'the organisation' : `${segment?.title} of the view ${view.name}`,
      amount: amountText(budget),
      months: monthsShown(budget),
      period: budget.period,
      'year begins': MONTH_NAMES[budget.startMonth - 1],
      costs: budget.costs,
      thresholds: listOf(budget.thresholds),
      'by forecast': listOf(budget.forecastThresholds),
      corrections: budget.tellCorrections ? 'told' : 'not told',
      id: budget.id,
      organisation: budget.organisationId,
      created: localMoment(budget.createdAt),
      changed: localMoment(budget.modifiedAt),
    },
    { budget: 'cyan' },
  )
}

function statusShown(name: string, status: BudgetStatus): string {
  const { state, currency = '', spend, budget, percentage = 0, forecast } = status
  const { otherCurrencies = [], reached = [] } = status
  if (state === 'WAITING') return `${name}: not evaluated yet`
  if (state === 'NO_COSTS' || spend === undefined || budget === undefined) {
    return `${name}: there are no costs of this period yet`
  }
  const lastDay = status.periodEnd && addDays(status.periodEnd, -1)
  const off =
    forecast?.errorPercent === undefined
      ? ''
      : `; off by ${percentText(forecast.errorPercent)} in the last ${forecast.monthsTested} months`
  return fields(
    {
      budget: name,
      period: `${status.periodStart} to ${lastDay}, costs complete through ${status.completeThrough}`,
      spend: `${money(spend)} of ${money(budget)} ${currency} (${percentText(percentage)})`,
      forecast:
        forecast === undefined
          ? `none: ${status.noForecast}`
          : `${money(forecast.estimate)} ${currency} (${percentText(forecast.percentage)}), ${money(forecast.low)} to ${money(forecast.high)} at 80 %${off}`,
      warning:
        otherCurrencies.length > 0
          ? `there are no costs in ${currency}, only in ${otherCurrencies.join(', ')}: belfry budgets update "${name}" --currency ${otherCurrencies[0]}`
          : undefined,
      told: reached.map(
        ({ basis, percent, at }) =>
          `${percent} %${basis === 'FORECAST' ? ' by forecast' : ''} at ${localMoment(at)}`,
      ),
    },
    { budget: 'cyan', warning: 'yellow' },
  )
}
