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
  readonly #entries = new Map<number, TextEntry>()

  /** The first entry with this hash; its text may be another one. */
  get(hash: number): TextEntry | undefined {
    return this.#entries.get(hash)
  }

  find(hash: number, text: ByteText): TextEntry | undefined {
    let entry = this.#entries.get(hash)
    while (entry !== undefined && entry.text !== text) entry = entry.next
    return entry
  }

  add(hash: number, text: ByteText, test: SharedTest): void {
    const entry = this.find(hash, text)
    if (entry === undefined) {
      this.#entries.set(hash, { text, tests: test, next: this.#entries.get(hash) })
    } else entry.tests = withOne(entry.tests, test)
  }

  /** Takes the test from the text, and the text away when no other test is left. */
  delete(hash: number, text: ByteText, test: SharedTest): void {
    const entry = this.find(hash, text)
    if (entry === undefined) return
    entry.tests = withoutOne(entry.tests, test)
    if (entry.tests !== undefined) return
    const first = this.#entries.get(hash)
    if (first === entry) {
      if (entry.next === undefined) this.#entries.delete(hash)
      else this.#entries.set(hash, entry.next)
      return
    }
    let before = first
    while (before !== undefined && before.next !== entry) before = before.next
    if (before !== undefined) before.next = entry.next
  }
}

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
  /** How many texts start, or end, with each byte: most values are done with here. */
  readonly #firstBytes = new Uint32Array(256)
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
    if (isWhole) {
      this.#whole.add(hash, text, test)
      this.#wholeCount++
      return
    }
    this.#table.add(hash, text, test)
    this.#count(text, 1)
  }

  delete(text: ByteText, test: SharedTest, isWhole: boolean): void {
    const hash = this.#hash(bytesOf(text), 0, text.length)
    if (isWhole) {
      this.#whole.delete(hash, text, test)
      this.#wholeCount--
      return
    }
    this.#table.delete(hash, text, test)
    this.#count(text, -1)
  }

  /** Adds the tests of all texts that fit the value from `start` to `end`. */
  // oxlint-disable-next-line max-params -- an object for each value would cost more than the search
  find(bytes: Uint8Array, start: number, end: number, element: number, passed: PassedTests): void {
    if (this.#wholeCount > 0) {
      const hash = this.#hash(bytes, start, end)
      for (let entry = this.#whole.get(hash); entry !== undefined; entry = entry.next) {
        if (entry.text.length === end - start && this.#fits(entry.text, bytes, start, end)) {
          passed.add(entry.tests, element)
        }
      }
    }
    if (this.#lengths.length === 0) return
    const { isSuffix, ignoresCase } = this.#kind
    const mayHaveText = start < end && this.#firstBytes[this.#byteAt(bytes, start, end, 0)] !== 0
    let hash = AFFIX_HASH_START
    let hashed = 0
    for (const { length } of this.#lengths) {
      if (length > end - start || (length > 0 && !mayHaveText)) return
      for (; hashed < length; hashed++) {
        const byte = bytes[isSuffix ? end - 1 - hashed : start + hashed] ?? 0
        hash = nextHash(hash, ignoresCase ? foldByte(byte) : byte)
      }
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

  #count(text: ByteText, change: 1 | -1): void {
    const at = this.#lengths.findIndex(({ length }) => length >= text.length)
    const found = this.#lengths[at]
    if (found?.length === text.length) found.count += change
    else {
      const place = at === -1 ? this.#lengths.length : at
      this.#lengths.splice(place, 0, { length: text.length, count: 1 })
    }
    this.#lengths = this.#lengths.filter(({ count }) => count > 0)
    if (text.length === 0) return
    const first = this.#kind.isSuffix ? text.charCodeAt(text.length - 1) : text.charCodeAt(0)
    this.#firstBytes[first] = (this.#firstBytes[first] ?? 0) + change
  }
}

const AFFIX_HASH_START = hashOf(new Uint8Array(), 0, 0)

function nextHash(hash: number, byte: number): number {
  const product = Math.imul(hash ^ byte, 0x01000193)
  return product ^ (product >>> 15)
}
