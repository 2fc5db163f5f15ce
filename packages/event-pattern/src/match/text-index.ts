import { hashOf } from '../scan/text-hash.ts'
import type { ByteText } from './byte-text.ts'
import { bytesOf, foldByte, hasFoldedTextAt, hasTextAt } from './byte-text.ts'
import { withOne, withoutOne } from './one-or-many.ts'
import type { OneOrMany } from './one-or-many.ts'
import type { PassedTests, SharedTest } from './shared-test.ts'

/** The tests that one text passes. */
export type TextEntry = {
  readonly text: ByteText
  tests: OneOrMany<SharedTest>
  /** Another text with the same hash. */
  next: TextEntry | undefined
}

/** Texts by hash, each with its tests. */
export class TextTable {
  /** Made when needed: there are many tables, and most stay empty. */
  #entries: Map<number, TextEntry> | undefined

  /** The first entry with this hash; its text may be another one. */
  get(hash: number): TextEntry | undefined {
    return this.#entries?.get(hash)
  }

  find(hash: number, text: ByteText): TextEntry | undefined {
    let entry = this.#entries?.get(hash)
    while (entry !== undefined && entry.text !== text) entry = entry.next
    return entry
  }

  add(hash: number, text: ByteText, test: SharedTest): void {
    const entry = this.find(hash, text)
    if (entry === undefined) {
      this.#entries ??= new Map()
      this.#entries.set(hash, { text, tests: test, next: this.#entries.get(hash) })
    } else entry.tests = withOne(entry.tests, test)
  }

  /** Takes the test from the text, and the text away when no other test is left. */
  delete(hash: number, text: ByteText, test: SharedTest): void {
    const entry = this.find(hash, text)
    if (entry === undefined) return
    entry.tests = withoutOne(entry.tests, test)
    if (entry.tests !== undefined) return
    const first = this.#entries?.get(hash)
    if (first === entry) {
      if (entry.next === undefined) this.#entries?.delete(hash)
      else this.#entries?.set(hash, entry.next)
      return
    }
    let before = first
    while (before !== undefined && before.next !== entry) before = before.next
    if (before !== undefined) before.next = entry.next
  }
}

/** As many as V8 keeps beside the object. */
const HASH_END_MASK = 63

export type AffixKind = {
  /** Texts are compared from the end of a value. */
  readonly isSuffix: boolean
  /** Letters A to Z are taken as small ones; the texts are in small ones. */
  readonly ignoresCase: boolean
}

/**
 * Texts that values start with, or end with, or are: found by hashing a value byte by byte and
 * looking its hash up at each length that a text has, so that the cost does not grow with the
 * number of texts.
 */
export class AffixIndex {
  readonly #kind: AffixKind
  readonly #table = new TextTable()
  readonly #whole = new TextTable()
  /** Lengths of texts in ascending order, and how many have each. */
  #lengths: { readonly length: number; count: number }[] = []
  /** How many texts have a hash that ends in these bits: most values are done with here. */
  readonly #hashEnds = new Uint8Array(HASH_END_MASK + 1)
  #wholeCount = 0

  constructor(kind: AffixKind) {
    this.#kind = kind
  }

  get isEmpty(): boolean {
    return this.#wholeCount === 0 && this.#lengths.length === 0
  }

  /** @param isWhole a value must be the text, not only start with it */
  add(text: ByteText, test: SharedTest, isWhole: boolean): void {
    const hash = this.#hash(bytesOf(text), 0, text.length)
    ;(isWhole ? this.#whole : this.#table).add(hash, text, test)
    this.#count(hash, isWhole ? undefined : text.length, 1)
  }

  delete(text: ByteText, test: SharedTest, isWhole: boolean): void {
    const hash = this.#hash(bytesOf(text), 0, text.length)
    ;(isWhole ? this.#whole : this.#table).delete(hash, text, test)
    this.#count(hash, isWhole ? undefined : text.length, -1)
  }

  /** Adds the tests of all texts that fit the value from `start` to `end`. */
  // oxlint-disable-next-line max-params -- an object for each value would cost more than the search
  find(bytes: Uint8Array, start: number, end: number, element: number, passed: PassedTests): void {
    if (this.#wholeCount > 0) {
      const hash = this.#hash(bytes, start, end)
      let entry = this.#hashEnds[hash & HASH_END_MASK] === 0 ? undefined : this.#whole.get(hash)
      for (; entry !== undefined; entry = entry.next) {
        if (entry.text.length === end - start && this.#fits(entry.text, bytes, start, end)) {
          passed.add(entry.tests, element)
        }
      }
    }
    let hash = AFFIX_HASH_START
    let hashed = 0
    for (let at = 0; at < this.#lengths.length; at++) {
      const length = this.#lengths[at]?.length ?? 0
      if (length > end - start) return
      for (; hashed < length; hashed++) {
        hash = nextHash(hash, this.#byteAt(bytes, start, end, hashed))
      }
      if (this.#hashEnds[hash & HASH_END_MASK] === 0) continue
      for (let entry = this.#table.get(hash); entry !== undefined; entry = entry.next) {
        if (entry.text.length === length && this.#fits(entry.text, bytes, start, end)) {
          passed.add(entry.tests, element)
        }
      }
    }
  }

  #byteAt(bytes: Uint8Array, start: number, end: number, index: number): number {
    const byte = bytes[this.#kind.isSuffix ? end - 1 - index : start + index] ?? 0
    return this.#kind.ignoresCase ? foldByte(byte) : byte
  }

  #hash(bytes: Uint8Array, start: number, end: number): number {
    let hash = AFFIX_HASH_START
    for (let index = 0; index < end - start; index++) {
      hash = nextHash(hash, this.#byteAt(bytes, start, end, index))
    }
    return hash
  }

  #fits(text: ByteText, bytes: Uint8Array, start: number, end: number): boolean {
    const at = this.#kind.isSuffix ? end - text.length : start
    return this.#kind.ignoresCase ? hasFoldedTextAt(bytes, at, text) : hasTextAt(bytes, at, text)
  }

  /** @param length undefined for a text that a value must be as a whole */
  #count(hash: number, length: number | undefined, change: 1 | -1): void {
    const end = hash & HASH_END_MASK
    // At the most it stays, and is not counted down either.
    const hashCount = this.#hashEnds[end] ?? 0
    if (hashCount < COUNT_MAX) this.#hashEnds[end] = hashCount + change
    if (length === undefined) {
      this.#wholeCount += change
      return
    }
    const at = this.#lengths.findIndex((other) => other.length >= length)
    const found = this.#lengths[at]
    if (found?.length === length) found.count += change
    else this.#lengths.splice(at === -1 ? this.#lengths.length : at, 0, { length, count: 1 })
    this.#lengths = this.#lengths.filter(({ count }) => count > 0)
  }
}

const COUNT_MAX = 0xff
const AFFIX_HASH_START = hashOf(new Uint8Array(), 0, 0)

function nextHash(hash: number, byte: number): number {
  const product = Math.imul(hash ^ byte, 0x01000193)
  return product ^ (product >>> 15)
}
