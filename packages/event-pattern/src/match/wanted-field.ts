import type { FieldTest } from '../compile.ts'
import { addressDigits } from '../ip-address.ts'
import {
  ELEMENT,
  END,
  HASH,
  KIND,
  KIND_FALSE,
  KIND_NUMBER,
  KIND_STRING,
  KIND_TRUE,
  START,
  doubleAt,
} from '../scan/scanned-event.ts'
import type { ScannedEvent } from '../scan/scanned-event.ts'
import type { ValueTest } from '../value-test.ts'
import { hasTextAt, hashOfText, toByteText } from './byte-text.ts'
import { listOf, withOne, withoutOne } from './one-or-many.ts'
import type { OneOrMany } from './one-or-many.ts'
import type { FieldValues, PassedTests, SharedTest } from './shared-test.ts'
import { AffixIndex, TextTable } from './text-index.ts'
import type { AffixKind } from './text-index.ts'
import { KEYWORD_KINDS, anyOf, foldedAscii, predicateOf, textAt } from './value-predicate.ts'

/** A field that rules ask for, with what they ask of it. */
export class WantedField implements FieldValues {
  readonly path: string
  readonly number: number
  seenIn = 0
  readonly values: number[] = []
  valueCount = 0
  hasElements = false
  testCount = 0

  /** How many of the tests `findPassed` finds. */
  #indexedCount = 0
  // Made when needed: there are many fields, and most are asked for one kind of value.
  #tests: Map<string, SharedTest> | undefined
  readonly #texts = new TextTable()
  #affixes: { readonly kind: AffixKind; readonly index: AffixIndex }[] = []
  #numbers: Map<number, OneOrMany<SharedTest>> | undefined
  #numberLiterals: Map<string, OneOrMany<SharedTest>> | undefined
  #addresses: Map<string, OneOrMany<SharedTest>> | undefined
  readonly #keywords: OneOrMany<SharedTest>[] = []
  #present: OneOrMany<SharedTest>

  constructor(path: string, number: number) {
    this.path = path
    this.number = number
  }

  /** The test that all rules share which ask the same of the field. */
  share(fieldTest: FieldTest): SharedTest {
    const known = this.#find(fieldTest)
    if (known !== undefined) return known
    const { tests, mayBeAbsent } = fieldTest
    const onDemand = tests.every(isIndexable)
      ? undefined
      : {
          passes: anyOf(tests.map(predicateOf)),
          mayBeAbsent,
          excluded: this.#shareExcluded(tests),
          decidedIn: 0,
        }
    const test: SharedTest = {
      field: this,
      tests,
      onDemand,
      uses: 0,
      onlyNode: undefined,
      passedIn: 0,
      elements: undefined,
    }
    this.testCount++
    if (onDemand === undefined) {
      this.#indexedCount++
      for (const each of distinct(tests)) this.#index(each, test, true)
    }
    if (onlyText(tests) === undefined) (this.#tests ??= new Map()).set(nameOf(test), test)
    return test
  }

  /** Ends the sharing of a test that no rule asks any more. */
  drop(test: SharedTest): void {
    this.testCount--
    if (test.onDemand === undefined) {
      this.#indexedCount--
      for (const each of distinct(test.tests)) this.#index(each, test, false)
    }
    if (onlyText(test.tests) === undefined) this.#tests?.delete(nameOf(test))
    const excluded = test.onDemand?.excluded
    if (excluded !== undefined && --excluded.uses === 0) this.drop(excluded)
  }

  /** Notes a value, and the array element it is in, of the event with this number. */
  addValue(at: number, element: number, eventNumber: number): void {
    if (this.seenIn !== eventNumber) {
      this.seenIn = eventNumber
      this.valueCount = 0
      this.hasElements = false
    }
    if (element !== 0) this.hasElements = true
    this.values[this.valueCount++] = at
  }

  /** Adds the indexed tests that the value at `at` passes. */
  findPassed(event: ScannedEvent, at: number, passed: PassedTests): void {
    if (this.#indexedCount === 0) return
    const { words } = event
    const kind = words[at + KIND] ?? 0
    const element = words[at + ELEMENT] ?? 0
    if (kind === KIND_STRING) this.#findText(event, at, passed)
    else if (kind === KIND_NUMBER) {
      if (this.#numbers !== undefined) {
        passed.add(this.#numbers.get(doubleAt(event, at)), element)
      }
      if (this.#numberLiterals !== undefined) {
        passed.add(this.#numberLiterals.get(textAt(event.bytes, words, at)), element)
      }
    } else passed.add(this.#keywords[kind - KIND_TRUE], element)
    passed.add(this.#present, element)
  }

  #findText({ bytes, words }: ScannedEvent, at: number, passed: PassedTests): void {
    const start = words[at + START] ?? 0
    const end = words[at + END] ?? 0
    const element = words[at + ELEMENT] ?? 0
    let entry = this.#texts.get(words[at + HASH] ?? 0)
    for (; entry !== undefined; entry = entry.next) {
      if (entry.text.length === end - start && hasTextAt(bytes, start, entry.text)) {
        passed.add(entry.tests, element)
      }
    }
    for (let each = 0; each < this.#affixes.length; each++) {
      this.#affixes[each]?.index.find(bytes, start, end, element, passed)
    }
    if (this.#addresses === undefined) return
    const digits = addressDigits(textAt(bytes, words, at))
    if (digits === undefined) return
    passed.add(this.#addresses.get(digits), element)
    // See rangeHolds: an IPv4 address holds every IPv6 address that starts with its digits.
    if (digits.length > IPV4_DIGITS) {
      passed.add(this.#addresses.get(digits.slice(0, IPV4_DIGITS)), element)
    }
  }

  #shareExcluded(tests: readonly ValueTest[]): SharedTest | undefined {
    const [only] = tests
    if (tests.length > 1 || only?.kind !== 'none-of') return undefined
    // Numbers are there as ranges, which no index holds.
    if (!only.tests.every(isIndexable)) return undefined
    const excluded = this.share({ path: this.path, tests: only.tests, mayBeAbsent: false })
    excluded.uses++
    return excluded
  }

  #find(fieldTest: FieldTest): SharedTest | undefined {
    const text = onlyText(fieldTest.tests)
    if (text === undefined) return this.#tests?.get(nameOf(fieldTest))
    const bytes = toByteText(text)
    const entry = this.#texts.find(hashOfText(bytes), bytes)
    return listOf(entry?.tests).find((test) => test.tests.length === 1)
  }

  #index(each: ValueTest, test: SharedTest, isAdded: boolean): void {
    switch (each.kind) {
      case 'string': {
        const text = toByteText(each.text)
        if (isAdded) this.#texts.add(hashOfText(text), text, test)
        else this.#texts.delete(hashOfText(text), text, test)
        return
      }
      case 'number':
        if (each.number === undefined)
          this.#numberLiterals = indexed(this.#numberLiterals, each.literal, test, isAdded)
        else this.#numbers = indexed(this.#numbers, each.number, test, isAdded)
        return
      case 'address':
        this.#addresses = indexed(this.#addresses, each.range.bottom, test, isAdded)
        return
      case 'keyword': {
        const at = (KEYWORD_KINDS.get(each.text) ?? KIND_FALSE) - KIND_TRUE
        this.#keywords[at] = changed(this.#keywords[at], test, isAdded)
        return
      }
      case 'exists':
        this.#present = changed(this.#present, test, isAdded)
        return
      case 'prefix':
      case 'suffix':
        this.#indexAffix(
          { isSuffix: each.kind === 'suffix', ignoresCase: false },
          { text: toByteText(each.text), test, isWhole: false, isAdded },
        )
        return
      case 'equals-ignore-case':
      case 'prefix-ignore-case':
      case 'suffix-ignore-case': {
        const text = foldedAscii(each.folded) ?? toByteText('')
        const isWhole = each.kind === 'equals-ignore-case'
        this.#indexAffix(
          { isSuffix: each.kind === 'suffix-ignore-case', ignoresCase: true },
          { text, test, isWhole, isAdded },
        )
        return
      }
      case 'wildcard':
      case 'numeric':
      case 'none-of':
      case 'absent':
        throw new Error(`"${each.kind}" is not indexed`)
    }
  }

  #indexAffix(kind: AffixKind, { text, test, isWhole, isAdded }: AffixChange): void {
    let found = this.#affixes.find(
      (affix) =>
        affix.kind.isSuffix === kind.isSuffix && affix.kind.ignoresCase === kind.ignoresCase,
    )
    if (found === undefined) {
      found = { kind, index: new AffixIndex(kind) }
      this.#affixes.push(found)
    }
    if (isAdded) found.index.add(text, test, isWhole)
    else found.index.delete(text, test, isWhole)
    if (found.index.isEmpty) this.#affixes = this.#affixes.filter((affix) => affix !== found)
  }
}

type AffixChange = {
  readonly text: ReturnType<typeof toByteText>
  readonly test: SharedTest
  readonly isWhole: boolean
  readonly isAdded: boolean
}

const IPV4_DIGITS = 8

function isIndexable(test: ValueTest): boolean {
  switch (test.kind) {
    case 'string':
    case 'number':
    case 'keyword':
    case 'exists':
    case 'prefix':
    case 'suffix':
      return true
    case 'address':
      return test.range.bottom === test.range.top
    case 'equals-ignore-case':
    case 'prefix-ignore-case':
    case 'suffix-ignore-case':
      return foldedAscii(test.folded) !== undefined
    case 'wildcard':
    case 'numeric':
    case 'none-of':
    case 'absent':
      return false
    default:
      return test satisfies never
  }
}

/** The text of a list that holds one string and nothing else, as most lists do. */
function onlyText(tests: readonly ValueTest[]): string | undefined {
  const [only] = tests
  return tests.length === 1 && only?.kind === 'string' ? only.text : undefined
}

/** Equal for lists of the same tests. */
function nameOf({ tests }: { readonly tests: readonly ValueTest[] }): string {
  return JSON.stringify(tests)
}

/** A list may say the same twice. */
function distinct(tests: readonly ValueTest[]): readonly ValueTest[] {
  if (tests.length === 1) return tests
  return [...new Map(tests.map((test) => [JSON.stringify(test), test])).values()]
}

/** The index with or without the test; undefined when it is empty. */
function indexed<Key>(
  index: Map<Key, OneOrMany<SharedTest>> | undefined,
  key: Key,
  test: SharedTest,
  isAdded: boolean,
): Map<Key, OneOrMany<SharedTest>> | undefined {
  const result = index ?? new Map<Key, OneOrMany<SharedTest>>()
  const tests = changed(result.get(key), test, isAdded)
  if (tests !== undefined) result.set(key, tests)
  else result.delete(key)
  return result.size > 0 ? result : undefined
}

function changed(
  tests: OneOrMany<SharedTest>,
  test: SharedTest,
  isAdded: boolean,
): OneOrMany<SharedTest> {
  return isAdded ? withOne(tests, test) : withoutOne(tests, test)
}
