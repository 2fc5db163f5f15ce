import type { ValueTest } from './value-test.ts'
import { CAP, wildcardComplexity } from './wildcard-complexity.ts'
import type { Wildcard } from './wildcard.ts'

/** AWS refuses a pattern of which the complexity is above this. */
export const COMPLEXITY_MAX = 10

/**
 * Tests of all alternatives after which a pattern counts as too complex. AWS might take more; with
 * the 4,096 characters it allows there can be 800 in each of 1,000 alternatives, if one tries.
 */
const TESTS_MAX = 500_000

/** What counts here of an alternative, which compile.ts makes. */
type Alternative = readonly FieldTest[]
type FieldTest = { readonly path: string; readonly tests: readonly ValueTest[] }

/** A point on the way through the fields of the alternatives; the start is 0. */
type Place = number

/** The tests of one field at one place, which AWS keeps in one automaton. */
type Field = { readonly place: Place; readonly wildcards: Set<number> }

/** What the alternatives have in common: equal tests of equal fields after equal beginnings. */
type Graph = {
  testsLeft: number
  /** The place after each test, by the place before it and the test's number. */
  readonly following: Map<string, Place>
  /** The places that a value leads to, from each place. */
  readonly reached: (Set<Place> | undefined)[]
  readonly fields: Map<string, Field>
  readonly tests: Map<readonly ValueTest[], readonly NumberedTest[]>
  readonly numbers: Map<string, number>
  readonly wildcards: Map<number, readonly Wildcard[]>
}

type NumberedTest = { readonly number: number; readonly test: ValueTest }

/**
 * The complexity of a pattern as event-ruler's MachineComplexityEvaluator gives it: how many states
 * of its wildcards a value of one field can be in at once, at worst. A pattern without wildcards
 * has 0; above 100 it is not counted on.
 *
 * Wildcards of one field go together over the alternatives of `$or` where the fields before it, in
 * the order of paths, were passed by the same tests. What follows a field that only
 * `{"exists": false}` passes is not counted, as it is not there.
 */
export function complexityOf(alternatives: readonly Alternative[]): number {
  if (!alternatives.some((fields) => fields.some(hasWildcard))) return 0
  const graph = graphOf(alternatives)
  if (graph.testsLeft < 0) return CAP
  const reached = placesReached(graph)
  const scores = new Map<string, number>()
  let highest = 0
  for (const { place, wildcards } of graph.fields.values()) {
    const key = [...wildcards].toSorted((left, right) => left - right).join()
    if (!reached.has(place) || scores.has(key)) continue
    const groups = [...wildcards].map((number) => graph.wildcards.get(number) ?? [])
    const score = wildcardComplexity(groups)
    scores.set(key, score)
    highest = Math.max(highest, score)
  }
  return highest
}

function graphOf(alternatives: readonly Alternative[]): Graph {
  const graph: Graph = {
    testsLeft: TESTS_MAX,
    following: new Map(),
    reached: [undefined],
    fields: new Map(),
    tests: new Map(),
    numbers: new Map(),
    wildcards: new Map(),
  }
  for (const alternative of alternatives) addAlternative(graph, alternative)
  return graph
}

// As event-ruler adds a rule: a test that is known at a place leads where it led before, and the
// other tests of the field lead to the same place as the one before them.
function addAlternative(graph: Graph, alternative: Alternative): void {
  let places = new Set<Place>([0])
  for (const field of alternative.slice(0, alternative.findLastIndex(hasWildcard) + 1)) {
    const after = new Set<Place>()
    for (const place of places) {
      let next: Place | undefined
      for (const { number, test } of numbered(graph, field)) {
        graph.testsLeft--
        if (graph.testsLeft < 0) return
        const key = `${place} ${number}`
        next = graph.following.get(key) ?? next ?? graph.reached.push(undefined) - 1
        graph.following.set(key, next)
        if (test.kind !== 'absent') (graph.reached[place] ??= new Set()).add(next)
        if (graph.wildcards.has(number)) addWildcard(graph, place, field.path, number)
        after.add(next)
      }
    }
    places = after
  }
}

function addWildcard(graph: Graph, place: Place, path: string, number: number): void {
  const key = `${place} ${path}`
  const field = graph.fields.get(key)
  if (field === undefined) graph.fields.set(key, { place, wildcards: new Set([number]) })
  else field.wildcards.add(number)
}

// The tests of a field before a `$or` are the same list in every alternative.
function numbered(graph: Graph, { path, tests }: FieldTest): readonly NumberedTest[] {
  const known = graph.tests.get(tests)
  if (known !== undefined) return known
  const result = tests.map((test) => {
    const key = `${path} ${JSON.stringify(test)}`
    const number = graph.numbers.get(key) ?? graph.numbers.size
    graph.numbers.set(key, number)
    const wildcards = wildcardsOf(test)
    if (wildcards.length > 0) graph.wildcards.set(number, wildcards)
    return { number, test }
  })
  graph.tests.set(tests, result)
  return result
}

function placesReached({ reached }: Graph): ReadonlySet<Place> {
  const found = new Set<Place>([0])
  // A set is walked through in the order of insertion, with what is added on the way.
  for (const place of found) for (const next of reached[place] ?? []) found.add(next)
  return found
}

function hasWildcard({ tests }: FieldTest): boolean {
  return tests.some((test) => wildcardsOf(test).length > 0)
}

function wildcardsOf(test: ValueTest): readonly Wildcard[] {
  if (test.kind === 'wildcard') return [test.wildcard]
  return test.kind === 'none-of' ? test.tests.flatMap(wildcardsOf) : []
}
