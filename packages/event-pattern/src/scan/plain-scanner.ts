import { comparableNumber } from '../comparable-number.ts'
import { eventText } from '../flatten-event.ts'
import { JsonSyntaxError } from '../json-cursor.ts'
import { JsonReader } from '../json-reader.ts'
import { descendantOf } from './name-tree.ts'
import type { NameNode, NameTree } from './name-tree.ts'
import {
  KIND_FALSE,
  KIND_NULL,
  KIND_NUMBER,
  KIND_STRING,
  KIND_TRUE,
  VALUE_WORDS,
  setDoubleAt,
} from './scanned-event.ts'
import type { ScannedEvent, Scanner } from './scanned-event.ts'
import { hashOf } from './text-hash.ts'

const ENCODER = new TextEncoder()

const UNWANTED = -1

type ValueToken = 'string' | 'number' | 'true' | 'false' | 'null'

const KINDS: Readonly<Record<ValueToken, number>> = {
  string: KIND_STRING,
  number: KIND_NUMBER,
  true: KIND_TRUE,
  false: KIND_FALSE,
  null: KIND_NULL,
}

type Container = {
  /** Undefined where no pattern asks for anything. */
  readonly node: NameNode | undefined
  /** The array element that the container is part of. */
  readonly element: number
  /** The array's number, 0 for an object and UNWANTED where nothing is asked for. */
  readonly array: number
  index: number
}

type Value = {
  readonly field: number
  readonly token: ValueToken
  readonly text: string
  readonly element: number
}

type Found = { readonly values: Value[]; readonly elements: number[] }

/** The scanner for where there is no WebAssembly; it always reads the whole event. */
export class PlainScanner implements Scanner {
  readonly #scanned: ScannedEvent

  constructor(scanned: ScannedEvent) {
    this.#scanned = scanned
  }

  scan(event: string | Uint8Array, names: NameTree): number | undefined {
    const text = eventText(event)
    if (text === undefined) return undefined
    const reader = new JsonReader(text)
    try {
      if (reader.next() !== '{') return undefined
      const found = readWanted(reader, names.root)
      if (reader.next() !== 'end') return undefined
      write(found, this.#scanned)
      return found.values.length
    } catch (error) {
      if (error instanceof JsonSyntaxError) return undefined
      throw error
    }
  }
}

// The stack is explicit so that the nesting of an event cannot overflow ours.
function readWanted(reader: JsonReader, root: NameNode): Found {
  const values: Value[] = []
  const elements: number[] = []
  const outside: Container[] = []
  let inside: Container = { node: root, element: 0, array: 0, index: 0 }
  let valueNode: NameNode | undefined
  let arrays = 0

  const open = (node: NameNode | undefined, array: number): Container => {
    if (inside.array === 0 || node === undefined)
      return { node, element: inside.element, array, index: 0 }
    elements.push(inside.array, inside.index, inside.element)
    return { node, element: elements.length / 3, array, index: 0 }
  }

  for (;;) {
    const token = reader.next()
    const node = inside.array === 0 ? valueNode : inside.node
    switch (token) {
      case 'name':
        valueNode = inside.node && descendantOf(inside.node, reader.text())
        break
      case '{':
      case '[':
        outside.push(inside)
        inside = open(node, token === '[' ? (node === undefined ? UNWANTED : ++arrays) : 0)
        break
      case '}':
      case ']': {
        const outer = outside.pop()
        if (outer === undefined) return { values, elements }
        inside = outer
        inside.index++
        break
      }
      case 'string':
      case 'number':
      case 'true':
      case 'false':
      case 'null': {
        // Reading the text also checks it.
        const text = reader.text()
        if (node !== undefined && node.field !== 0) {
          values.push({ field: node.field, token, text, element: inside.element })
        }
        inside.index++
        break
      }
      case 'end':
        return { values, elements }
    }
  }
}

function write({ values, elements }: Found, scanned: ScannedEvent): void {
  const texts = values.map(({ text }) => ENCODER.encode(text))
  const bytes = new Uint8Array(texts.reduce((length, text) => length + text.length, 0))
  const words = new Int32Array(values.length * VALUE_WORDS + elements.length + 1)
  scanned.bytes = bytes
  scanned.words = words
  scanned.doubles = new Float64Array(words.buffer, 0, words.length >> 1)
  scanned.firstWord = 0
  scanned.elementsEndWord = words.length

  let start = 0
  for (const [index, { field, token, text, element }] of values.entries()) {
    const content = texts[index] ?? new Uint8Array()
    const end = start + content.length
    bytes.set(content, start)
    const at = index * VALUE_WORDS
    words.set([field, KINDS[token], start, end, hashOf(bytes, start, end), element], at)
    if (token === 'number') setDoubleAt(scanned, at, comparableNumber(text) ?? Number.NaN)
    start = end
  }
  for (let element = 1; element * 3 <= elements.length; element++) {
    words.set(elements.slice(element * 3 - 3, element * 3), words.length - element * 3)
  }
}
