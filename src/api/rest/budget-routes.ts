import { Type } from 'typebox'

import type { BacktestPorts } from '#src/cost-checks/backtest.ts'
import { BACKTEST_DAYS_MAX, backtestDetector } from '#src/cost-checks/backtest.ts'
import type { Budgets } from '#src/cost-checks/budgets.ts'
import type { SpikeDetectors } from '#src/cost-checks/spike-detectors.ts'
import {
  Budget,
  BudgetStatus,
  ChangedBudget,
  ChangedSpikeDetector,
  GivenBudget,
  GivenSpikeDetector,
  SpikeDetector,
  TriedSettings,
} from '#src/model/budget.ts'
import { DayText } from '#src/model/day.ts'
import { addList } from './list-route.ts'
import { addNamedRoutes } from './named-routes.ts'
import { IdParams, OfOrganisation, ref } from './route.ts'
import type { AddRoute } from './route.ts'

export interface BudgetRoutePorts {
  readonly budgets: Budgets
  readonly spikeDetectors: SpikeDetectors
  readonly backtests: BacktestPorts
}

const Backtested = Type.Object({
  from: DayText,
  to: DayText,
  currency: Type.String(),
  scopes: Type.Integer({ description: 'In how many places it looked' }),
  items: Type.Array(
    Type.Object({
      awsAccountId: Type.Optional(Type.String()),
      segmentTitle: Type.Optional(Type.String()),
      firstDay: DayText,
      lastDay: DayText,
      isOpen: Type.Boolean({ description: 'It had not ended by the last day' }),
      expected: Type.String({ description: 'On the last day' }),
      actual: Type.String({ description: 'On the last day' }),
      impact: Type.String({ description: 'Over all its days' }),
      score: Type.Optional(Type.Number()),
      percentage: Type.Optional(Type.Number()),
    }),
  ),
  more: Type.Integer({ description: 'How many more there would have been' }),
})

export function addBudgetRoutes(add: AddRoute, { budgets }: BudgetRoutePorts): void {
  addNamedRoutes(add, {
    noun: 'budgets',
    summaries: {
      create: 'Set a budget of the organisation or of a segment of a view',
      list: 'List budgets',
      get: 'Show a budget',
      update: 'Change a budget',
      remove: 'Delete a budget',
    },
    schema: Budget,
    given: GivenBudget,
    change: ChangedBudget,
    things: budgets,
  })
  add({
    method: 'GET',
    url: '/budgets/:id/status',
    tag: 'budgets',
    summary: 'How a budget stands in this period: spend, forecast, and what was told',
    permission: 'budgets:Read',
    params: IdParams,
    answer: [200, ref(BudgetStatus)],
    run: (caller, { params }) => budgets.status(caller, params.id),
  })
  addStatuses(add, budgets)
}

/** A list beside the budgets, as where all stand is one look. */
function addStatuses(add: AddRoute, budgets: Budgets): void {
  addList(add, {
    url: '/budget-statuses',
    tag: 'budgets',
    summary: 'How all budgets stand in this period',
    permission: 'budgets:Read',
    filter: OfOrganisation,
    item: BudgetStatus,
    list: (caller, asked) => budgets.statuses(caller, asked),
  })
}

export function addSpikeDetectorRoutes(
  add: AddRoute,
  { spikeDetectors, backtests }: BudgetRoutePorts,
): void {
  addNamedRoutes(add, {
    noun: 'spike-detectors',
    summaries: {
      create: 'Look for days that cost much more than days like them',
      list: 'List spike detectors',
      get: 'Show a spike detector',
      update: 'Change how a spike detector judges',
      remove: 'Delete a spike detector',
    },
    schema: SpikeDetector,
    given: GivenSpikeDetector,
    change: ChangedSpikeDetector,
    things: spikeDetectors,
  })
  add({
    method: 'POST',
    url: '/spike-detectors/:id/backtest',
    tag: 'spike-detectors',
    summary: `What a spike detector would have told of costs that are there already, with other settings where they are given: of the last 90 days, or of up to ${BACKTEST_DAYS_MAX}`,
    permission: 'spike-detectors:Read',
    params: IdParams,
    body: Type.Object({
      from: Type.Optional(DayText),
      to: Type.Optional(DayText),
      ...TriedSettings,
    }),
    answer: [200, Backtested],
    run: (caller, { params, body: { from, to, ...settings } }) =>
      backtestDetector(backtests, caller, params.id, { from, to, settings }),
  })
}
