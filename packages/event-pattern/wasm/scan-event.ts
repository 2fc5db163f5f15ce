// Reads an event from memory and writes down the values of the fields that patterns ask for. The
// layout of what it reads and writes is described in src/scan/scanned-event.ts.

import { addressOfPowersOfTen, comparableNumber, isOutOfReach } from './comparable-number'
import {
  CLOSE_BRACE,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  decodeString,
  endOfPlainName,
  endOfScalar,
  endOfString,
  skipSpace,
} from './json-text'
import { ROOT, childOf, childrenOf, descendantOf, fieldOf, mayNameGrandchild } from './name-table'
import { skipColon, skipTrustedLevels, skipTrustedValue, skipValue } from './skip-value'

export { addressOfPowersOfTen }

const NOT_AN_EVENT: i32 = -1
const OUT_OF_SPACE: i32 = -2

const LEVELS_MAX: u32 = 1_000

const VALUE_SIZE: usize = 32
const KIND_STRING: u32 = 1
const KIND_NUMBER: u32 = 2
const KIND_LONG_NUMBER: u32 = 3
const KIND_TRUE: u32 = 4
const KIND_FALSE: u32 = 5
const KIND_NULL: u32 = 6

const ELEMENT_SIZE: usize = 12

// An open container that holds wanted fields.
const FRAME_SIZE: usize = 20
const FRAME_NODE: usize = 0
/** The array's number from 1 on, 0 for an object. */
const FRAME_ARRAY: usize = 4
/** The index of the next element of an array. */
const FRAME_INDEX: usize = 8
/** The array element that the container is part of. */
const FRAME_ELEMENT: usize = 12
/** Wanted names of an object that have not been met. */
const FRAME_REMAINING: usize = 16

const frames = memory.data(1_001 * 20, 16)
const kinds = memory.data(1_000, 16)

let hashSeed: u32 = 0
let tableAt: usize = 0
let decodedTop: usize = 0
let valueTop: usize = 0
/** Elements are numbered from 1 on and written downwards from the end of the space. */
let elementBottom: usize = 0
let elementCount: u32 = 0

/** The first address that is not the program's own. */
export function firstFreeAddress(): usize {
  return __heap_base
}

export function setHashSeed(seed: u32): void {
  hashSeed = seed
}

/**
 * Gives the number of values written, or NOT_AN_EVENT, or OUT_OF_SPACE when the space for them does
 * not suffice.
 * @param decoded room for decoded strings, as long as the event
 * @param space room for values, to `spaceEnd`
 */
export function scan(
  start: usize,
  end: usize,
  table: usize,
  decoded: usize,
  space: usize,
  spaceEnd: usize,
  isTrusted: bool,
): i32 {
  tableAt = table
  decodedTop = decoded
  valueTop = space
  elementBottom = spaceEnd
  elementCount = 0
  let arrayCount: u32 = 0

  let at = skipSpace(start)
  if (load<u8>(at) != OPEN_BRACE) return NOT_AN_EVENT
  let level: u32 = 1
  let frame: usize = frames
  openFrame(frame, ROOT, 0, 0)
  at = skipSpace(at + 1)
  let isClosed = load<u8>(at) == CLOSE_BRACE
  if (isClosed) at++

  while (true) {
    // Here the container `frame` has just been closed, or its next entry starts at `at`.
    if (!isClosed) {
      let node = load<u32>(frame, FRAME_NODE)
      const isArray = load<u32>(frame, FRAME_ARRAY) != 0
      if (!isArray) {
        if (load<u8>(at) != QUOTE) return NOT_AN_EVENT
        const name = at + 1
        at = endOfPlainName(name)
        if (load<u8>(at) == QUOTE) {
          node = childOf(table, node, name, <u32>(at - name))
        } else {
          at = endOfString(name)
          if (at == 0 || at >= end) return NOT_AN_EVENT
          // Not kept: what is decoded next goes over it.
          const nameEnd = decodeString(name, at, decodedTop)
          store<u64>(nameEnd, 0)
          node = descendantOf(table, node, decodedTop, nameEnd)
          // More names with dots may lead to the same child: this object is read to its end.
          store<u32>(frame, 0xffff_ffff, FRAME_REMAINING)
        }
        at = skipColon(at + 1)
        if (at == 0) return NOT_AN_EVENT
      }

      const code = load<u8>(at)
      const isContainer = code == OPEN_BRACE || code == OPEN_BRACKET
      if (node == 0) {
        at = isTrusted
          ? skipTrustedValue(at, code, end)
          : skipValue(at, code, kinds, LEVELS_MAX - level)
        if (at == 0) return NOT_AN_EVENT
      } else if (isContainer) {
        if (level == LEVELS_MAX) return NOT_AN_EVENT
        if (code == OPEN_BRACE && childrenOf(table, node) == 0) {
          at = isTrusted
            ? skipTrustedValue(at, code, end)
            : skipValue(at, code, kinds, LEVELS_MAX - level)
          if (at == 0) return NOT_AN_EVENT
        } else {
          let element = load<u32>(frame, FRAME_ELEMENT)
          if (isArray) {
            element = addElement(frame, element)
            if (element == 0) return OUT_OF_SPACE
          }
          level++
          frame += FRAME_SIZE
          openFrame(frame, node, code == OPEN_BRACKET ? ++arrayCount : 0, element)
          at = skipSpace(at + 1)
          // The closing bracket of either kind is two above the opening one.
          if (load<u8>(at) != code + 2) continue
          at++
          isClosed = true
        }
      } else {
        const field = fieldOf(table, node)
        if (field != 0) {
          at = addValue(at, code, field, load<u32>(frame, FRAME_ELEMENT))
          if (at <= 1) return at == 0 ? NOT_AN_EVENT : OUT_OF_SPACE
        } else {
          at = isTrusted ? skipTrustedValue(at, code, end) : endOfScalar(at, code)
          if (at == 0) return NOT_AN_EVENT
        }
      }
      if (!isClosed) {
        if (isArray) store<u32>(frame, load<u32>(frame, FRAME_INDEX) + 1, FRAME_INDEX)
        else if (isTrusted && node != 0 && (isContainer || childrenOf(table, node) == 0)) {
          meetName(frame)
        }
      }
    }

    while (true) {
      if (isClosed) {
        isClosed = false
        if (--level == 0) return skipSpace(at) == end ? valueCount(space) : NOT_AN_EVENT
        frame -= FRAME_SIZE
        if (load<u32>(frame, FRAME_ARRAY) != 0) {
          store<u32>(frame, load<u32>(frame, FRAME_INDEX) + 1, FRAME_INDEX)
        } else if (isTrusted) meetName(frame)
      }
      if (isTrusted && load<u32>(frame, FRAME_REMAINING) == 0) {
        // All names that are wanted here have been met, and each can stand only once: out of here.
        const levels = levelsToLeave(frame, level)
        const isEnd = levels == level
        const behind = isEnd ? end : skipTrustedLevels(at, levels, end)
        if (behind == 0) return NOT_AN_EVENT
        if (mayBeWantedAgain(frame, levels, at, behind)) {
          store<u32>(frame, 0xffff_ffff, FRAME_REMAINING)
        } else if (isEnd) {
          return valueCount(space)
        } else {
          at = behind - 1
          level -= levels - 1
          frame -= <usize>(levels - 1) * FRAME_SIZE
        }
      }
      at = skipSpace(at)
      const code = load<u8>(at)
      if (code == COMMA) {
        at = skipSpace(at + 1)
        break
      }
      const closing: u8 = load<u32>(frame, FRAME_ARRAY) != 0 ? OPEN_BRACKET + 2 : CLOSE_BRACE
      if (code != closing) return NOT_AN_EVENT
      at++
      isClosed = true
    }
  }
}

function openFrame(frame: usize, node: u32, array: u32, element: u32): void {
  store<u32>(frame, node, FRAME_NODE)
  store<u32>(frame, array, FRAME_ARRAY)
  store<u32>(frame, 0, FRAME_INDEX)
  store<u32>(frame, element, FRAME_ELEMENT)
  // Of an array every element counts: it is never left early.
  const remaining = array != 0 ? 0xffff_ffff : childrenOf(tableAt, node)
  store<u32>(frame, remaining, FRAME_REMAINING)
}

function meetName(frame: usize): void {
  store<u32>(frame, load<u32>(frame, FRAME_REMAINING) - 1, FRAME_REMAINING)
}

/** How many containers, from `frame` outwards, have nothing more that is wanted. */
function levelsToLeave(frame: usize, level: u32): u32 {
  let levels: u32 = 1
  // The containers around wait for the name of the one inside them to be done with.
  while (levels < level && load<u32>(frame - <usize>levels * FRAME_SIZE, FRAME_REMAINING) == 1) {
    levels++
  }
  return levels
}

/** Whether a name with dots, between `at` and `end`, may stand for a wanted one met before. */
function mayBeWantedAgain(frame: usize, levels: u32, at: usize, end: usize): bool {
  for (; levels > 0; levels--) {
    if (mayNameGrandchild(tableAt, load<u32>(frame, FRAME_NODE), at, end)) return true
    frame -= FRAME_SIZE
  }
  return false
}

function valueCount(space: usize): i32 {
  return <i32>((valueTop - space) / VALUE_SIZE)
}

/** The number of a new element of the array `frame`; 0 when there is no space. */
function addElement(frame: usize, outer: u32): u32 {
  if (elementBottom - valueTop < ELEMENT_SIZE) return 0
  elementBottom -= ELEMENT_SIZE
  store<u32>(elementBottom, load<u32>(frame, FRAME_ARRAY))
  store<u32>(elementBottom, load<u32>(frame, FRAME_INDEX), 4)
  store<u32>(elementBottom, outer, 8)
  return ++elementCount
}

/** Where the value ends; 0 when it is not JSON, 1 when there is no space. */
function addValue(at: usize, code: u8, field: u32, element: u32): usize {
  if (elementBottom - valueTop < VALUE_SIZE) return 1
  let start = at
  let end: usize
  let kind: u32
  if (code == QUOTE) {
    start = at + 1
    const quote = endOfString(start)
    if (quote == 0) return 0
    at = quote + 1
    end = quote
    if (hasEscape(start, quote)) {
      end = decodeString(start, quote, decodedTop)
      start = decodedTop
      decodedTop = end
    }
    kind = KIND_STRING
    store<u32>(valueTop, hashOf(start, end), 16)
  } else {
    at = endOfScalar(at, code)
    if (at == 0) return 0
    end = at
    if (code <= 0x39) {
      const number = comparableNumber(start, end)
      kind = isOutOfReach ? KIND_LONG_NUMBER : KIND_NUMBER
      store<f64>(valueTop, number, 24)
    } else {
      kind = code == 0x74 ? KIND_TRUE : code == 0x66 ? KIND_FALSE : KIND_NULL
    }
  }
  store<u32>(valueTop, field)
  store<u32>(valueTop, kind, 4)
  store<u32>(valueTop, <u32>start, 8)
  store<u32>(valueTop, <u32>end, 12)
  store<u32>(valueTop, element, 20)
  valueTop += VALUE_SIZE
  return at
}

function hasEscape(at: usize, end: usize): bool {
  for (; at < end; at += 16) {
    const escapes = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(0x5c)))
    if (escapes != 0) return at + ctz(escapes) < end
  }
  return false
}

/** The hash of src/scan/text-hash.ts: four bytes at a time. */
function hashOf(at: usize, end: usize): u32 {
  let hash = hashSeed ^ <u32>(end - at)
  for (; at + 4 <= end; at += 4) {
    hash = (hash ^ load<u32>(at)) * 0x85ebca6b
    hash ^= hash >> 15
  }
  if (at < end) {
    const mask = ((<u32>1) << ((<u32>(end - at)) << 3)) - 1
    hash = (hash ^ (load<u32>(at) & mask)) * 0x85ebca6b
    hash ^= hash >> 15
  }
  hash *= 0xc2b2ae35
  return hash ^ (hash >> 13)
}
