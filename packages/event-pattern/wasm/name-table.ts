// The tree of the names that patterns ask for, as name-table.ts beside the scanners writes it:
//
//   header   address of the slots (u32, all from the table's start), mask of the slots (u32),
//            six factors of their hash (u32)
//   nodes    for each node, from 1 on: field wanted (u32, 0 for none), number of children (u32),
//            number (u32) and address (u32) of the list of children that have children themselves,
//            filter of the children (u64, see filterBit), 8 bytes unused
//   lists    for each such child: length (u32) and address (u32) of its name
//   slots    an open hash table, 32 bytes each: node (u32, 0 when empty), length (u32), the first
//            and the last 8 bytes of the name (u64 each), child (u32), address of the name (u32)
//   names    in UTF-8

import { BACKSLASH, backslashes, bits, quotes } from './json-text'

const NODE_SIZE_SHIFT: usize = 5
const SLOT_SIZE_SHIFT: usize = 5
const DOT: u8 = 0x2e
/** More would cost as much as reading on. */
const GRANDCHILDREN_SEARCHED_MAX: u32 = 8

export const ROOT: u32 = 1

/** The field that the node stands for, or 0 when none is wanted there. */
export function fieldOf(table: usize, node: u32): u32 {
  return load<u32>(table + ((<usize>node) << NODE_SIZE_SHIFT))
}

/** How many names are wanted inside the node. */
export function childrenOf(table: usize, node: u32): u32 {
  return load<u32>(table + ((<usize>node) << NODE_SIZE_SHIFT), 4)
}

/**
 * Whether a name from `at` to `end` may lead into the node's grandchildren by having dots: beside
 * `{"a":{"b":1}}`, whose name has been met, that would be `"a.c"`. It is looked for as text, so that
 * nothing has to be understood; an escape may hide it.
 */
export function mayNameGrandchild(table: usize, node: u32, at: usize, end: usize): bool {
  const record = table + ((<usize>node) << NODE_SIZE_SHIFT)
  const count = load<u32>(record, 8)
  if (count == 0) return false
  if (count > GRANDCHILDREN_SEARCHED_MAX) return true
  let entry = table + load<u32>(record, 12)
  for (let index: u32 = 0; index < count; index++) {
    if (mayHaveNameStart(at, end, table + load<u32>(entry, 4), load<u32>(entry))) return true
    entry += 8
  }
  return false
}

/** Whether a quote, the name and a dot follow each other, or an escape may hide that. */
function mayHaveNameStart(at: usize, end: usize, name: usize, length: u32): bool {
  const first = i8x16.splat(length == 0 ? DOT : load<u8>(name))
  const quote = v128.load(quotes)
  const backslash = v128.load(backslashes)
  for (; at < end; at += 64) {
    const a = isStart(at, quote, first, backslash)
    const b = isStart(at + 16, quote, first, backslash)
    const c = isStart(at + 32, quote, first, backslash)
    const d = isStart(at + 48, quote, first, backslash)
    if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue
    for (let found = bits(a, b, c, d); found != 0; found &= found - 1) {
      const start = at + <usize>ctz(found)
      if (start >= end) return false
      if (load<u8>(start) == BACKSLASH) return true
      const isName = memory.compare(start + 1, name, length) == 0
      if (isName && load<u8>(start + 1 + length) == DOT) return true
    }
  }
  return false
}

/** The quotes with the first byte of a name behind them, and all backslashes. */
function isStart(at: usize, quote: v128, first: v128, backslash: v128): v128 {
  const bytes = v128.load(at)
  const isNamed = v128.and(i8x16.eq(bytes, quote), i8x16.eq(v128.load(at, 1), first))
  return v128.or(isNamed, i8x16.eq(bytes, backslash))
}

/** The child of the node under a name without dots; 0 when no pattern asks for it. */
export function childOf(table: usize, node: u32, name: usize, length: u32): u32 {
  const filter = load<u64>(table + ((<usize>node) << NODE_SIZE_SHIFT), 16)
  if (((filter >> filterBit(length, load<u8>(name))) & 1) == 0) return 0

  let first = load<u64>(name)
  let last: u64 = 0
  if (length < 8) first &= ((<u64>1) << ((<u64>length) << 3)) - 1
  else if (length > 8) last = load<u64>(name + length - 8)

  const slots = table + load<u32>(table)
  const mask = load<u32>(table, 4)
  let at = slotOf(table, node, name, length, first, last)
  while (true) {
    const slot = slots + ((<usize>(at++ & mask)) << SLOT_SIZE_SHIFT)
    const owner = load<u32>(slot)
    if (owner == 0) return 0
    if (
      owner == node &&
      load<u32>(slot, 4) == length &&
      load<u64>(slot, 8) == first &&
      load<u64>(slot, 16) == last &&
      (length <= 16 || memory.compare(name, table + load<u32>(slot, 28), length) == 0)
    ) {
      return load<u32>(slot, 24)
    }
  }
}

/** The bit of a filter that tells whether some child's name has the length and the first byte. */
function filterBit(length: u32, first: u8): u64 {
  return length == 0 ? 0 : <u64>((length * 7 + first) & 63)
}

/** The node that a name with dots leads to; 0 when no pattern asks for it. */
export function descendantOf(table: usize, node: u32, name: usize, end: usize): u32 {
  let start = name
  for (let at = name; at < end; at++) {
    if (load<u8>(at) != DOT) continue
    node = childOf(table, node, start, <u32>(at - start))
    if (node == 0) return 0
    start = at + 1
  }
  return childOf(table, node, start, <u32>(end - start))
}

function slotOf(table: usize, node: u32, name: usize, length: u32, first: u64, last: u64): u32 {
  let hash =
    (node * load<u32>(table, 8)) ^
    (<u32>first * load<u32>(table, 12)) ^
    (<u32>(first >> 32) * load<u32>(table, 16)) ^
    (<u32>last * load<u32>(table, 20)) ^
    (<u32>(last >> 32) * load<u32>(table, 24))
  if (length > 16) {
    for (let at: u32 = 8; at + 8 < length; at += 4) {
      hash = (hash ^ load<u32>(name + at)) * load<u32>(table, 28)
      hash ^= hash >> 15
    }
  }
  hash ^= hash >> 15
  hash *= 0x2c1b3c6d
  return hash ^ (hash >> 13)
}
