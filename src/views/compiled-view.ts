import type {
  AccountTags,
  Condition,
  Segment,
  View,
  ViewDimension,
  ViewSubject,
} from '#src/model/view.ts'
import { splitter } from './shared-costs.ts'
import type { Splitter } from './shared-costs.ts'

/** Why a segment does or does not take something. */
export interface ExplainedSegment {
  readonly segmentId: string
  readonly segmentNumber: number
  readonly segmentTitle: string
  readonly matched: boolean
  readonly reason: string
}

/** A view made ready to be asked often. */
export interface CompiledView {
  readonly view: View
  /** The index of the first segment that takes it: Unallocated where no other does. */
  segmentOf(subject: ViewSubject): number
  /** The segments that were tried, in their order; the last is the one that takes it. */
  explain(subject: ViewSubject): readonly ExplainedSegment[]
  /** Moves the costs of shared segments to those that bear them. */
  readonly split: Splitter
}

/** What was found out is remembered for so many different subjects. */
const REMEMBERED_MAX = 20_000

/** @param accountTags of the view's organisation */
export function compileView(view: View, accountTags: AccountTags): CompiledView {
  const dimensions = dimensionsOf(view)
  const find =
    view.kind === 'SINGLE_DIMENSION' ? byTable(view) : byConditions(view, dimensions.map(nameOf))
  const remembered = new Map<string, number>()
  return {
    view,
    segmentOf: (subject) => {
      const values = dimensions.map(valuesOf(subject, accountTags))
      const key = values.map(lengthAnd).join('')
      const known = remembered.get(key)
      if (known !== undefined) return known
      const found = find(values)
      if (remembered.size >= REMEMBERED_MAX) remembered.clear()
      remembered.set(key, found)
      return found
    },
    explain: (subject) => explained(view, valuesOf(subject, accountTags)),
    split: splitter(view.segments),
  }
}

/** The value of a dimension; undefined where there is none. */
type Values = (dimension: ViewDimension) => string | undefined

function valuesOf(subject: ViewSubject, accountTags: AccountTags): Values {
  const tagOf = (tags: Readonly<Record<string, string | true>> | undefined, key = '') => {
    if (tags === undefined || !Object.hasOwn(tags, key)) return undefined
    const value = tags[key]
    return value === true ? '' : value
  }
  return ({ dimension, key }) => {
    if (dimension === 'RESOURCE_TAG') return tagOf(subject.tags, key)
    if (dimension === 'ACCOUNT_TAG') return tagOf(accountTags.get(subject.accountId), key)
    return subject[TOLD_BY[dimension]] || undefined
  }
}

const TOLD_BY = { ACCOUNT: 'accountId', SERVICE: 'service', REGION: 'region' } as const

function dimensionsOf({ dimension, segments }: View): readonly ViewDimension[] {
  const used = segments.flatMap(({ match = [] }) => match.flat())
  const all = dimension === undefined ? used : [dimension, ...used]
  return [...new Map(all.map((one) => [nameOf(one), one])).values()]
}

/** Values one after the other are told apart, and one that is missing from one that is empty. */
function lengthAnd(value: string | undefined): string {
  return value === undefined ? '-' : `${value.length}:${value}`
}

/** Finds the segment by the values of the view's dimensions. */
type Find = (values: readonly (string | undefined)[]) => number

function byTable({ segments }: View): Find {
  const table = new Map(
    segments.flatMap(({ values = [] }, at) => values.map((value) => [value, at] as const)),
  )
  const unallocated = segments.length - 1
  return ([value]) => (value === undefined ? undefined : table.get(value)) ?? unallocated
}

/** @param names of the dimensions, in the order of the values */
function byConditions({ segments }: View, names: readonly string[]): Find {
  const test = (condition: Condition) => ({
    at: names.indexOf(nameOf(condition)),
    holds: testOf(condition),
  })
  const tests = segments.map(({ match = [] }) => match.map((all) => all.map(test)))
  return (values) => {
    const found = tests.findIndex((any) =>
      any.some((all) => all.every(({ at, holds }) => holds(values[at]))),
    )
    return found === -1 ? segments.length - 1 : found
  }
}

function testOf({ operator, values = [] }: Condition): (value: string | undefined) => boolean {
  const holds = HOLDS[operator](values)
  return (value) => value !== undefined && holds(value)
}

type HoldsFor = (values: readonly string[]) => (value: string) => boolean

const HOLDS: Readonly<Record<Condition['operator'], HoldsFor>> = {
  EXISTS: () => () => true,
  EQUALS: (values) => {
    const set = new Set(values)
    return (value) => set.has(value)
  },
  PREFIX: (values) => (value) => values.some((one) => value.startsWith(one)),
  SUFFIX: (values) => (value) => values.some((one) => value.endsWith(one)),
  CONTAINS: (values) => (value) => values.some((one) => value.includes(one)),
}

function explained(view: View, value: Values): readonly ExplainedSegment[] {
  const tried: ExplainedSegment[] = []
  for (const [at, segment] of view.segments.entries()) {
    const isLast = at === view.segments.length - 1
    const [matched, reason] = isLast ? TAKES_THE_REST : reasonOf(view, segment, value)
    const { id: segmentId, number: segmentNumber, title: segmentTitle } = segment
    tried.push({ segmentId, segmentNumber, segmentTitle, matched, reason })
    if (matched) break
  }
  return tried
}

const TAKES_THE_REST = [true, 'it takes what no segment before it takes'] as const

function reasonOf(view: View, segment: Segment, value: Values): readonly [boolean, string] {
  if (view.kind === 'SINGLE_DIMENSION') {
    const { dimension = { dimension: 'ACCOUNT' as const } } = view
    const found = value(dimension)
    const matched = found !== undefined && segment.values?.includes(found) === true
    if (found === undefined) return [false, foundText(dimension, found)]
    return [matched, `${foundText(dimension, found)}: ${matched ? 'in' : 'not in'} its values`]
  }
  const failed: string[] = []
  for (const combination of segment.match ?? []) {
    const fails = combination.find((condition) => !testOf(condition)(value(condition)))
    if (fails === undefined) {
      return [true, combination.map((one) => conditionText(one, value(one), true)).join(', and ')]
    }
    failed.push(conditionText(fails, value(fails), false))
  }
  return [false, failed.join('; ')]
}

function conditionText(condition: Condition, found: string | undefined, holds: boolean): string {
  const { operator, values = [] } = condition
  if (operator === 'EXISTS' || found === undefined) return foundText(condition, found)
  const first = values.slice(0, VALUES_TOLD_MAX).map((one) => `"${one}"`)
  const more = values.length - first.length
  const told = first.join(' or ') + (more > 0 ? ` or one of ${more} more` : '')
  const [does, doesNot] = OPERATOR_TEXTS[operator]
  return `${foundText(condition, found)}: ${holds ? does : doesNot} ${told}`
}

/** A list of a thousand values would hide what was found. */
const VALUES_TOLD_MAX = 3

const OPERATOR_TEXTS = {
  EQUALS: ['is', 'is not'],
  PREFIX: ['starts with', 'does not start with'],
  SUFFIX: ['ends with', 'does not end with'],
  CONTAINS: ['contains', 'does not contain'],
} as const

function foundText(dimension: ViewDimension, found: string | undefined): string {
  const name = nameOf(dimension)
  return found === undefined ? `there is no ${name}` : `the ${name} is "${found}"`
}

function nameOf({ dimension, key }: ViewDimension): string {
  const name = dimension.toLowerCase().replace('_', ' ')
  return key === undefined ? name : `${name} "${key}"`
}
