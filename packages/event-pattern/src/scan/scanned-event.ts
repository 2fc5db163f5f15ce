import type { NameTree } from './name-tree.ts'

/**
 * The values of the wanted fields of one event, as a scanner leaves them: eight words for each value
 * from `firstWord` on, then twelve bytes for each array element, downwards from `elementsEndWord`.
 * Plain words and not objects, because a scanner in WebAssembly writes them.
 *
 *     value    field, kind, start, end, hash of a string, element, double of a number (two words)
 *     element  array, index, outer element
 *
 * `start` and `end` are places in `bytes`, of a string's decoded UTF-8 or of the literal of a number.
 * Elements and arrays are numbered from 1 on in one event; 0 stands for being in no array.
 *
 * What is in it lasts until the next event is scanned.
 */
export type ScannedEvent = {
  bytes: Uint8Array
  words: Int32Array
  doubles: Float64Array
  firstWord: number
  elementsEndWord: number
}

/** Words of a value, from its first one on. */
export const VALUE_WORDS = 8
export const FIELD = 0
export const KIND = 1
export const START = 2
export const END = 3
export const HASH = 4
export const ELEMENT = 5
const DOUBLE = 6

export const KIND_STRING = 1
/** Its double is NaN when the number is not comparable. */
export const KIND_NUMBER = 2
/** A number whose double is to be read from its literal. */
export const KIND_LONG_NUMBER = 3
export const KIND_TRUE = 4
export const KIND_FALSE = 5
export const KIND_NULL = 6

const ELEMENT_WORDS = 3

/** The double of the number at the word `at`. */
export function doubleAt({ doubles }: ScannedEvent, at: number): number {
  return doubles[(at + DOUBLE) >> 1] ?? Number.NaN
}

/** Puts a double where `doubleAt` finds it. */
export function setDoubleAt({ doubles }: ScannedEvent, at: number, double: number): void {
  doubles[(at + DOUBLE) >> 1] = double
}

/** The array that the element is one of. */
export function arrayOf({ words, elementsEndWord }: ScannedEvent, element: number): number {
  return words[elementsEndWord - element * ELEMENT_WORDS] ?? 0
}

/** The element's index in its array. */
export function indexOf({ words, elementsEndWord }: ScannedEvent, element: number): number {
  return words[elementsEndWord - element * ELEMENT_WORDS + 1] ?? 0
}

/** The element that the element's array is part of; 0 when it is in no other array. */
export function outerOf({ words, elementsEndWord }: ScannedEvent, element: number): number {
  return words[elementsEndWord - element * ELEMENT_WORDS + 2] ?? 0
}

/** Reads events for their values: fast where WebAssembly is, plainly elsewhere. */
export type Scanner = {
  /**
   * Puts the values of the fields that the tree names into the scanned event and gives their
   * number; undefined when the event is not one JSON object in UTF-8.
   * @param isTrusted the event is known to be valid and to have no name twice in an object: what
   *   follows the last wanted field may be left unchecked
   */
  scan(event: string | Uint8Array, names: NameTree, isTrusted: boolean): number | undefined
}
