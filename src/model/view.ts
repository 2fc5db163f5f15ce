/**
 * Words of views.
 *
 *  view         a named partition of costs and resources: each falls in exactly one segment of it
 *  segment      one part of a view; what no other takes is in its last, Unallocated
 *  dimension    what a view looks at: the account, a tag of the account or of the resource, the
 *               service, the region
 *  condition    a test of one dimension
 *  combination  conditions that must all hold
 *  split        a segment of shared infrastructure whose costs the others bear
 *
 * Segments are tried in their order and the first that matches has it. Each edit of a view is a new
 * version of it; what was told of a view says which version that was.
 */
import { Type } from 'typebox'
import type { Static } from 'typebox'

import { Id, Instant, Name } from './tenancy.ts'

export const UNALLOCATED = 'Unallocated'

const SEGMENTS_MAX = 500
const COMBINATIONS_MAX = 50
const CONDITIONS_MAX = 20
const VALUES_MAX = 1_000

const VIEW_DIMENSIONS = ['ACCOUNT', 'ACCOUNT_TAG', 'RESOURCE_TAG', 'SERVICE', 'REGION'] as const
const OPERATORS = ['EQUALS', 'PREFIX', 'SUFFIX', 'CONTAINS', 'EXISTS'] as const
const SPLIT_METHODS = ['EVEN', 'PROPORTIONAL', 'FIXED'] as const

/** AWS's longest tag value has 256 characters; names of services are shorter. */
const Value = Type.String({ maxLength: 256 })
const ShortNumber = Type.Integer({
  minimum: 1,
  description: 'The short id: counted up in the organisation, never used again',
})

const dimension = {
  dimension: Type.Enum([...VIEW_DIMENSIONS]),
  key: Type.Optional(
    Type.String({ minLength: 1, maxLength: 128, description: 'Of the tag, in its own case' }),
  ),
}
export const ViewDimension = Type.Object(dimension)
export type ViewDimension = Static<typeof ViewDimension>

const Condition = Type.Object({
  ...dimension,
  operator: Type.Enum([...OPERATORS]),
  values: Type.Optional(
    Type.Array(Value, {
      minItems: 1,
      maxItems: VALUES_MAX,
      description: 'Any of them will do; EXISTS has none',
    }),
  ),
})
export type Condition = Static<typeof Condition>

const Split = Type.Object(
  {
    method: Type.Enum([...SPLIT_METHODS], {
      description: 'EVEN: the same to each; PROPORTIONAL: as their own costs of the day; FIXED',
    }),
    over: Type.Optional(
      Type.Array(
        Type.Object({
          segment: Name,
          percent: Type.Optional(
            Type.Number({
              exclusiveMinimum: 0,
              maximum: 100,
              description: 'FIXED: up to two decimals, 100 in all',
            }),
          ),
        }),
        {
          minItems: 1,
          maxItems: SEGMENTS_MAX,
          description: 'Titles; without it all segments but Unallocated and those that are split',
        },
      ),
    ),
  },
  { description: 'Who bears the costs of this segment, each day and currency' },
)
export type Split = Static<typeof Split>

const rules = {
  title: Name,
  values: Type.Optional(
    Type.Array(Value, {
      minItems: 1,
      maxItems: VALUES_MAX,
      description: "SINGLE_DIMENSION: values of the view's dimension",
    }),
  ),
  match: Type.Optional(
    Type.Array(Type.Array(Condition, { minItems: 1, maxItems: CONDITIONS_MAX }), {
      minItems: 1,
      maxItems: COMBINATIONS_MAX,
      description: 'MULTI_DIMENSION: any of these combinations, all conditions of which hold',
    }),
  ),
  split: Type.Optional(Split),
}

/** A segment as it is given; one that has the id or else the title of one before is that one. */
export const GivenSegment = Type.Object({ id: Type.Optional(Id), ...rules })
export type GivenSegment = Static<typeof GivenSegment>
export const GivenSegments = Type.Array(GivenSegment, { minItems: 1, maxItems: SEGMENTS_MAX })

export const Segment = Type.Object({ id: Id, number: ShortNumber, ...rules })
export type Segment = Static<typeof Segment>

export const ViewKind = Type.Enum(['SINGLE_DIMENSION', 'MULTI_DIMENSION'])

export const View = Type.Object(
  {
    id: Id,
    number: ShortNumber,
    organisationId: Id,
    name: Name,
    description: Type.Optional(Type.String({ maxLength: 1_024 })),
    version: Type.Integer({ minimum: 1, description: 'Counts its edits' }),
    kind: ViewKind,
    dimension: Type.Optional(ViewDimension),
    segments: Type.Array(Segment, {
      description: 'In the order in which they are tried; the last is Unallocated',
    }),
    createdAt: Instant,
    modifiedAt: Instant,
  },
  { $id: 'View' },
)
export type View = Static<typeof View>

/** What a view is asked about: a resource, or what a cost is of. */
export interface ViewSubject {
  readonly accountId: string
  readonly service?: string | undefined
  readonly region?: string | undefined
  /** Of the resource; one without a value is `true`. */
  readonly tags: Readonly<Record<string, string | true>>
}

/** Tags of accounts, by AWS account id. */
export type AccountTags = ReadonlyMap<string, Readonly<Record<string, string>>>

/** Which costs are added up. */
export const COST_MEASURES = ['USAGE', 'ALL', 'BILLED'] as const
export type CostMeasure = (typeof COST_MEASURES)[number]
