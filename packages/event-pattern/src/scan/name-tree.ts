import { NAME_FACTORS } from './text-hash.ts'

const ENCODER = new TextEncoder()

const HEADER_WORDS = 8
const NODE_WORDS = 8
const LIST_WORD = 2
const FILTER_WORD = 4
const LIST_ENTRY_WORDS = 2
const SLOT_WORDS = 8
const SLOTS_MIN = 8

/** A name of a path; `field` is the number of the field that ends there, or 0. */
export type NameNode = {
  readonly name: Uint8Array
  readonly children: Map<string, NameNode>
  field: number
}

/**
 * The names of the wanted fields as a tree: `detail.state` is the child `state` of the child
 * `detail` of the root. Every name between dots is a node of its own, because an event may nest
 * objects or put dots into a name, or both.
 */
export class NameTree {
  readonly root = newNode('')
  #table: Uint8Array | undefined

  /** Has the values of the path reported under this number, which is not 0. */
  add(path: string, field: number): void {
    let node = this.root
    for (const name of path.split('.')) {
      let child = node.children.get(name)
      if (child === undefined) {
        child = newNode(name)
        node.children.set(name, child)
      }
      node = child
    }
    node.field = field
    this.#table = undefined
  }

  /** Ends the reporting of the path's values. */
  delete(path: string): void {
    const way: { readonly parent: NameNode; readonly name: string; readonly node: NameNode }[] = []
    let parent = this.root
    for (const name of path.split('.')) {
      const node = parent.children.get(name)
      if (node === undefined) return
      way.push({ parent, name, node })
      parent = node
    }
    parent.field = 0
    for (const { parent: outer, name, node } of way.toReversed()) {
      if (node.field !== 0 || node.children.size > 0) break
      outer.children.delete(name)
    }
    this.#table = undefined
  }

  /** The tree in the form that wasm/name-table.ts reads; the same array until the tree changes. */
  table(): Uint8Array {
    this.#table ??= tableOf(this.root)
    return this.#table
  }
}

function newNode(name: string): NameNode {
  return { name: ENCODER.encode(name), children: new Map(), field: 0 }
}

/** The node that a name, with or without dots, leads to. */
export function descendantOf(node: NameNode, name: string): NameNode | undefined {
  const direct = node.children.get(name)
  if (direct !== undefined || !name.includes('.')) return direct
  let inner: NameNode | undefined = node
  for (const part of name.split('.')) inner = inner?.children.get(part)
  return inner
}

/** A node with its number in a table; the root is 1, and children of one node follow each other. */
type NumberedNode = {
  readonly node: NameNode
  readonly id: number
  readonly parentId: number
}

function numbered(root: NameNode): readonly NumberedNode[] {
  const nodes: NumberedNode[] = [{ node: root, id: 1, parentId: 0 }]
  for (const { node, id } of nodes) {
    for (const child of node.children.values()) {
      nodes.push({ node: child, id: nodes.length + 1, parentId: id })
    }
  }
  return nodes
}

function tableOf(root: NameNode): Uint8Array {
  const nodes = numbered(root)
  let slotCount = SLOTS_MIN
  while (slotCount < nodes.length * 2) slotCount *= 2

  const listsAt = HEADER_WORDS + nodes.length * NODE_WORDS
  const slotsAt = listsAt + nodes.length * LIST_ENTRY_WORDS
  const namesAt = (slotsAt + slotCount * SLOT_WORDS) * 4
  const table = new Uint8Array(nodes.reduce((end, { node }) => end + node.name.length, namesAt))
  const words = new Uint32Array(table.buffer, 0, namesAt / 4)
  words.set([slotsAt * 4, slotCount - 1, ...NAME_FACTORS])

  let nameAt = namesAt
  let listAt = listsAt
  for (const { node, id, parentId } of nodes) {
    const { name } = node
    table.set(name, nameAt)
    words.set([node.field, node.children.size], id * NODE_WORDS)
    if (parentId !== 0) {
      const parentAt = parentId * NODE_WORDS
      const filterAt = parentAt + FILTER_WORD + (filterBit(name) >> 5)
      words[filterAt] = wordAt(words, filterAt) | (1 << (filterBit(name) & 31))
      const nameWords = wordsOf(name)
      let slot = slotOf(parentId, name, nameWords) & (slotCount - 1)
      while (words[slotsAt + slot * SLOT_WORDS] !== 0) slot = (slot + 1) & (slotCount - 1)
      words.set([parentId, name.length, ...nameWords, id, nameAt], slotsAt + slot * SLOT_WORDS)
      if (node.children.size > 0) {
        const listed = wordAt(words, parentAt + LIST_WORD)
        words[parentAt + LIST_WORD] = listed + 1
        if (listed === 0) words[parentAt + LIST_WORD + 1] = listAt * 4
        words.set([name.length, nameAt], listAt)
        listAt += LIST_ENTRY_WORDS
      }
    }
    nameAt += name.length
  }
  return table
}

function wordAt(words: Uint32Array, at: number): number {
  return words[at] ?? 0
}

/** The bit, of 64, that tells whether some child may have the name. */
function filterBit(name: Uint8Array): number {
  return (name.length * 7 + (name[0] ?? 0)) & 63
}

type NameWords = readonly [number, number, number, number]

/** The first 8 bytes of the name and, where it is longer, its last 8. */
function wordsOf(name: Uint8Array): NameWords {
  const tail = name.length > 8 ? name.length - 8 : name.length
  return [wordOf(name, 0, 8), wordOf(name, 4, 8), wordOf(name, tail), wordOf(name, tail + 4)]
}

/** Four bytes of the name, zeros behind its end or behind `end`. */
function wordOf(name: Uint8Array, at: number, end = name.length): number {
  let word = 0
  for (let byte = 0; byte < 4 && at + byte < end; byte++) {
    word |= (name[at + byte] ?? 0) << (byte * 8)
  }
  return word >>> 0
}

function slotOf(node: number, name: Uint8Array, words: NameWords): number {
  let hash = 0
  for (const [at, word] of [node, ...words].entries()) {
    hash ^= Math.imul(word, NAME_FACTORS[at] ?? 1)
  }
  for (let at = 8; at + 8 < name.length && name.length > 16; at += 4) {
    hash = Math.imul(hash ^ wordOf(name, at), NAME_FACTORS[5] ?? 1)
    hash ^= hash >>> 15
  }
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
