import { comparableNumber } from './comparable-number.ts'
import { addressDigits } from './ip-address.ts'
import { JsonSyntaxError } from './json-cursor.ts'
import { JsonReader } from './json-reader.ts'

/** An event's values by the path of their field: names joined with dots. */
export type FlatEvent = ReadonlyMap<string, readonly EventValue[]>

/** One string, number, true, false or null of an event. */
export type EventValue = {
  readonly kind: 'string' | 'number' | 'keyword'
  /** A string decoded, anything else as it is written. */
  readonly text: string
  /** The number to compare with, where there is one. */
  readonly number: number | undefined
  /** The hex digits of a string that is an IP address. */
  readonly address: string | undefined
  /** The array element the value is a part of; the arrays around it follow by `outer`. */
  readonly element: ArrayElement | undefined
}

/**
 * An element of one array of the event. A string, number, true, false or null that stands directly
 * in an array belongs to no element of it: `["x", "y"]` gives one field two values.
 */
export type ArrayElement = {
  readonly arrayId: number
  readonly index: number
  readonly outer: ArrayElement | undefined
}

// A byte order mark is not JSON, in bytes as in a string.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

type Container = {
  /** The path of the container itself; undefined for the event. */
  readonly path: string | undefined
  readonly element: ArrayElement | undefined
  /** Undefined for an object. */
  readonly arrayId: number | undefined
  /** The path of the value that is read next. */
  valuePath: string
  index: number
}

/** Reads an event, or gives undefined when it is not one JSON object in UTF-8. */
export function flattenEvent(event: string | Uint8Array): FlatEvent | undefined {
  const text = eventText(event)
  if (text === undefined) return undefined
  const reader = new JsonReader(text)
  try {
    if (reader.next() !== '{') return undefined
    const fields = readFields(reader)
    return reader.next() === 'end' ? fields : undefined
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined
    throw error
  }
}

/** The event as a string; undefined when its bytes are not UTF-8. */
export function eventText(event: string | Uint8Array): string | undefined {
  if (typeof event === 'string') return event
  try {
    return UTF8.decode(event)
  } catch {
    return undefined
  }
}

/** The path of a field inside the object with the given path. */
export function joinPath(path: string | undefined, name: string): string {
  return path === undefined ? name : `${path}.${name}`
}

// The stack is explicit so that the nesting of an event cannot overflow ours.
function readFields(reader: JsonReader): FlatEvent {
  const fields = new Map<string, EventValue[]>()
  const outside: Container[] = []
  let inside: Container = openObject(undefined, undefined)
  let arrayId = 0
  for (;;) {
    const token = reader.next()
    switch (token) {
      case 'name':
        inside.valuePath = joinPath(inside.path, reader.text())
        break
      case '{':
        outside.push(inside)
        inside = openObject(inside.valuePath, elementOf(inside))
        break
      case '[':
        outside.push(inside)
        inside = openArray(inside.valuePath, elementOf(inside), arrayId++)
        break
      case '}':
      case ']': {
        const outer = outside.pop()
        if (outer === undefined) return fields
        inside = outer
        inside.index++
        break
      }
      case 'string':
      case 'number':
      case 'true':
      case 'false':
      case 'null':
        addValue(fields, inside.valuePath, readValue(token, reader.text(), inside.element))
        inside.index++
        break
      case 'end':
        return fields
    }
  }
}

function openObject(path: string | undefined, element: ArrayElement | undefined): Container {
  return { path, element, arrayId: undefined, valuePath: '', index: 0 }
}

function openArray(path: string, element: ArrayElement | undefined, arrayId: number): Container {
  return { path, element, arrayId, valuePath: path, index: 0 }
}

function elementOf({ arrayId, index, element }: Container): ArrayElement | undefined {
  return arrayId === undefined ? element : { arrayId, index, outer: element }
}

function readValue(
  token: 'string' | 'number' | 'true' | 'false' | 'null',
  text: string,
  element: ArrayElement | undefined,
): EventValue {
  const kind = token === 'string' || token === 'number' ? token : 'keyword'
  const number = kind === 'number' ? comparableNumber(text) : undefined
  const address = kind === 'string' ? addressDigits(text) : undefined
  return { kind, text, number, address, element }
}

function addValue(fields: Map<string, EventValue[]>, path: string, value: EventValue): void {
  const values = fields.get(path)
  if (values === undefined) fields.set(path, [value])
  else values.push(value)
}
