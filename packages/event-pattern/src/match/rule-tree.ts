import { hasOne } from './one-or-many.ts'
import type { OnDemandChildren, Rule, RuleNode, SharedTest } from './shared-test.ts'

// The way from the root to a place is a list of tests that an event must pass, so that rules which
// begin alike share the beginning:
//
//     root -- detail-type "EC2 Instance State-change" -- detail.state "running"   rules a, b
//                                                     -- detail.state "stopped"   rule c
//          -- source "aws.s3"                                                     rule d
//
// Indexed tests stand before those that are decided when asked.

/** More children than these are found by their test and not one by one. */
const CHILDREN_LISTED_MAX = 4

/** A new place, without a parent the root. */
export function newNode(parent?: RuleNode, test?: SharedTest): RuleNode {
  return { parent, test, rules: undefined, indexed: undefined, onDemand: undefined }
}

/**
 * The place that the tests lead to, made where there is none.
 * @param tests in the order of their paths
 */
export function nodeAt(root: RuleNode, tests: readonly SharedTest[]): RuleNode {
  let node = root
  for (const test of inTreeOrder(tests)) node = childOf(node, test) ?? addChild(node, test)
  return node
}

/** The place of the rule to which the tests lead, in whatever order they have been put there. */
export function findNode(
  from: RuleNode,
  tests: readonly SharedTest[],
  rule: Rule,
): RuleNode | undefined {
  if (tests.length === 0) return hasOne(from.rules, rule) ? from : undefined
  for (const test of tests) {
    const child = childOf(from, test)
    const left = child === undefined ? [] : tests.filter((other) => other !== test)
    const found = child && findNode(child, left, rule)
    if (found !== undefined) return found
  }
  return undefined
}

/** Removes the place, and those on the way to it, that no rule needs; gives tests without use. */
export function prune(from: RuleNode): readonly SharedTest[] {
  const unused: SharedTest[] = []
  let node = from
  while (node.rules === undefined && !hasChildren(node)) {
    const { parent, test } = node
    if (parent === undefined || test === undefined) break
    removeChild(parent, node, test)
    if (--test.uses === 0) unused.push(test)
    node = parent
  }
  return unused
}

/** The tests that lead to the place, in the order of their paths. */
export function testsByPath(node: RuleNode): readonly SharedTest[] {
  const tests: SharedTest[] = []
  for (let at: RuleNode | undefined = node; at?.test !== undefined; at = at.parent) {
    tests.push(at.test)
  }
  return tests.toSorted((left, right) => (left.field.path < right.field.path ? -1 : 1))
}

/** Whether there are places behind this one. */
export function hasChildren({ indexed, onDemand }: RuleNode): boolean {
  return indexed !== undefined || onDemand !== undefined
}

/** The child with the test, of children kept by their tests. */
export function childIn(
  children: Map<SharedTest, RuleNode>,
  parent: RuleNode,
  test: SharedTest,
): RuleNode | undefined {
  const { onlyNode } = test
  if (onlyNode === undefined) return children.get(test)
  return onlyNode.parent === parent ? onlyNode : undefined
}

/** The children as a list. */
export function listOfChildren(children: OnDemandChildren): readonly RuleNode[] {
  children.list ??= [...children.byTest.values()]
  return children.list
}

function childOf(node: RuleNode, test: SharedTest): RuleNode | undefined {
  const { indexed, onDemand } = node
  if (test.onDemand !== undefined) return onDemand?.byTest.get(test)
  if (indexed instanceof Map) return indexed.get(test)
  if (Array.isArray(indexed)) return indexed.find((child) => child.test === test)
  return indexed?.test === test ? indexed : undefined
}

function addChild(parent: RuleNode, test: SharedTest): RuleNode {
  const child = newNode(parent, test)
  test.uses++
  test.onlyNode = test.uses === 1 ? child : undefined
  const { indexed } = parent
  if (test.onDemand !== undefined) {
    parent.onDemand ??= { byTest: new Map(), list: undefined }
    parent.onDemand.byTest.set(test, child)
    parent.onDemand.list = undefined
  } else if (indexed === undefined) {
    parent.indexed = child
  } else if (indexed instanceof Map) {
    indexed.set(test, child)
  } else {
    const children = Array.isArray(indexed) ? [...indexed, child] : [indexed, child]
    parent.indexed = children.length > CHILDREN_LISTED_MAX ? byTest(children) : children
  }
  return child
}

function byTest(children: readonly RuleNode[]): Map<SharedTest, RuleNode> {
  return new Map(children.flatMap((child) => (child.test ? [[child.test, child]] : [])))
}

function removeChild(parent: RuleNode, child: RuleNode, test: SharedTest): void {
  const { indexed } = parent
  if (test.onlyNode === child) test.onlyNode = undefined
  if (test.onDemand !== undefined) {
    parent.onDemand?.byTest.delete(test)
    if (parent.onDemand !== undefined) parent.onDemand.list = undefined
    if (parent.onDemand?.byTest.size === 0) parent.onDemand = undefined
  } else if (indexed instanceof Map) {
    indexed.delete(test)
    if (indexed.size === 0) parent.indexed = undefined
  } else if (Array.isArray(indexed)) {
    const left = indexed.filter((other) => other !== child)
    parent.indexed = left.length === 1 ? left[0] : left
  } else {
    parent.indexed = undefined
  }
}

// Lists of plain values come first: they are the most selective and their index costs least. Among
// those, what tells fewer rules apart does: beginnings are then shared and seldom left.
function inTreeOrder(tests: readonly SharedTest[]): readonly SharedTest[] {
  if (tests.length < 2) return tests
  return tests.toSorted(
    (left, right) => rankOf(left) - rankOf(right) || left.field.testCount - right.field.testCount,
  )
}

function rankOf({ onDemand, tests }: SharedTest): number {
  if (onDemand !== undefined) return 2
  return tests.every(({ kind }) => kind === 'string' || kind === 'number') ? 0 : 1
}
