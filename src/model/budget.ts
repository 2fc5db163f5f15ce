/**
 * Words of budgets and spike detectors.
 *
 *  budget      how much may be spent in a period, by the organisation or one segment of a view
 *  period      a month, or a financial year
 *  threshold   per cent of the budget; told once in a period when spend reaches it (ACTUAL), or when
 *              what the period will cost by its forecast does (FORECAST)
 *  detector    looks for days that cost much more than days like them, in each of its scopes
 *  scope       the organisation, an account, or a segment of a view
 *  incident    days of one spike in one scope; ends with two days as usual
 */
import { Type } from 'typebox'
import type { Static, TSchema } from 'typebox'

import { Id, Instant, Name } from './tenancy.ts'

const THRESHOLDS_MAX = 10
const THRESHOLD_PERCENT_MAX = 1_000
export const MONTHS = 12
export const BUDGET_PERIODS = ['MONTHLY', 'ANNUAL'] as const
export const BUDGET_COSTS = ['USAGE', 'ALL'] as const
export const SPIKE_METHODS = ['WEEKDAY_MEDIAN', 'Z_SCORE'] as const

const ShortNumber = Type.Integer({ minimum: 1, description: 'The short id' })
const Description = Type.Optional(Type.String({ maxLength: 1_024 }))
const Currency = Type.String({
  pattern: '^[A-Z]{3}$',
  title: 'a currency in three capital letters',
  examples: ['USD'],
})
const Amount = (description: string) =>
  Type.String({
    pattern: '^[0-9]{1,11}(\\.[0-9]{1,12})?$',
    title: 'an amount in digits, with a point before decimals',
    description: `${description}; a decimal in the currency`,
    examples: ['7500.00'],
  })
const Thresholds = (description: string) =>
  Type.Array(Type.Number({ exclusiveMinimum: 0, maximum: THRESHOLD_PERCENT_MAX }), {
    maxItems: THRESHOLDS_MAX,
    uniqueItems: true,
    description,
  })

const BudgetScope = Type.Object(
  { viewId: Id, segmentId: Id },
  { description: 'A segment of a view; absent: the organisation' },
)
export type BudgetScope = Static<typeof BudgetScope>

const budgetSettings = {
  name: Name,
  description: Description,
  scope: Type.Optional(BudgetScope),
  period: Type.Enum([...BUDGET_PERIODS]),
  startMonth: Type.Integer({
    minimum: 1,
    maximum: MONTHS,
    description: 'In which the financial year begins',
  }),
  currency: Currency,
  yearAmount: Type.Optional(Amount('Of a financial year; a month has a twelfth of it')),
  monthAmounts: Type.Optional(
    Type.Array(Amount('Of a month'), {
      minItems: MONTHS,
      maxItems: MONTHS,
      description: 'Instead: of each month, from the start month on',
    }),
  ),
  costs: Type.Enum([...BUDGET_COSTS], {
    description: 'USAGE: usage alone, amortised; ALL: every charge, amortised',
  }),
  thresholds: Thresholds('In per cent, of what is spent'),
  forecastThresholds: Thresholds('In per cent, of what will have been spent by the forecast'),
  tellCorrections: Type.Boolean({
    description: 'Also tell when restated costs are below a threshold again',
  }),
}

const optional = <T extends TSchema>(schema: T) => Type.Optional(schema)
const { name: budgetName, scope: budgetScope, ...budgetDetails } = budgetSettings
const optionalDetails = {
  description: Description,
  period: optional(budgetDetails.period),
  startMonth: optional(budgetDetails.startMonth),
  currency: optional(budgetDetails.currency),
  yearAmount: budgetDetails.yearAmount,
  monthAmounts: budgetDetails.monthAmounts,
  costs: optional(budgetDetails.costs),
  thresholds: optional(budgetDetails.thresholds),
  forecastThresholds: optional(budgetDetails.forecastThresholds),
  tellCorrections: optional(budgetDetails.tellCorrections),
}

/** What a budget is made of; what is left out is as BUDGET_DEFAULTS says. */
export const GivenBudget = Type.Object({
  organisationId: Id,
  name: budgetName,
  scope: budgetScope,
  ...optionalDetails,
})

/** A scope of null is the organisation. */
export const ChangedBudget = Type.Object(
  {
    name: optional(Name),
    scope: optional(Type.Unsafe<BudgetScope | null>({ ...BudgetScope, type: ['object', 'null'] })),
    ...optionalDetails,
  },
  { minProperties: 1 },
)

export const Budget = Type.Object(
  {
    id: Id,
    number: ShortNumber,
    organisationId: Id,
    ...budgetSettings,
    revision: Type.Integer({
      minimum: 1,
      description:
        'Counts changes of what it measures: thresholds not reached then may be told again',
    }),
    createdAt: Instant,
    modifiedAt: Instant,
  },
  { $id: 'Budget' },
)
export type Budget = Static<typeof Budget>

export const BUDGET_DEFAULTS = {
  period: 'MONTHLY',
  startMonth: 1,
  currency: 'USD',
  costs: 'USAGE',
  thresholds: [50, 75, 90, 100],
  forecastThresholds: [100],
  tellCorrections: false,
} as const

const Day = Type.String({ format: 'date' })

/** How a budget stands in its period, as the last evaluation found it. */
export const BudgetStatus = Type.Object(
  {
    budgetId: Id,
    state: Type.Enum(['WAITING', 'NO_COSTS', 'EVALUATED'], {
      description: 'WAITING: for the first evaluation; NO_COSTS: no day of the period is complete',
    }),
    evaluatedAt: Type.Optional(Instant),
    periodStart: Type.Optional(Day),
    periodEnd: Type.Optional({ ...Day, description: 'The first day after the period' }),
    completeThrough: Type.Optional(Day),
    viewVersion: Type.Optional(Type.Integer()),
    currency: Type.Optional(Currency),
    otherCurrencies: Type.Optional(
      Type.Array(Type.String(), {
        description: 'What costs are in, where there are none in the currency of the budget',
      }),
    ),
    budget: Type.Optional(Type.String()),
    spend: Type.Optional(Type.String()),
    percentage: Type.Optional(Type.Number()),
    forecast: Type.Optional(
      Type.Object({
        estimate: Type.String(),
        low: Type.String({ description: 'The lower end of the 80 % interval' }),
        high: Type.String(),
        percentage: Type.Number({ description: 'The estimate, of the budget' }),
        errorPercent: Type.Optional(
          Type.Number({
            description:
              'How far forecasts from the middle of the last months were off, on average',
          }),
        ),
        monthsTested: Type.Integer({ description: 'How many months, 3 at most' }),
      }),
    ),
    noForecast: Type.Optional(Type.String({ description: 'Why there is no forecast' })),
    reached: Type.Optional(
      Type.Array(
        Type.Object({
          basis: Type.Enum(['ACTUAL', 'FORECAST']),
          percent: Type.Number(),
          at: Instant,
          completeThrough: Day,
        }),
        { description: 'What was told in this period, the first first' },
      ),
    ),
  },
  { $id: 'BudgetStatus' },
)
export type BudgetStatus = Static<typeof BudgetStatus>

const DetectorScope = Type.Object(
  {
    kind: Type.Enum(['ORGANISATION', 'ACCOUNTS', 'VIEW'], {
      description: 'As a whole, each account, or each segment of a view',
    }),
    viewId: Type.Optional(Id),
  },
  { description: 'What is looked at' },
)

const SCORE_MAX = 20

const detectorSettings = {
  name: Name,
  description: Description,
  scope: DetectorScope,
  method: Type.Enum([...SPIKE_METHODS], {
    description:
      'WEEKDAY_MEDIAN: against the same weekdays of 8 weeks, and what grew since; Z_SCORE: against mean and standard deviation of the last 30 days',
  }),
  score: Type.Number({
    exclusiveMinimum: 0,
    maximum: SCORE_MAX,
    description: 'From how many usual deviations a day is a spike: the tolerance',
  }),
  currency: Currency,
  minimumImpact: Amount('What a day must cost more than expected'),
  minimumPercent: Type.Number({
    minimum: 0,
    maximum: 10_000,
    description: 'The same, in per cent of what was expected',
  }),
  minimumNewSpend: Amount(
    'What a day must cost where there was next to nothing, or less than 21 days, before',
  ),
}

const triedSettings = {
  method: optional(detectorSettings.method),
  score: optional(detectorSettings.score),
  minimumImpact: optional(detectorSettings.minimumImpact),
  minimumPercent: optional(detectorSettings.minimumPercent),
  minimumNewSpend: optional(detectorSettings.minimumNewSpend),
}

/** What a detector is made of; what is left out is as DETECTOR_DEFAULTS says. */
export const GivenSpikeDetector = Type.Object({
  organisationId: Id,
  name: Name,
  description: Description,
  scope: DetectorScope,
  currency: optional(Currency),
  ...triedSettings,
})

export const ChangedSpikeDetector = Type.Object(
  { name: optional(Name), description: Description, ...triedSettings },
  { minProperties: 1 },
)

/** What a backtest tries instead of a detector's own. */
export const TriedSettings = triedSettings

export const SpikeDetector = Type.Object(
  {
    id: Id,
    number: ShortNumber,
    organisationId: Id,
    ...detectorSettings,
    createdAt: Instant,
    modifiedAt: Instant,
  },
  { $id: 'SpikeDetector' },
)
export type SpikeDetector = Static<typeof SpikeDetector>

/**
 * By method. That of WEEKDAY_MEDIAN gives 0.11 false alerts in 100 days (± 0.02, of 200 series), in
 * every pattern of `npm run bench -- spikes`; 3.05 gives 0.17.
 */
export const SCORE_DEFAULTS = { WEEKDAY_MEDIAN: 3.2, Z_SCORE: 3 } as const

export const DETECTOR_DEFAULTS = {
  method: 'WEEKDAY_MEDIAN',
  currency: 'USD',
  minimumImpact: '10',
  minimumPercent: 20,
  minimumNewSpend: '50',
} as const
