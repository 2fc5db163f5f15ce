import { flattenEvent, joinPath } from '../flatten-event.ts'
import type { FlatEvent } from '../flatten-event.ts'
import { JsonSyntaxError } from '../json-cursor.ts'
import { JsonReader, NESTING_LEVELS_MAX } from '../json-reader.ts'
import type { TextFault } from './explanation.ts'
import { faultOf } from './text-fault.ts'

/** An event as the matcher sees it, and what is around its values. */
export type ReadEvent = {
  readonly values: FlatEvent
  /** What stands at a path that is no value. An array of values is told as an empty one. */
  readonly containers: ReadonlyMap<string, Container>
  /** The path of each array by its id, as flattenEvent counts them. */
  readonly arrayPaths: readonly string[]
}

export type Container = 'object' | 'empty object' | 'array of objects' | 'empty array'

/** Whether an object stands at the path, also where values do too: `[7, {"b": 1}]`. */
export function holdsObjects(container: Container | undefined): boolean {
  return container !== undefined && container !== 'empty array'
}

type Open = { readonly path: string | undefined; readonly isArray: boolean; valuePath: string }

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const BYTE_ORDER_MARK = '\ufeff'

/** Reads an event, or tells why it is none; it is one exactly when flattenEvent reads it. */
export function readEvent(event: string | Uint8Array): ReadEvent | { readonly fault: TextFault } {
  let text: string
  try {
    text = typeof event === 'string' ? event : UTF8.decode(event)
  } catch {
    return { fault: { reason: 'the event is not text in UTF-8' } }
  }
  const outline = outlineOf(text)
  if ('fault' in outline) return outline
  const values = flattenEvent(text)
  return values === undefined
    ? { fault: { reason: 'the event is not one JSON object' } }
    : { values, ...outline }
}

type Outline = Omit<ReadEvent, 'values'>

function outlineOf(text: string): Outline | { readonly fault: TextFault } {
  if (text.trim() === '') return { fault: { reason: 'the event is empty' } }
  if (text.startsWith(BYTE_ORDER_MARK)) {
    return { fault: { reason: 'the event starts with a byte order mark, which is not JSON' } }
  }
  const reader = new JsonReader(text)
  try {
    const first = reader.next()
    if (first !== '{') {
      const found = first === '[' ? 'an array: give one of its elements' : `a ${wordOf(first)}`
      return { fault: { reason: `an event is an object, and this is ${found}` } }
    }
    const outline = readContainers(reader)
    if (reader.next() === 'end') return outline
    const reason = 'there is more after the end of the event: give one event'
    return { fault: { ...faultOf(reader.location()), reason } }
  } catch (error) {
    if (error instanceof JsonSyntaxError) return { fault: syntaxFault(error.message) }
    throw error
  }
}

function syntaxFault(message: string): TextFault {
  const fault = faultOf(message)
  if (fault.line === undefined) {
    return { reason: `the event nests deeper than ${NESTING_LEVELS_MAX} levels` }
  }
  return { ...fault, reason: `the event is not JSON: ${fault.reason}` }
}

function wordOf(token: string): string {
  return token === 'string' || token === 'number' ? token : `plain ${token}`
}

// Counts arrays as flattenEvent does: in the order of their opening brackets.
function readContainers(reader: JsonReader): Outline {
  const containers = new Map<string, Container>()
  const arrayPaths: string[] = []
  const outside: Open[] = []
  let inside: Open = { path: undefined, isArray: false, valuePath: '' }
  for (let token = reader.next(); ; token = reader.next()) {
    if (token === 'name') {
      if (inside.path !== undefined && containers.get(inside.path) === 'empty object') {
        containers.set(inside.path, 'object')
      }
      inside.valuePath = joinPath(inside.path, reader.text())
    } else if (token === '{' || token === '[') {
      const path = inside.valuePath
      const isArray = token === '['
      if (isArray) arrayPaths.push(path)
      noteContainer(containers, path, containerOf(isArray, inside.isArray))
      outside.push(inside)
      inside = { path, isArray, valuePath: path }
    } else if (token === '}' || token === ']') {
      const outer = outside.pop()
      if (outer === undefined) return { containers, arrayPaths }
      inside = outer
    }
  }
}

function containerOf(isArray: boolean, isInArray: boolean): Container {
  if (isArray) return 'empty array'
  return isInArray ? 'array of objects' : 'empty object'
}

function noteContainer(
  containers: Map<string, Container>,
  path: string,
  container: Container,
): void {
  const known = containers.get(path)
  if (known === undefined || known === 'empty array') containers.set(path, container)
}
