const ENCODER = new TextEncoder()

const HEADER_WORDS = 8
const NODE_WORDS = 8
const LIST_ENTRY_WORDS = 2
const SLOT_WORDS = 8
const SLOTS_MIN = 8

/** A name of a path; `field` is the number of the field that ends there, or 0. */
export type NameNode = {
  readonly id: number
  readonly children: Map<string, NameNode>
  field: number
}

/**
 * The names of the wanted fields as a tree: `detail.state` is the child `state` of the child
 * `detail` of the root. Every name between dots is a node of its own, because an event may nest
 * objects or put dots into a name, or both.
 */
export class NameTree {
  #root: NameNode = { id: 1, children: new Map(), field: 0 }
  #nodes = [this.#root]
  readonly #paths = new Map<number, string>()
  #table: Uint8Array | undefined

  /** Has the values of the path reported under this number, which is not 0. */
  add(path: string, field: number): void {
    this.#paths.set(field, path)
    this.#put(path, field)
    this.#table = undefined
  }

  /** Ends the reporting under this number. */
  delete(field: number): void {
    this.#paths.delete(field)
    this.#root = { id: 1, children: new Map(), field: 0 }
    this.#nodes = [this.#root]
    for (const [left, path] of this.#paths) this.#put(path, left)
    this.#table = undefined
  }

  get root(): NameNode {
    return this.#root
  }

  /** The tree in the form that wasm/name-table.ts reads; the same array until the tree changes. */
  table(): Uint8Array {
    this.#table ??= tableOf(this.#nodes)
    return this.#table
  }

  #put(path: string, field: number): void {
    let node = this.#root
    for (const name of path.split('.')) {
      let child = node.children.get(name)
      if (child === undefined) {
        child = { id: this.#nodes.length + 1, children: new Map(), field: 0 }
        node.children.set(name, child)
        this.#nodes.push(child)
      }
      node = child
    }
    node.field = field
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

function tableOf(nodes: readonly NameNode[]): Uint8Array {
  const children = nodes.flatMap((parent) =>
    [...parent.children].map(([name, child]) => ({ parent, child, name: ENCODER.encode(name) })),
  )
  let slotCount = SLOTS_MIN
  while (slotCount < children.length * 2) slotCount *= 2

  const listsAt = (HEADER_WORDS + nodes.length * NODE_WORDS) * 4
  const parentCount = children.filter(({ child }) => child.children.size > 0).length
  const slotsAt = listsAt + parentCount * LIST_ENTRY_WORDS * 4
  const slotsEnd = slotsAt + slotCount * SLOT_WORDS * 4
  const namesLength = children.reduce((length, { name }) => length + name.length, 0)
  const table = new Uint8Array(slotsEnd + namesLength)
  const view = new DataView(table.buffer)
  const write = (at: number, words: readonly number[]) => {
    for (const [index, word] of words.entries()) view.setUint32(at + index * 4, word, true)
  }

  write(0, [slotsAt, slotCount - 1])
  for (const { id, field, children: inner } of nodes) {
    write(id * NODE_WORDS * 4, [field, inner.size])
  }
  let nameAt = slotsEnd
  let listAt = listsAt
  for (const { parent, child, name } of children) {
    table.set(name, nameAt)
    const words = wordsOf(name)
    const filterAt = parent.id * NODE_WORDS * 4 + 16
    const filter = view.getBigUint64(filterAt, true)
    view.setBigUint64(filterAt, filter | (1n << filterBit(name)), true)
    let slot = slotOf(parent.id, words) & (slotCount - 1)
    const slotAt = () => slotsAt + slot * SLOT_WORDS * 4
    while (view.getUint32(slotAt(), true) !== 0) slot = (slot + 1) & (slotCount - 1)
    write(slotAt(), [parent.id, name.length, ...words, child.id, nameAt])
    if (child.children.size > 0) {
      // The children of one node follow each other.
      const listed = parent.id * NODE_WORDS * 4 + 8
      const count = view.getUint32(listed, true)
      write(listed, count === 0 ? [1, listAt] : [count + 1])
      write(listAt, [name.length, nameAt])
      listAt += LIST_ENTRY_WORDS * 4
    }
    nameAt += name.length
  }
  return table
}

function filterBit(name: Uint8Array): bigint {
  return BigInt((name.length * 7 + (name[0] ?? 0)) & 63)
}

type NameWords = readonly [number, number, number, number]

/** The first 8 bytes of the name and, where it is longer, its last 8. */
function wordsOf(name: Uint8Array): NameWords {
  const words = new DataView(new ArrayBuffer(16))
  for (const [at, byte] of name.subarray(0, 8).entries()) words.setUint8(at, byte)
  if (name.length > 8)
    for (const [at, byte] of name.subarray(-8).entries()) words.setUint8(8 + at, byte)
  return [
    words.getUint32(0, true),
    words.getUint32(4, true),
    words.getUint32(8, true),
    words.getUint32(12, true),
  ]
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
