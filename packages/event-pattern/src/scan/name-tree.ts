const ENCODER = new TextEncoder()

const HEADER_WORDS = 8
const NODE_WORDS = 8
const LIST_ENTRY_WORDS = 2
const SLOT_WORDS = 8
const SLOTS_MIN = 8

/** A name of a path; `field` is the number of the field that ends there, or 0. */
export type NameNode = {
  readonly children: Map<string, NameNode>
  field: number
}

/**
 * The names of the wanted fields as a tree: `detail.state` is the child `state` of the child
 * `detail` of the root. Every name between dots is a node of its own, because an event may nest
 * objects or put dots into a name, or both.
 */
export class NameTree {
  readonly root: NameNode = { children: new Map(), field: 0 }
  #table: Uint8Array | undefined

  /** Has the values of the path reported under this number, which is not 0. */
  add(path: string, field: number): void {
    let node = this.root
    for (const name of path.split('.')) {
      let child = node.children.get(name)
      if (child === undefined) {
        child = { children: new Map(), field: 0 }
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
  readonly name: Uint8Array
}

function numbered(root: NameNode): readonly NumberedNode[] {
  const nodes: NumberedNode[] = [{ node: root, id: 1, parentId: 0, name: new Uint8Array() }]
  for (const { node, id } of nodes) {
    for (const [name, child] of node.children) {
      nodes.push({ node: child, id: nodes.length + 1, parentId: id, name: ENCODER.encode(name) })
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
  const table = new Uint8Array(nodes.reduce((end, { name }) => end + name.length, namesAt))
  const words = new Uint32Array(table.buffer, 0, namesAt / 4)
  words[0] = slotsAt * 4
  words[1] = slotCount - 1

  let nameAt = namesAt
  let listAt = listsAt
  for (const { node, id, parentId, name } of nodes) {
    table.set(name, nameAt)
    words.set([node.field, node.children.size], id * NODE_WORDS)
    const record = words.subarray(parentId * NODE_WORDS, (parentId + 1) * NODE_WORDS)
    if (parentId !== 0) {
      addToFilter(record, name)
      const names = wordsOf(name)
      let slot = slotOf(parentId, names) & (slotCount - 1)
      while (words[slotsAt + slot * SLOT_WORDS] !== 0) slot = (slot + 1) & (slotCount - 1)
      words.set([parentId, name.length, ...names, id, nameAt], slotsAt + slot * SLOT_WORDS)
    }
    if (parentId !== 0 && node.children.size > 0) {
      const [, , listed = 0, listedAt = 0] = record
      record.set([listed + 1, listed === 0 ? listAt * 4 : listedAt], 2)
      words.set([name.length, nameAt], listAt)
      listAt += LIST_ENTRY_WORDS
    }
    nameAt += name.length
  }
  return table
}

/** Sets the bit of the 64 in words 4 and 5 that wasm/name-table.ts looks at for a name. */
function addToFilter(record: Uint32Array, name: Uint8Array): void {
  const bit = (name.length * 7 + (name[0] ?? 0)) & 63
  const word = bit < 32 ? 4 : 5
  record[word] = (record[word] ?? 0) | (1 << (bit & 31))
}

type NameWords = readonly [number, number, number, number]

/** The first 8 bytes of the name and, where it is longer, its last 8. */
function wordsOf(name: Uint8Array): NameWords {
  const bytes = new Uint8Array(16)
  bytes.set(name.subarray(0, 8))
  if (name.length > 8) bytes.set(name.subarray(-8), 8)
  const [a = 0, b = 0, c = 0, d = 0] = new Uint32Array(bytes.buffer)
  return [a, b, c, d]
}

function slotOf(node: number, [a, b, c, d]: NameWords): number {
  let hash =
    Math.imul(node, 0x9e3779b1) ^
    Math.imul(a, 0x85ebca6b) ^
    Math.imul(b, 0xc2b2ae35) ^
    Math.imul(c, 0x27d4eb2f) ^
    Math.imul(d, 0x165667b1)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
