import { listOf } from './one-or-many.ts'
import type { OnDemandChildren, Rule, RuleNode, SharedTest } from './shared-test.ts'

// The way from the root to a place is a list of tests that an event must pass, so that rules which
// begin alike share the beginning:
//
//     root -- detail-type "EC2 Instance State-change" -- detail.state "running"   rules a, b
//                                                     -- detail.state "stopped"   rule c
//          -- source "aws.s3"                                                     rule d
//
// Indexed tests stand before those that are decided when asked.

/** A new place, without a parent the root. */
export function newNode(parent?: RuleNode, test?: SharedTest): RuleNode {
  return { parent, test, rules: undefined, childCount: 0, indexed: undefined, onDemand: undefined }
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
  if (tests.length === 0) return listOf(from.rules).includes(rule) ? from : undefined
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
  while (node.rules === undefined && node.childCount === 0) {
    const { parent, test } = node
    if (parent === undefined || test === undefined) break
    removeChild(parent, test)
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

/** The child with the test. */
export function childOf(node: RuleNode, test: SharedTest): RuleNode | undefined {
  const { onlyNode } = test
  if (onlyNode !== undefined) return onlyNode.parent === node ? onlyNode : undefined
  return test.onDemand === undefined ? node.indexed?.get(test) : node.onDemand?.byTest.get(test)
}

/** The children as a list. */
export function listOfChildren(children: OnDemandChildren): readonly RuleNode[] {
  children.list ??= [...children.byTest.values()]
  return children.list
}

function addChild(parent: RuleNode, test: SharedTest): RuleNode {
  const child = newNode(parent, test)
  test.uses++
  parent.childCount++
  if (test.onDemand !== undefined) {
    parent.onDemand ??= { byTest: new Map(), list: undefined }
    parent.onDemand.byTest.set(test, child)
    parent.onDemand.list = undefined
    return child
  }
  if (test.uses === 1) {
    test.onlyNode = child
    return child
  }
  const first = test.onlyNode
  if (first?.parent !== undefined) putIndexed(first.parent, test, first)
  test.onlyNode = undefined
  putIndexed(parent, test, child)
  return child
}

function putIndexed(parent: RuleNode, test: SharedTest, child: RuleNode): void {
  parent.indexed ??= new Map()
  parent.indexed.set(test, child)
}

function removeChild(parent: RuleNode, test: SharedTest): void {
  parent.childCount--
  if (test.onDemand !== undefined) {
    parent.onDemand?.byTest.delete(test)
    if (parent.onDemand !== undefined) parent.onDemand.list = undefined
    if (parent.onDemand?.byTest.size === 0) parent.onDemand = undefined
  } else if (test.onlyNode !== undefined) {
    test.onlyNode = undefined
  } else {
    parent.indexed?.delete(test)
    if (parent.indexed?.size === 0) parent.indexed = undefined
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
