import { comparableNumber } from '../comparable-number.ts'
import { endsIgnoringCase, equalsIgnoringCase, startsIgnoringCase } from '../case-folding.ts'
import type { FoldedText } from '../case-folding.ts'
import { addressDigits, rangeHolds } from '../ip-address.ts'
import {
  END,
  HASH,
  KIND,
  KIND_FALSE,
  KIND_NULL,
  KIND_NUMBER,
  KIND_STRING,
  KIND_TRUE,
  START,
  doubleAt,
} from '../scan/scanned-event.ts'
import type { ScannedEvent } from '../scan/scanned-event.ts'
import type { NumberRange, ValueTest } from '../value-test.ts'
import {
  hashOfText,
  decodeBytes,
  hasFoldedTextAt,
  hasTextAt,
  isAscii,
  toByteText,
} from './byte-text.ts'
import type { ByteText } from './byte-text.ts'
import type { ValuePredicate } from './shared-test.ts'
import type { Wildcard } from '../wildcard.ts'

export const KEYWORD_KINDS: ReadonlyMap<string, number> = new Map([
  ['true', KIND_TRUE],
  ['false', KIND_FALSE],
  ['null', KIND_NULL],
])

/** The predicate of a test, on the bytes of a value. */
export function predicateOf(test: ValueTest): ValuePredicate {
  switch (test.kind) {
    case 'string':
      return isText(toByteText(test.text))
    case 'keyword': {
      const kind = KEYWORD_KINDS.get(test.text)
      return ({ words }, at) => words[at + KIND] === kind
    }
    case 'number':
      return isNumber(test.literal, test.number)
    case 'prefix':
      return startsWith(toByteText(test.text))
    case 'suffix':
      return endsWith(toByteText(test.text))
    case 'equals-ignore-case':
    case 'prefix-ignore-case':
    case 'suffix-ignore-case':
      return ignoringCase(test)
    case 'wildcard':
      return fitsWildcard(test.wildcard)
    case 'numeric':
      return isWithin(test.range)
    case 'address':
      return onString((text) => {
        const digits = addressDigits(text)
        return digits !== undefined && rangeHolds(test.range, digits)
      })
    case 'none-of':
      return noneOf(test.tests)
    case 'exists':
      return () => true
    case 'absent':
      return () => false
    default:
      return test satisfies never
  }
}

/** Whether a value passes one of the tests. */
export function anyOf(predicates: readonly ValuePredicate[]): ValuePredicate {
  const [only] = predicates
  if (only !== undefined && predicates.length === 1) return only
  return (event, at) => {
    for (let index = 0; index < predicates.length; index++) {
      if (predicates[index]?.(event, at) === true) return true
    }
    return false
  }
}

/** The number that a literal in the event stands for; NaN when it is not comparable. */
export function readLongNumber({ bytes, words }: ScannedEvent, at: number): number {
  return comparableNumber(textAt(bytes, words, at)) ?? Number.NaN
}

/** The value as a string: a string decoded, anything else as it is written. */
export function textAt(bytes: Uint8Array, words: Int32Array, at: number): string {
  return decodeBytes(bytes, words[at + START] ?? 0, words[at + END] ?? 0)
}

/**
 * The text that, compared with bytes in which A to Z are taken as small letters, gives the same
 * answers; undefined when the case of other characters matters.
 */
export function foldedAscii(folded: FoldedText): ByteText | undefined {
  const lower = folded.map((unit) => unit.lower).join('')
  const upper = folded.map((unit) => unit.upper).join('')
  return isAscii(lower + upper) ? (lower as ByteText) : undefined
}

function isText(text: ByteText): ValuePredicate {
  const { length } = text
  return ({ bytes, words }, at) => {
    const start = words[at + START] ?? 0
    return (
      words[at + KIND] === KIND_STRING &&
      (words[at + END] ?? 0) - start === length &&
      hasTextAt(bytes, start, text)
    )
  }
}

function startsWith(text: ByteText): ValuePredicate {
  const { length } = text
  return ({ bytes, words }, at) => {
    const start = words[at + START] ?? 0
    return (
      words[at + KIND] === KIND_STRING &&
      (words[at + END] ?? 0) - start >= length &&
      hasTextAt(bytes, start, text)
    )
  }
}

function endsWith(text: ByteText): ValuePredicate {
  const { length } = text
  return ({ bytes, words }, at) => {
    const start = (words[at + END] ?? 0) - length
    return (
      words[at + KIND] === KIND_STRING &&
      start >= (words[at + START] ?? 0) &&
      hasTextAt(bytes, start, text)
    )
  }
}

type IgnoringCase = Extract<ValueTest, { readonly folded: FoldedText }>

function ignoringCase({ kind, folded }: IgnoringCase): ValuePredicate {
  const text = foldedAscii(folded)
  if (text !== undefined) return ignoringAsciiCase(kind, text)
  switch (kind) {
    case 'equals-ignore-case':
      return onString((value) => equalsIgnoringCase(value, folded))
    case 'prefix-ignore-case':
      return onString((value) => startsIgnoringCase(value, folded))
    case 'suffix-ignore-case':
      return onString((value) => endsIgnoringCase(value, folded))
    default:
      return kind satisfies never
  }
}

function ignoringAsciiCase(kind: IgnoringCase['kind'], text: ByteText): ValuePredicate {
  const { length } = text
  const isWhole = kind === 'equals-ignore-case'
  const isSuffix = kind === 'suffix-ignore-case'
  return ({ bytes, words }, at) => {
    if (words[at + KIND] !== KIND_STRING) return false
    const start = words[at + START] ?? 0
    const end = words[at + END] ?? 0
    if (isWhole ? end - start !== length : end - start < length) return false
    return hasFoldedTextAt(bytes, isSuffix ? end - length : start, text)
  }
}

// A number that is not comparable still equals its own text: 1e400 is 1e400, but not 1.0e400.
function isNumber(literal: string, number: number | undefined): ValuePredicate {
  return (event, at) =>
    event.words[at + KIND] === KIND_NUMBER &&
    (number === undefined
      ? textAt(event.bytes, event.words, at) === literal
      : doubleAt(event, at) === number)
}

function isWithin({ low, lowIsOpen, high, highIsOpen }: NumberRange): ValuePredicate {
  return (event, at) => {
    if (event.words[at + KIND] !== KIND_NUMBER) return false
    const number = doubleAt(event, at)
    return (
      (lowIsOpen ? number > low : number >= low) && (highIsOpen ? number < high : number <= high)
    )
  }
}

/**
 * The pieces around the stars are looked for from left to right, each at the first place. The
 * limit on a pattern's complexity also bounds how often a piece is found in part.
 */
function fitsWildcard(wildcard: Wildcard): ValuePredicate {
  const pieces = wildcard.map(toByteText)
  const first = pieces[0] ?? toByteText('')
  if (pieces.length === 1) return isText(first)
  const last = pieces.at(-1) ?? first
  const inner = pieces.slice(1, -1)
  const lengthMin = first.length + last.length
  return ({ bytes, words }, at) => {
    if (words[at + KIND] !== KIND_STRING) return false
    const start = words[at + START] ?? 0
    const end = words[at + END] ?? 0
    if (end - start < lengthMin || !hasTextAt(bytes, start, first)) return false
    const lastAt = end - last.length
    if (!hasTextAt(bytes, lastAt, last)) return false
    let from = start + first.length
    for (let index = 0; index < inner.length; index++) {
      const piece = inner[index] ?? first
      while (from + piece.length <= lastAt && !hasTextAt(bytes, from, piece)) from++
      from += piece.length
      if (from > lastAt) return false
    }
    return true
  }
}

const TEXTS_BY_HASH_FROM = 8

function noneOf(tests: readonly ValueTest[]): ValuePredicate {
  const texts = tests.flatMap((test) => (test.kind === 'string' ? [toByteText(test.text)] : []))
  if (texts.length < TEXTS_BY_HASH_FROM || texts.length < tests.length) {
    const passes = anyOf(tests.map(predicateOf))
    return (event, at) => !passes(event, at)
  }
  const byHash = new Map<number, ValuePredicate[]>()
  for (const text of texts) {
    const hash = hashOfText(text)
    byHash.set(hash, [...(byHash.get(hash) ?? []), isText(text)])
  }
  const predicates = new Map([...byHash].map(([hash, same]) => [hash, anyOf(same)]))
  return (event, at) => {
    if (event.words[at + KIND] !== KIND_STRING) return true
    const passes = predicates.get(event.words[at + HASH] ?? 0)
    return passes === undefined || !passes(event, at)
  }
}

function onString(passes: (text: string) => boolean): ValuePredicate {
  return ({ bytes, words }, at) =>
    words[at + KIND] === KIND_STRING && passes(textAt(bytes, words, at))
}
