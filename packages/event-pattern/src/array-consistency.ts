import type { ArrayElement } from './flatten-event.ts'

/**
 * Which element of each array the values found so far belong to: its index by the array's id.
 * Two values go together unless they belong to different elements of one array.
 */
export type Choice = ReadonlyMap<number, number>

export const NO_CHOICE: Choice = new Map()

/**
 * The elements some values belong to, in the tree of the arrays around them, so that the ones that
 * go with a choice are found without looking at all others. An element whose array has no choice
 * yet goes with it; of an array that has one only the chosen element does:
 *
 *     {"e": [{"f": "Anna"}, {"f": "Bob", "g": ["x"]}]}      values of "e.f":
 *
 *     root -- array 0 -- element 0  holds a value
 *                     -- element 1  holds a value
 */
export type ElementTree = {
  readonly element: ArrayElement | undefined
  holdsValue: boolean
  readonly arrays: Map<number, Map<number, ElementTree>>
}

/** The tree of these elements; undefined stands for being in no array. */
export function elementTree(elements: Iterable<ArrayElement | undefined>): ElementTree {
  const root: ElementTree = { element: undefined, holdsValue: false, arrays: new Map() }
  const nodes = new Map<ArrayElement | undefined, ElementTree>([[undefined, root]])
  for (const element of elements) nodeOf(element, nodes, root).holdsValue = true
  return root
}

/** How much of a search may still be done; below 0 it has been given up. */
export type SearchSteps = { left: number }

/** Gives each element of the tree that goes with the choice, until the steps are used up. */
export function* consistentElements(
  tree: ElementTree,
  choice: Choice,
  steps: SearchSteps,
): Generator<ArrayElement | undefined> {
  const pending = [tree]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    steps.left -= 1 + node.arrays.size
    if (steps.left < 0) return
    if (node.holdsValue) yield node.element
    for (const [arrayId, elements] of node.arrays) {
      const chosen = choice.get(arrayId)
      if (chosen === undefined) {
        for (const inner of elements.values()) pending.push(inner)
      } else {
        const inner = elements.get(chosen)
        if (inner !== undefined) pending.push(inner)
      }
    }
  }
}

/** Whether any element of the tree goes with the choice. */
export function hasConsistentElement(
  tree: ElementTree,
  choice: Choice,
  steps: SearchSteps,
): boolean {
  return consistentElements(tree, choice, steps).next().done === false
}

/** The choice with an element that goes with it. */
export function choose(choice: Choice, element: ArrayElement | undefined): Choice {
  if (element === undefined) return choice
  const extended = new Map(choice)
  for (let at: ArrayElement | undefined = element; at !== undefined; at = at.outer) {
    extended.set(at.arrayId, at.index)
  }
  return extended
}

/** The choices that differ in an array that still matters, reduced to those arrays. */
export function distinctChoices(
  choices: readonly Choice[],
  matters: (arrayId: number) => boolean,
): readonly Choice[] {
  const distinct = new Map<string, Choice>()
  for (const choice of choices) {
    const reduced = [...choice]
      .filter(([arrayId]) => matters(arrayId))
      .toSorted(([left], [right]) => left - right)
    distinct.set(reduced.join(' '), new Map(reduced))
  }
  return [...distinct.values()]
}

// The recursion is as deep as arrays nest, which the JSON reader bounds.
function nodeOf(
  element: ArrayElement | undefined,
  nodes: Map<ArrayElement | undefined, ElementTree>,
  root: ElementTree,
): ElementTree {
  const known = nodes.get(element)
  if (known !== undefined || element === undefined) return known ?? root
  const outer = nodeOf(element.outer, nodes, root)
  const node: ElementTree = { element, holdsValue: false, arrays: new Map() }
  const siblings = outer.arrays.get(element.arrayId)
  if (siblings === undefined) outer.arrays.set(element.arrayId, new Map([[element.index, node]]))
  else siblings.set(element.index, node)
  nodes.set(element, node)
  return node
}
