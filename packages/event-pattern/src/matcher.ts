import {
  NO_CHOICE,
  choose,
  consistentElements,
  distinctChoices,
  elementTree,
  hasConsistentElement,
} from './array-consistency.ts'
import type { Choice, SearchSteps } from './array-consistency.ts'
import type { Alternative } from './compile.ts'
import type { ArrayElement, FlatEvent } from './flatten-event.ts'
import { passes } from './value-test.ts'

/**
 * Steps for one event, all its patterns together, after which the search for elements that go
 * together gives up with "no match": about half a second. An event without repeated names
 * needs about one for each value and array around it; repeated arrays under one name multiply, and
 * such an event may not hold a thread or fill the memory.
 */
const SEARCH_STEPS_MAX = 1_000_000

/** The steps for one event. */
export function newSearchSteps(): SearchSteps {
  return { left: SEARCH_STEPS_MAX }
}

/** The array elements of the values of one field; undefined stands for being in no array. */
export type FieldElements = {
  readonly passing: readonly (ArrayElement | undefined)[]
  /** Those of all its values, passing or not; only asked for where the field may be absent. */
  readonly all: readonly (ArrayElement | undefined)[]
  readonly mayBeAbsent: boolean
}

/** Whether the event passes every field test of one of the alternatives. */
export function matchesAny(event: FlatEvent, alternatives: readonly Alternative[]): boolean {
  const steps = newSearchSteps()
  return alternatives.some((alternative) => matchesAll(event, alternative, steps))
}

function matchesAll(event: FlatEvent, alternative: Alternative, steps: SearchSteps): boolean {
  const fields: FieldElements[] = []
  for (const field of alternative) {
    const values = event.get(field.path) ?? []
    const passing = values.filter((value) => field.tests.some((test) => passes(value, test)))
    if (passing.length === 0 && !field.mayBeAbsent) return false
    fields.push({
      passing: passing.map(({ element }) => element),
      all: values.map(({ element }) => element),
      mayBeAbsent: field.mayBeAbsent,
    })
  }
  return haveElementsTogether(fields, steps)
}

/**
 * Whether one passing value of each field, or its absence, can be chosen so that no two belong to
 * different elements of one array. Fields are visited in the order of their paths and every choice
 * of array elements is carried along, because the absence of a field means: absent in the elements
 * chosen before it.
 */
export function haveElementsTogether(
  fields: readonly FieldElements[],
  steps: SearchSteps,
): boolean {
  let choices: readonly Choice[] = [NO_CHOICE]
  let lastUses: ReadonlyMap<number, number> | undefined
  for (const [at, field] of fields.entries()) {
    choices = choicesAfter(steps, field, choices)
    if (choices.length === 0) return false
    if (choices.length > 1) {
      steps.left -= choices.length
      const uses = (lastUses ??= lastUseOfArrays(fields))
      choices = distinctChoices(choices, (arrayId) => (uses.get(arrayId) ?? at) > at)
    }
  }
  return true
}

/** The choices under which the field passes, or none when the search takes too long. */
function choicesAfter(
  steps: SearchSteps,
  { passing, all, mayBeAbsent }: FieldElements,
  choices: readonly Choice[],
): readonly Choice[] {
  const passingElements = elementTree(new Set(passing))
  const allElements = elementTree(mayBeAbsent ? new Set(all) : [])
  const after: Choice[] = []
  for (const choice of choices) {
    if (mayBeAbsent && !hasConsistentElement(allElements, choice, steps)) after.push(choice)
    for (const element of consistentElements(passingElements, choice, steps)) {
      const chosen = choose(choice, element)
      steps.left -= chosen.size
      after.push(chosen)
    }
    if (steps.left < 0) return []
  }
  return after
}

/** The last field, by its position, of which a value belongs to an element of the array. */
function lastUseOfArrays(fields: readonly FieldElements[]): ReadonlyMap<number, number> {
  const lastUses = new Map<number, number>()
  for (const [at, { passing, all }] of fields.entries()) {
    const seen = new Set<ArrayElement>()
    for (const element of [...passing, ...all]) {
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
