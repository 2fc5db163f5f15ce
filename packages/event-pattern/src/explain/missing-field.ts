import { flattenEvent } from '../flatten-event.ts'
import type { EventValue } from '../flatten-event.ts'
import { passes } from '../value-test.ts'
import type { JudgedField } from './judged-field.ts'
import { missingPathHints } from './path-hints.ts'
import { wantedWords, wantsAlso, wantsOnly } from './pattern-words.ts'
import type { PatternValue } from './pattern-outline.ts'
import { holdsObjects } from './read-event.ts'
import type { ReadEvent } from './read-event.ts'
import { shownPath, shownValue } from './shortened.ts'

/** A longer string is not looked into. */
const INNER_JSON_CHARACTERS_MAX = 200_000

/** Why a field of which the event has no value fails. */
export function missingReason({ test, entries }: JudgedField, event: ReadEvent): string {
  const path = shownPath(test.path)
  const wanted = `the pattern wants ${wantedWords(entries)}`
  const counting = wantsAlso(entries, 'exists', 'true')
    ? 'only a string, number, true, false or null counts as existing'
    : wanted
  const container = event.containers.get(test.path)
  if (container === 'empty array') return `${path} is an empty array, which has no value; ${wanted}`
  if (container !== undefined) return `${path} is an ${container}; ${counting}`
  const ancestor = ancestorValue(test.path, event)
  if (ancestor === undefined) return `${path} is missing; ${wanted}`
  return `${path} is missing, as ${shownPath(ancestor.path)} is ${kindOf(ancestor.value)}, not an object`
}

/** What probably went wrong. */
export function missingHints(field: JudgedField, event: ReadEvent): readonly string[] {
  const inner = innerJsonHint(field, event)
  if (inner !== undefined) return [inner]
  if (event.containers.has(field.test.path) && wantsOnly(field.entries, 'exists', 'true')) {
    return insideHints(field.test.path, event)
  }
  const elsewhere = missingPathHints(field, event)
  if (elsewhere.length > 0) return elsewhere
  const isThere = event.containers.has(field.test.path)
  if (!isThere && field.entries.some(isNull)) {
    return ['null does not stand for a missing field: add {"exists": false} to the list for that']
  }
  if (wantsAlso(field.entries, 'anything-but')) {
    return [
      'anything-but needs a value to compare: to let the field be missing too, add {"exists": false} to the list',
    ]
  }
  return []
}

/** Only values exist: the object is there when a field is that it always has. */
function insideHints(path: string, { values }: ReadEvent): readonly string[] {
  const inside = [...values.keys()].find((each) => each.startsWith(`${path}.`))
  return inside === undefined ? [] : [`ask for a field inside it, such as ${shownPath(inside)}`]
}

function isNull(entry: PatternValue): boolean {
  return entry.kind === 'keyword' && entry.text === 'null'
}

/** An object that was written into a string, such as the Detail of PutEvents. */
function innerJsonHint({ test }: JudgedField, event: ReadEvent): string | undefined {
  const ancestor = ancestorValue(test.path, event)
  if (ancestor === undefined) return undefined
  const inner = innerJson(ancestor.value)
  const rest = test.path.slice(ancestor.path.length + 1)
  const values = inner?.get(rest) ?? []
  const [value] = values
  if (value === undefined) return undefined
  const fits = values.some((each) => test.tests.some((one) => passes(each, one)))
  const verdict = fits ? 'which would fit' : 'though that would not fit either'
  return `send ${shownPath(ancestor.path)} as an object: inside the string, ${shownPath(rest)} is ${shownValue(value)}, ${verdict}`
}

/** The nearest value that stands where an object was to hold the path. */
function ancestorValue(
  path: string,
  { values, containers }: ReadEvent,
): { readonly path: string; readonly value: EventValue } | undefined {
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const ancestor = path.slice(0, dot)
    const [value] = values.get(ancestor) ?? []
    if (value !== undefined && !holdsObjects(containers.get(ancestor))) {
      return { path: ancestor, value }
    }
  }
  return undefined
}

function kindOf(value: EventValue): string {
  if (innerJson(value) !== undefined) return 'a string that holds JSON'
  return shownValue(value)
}

function innerJson({ kind, text }: EventValue) {
  if (kind !== 'string' || text.length > INNER_JSON_CHARACTERS_MAX) return undefined
  return text.trimStart().startsWith('{') ? flattenEvent(text) : undefined
}
