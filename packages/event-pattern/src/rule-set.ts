import type { Alternative } from './compile.ts'
import { areConsistent } from './match/consistent-elements.ts'
import { hasOne, withOne, withoutOne } from './match/one-or-many.ts'
import {
  childIn,
  findNode,
  hasChildren,
  listOfChildren,
  newNode,
  nodeAt,
  prune,
  testsByPath,
} from './match/rule-tree.ts'
import { PassedTests } from './match/shared-test.ts'
import type { OnDemandTest, Rule, RuleNode, SharedTest } from './match/shared-test.ts'
import { readLongNumber } from './match/value-predicate.ts'
import { WantedField } from './match/wanted-field.ts'
import { newSearchSteps } from './matcher.ts'
import { NameTree } from './scan/name-tree.ts'
import { fastestScanner, scanned } from './scan/scan.ts'
import {
  ELEMENT,
  FIELD,
  KIND,
  KIND_LONG_NUMBER,
  KIND_NUMBER,
  VALUE_WORDS,
  setDoubleAt,
} from './scan/scanned-event.ts'
import type { Scanner } from './scan/scanned-event.ts'

/** What a rule set needs of an event pattern. */
type Pattern = { readonly text: string; readonly alternatives: readonly Alternative[] }

export type MatchOptions = {
  /**
   * The event is known to be valid JSON and to have no name twice in an object. What follows the
   * last field that a pattern asks for is then not checked, and hardly looked at.
   */
  readonly trusted?: boolean
}

/**
 * Patterns under keys: tells which keys an event matches. The event is read once for all, and lists of
 * plain values cost hardly more for being many.
 */
export class RuleSet<Key> {
  readonly #rules = new Map<Key, Rule>()
  readonly #root = newNode()
  readonly #fields = new Map<string, WantedField>()
  /** The same by their numbers, from 1 on; a number is used again when its field is gone. */
  readonly #fieldsByNumber: (WantedField | undefined)[] = [undefined]
  readonly #freeNumbers: number[] = []
  readonly #names = new NameTree()
  readonly #passed = new PassedTests()
  readonly #scanner: Scanner
  #hasElements = false
  #searchSteps = newSearchSteps()

  /** @internal */
  constructor(scanner = fastestScanner()) {
    this.#scanner = scanner
  }

  /** Adds a pattern under a key; a key may have several, and the same text twice is one. */
  add(key: Key, { text, alternatives }: Pattern): void {
    const rule = this.#rules.get(key) ?? { key, texts: undefined, matchedIn: 0 }
    if (hasOne(rule.texts, text)) return
    // First what may fail, so that a rule is there as a whole or not at all.
    const alternativeTests = alternatives.map((alternative) => this.#testsOf(alternative))
    rule.texts = withOne(rule.texts, text)
    this.#rules.set(key, rule)
    for (const tests of alternativeTests) {
      const node = nodeAt(this.#root, tests)
      node.rules = withOne(node.rules, rule)
    }
  }

  /** Removes the pattern with this one's text from the key; tells whether it was there. */
  delete(key: Key, { text, alternatives }: Pattern): boolean {
    const rule = this.#rules.get(key)
    if (rule === undefined || !hasOne(rule.texts, text)) return false
    rule.texts = withoutOne(rule.texts, text)
    if (rule.texts === undefined) this.#rules.delete(key)
    for (const alternative of alternatives) {
      const node = findNode(this.#root, this.#testsOf(alternative), rule)
      if (node === undefined) continue
      // Two patterns of a key may ask the same: only one of them goes.
      node.rules = withoutOne(node.rules, rule)
      for (const test of prune(node)) this.#drop(test)
    }
    return true
  }

  /**
   * The keys of all patterns that match the event, each once and in no particular order.
   * @param event JSON text or its UTF-8 bytes; a text that is not an event matches nothing
   */
  match(event: string | Uint8Array, options?: MatchOptions): Key[] {
    if (typeof event !== 'string' && !ArrayBuffer.isView(event)) {
      throw new TypeError('an event is given as JSON text or as its UTF-8 bytes')
    }
    if (this.#rules.size === 0) return []
    const count = this.#scanner.scan(event, this.#names, options?.trusted === true)
    if (count === undefined) return []
    this.#passed.start()
    this.#readValues(count)
    if (this.#hasElements) this.#searchSteps = newSearchSteps()
    const matches: unknown[] = []
    this.#visitChildren(this.#root, matches)
    // What add has put there.
    return matches as Key[]
  }

  #readValues(count: number): void {
    const { words, firstWord } = scanned
    const { eventNumber } = this.#passed
    const end = firstWord + count * VALUE_WORDS
    this.#hasElements = false
    for (let at = firstWord; at < end; at += VALUE_WORDS) {
      const field = this.#fieldsByNumber[words[at + FIELD] ?? 0]
      if (field === undefined) continue
      if (words[at + KIND] === KIND_LONG_NUMBER) {
        setDoubleAt(scanned, at, readLongNumber(scanned, at))
        words[at + KIND] = KIND_NUMBER
      }
      const element = words[at + ELEMENT] ?? 0
      if (element !== 0) this.#hasElements = true
      field.addValue(at, element, eventNumber)
      field.findPassed(scanned, at, this.#passed)
    }
  }

  /** Follows the tests that the event passes to the rules behind them. */
  #visitChildren(node: RuleNode, matches: unknown[]): void {
    const { indexed } = node
    if (indexed instanceof Map) this.#visitMany(node, indexed, matches)
    else if (Array.isArray(indexed)) {
      for (let at = 0; at < indexed.length; at++) this.#visitIndexed(indexed[at], matches)
    } else {
      this.#visitIndexed(indexed, matches)
    }
    if (node.onDemand === undefined) return
    const children = listOfChildren(node.onDemand)
    for (let at = 0; at < children.length; at++) {
      const child = children[at]
      if (child?.test !== undefined && this.#passes(child.test)) this.#visit(child, matches)
    }
  }

  /** Goes through the children or through the tests passed, whichever are fewer. */
  #visitMany(node: RuleNode, children: Map<SharedTest, RuleNode>, matches: unknown[]): void {
    const { tests, count } = this.#passed
    if (children.size < count) {
      for (const child of children.values()) this.#visitIndexed(child, matches)
      return
    }
    for (let at = 0; at < count; at++) {
      const test = tests[at]
      const child = test && childIn(children, node, test)
      if (child !== undefined) this.#visit(child, matches)
    }
  }

  #visitIndexed(child: RuleNode | undefined, matches: unknown[]): void {
    if (child?.test?.passedIn === this.#passed.eventNumber) this.#visit(child, matches)
  }

  #visit(node: RuleNode, matches: unknown[]): void {
    const { rules } = node
    if (rules !== undefined && (!this.#hasElements || this.#isConsistent(node))) {
      if (rules instanceof Map) for (const rule of rules.keys()) this.#report(rule, matches)
      else if (Array.isArray(rules)) for (const rule of rules) this.#report(rule, matches)
      else this.#report(rules, matches)
    }
    if (hasChildren(node)) this.#visitChildren(node, matches)
  }

  #isConsistent(node: RuleNode): boolean {
    // Alone, a value needs no others to go with; that a field is absent depends on others.
    const isAlone = node.parent === this.#root && node.test?.onDemand?.mayBeAbsent !== true
    return (
      isAlone ||
      areConsistent(scanned, this.#passed.eventNumber, testsByPath(node), this.#searchSteps)
    )
  }

  #report(rule: Rule, matches: unknown[]): void {
    if (rule.matchedIn === this.#passed.eventNumber) return
    rule.matchedIn = this.#passed.eventNumber
    matches.push(rule.key)
  }

  /** Whether the event passes a test that is decided when asked. */
  #passes(test: SharedTest): boolean {
    const { onDemand } = test
    const { eventNumber } = this.#passed
    if (onDemand !== undefined && onDemand.decidedIn !== eventNumber) {
      onDemand.decidedIn = eventNumber
      if (this.#decide(test, onDemand)) test.passedIn = eventNumber
    }
    return test.passedIn === eventNumber
  }

  #decide(test: SharedTest, { passes, mayBeAbsent, excluded }: OnDemandTest): boolean {
    const { seenIn, values, valueCount, hasElements } = test.field
    if (seenIn !== this.#passed.eventNumber) {
      test.elements = []
      return mayBeAbsent
    }
    if (!hasElements) {
      test.elements = undefined
      if (excluded !== undefined && valueCount === 1) return excluded.passedIn !== seenIn
      for (let index = 0; index < valueCount; index++) {
        if (passes(scanned, values[index] ?? 0)) return true
      }
      return false
    }
    test.elements = []
    for (let index = 0; index < valueCount; index++) {
      const at = values[index] ?? 0
      if (passes(scanned, at)) test.elements.push(scanned.words[at + ELEMENT] ?? 0)
    }
    // A field that only other elements of an array have may count as absent: decided at the rule.
    return mayBeAbsent || test.elements.length > 0
  }

  #testsOf(alternative: Alternative): readonly SharedTest[] {
    return alternative.map((test) => this.#field(test.path).share(test))
  }

  #field(path: string): WantedField {
    const known = this.#fields.get(path)
    if (known !== undefined) return known
    const number = this.#freeNumbers.pop() ?? this.#fieldsByNumber.length
    const field = new WantedField(path, number)
    this.#fields.set(path, field)
    this.#fieldsByNumber[number] = field
    this.#names.add(path, number)
    return field
  }

  #drop(test: SharedTest): void {
    const field = this.#field(test.field.path)
    field.drop(test)
    if (field.testCount > 0) return
    this.#fields.delete(field.path)
    this.#fieldsByNumber[field.number] = undefined
    this.#freeNumbers.push(field.number)
    this.#names.delete(field.path)
  }
}
