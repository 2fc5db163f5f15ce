import type { ValueTest } from '../value-test.ts'
import type { OneOrMany } from './one-or-many.ts'
import type { ScannedEvent } from '../scan/scanned-event.ts'

/** Whether the value whose words start at `at` passes a test. */
export type ValuePredicate = (event: ScannedEvent, at: number) => boolean

/** A field and what the event scanned last has there. */
export type FieldValues = {
  readonly path: string
  /** How many different tests rules ask of it. */
  readonly testCount: number
  /** The number of the event that had the field last. */
  readonly seenIn: number
  /** Where in that event the values are; behind the first `valueCount` stand older ones. */
  readonly values: readonly number[]
  readonly valueCount: number
  /** Whether any of them is in an array of objects. */
  readonly hasElements: boolean
}

/**
 * What rules ask of a field; rules that ask the same share it, so that it is decided once for an
 * event. `decidedIn`, `passedIn` and `elements` are about the event scanned last.
 */
export type SharedTest = {
  readonly field: FieldValues
  readonly tests: readonly ValueTest[]
  /**
   * Undefined for a test that the field's index finds by the event's value. Any other is decided
   * when a rule asks.
   */
  readonly onDemand: OnDemandTest | undefined
  /** How many places in the tree of rules ask it. */
  uses: number
  /**
   * The place that asks it while there is only one, as for most tests in a large set of rules: the
   * way to it that touches the least memory.
   */
  onlyNode: RuleNode | undefined
  /** The number of the event that passed it last. */
  passedIn: number
  /**
   * The array elements of the values that passed, 0 for a value in no array; undefined when no value
   * was in an array.
   */
  elements: number[] | undefined
}

export type OnDemandTest = {
  readonly passes: ValuePredicate
  readonly mayBeAbsent: boolean
  /**
   * Of an anything-but, what it excludes, where the field's index finds that: a field's only value
   * passes when it has not passed this.
   */
  readonly excluded: SharedTest | undefined
  /** The number of the event for which it was decided last. */
  decidedIn: number
}

/** What matches when an event comes to a place in the tree of rules. */
export type Rule = {
  readonly key: unknown
  /** The patterns under the key. */
  texts: OneOrMany<string>
  /** The number of the event that it matched last. */
  matchedIn: number
}

/** A place in the tree of rules, see rule-tree.ts. */
export type RuleNode = {
  readonly parent: RuleNode | undefined
  /** Undefined at the root. */
  readonly test: SharedTest | undefined
  rules: OneOrMany<Rule>
  /** The children with indexed tests. */
  indexed: RuleNode | RuleNode[] | Map<SharedTest, RuleNode> | undefined
  /** The children whose tests are decided when asked. */
  onDemand: OnDemandChildren | undefined
}

/** Children to be gone through for each event, and to be found again when rules change. */
export type OnDemandChildren = {
  readonly byTest: Map<SharedTest, RuleNode>
  /** The same; undefined after a change. */
  list: readonly RuleNode[] | undefined
}

/** The indexed tests that an event passes. */
export class PassedTests {
  /** Numbers the events, so that nothing has to be reset between them. */
  eventNumber = 0
  /** Behind the first `count` stand older ones: a list that is emptied has to grow again. */
  readonly tests: SharedTest[] = []
  count = 0

  /** Forgets the event before. */
  start(): void {
    this.eventNumber++
    this.count = 0
  }

  /** Notes that a value in this array element passes the tests. */
  add(tests: OneOrMany<SharedTest>, element: number): void {
    if (tests === undefined) return
    if (tests instanceof Map) {
      for (const test of tests.keys()) this.#addOne(test, element)
      return
    }
    if (!Array.isArray(tests)) {
      this.#addOne(tests, element)
      return
    }
    for (let at = 0; at < tests.length; at++) {
      const test = tests[at]
      if (test !== undefined) this.#addOne(test, element)
    }
  }

  #addOne(test: SharedTest, element: number): void {
    if (test.passedIn !== this.eventNumber) {
      test.passedIn = this.eventNumber
      this.tests[this.count++] = test
      test.elements = element === 0 ? undefined : [element]
    } else if (test.elements !== undefined) {
      test.elements.push(element)
    } else if (element !== 0) {
      test.elements = [0, element]
    }
  }
}
