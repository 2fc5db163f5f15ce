import { readObject } from './json.ts'
import type { Json, Scalar } from './json.ts'
import { passes } from './operators.ts'

/** The entries of the list of each field, by the field's path. */
type Fields = ReadonlyMap<string, readonly Json[]>

/** A value of the event and, for each array around it, the element it is in. */
type Leaf = { readonly path: string; readonly value: Scalar; readonly elements: Elements }

/** An index by the number of the array. */
type Elements = ReadonlyMap<number, number>

/**
 * Tells whether an event matches the pattern, decided in the most obvious way: the same language as
 * EventPattern, with none of its code, for tests to compare with. The pattern must be valid.
 */
export function referenceMatcher(patternText: string): (eventText: string) => boolean {
  const pattern = readObject(patternText)?.object
  if (pattern === undefined) throw new Error(`not a pattern: ${patternText}`)
  const alternatives = alternativesOf(pattern, undefined, [new Map()]).map((fields) =>
    [...fields].toSorted(([left], [right]) => (left < right ? -1 : 1)),
  )
  return (eventText) => {
    const event = readObject(eventText)
    if (event === undefined || event.end !== eventText.length) return false
    const leaves = leavesOf(event.object)
    return alternatives.some((fields) => matchesFrom(0, fields, leaves, new Map()))
  }
}

/** Tries every value for every field; an absent field is one without a value in these elements. */
function matchesFrom(
  at: number,
  fields: readonly (readonly [string, readonly Json[]])[],
  leaves: readonly Leaf[],
  chosen: Elements,
): boolean {
  const field = fields[at]
  if (field === undefined) return true
  const [path, entries] = field
  const possible = leaves.filter((leaf) => leaf.path === path && goTogether(chosen, leaf.elements))
  if (possible.length === 0 && entries.some(isAbsent)) {
    return matchesFrom(at + 1, fields, leaves, chosen)
  }
  const passing = possible.filter(({ value }) => entries.some((entry) => passes(value, entry)))
  // Values of the same elements lead on to the same answer.
  const choices = new Map(passing.map(({ elements }) => [[...elements].join(' '), elements]))
  return [...choices.values()].some((elements) =>
    matchesFrom(at + 1, fields, leaves, new Map([...chosen, ...elements])),
  )
}

function goTogether(chosen: Elements, elements: Elements): boolean {
  return [...elements].every(([array, index]) => (chosen.get(array) ?? index) === index)
}

function isAbsent(entry: Json): boolean {
  if (entry.kind !== 'object') return false
  const [operator, operand] = entry.members[0] ?? ['', entry]
  return operator === 'exists' && operand.kind === 'keyword' && operand.text === 'false'
}

/** The ways to match: of a `$or`, each branch with what stands before and after it. */
function alternativesOf(
  object: Json,
  path: string | undefined,
  before: readonly Fields[],
): readonly Fields[] {
  let alternatives = before
  for (const [name, value] of object.kind === 'object' ? object.members : []) {
    const inner = join(path, name)
    if (value.kind === 'object') {
      alternatives = alternativesOf(value, inner, alternatives)
    } else if (value.kind === 'array' && name === '$or') {
      const soFar = alternatives
      alternatives = value.elements.flatMap((branch) => alternativesOf(branch, path, soFar))
    } else if (value.kind === 'array') {
      alternatives = alternatives.map((fields) => new Map([...fields, [inner, value.elements]]))
    }
  }
  return alternatives
}

function leavesOf(event: Json): readonly Leaf[] {
  const leaves: Leaf[] = []
  let arrays = 0
  const walk = (json: Json, path: string | undefined, elements: Elements): void => {
    if (json.kind === 'object') {
      for (const [name, value] of json.members) walk(value, join(path, name), elements)
    } else if (json.kind === 'array') {
      const array = arrays++
      for (const [index, element] of json.elements.entries()) {
        const isContainer = element.kind === 'object' || element.kind === 'array'
        // A value that stands directly in an array is a value of the array's own field.
        walk(element, path, isContainer ? new Map([...elements, [array, index]]) : elements)
      }
    } else {
      leaves.push({ path: path ?? '', value: json, elements })
    }
  }
  walk(event, undefined, new Map())
  return leaves
}

function join(path: string | undefined, name: string): string {
  return path === undefined ? name : `${path}.${name}`
}
