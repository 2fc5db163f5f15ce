import { RestError } from '#src/errors.ts'
import { UNALLOCATED } from '#src/model/view.ts'
import type { Condition, GivenSegment, Segment, View, ViewDimension } from '#src/model/view.ts'
import { bearersByDefault, percentSteps } from './shared-costs.ts'

/** What segments are given for. */
export interface ViewShape {
  readonly kind: View['kind']
  readonly dimension?: ViewDimension | undefined
}

const ALL_PERCENT = percentSteps(100)
const PERCENT_DECIMALS = 2

/**
 * Holds given segments to what their kind of view may have.
 * @throws RestError 400 that names the segment and says what to do
 */
export function checkSegments(shape: ViewShape, given: readonly GivenSegment[]): void {
  checkShape(shape)
  const titles = new Set<string>()
  for (const segment of given) {
    const { title } = segment
    if (title === UNALLOCATED) {
      throw invalid(title, 'every view has it by itself, as its last: leave it out')
    }
    if (titles.has(title)) throw invalid(title, 'the title stands twice: each needs its own')
    titles.add(title)
    if (shape.kind === 'SINGLE_DIMENSION') checkValues(segment)
    else checkMatch(segment)
  }
  checkValuesOnce(given)
  for (const segment of given) checkSplit(segment, given)
}

/**
 * Segments with their ids and numbers: of those that were there before, by id or else by title, and
 * new ones. Unallocated is always there and always the last.
 */
export async function identified(
  given: readonly GivenSegment[],
  before: readonly Segment[],
  identity: () => Promise<{ readonly id: string; readonly number: number }>,
): Promise<readonly Segment[]> {
  const taken = new Set(given.flatMap(({ id }) => (id === undefined ? [] : [id])))
  if (taken.size < given.filter(({ id }) => id !== undefined).length) {
    throw new RestError(400, 'view.invalid-segment', 'two segments have the same id')
  }
  const segments: Segment[] = []
  for (const { id, ...segment } of [...given, { title: UNALLOCATED }]) {
    const known =
      id === undefined
        ? before.find((one) => one.title === segment.title && !taken.has(one.id))
        : before.find((one) => one.id === id && one.title !== UNALLOCATED)
    if (id !== undefined && known === undefined) {
      throw invalid(segment.title, `the view has no segment with id "${id}": leave a new one's out`)
    }
    const { id: segmentId, number } = known ?? (await identity())
    segments.push({ id: segmentId, number, ...segment })
  }
  return segments
}

function checkShape({ kind, dimension }: ViewShape): void {
  if (kind === 'MULTI_DIMENSION' && dimension !== undefined) {
    throw new RestError(
      400,
      'view.invalid-dimension',
      'a MULTI_DIMENSION view has no dimension of its own: its conditions have theirs',
    )
  }
  if (kind === 'MULTI_DIMENSION') return
  if (dimension === undefined) {
    throw new RestError(
      400,
      'view.invalid-dimension',
      'a SINGLE_DIMENSION view needs the dimension whose values it lists',
    )
  }
  const fault = faultOfKey(dimension)
  if (fault !== undefined) throw new RestError(400, 'view.invalid-dimension', fault)
}

function checkValues({ title, values, match }: GivenSegment): void {
  if (match !== undefined) throw invalid(title, 'only a MULTI_DIMENSION view has "match"')
  if (values === undefined) throw invalid(title, 'it needs "values" of the dimension')
}

/** The table of a single-dimension view: each value leads to one segment. */
function checkValuesOnce(given: readonly GivenSegment[]): void {
  const titleOf = new Map<string, string>()
  for (const { title, values = [] } of given) {
    for (const value of values) {
      const other = titleOf.get(value)
      if (other !== undefined) throw invalid(title, `"${value}" is a value of "${other}" already`)
      titleOf.set(value, title)
    }
  }
}

function checkMatch({ title, values, match }: GivenSegment): void {
  if (values !== undefined) throw invalid(title, 'only a SINGLE_DIMENSION view has "values"')
  if (match === undefined) throw invalid(title, 'it needs "match", a list of combinations')
  for (const condition of match.flat()) {
    const fault = faultOfCondition(condition)
    if (fault !== undefined) throw invalid(title, fault)
  }
}

function faultOfCondition(condition: Condition): string | undefined {
  const { operator, values } = condition
  if (operator === 'EXISTS' && values !== undefined) return 'EXISTS has no values: leave them out'
  if (operator !== 'EXISTS' && values === undefined) return `${operator} needs values`
  const matchesAll = operator !== 'EQUALS' && values?.includes('') === true
  if (matchesAll) return `an empty value with ${operator} matches everything: use EXISTS`
  return faultOfKey(condition)
}

function faultOfKey({ dimension, key }: ViewDimension): string | undefined {
  const isTag = dimension === 'ACCOUNT_TAG' || dimension === 'RESOURCE_TAG'
  if (isTag && key === undefined) return `${dimension} needs the key of the tag`
  if (!isTag && key !== undefined) return `${dimension} has no key: leave it out`
  return undefined
}

function checkSplit({ title, split }: GivenSegment, given: readonly GivenSegment[]): void {
  if (split === undefined) return
  const { method, over } = split
  if (over === undefined) {
    if (method === 'FIXED') throw invalid(title, 'a FIXED split needs "over" with percentages')
    if (bearersByDefault(given).length > 0) return
    throw invalid(title, 'there is no segment that could bear its costs: all are split')
  }
  const seen = new Set<string>()
  for (const { segment, percent } of over) {
    if (seen.has(segment)) throw invalid(title, `"${segment}" stands twice in "over"`)
    seen.add(segment)
    checkBearer(title, segment, given)
    if (method !== 'FIXED' && percent !== undefined) {
      throw invalid(title, `a percentage is for a FIXED split, and this one is ${method}`)
    }
    if (method === 'FIXED') checkPercent(title, percent)
  }
  if (method !== 'FIXED') return
  const sum = over.reduce((total, { percent = 0 }) => total + percentSteps(percent), 0n)
  if (sum !== ALL_PERCENT) {
    throw invalid(title, `its percentages add up to ${Number(sum) / 100}, and must to 100`)
  }
}

function checkBearer(title: string, bearer: string, given: readonly GivenSegment[]): void {
  if (bearer === UNALLOCATED) return
  const found = given.find((one) => one.title === bearer)
  if (found === undefined) throw invalid(title, `there is no segment "${bearer}" to bear its costs`)
  if (found.split !== undefined) {
    throw invalid(title, `"${bearer}" is split itself and cannot bear the costs of others`)
  }
}

function checkPercent(title: string, percent: number | undefined): void {
  if (percent === undefined) throw invalid(title, 'a FIXED split needs a percentage for each')
  if (Number(percent.toFixed(PERCENT_DECIMALS)) === percent) return
  throw invalid(title, `${percent} % has more than ${PERCENT_DECIMALS} decimals`)
}

function invalid(title: string, why: string): RestError {
  return new RestError(400, 'view.invalid-segment', `segment "${title}": ${why}`)
}
