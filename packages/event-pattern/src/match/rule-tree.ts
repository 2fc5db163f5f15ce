import { listOf, withOne, withoutOne } from './one-or-many.ts'
import type { OneOrMany } from './one-or-many.ts'
import type { SharedTest } from './shared-test.ts'

/** More children than these are found by their test and not one by one. */
const CHILDREN_LISTED_MAX = 4

/**
 * A place in the tree of rules. The way from the root to it is a list of tests that an event must
 * pass, so that rules which begin alike share the beginning:
 *
 *     root -- detail-type "EC2 Instance State-change" -- detail.state "running"   rules a, b
 *                                                     -- detail.state "stopped"   rule c
 *          -- source "aws.s3"                                                     rule d
 *
 * Indexed tests stand before those that are decided when asked.
 */
export class RuleNode<Rule extends object> {
  readonly parent: RuleNode<Rule> | undefined
  /** Undefined at the root. */
  readonly test: SharedTest | undefined
  rules: OneOrMany<Rule>
  /** The children with indexed tests. */
  indexed: OneOrMany<RuleNode<Rule>> | Map<SharedTest, RuleNode<Rule>>
  /** The children with other tests. */
  others: ChildrenInOrder<Rule> | undefined

  constructor(parent?: RuleNode<Rule>, test?: SharedTest) {
    this.parent = parent
    this.test = test
    this.rules = undefined
    this.indexed = undefined
    this.others = undefined
  }
}

/** Children to be gone through for each event and found again when rules change. */
type ChildrenInOrder<Rule extends object> = {
  readonly byTest: Map<SharedTest, RuleNode<Rule>>
  /** The same; undefined after a change. */
  list: readonly RuleNode<Rule>[] | undefined
}

/**
 * The place that the tests lead to, made where there is none.
 * @param tests in the order of their paths
 */
export function nodeAt<Rule extends object>(
  root: RuleNode<Rule>,
  tests: readonly SharedTest[],
): RuleNode<Rule> {
  let node = root
  for (const test of inTreeOrder(tests)) node = childOf(node, test) ?? addChild(node, test)
  return node
}

/** The place that the tests lead to, where there is one. */
export function findNode<Rule extends object>(
  root: RuleNode<Rule>,
  tests: readonly SharedTest[],
): RuleNode<Rule> | undefined {
  let node: RuleNode<Rule> | undefined = root
  for (const test of inTreeOrder(tests)) node = node && childOf(node, test)
  return node
}

/** Removes the place, and those on the way to it, that no rule needs; gives tests without use. */
export function prune<Rule extends object>(from: RuleNode<Rule>): readonly SharedTest[] {
  const unused: SharedTest[] = []
  let node = from
  while (isEmpty(node) && node.parent !== undefined && node.test !== undefined) {
    removeChild(node.parent, node)
    if (--node.test.uses === 0) unused.push(node.test)
    node = node.parent
  }
  return unused
}

/** The tests that lead to the place, in the order of their paths. */
export function testsByPath<Rule extends object>(node: RuleNode<Rule>): readonly SharedTest[] {
  const tests: SharedTest[] = []
  for (let at: RuleNode<Rule> | undefined = node; at?.test !== undefined; at = at.parent) {
    tests.push(at.test)
  }
  return tests.toSorted((left, right) => (left.field.path < right.field.path ? -1 : 1))
}

/** The children whose tests are decided when asked. */
export function othersOf<Rule extends object>(
  others: ChildrenInOrder<Rule>,
): readonly RuleNode<Rule>[] {
  others.list ??= [...others.byTest.values()]
  return others.list
}

function childOf<Rule extends object>(
  { indexed, others }: RuleNode<Rule>,
  test: SharedTest,
): RuleNode<Rule> | undefined {
  if (test.onDemand !== undefined) return others?.byTest.get(test)
  if (indexed instanceof Map) return indexed.get(test)
  return listOf(indexed).find((child) => child.test === test)
}

function addChild<Rule extends object>(parent: RuleNode<Rule>, test: SharedTest): RuleNode<Rule> {
  const child = new RuleNode(parent, test)
  test.uses++
  if (test.onDemand !== undefined) {
    parent.others ??= { byTest: new Map(), list: undefined }
    parent.others.byTest.set(test, child)
    parent.others.list = undefined
  } else if (parent.indexed instanceof Map) {
    parent.indexed.set(test, child)
  } else {
    const children = withOne(parent.indexed, child)
    parent.indexed =
      Array.isArray(children) && children.length > CHILDREN_LISTED_MAX
        ? new Map(children.flatMap((each) => (each.test ? [[each.test, each]] : [])))
        : children
  }
  return child
}

function removeChild<Rule extends object>(parent: RuleNode<Rule>, child: RuleNode<Rule>): void {
  const { test } = child
  if (test === undefined) return
  if (test.onDemand !== undefined) {
    parent.others?.byTest.delete(test)
    if (parent.others !== undefined) parent.others.list = undefined
    if (parent.others?.byTest.size === 0) parent.others = undefined
  } else if (parent.indexed instanceof Map) {
    parent.indexed.delete(test)
    if (parent.indexed.size === 0) parent.indexed = undefined
  } else {
    parent.indexed = withoutOne(parent.indexed, child)
  }
}

function isEmpty<Rule extends object>({ rules, indexed, others }: RuleNode<Rule>): boolean {
  return rules === undefined && indexed === undefined && others === undefined
}

// Lists of plain values come first: they are the most selective and their index costs least.
function inTreeOrder(tests: readonly SharedTest[]): readonly SharedTest[] {
  return tests.length < 2 ? tests : tests.toSorted((left, right) => rankOf(left) - rankOf(right))
}

function rankOf({ onDemand, tests }: SharedTest): number {
  if (onDemand !== undefined) return 2
  return tests.every(({ kind }) => kind === 'string' || kind === 'number') ? 0 : 1
}
