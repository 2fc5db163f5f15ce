import { Type } from 'typebox'

import { DayText } from '#src/model/day.ts'
import { addMonths, dayOf } from '#src/model/day.ts'
import { Id, Name } from '#src/model/tenancy.ts'
import { COST_MEASURES, GivenSegments, View, ViewDimension, ViewKind } from '#src/model/view.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { ViewAnswers } from '#src/views/view-answers.ts'
import type { Views } from '#src/views/views.ts'
import { addNamedRoutes } from './named-routes.ts'
import { Description, IdParams } from './route.ts'
import type { AddRoute } from './route.ts'

export interface ViewRoutePorts {
  readonly views: Views
  readonly viewAnswers: ViewAnswers
  readonly clock: Clock
}

const Version = Type.Optional(
  Type.Integer({ minimum: 1, description: 'Of the view; the newest without it' }),
)
const Amounts = Type.Array(Type.String(), { description: 'In the order of periods' })

const Costs = Type.Object({
  viewId: Id,
  viewVersion: Type.Integer(),
  measure: Type.Enum([...COST_MEASURES]),
  granularity: Type.Enum(['day', 'month']),
  from: DayText,
  to: DayText,
  completeThrough: Type.Optional({
    ...DayText,
    description: 'The last day of which all costs are in; absent: of none',
  }),
  periods: Type.Array(DayText, { description: 'The first day of each' }),
  currencies: Type.Array(
    Type.Object({
      currency: Type.String(),
      total: Amounts,
      segments: Type.Array(
        Type.Object({
          segmentId: Id,
          segmentNumber: Type.Integer(),
          segmentTitle: Type.String(),
          costs: Type.Array(Type.String(), {
            description: 'After shared costs were split; they add up to total',
          }),
          own: Type.Array(Type.String(), { description: 'Before; they add up to total too' }),
          sum: Type.String(),
        }),
      ),
    }),
  ),
})

const Explanation = Type.Object({
  viewId: Id,
  viewVersion: Type.Integer(),
  segment: Type.Object({
    segmentId: Id,
    segmentNumber: Type.Integer(),
    segmentTitle: Type.String(),
  }),
  tried: Type.Array(
    Type.Object({
      segmentId: Id,
      segmentNumber: Type.Integer(),
      segmentTitle: Type.String(),
      matched: Type.Boolean(),
      reason: Type.String(),
    }),
    { description: 'In their order; the last has it' },
  ),
})

const Subject = Type.Object({
  accountId: Type.String({ maxLength: 256, description: 'The AWS account id, for what is in AWS' }),
  service: Type.Optional(Type.String({ maxLength: 256 })),
  region: Type.Optional(Type.String({ maxLength: 256 })),
  tags: Type.Optional(
    Type.Unsafe<Record<string, string | true>>({
      type: 'object',
      additionalProperties: { anyOf: [{ type: 'string', maxLength: 256 }, { const: true }] },
      description: 'Of the resource; one without a value is true',
    }),
  ),
  version: Version,
})

export function addViewRoutes(add: AddRoute, { views, viewAnswers, clock }: ViewRoutePorts): void {
  addNamedRoutes(add, {
    noun: 'views',
    summaries: {
      create: 'Part costs and resources into segments',
      list: 'List views',
      get: 'Show a view',
      update: 'Edit a view, which makes a new version of it',
      remove: 'Delete a view that nothing looks at',
    },
    schema: View,
    given: Type.Object({
      organisationId: Id,
      name: Name,
      description: Type.Optional(Description),
      kind: ViewKind,
      dimension: Type.Optional(ViewDimension),
      segments: GivenSegments,
    }),
    change: Type.Object(
      {
        name: Type.Optional(Name),
        description: Type.Optional(Description),
        dimension: Type.Optional(ViewDimension),
        segments: Type.Optional(GivenSegments),
      },
      { minProperties: 1 },
    ),
    things: views,
  })
  add({
    method: 'GET',
    url: '/views/:id/costs',
    tag: 'views',
    summary:
      'Costs of the segments of a view by the day or month: of this month without from and to',
    permission: 'views:Read',
    params: IdParams,
    query: Type.Object({
      from: Type.Optional(DayText),
      to: Type.Optional(DayText),
      granularity: Type.Optional(Type.Enum(['day', 'month'])),
      measure: Type.Optional(
        Type.Enum([...COST_MEASURES], {
          description:
            'USAGE (default): usage, amortised; ALL: all charges, amortised; BILLED: as invoiced',
        }),
      ),
      version: Version,
    }),
    answer: [200, Costs],
    run: (caller, { params, query }) => {
      const { to = dayOf(clock.now()), granularity = 'day', measure = 'USAGE', version } = query
      const { from = addMonths(to, 0) } = query
      return viewAnswers.costs(caller, params.id, { from, to, granularity, measure, version })
    },
  })
  add({
    method: 'POST',
    url: '/views/:id/explain',
    tag: 'views',
    summary: 'Why something falls in the segment of a view that it falls in',
    permission: 'views:Read',
    params: IdParams,
    body: Subject,
    answer: [200, Explanation],
    run: (caller, { params, body: { version, tags = {}, ...subject } }) =>
      viewAnswers.explain(caller, params.id, { subject: { ...subject, tags }, version }),
  })
}
