// Containers that no pattern asks for, checked and skipped 64 bytes at once.
//
// A block is read into one bit for each byte and class of characters, and the grammar is checked on
// those bits: what may follow what, one shift away. Brackets are few and are matched one by one;
// they tell which commas stand in objects. Every block starts with a bracket, comma or colon that
// has been checked before and ends with the last one it holds, so that nothing but the brackets is
// carried from block to block.
//
//     {"a":[1,-2.5],"b":{"c":"de"}}
//     1...............................   first, already checked
//     .111..........111..111.11111....   in strings, with the quote that opens and the one that closes
//     ......1.1111....................   numbers and keywords
//
// Escapes, characters above U+007F, white space and strings longer than a block end a block early;
// where nothing is left of it, one token is read by itself.

import {
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  backslashes,
  bits,
  closeBraces,
  colons,
  commas,
  dots,
  endOfScalar,
  endOfString,
  minuses,
  nines,
  openBraces,
  prefixXor,
  quotes,
  skipSpace,
  spaces,
  zeros,
} from './json-text'

/** Tokens read one by one before the next attempt at a block. */
const TOKENS_BETWEEN_BLOCKS = 3

// The blocks of the container that is being skipped.
let kindsAt: usize = 0
let level: u32 = 0
let levelsMax: u32 = 0
let isDone: bool = false

/**
 * Where the container ends that starts at `at`; 0 when it is not JSON or nests too deep.
 * @param kinds room for one byte for each level
 */
export function skipContainer(at: usize, kinds: usize, levels: u32): usize {
  kindsAt = kinds
  level = 0
  levelsMax = levels
  isDone = false
  if (!open(load<u8>(at))) return 0
  while (true) {
    const behind = skipBlock(at)
    if (behind == 0 || isDone) return behind
    if (behind != at) {
      at = behind
      continue
    }
    for (let tokens = 0; tokens < TOKENS_BETWEEN_BLOCKS; tokens++) {
      at = skipToken(at)
      if (at == 0 || isDone) return at
    }
  }
}

function open(code: u8): bool {
  if (level == levelsMax) return false
  store<u8>(kindsAt + level++, code)
  return true
}

/** Ends the container with its closing bracket, which is two above the opening one. */
function close(code: u8): bool {
  if (load<u8>(kindsAt + level - 1) + 2 != code) return false
  isDone = --level == 0
  return true
}

function isInObject(): bool {
  return load<u8>(kindsAt + level - 1) == OPEN_BRACE
}

/**
 * From a bracket, comma or colon that has been checked to the last one in the block, or behind the
 * container where it ends there; `at` itself where there is no further one. 0: not JSON.
 */
function skipBlock(at: usize): usize {
  const a = v128.load(at)
  const b = v128.load(at, 16)
  const c = v128.load(at, 32)
  const d = v128.load(at, 48)

  const special = specialBits(a, b, c, d)
  let kept = special == 0 ? <u64>-1 : (special & (0 - special)) - 1
  let quoted = bitsEqual(a, b, c, d, v128.load(quotes)) & kept
  let inString = prefixXor(quoted)
  kept &= ~(inString | quoted)
  const space = bitsEqual(a, b, c, d, v128.load(spaces)) & kept
  if (space != 0) kept &= (space & (0 - space)) - 1
  const fold = v128.load(spaces)
  const aFolded = v128.or(a, fold)
  const bFolded = v128.or(b, fold)
  const cFolded = v128.or(c, fold)
  const dFolded = v128.or(d, fold)
  let opening = bitsEqual(aFolded, bFolded, cFolded, dFolded, v128.load(openBraces)) & kept
  let closing = bitsEqual(aFolded, bFolded, cFolded, dFolded, v128.load(closeBraces)) & kept
  let comma = bitsEqual(a, b, c, d, v128.load(commas)) & kept
  let colon = bitsEqual(a, b, c, d, v128.load(colons)) & kept
  let last = 63 - <u32>clz(opening | closing | comma | colon)
  if (last == 0) return at

  // Which bytes stand in objects, bracket by bracket.
  let inObject: u64 = 0
  let from: u64 = 1
  let isObject = isInObject()
  for (let brackets = (opening | closing) & ~1; brackets != 0; brackets &= brackets - 1) {
    const bracket = brackets & (0 - brackets)
    if (isObject) inObject |= bracket - from
    from = bracket
    const place = <u32>ctz(brackets)
    const code = load<u8>(at + place)
    if (opening & bracket) {
      if (!open(code)) return 0
    } else {
      if (!close(code)) return 0
      if (isDone) {
        last = place
        break
      }
    }
    isObject = isInObject()
  }
  if (isObject && !isDone) inObject |= 0 - from

  const block = ((<u64>2) << (<u64>last)) - 1
  quoted &= block
  inString &= block
  opening &= block
  closing &= block
  comma &= block
  colon &= block
  const scalars = kept & block & ~(opening | closing | comma | colon)

  const openingQuotes = quoted & inString
  const openingBraces = bitsEqual(a, b, c, d, v128.load(openBraces)) & opening
  const beforeName = openingBraces | (comma & inObject)
  const beforeValue = colon | (comma & ~inObject) | (opening & ~openingBraces)
  const afterBeforeName = (beforeName << 1) & block
  const afterBeforeValue = (beforeValue << 1) & block
  // Adding the first bit of a string to its bits carries over to the quote behind it.
  const nameEnds = (inString + (openingQuotes & afterBeforeName)) & quoted & ~inString
  const valueEnds = (quoted & ~inString & ~nameEnds) | closing | scalars
  const afterOpening = opening << 1
  const scalarStarts = scalars & ~(scalars << 1)

  let faults = afterBeforeName & ~(openingQuotes | (closing & afterOpening))
  faults |= afterBeforeValue & ~(openingQuotes | opening | scalars | (closing & afterOpening))
  faults |= (openingQuotes | opening | scalarStarts) & ~(afterBeforeName | afterBeforeValue)
  faults |= closing & ~(afterOpening | (valueEnds << 1))
  faults |= comma & ~(valueEnds << 1)
  faults |= colon ^ (nameEnds << 1)
  // What the block starts with has been checked.
  if ((faults & ~1) != 0) return 0

  if (scalars != 0) {
    let minus = bitsEqual(a, b, c, d, v128.load(minuses)) & scalars
    let dot = bitsEqual(a, b, c, d, v128.load(dots)) & scalars
    let others = scalars & ~(digitBits(a, b, c, d) | minus | dot)
    let plain = scalars
    // Keywords and numbers with an exponent, one by one.
    while (others != 0) {
      const first = others & (0 - others)
      const place = 63 - <u32>clz(scalarStarts & (first | (first - 1)))
      const end = endOfScalar(at + place, load<u8>(at + place))
      if (end == 0) return 0
      const behind = (<u64>1) << (<u64>(end - at))
      const scalar = behind - ((<u64>1) << (<u64>place))
      if ((scalars & behind) != 0) return 0
      plain &= ~scalar
      others &= ~scalar
    }
    minus &= plain
    dot &= plain
    const digits = plain & ~(minus | dot)
    const zero = bitsEqual(a, b, c, d, v128.load(zeros)) & digits
    const firstDigits = (scalarStarts & digits) | (minus << 1)
    faults = minus & ~scalarStarts
    faults |= ((minus << 1) | (dot << 1) | (dot >> 1)) & ~digits
    // Adding the first digit behind a dot to the digits carries over to what stands behind them.
    faults |= (digits + (dot << 1)) & dot
    faults |= ((firstDigits & zero) << 1) & digits
    if (faults != 0) return 0
  }
  return isDone ? at + last + 1 : at + last
}

/**
 * Reads what follows the bracket, comma or colon at `at`, which has been checked, and gives the next
 * of those; behind the container where it ends there, 0 where the text is not JSON.
 */
function skipToken(at: usize): usize {
  const before = load<u8>(at)
  let isValue = before == COLON
  at = skipSpace(at + 1)
  let code = load<u8>(at)
  if (before == OPEN_BRACE || before == OPEN_BRACKET || before == COMMA) {
    const isEmpty = before != COMMA && code == before + 2
    if (!isEmpty) {
      if (isInObject()) {
        if (code != QUOTE) return 0
        at = endOfString(at + 1)
        if (at == 0) return 0
        at = skipSpace(at + 1)
        return load<u8>(at) == COLON ? at : 0
      }
      isValue = true
    }
  }
  if (isValue) {
    if (code == OPEN_BRACE || code == OPEN_BRACKET) return open(code) ? at : 0
    at = endOfScalar(at, code)
    if (at == 0) return 0
    at = skipSpace(at)
    code = load<u8>(at)
  }
  if (code == COMMA) return at
  if (!close(code)) return 0
  return isDone ? at + 1 : at
}

function bitsEqual(a: v128, b: v128, c: v128, d: v128, wanted: v128): u64 {
  return bits(i8x16.eq(a, wanted), i8x16.eq(b, wanted), i8x16.eq(c, wanted), i8x16.eq(d, wanted))
}

/** Backslashes, control characters and what is not ASCII, which is negative here. */
function specialBits(a: v128, b: v128, c: v128, d: v128): u64 {
  return bits(isSpecial(a), isSpecial(b), isSpecial(c), isSpecial(d))
}

function isSpecial(bytes: v128): v128 {
  return v128.or(i8x16.lt_s(bytes, v128.load(spaces)), i8x16.eq(bytes, v128.load(backslashes)))
}

function digitBits(a: v128, b: v128, c: v128, d: v128): u64 {
  return bits(isDigit(a), isDigit(b), isDigit(c), isDigit(d))
}

function isDigit(bytes: v128): v128 {
  return i8x16.le_u(i8x16.sub(bytes, v128.load(zeros)), v128.load(nines))
}
