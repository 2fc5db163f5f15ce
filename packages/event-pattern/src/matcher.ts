import {
  NO_CHOICE,
  choose,
  consistentElements,
  distinctChoices,
  elementTree,
  hasConsistentElement,
} from './array-consistency.ts'
import type { Choice } from './array-consistency.ts'
import type { Alternative, FieldTest } from './compile.ts'
import type { ArrayElement, EventValue, FlatEvent } from './flatten-event.ts'
import { passes } from './value-test.ts'

/**
 * Steps in one alternative after which the search for elements that go together gives up with "no
 * match". An event without repeated names needs about one per value and array around it, 400,000
 * for 1 MB of small objects; repeated arrays under one name multiply, and such an event may not
 * hold a thread or fill the memory.
 */
const SEARCH_STEPS_MAX = 1_000_000

type Search = { readonly event: FlatEvent; readonly alternative: Alternative; stepsLeft: number }

/** Whether the event passes every field test of one of the alternatives. */
export function matchesAny(event: FlatEvent, alternatives: readonly Alternative[]): boolean {
  return alternatives.some((alternative) =>
    matchesAll({ event, alternative, stepsLeft: SEARCH_STEPS_MAX }),
  )
}

// Fields are visited in the order of their paths and every choice of array elements is carried
// along, because the absence of a field means: absent in the elements chosen before it.
function matchesAll(search: Search): boolean {
  let choices: readonly Choice[] = [NO_CHOICE]
  let lastUses: ReadonlyMap<number, number> | undefined
  for (const [at, field] of search.alternative.entries()) {
    choices = choicesAfter(search, field, choices)
    if (choices.length === 0) return false
    if (choices.length > 1) {
      const uses = (lastUses ??= lastUseOfArrays(search))
      choices = distinctChoices(choices, (arrayId) => (uses.get(arrayId) ?? at) > at)
    }
  }
  return true
}

/** The choices under which the field passes, or none when the search takes too long. */
function choicesAfter(
  search: Search,
  { path, tests, mayBeAbsent }: FieldTest,
  choices: readonly Choice[],
): readonly Choice[] {
  const values = search.event.get(path) ?? []
  const passing = values.filter((value) => tests.some((test) => passes(value, test)))
  if (passing.length === 0 && !mayBeAbsent) return []

  const passingElements = elementTree(elementsOf(passing))
  const allElements = elementTree(mayBeAbsent ? elementsOf(values) : [])
  const after: Choice[] = []
  for (const choice of choices) {
    if (mayBeAbsent && !hasConsistentElement(allElements, choice)) after.push(choice)
    for (const element of consistentElements(passingElements, choice)) {
      const chosen = choose(choice, element)
      search.stepsLeft -= 1 + chosen.size
      if (search.stepsLeft < 0) return []
      after.push(chosen)
    }
  }
  return after
}

function elementsOf(values: readonly EventValue[]): ReadonlySet<ArrayElement | undefined> {
  return new Set(values.map((value) => value.element))
}

/** The last field, by its position, of which a value belongs to an element of the array. */
function lastUseOfArrays({ event, alternative }: Search): ReadonlyMap<number, number> {
  const lastUses = new Map<number, number>()
  for (const [at, { path }] of alternative.entries()) {
    const seen = new Set<ArrayElement>()
    for (const { element } of event.get(path) ?? []) {
      let inner = element
      while (inner !== undefined && !seen.has(inner)) {
        seen.add(inner)
        lastUses.set(inner.arrayId, at)
        inner = inner.outer
      }
    }
  }
  return lastUses
}
