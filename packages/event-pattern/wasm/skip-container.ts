// Containers that no pattern asks for, checked and skipped 64 bytes at once.
//
// A block is read into one bit for each byte and class of characters, and the grammar is checked on
// those bits: what may follow what, one shift away, with what the block before ended with shifted
// in. Brackets are few and are matched one by one; they tell which commas stand in objects.
//
//     {"a":[1,-2.5],"b":{"c":"de"}}
//     .11...........11...11..111....   in strings, with the quote that opens and without the other
//     ......1.1111..................   numbers and keywords
//
// Escapes, characters above U+007F and white space end a block early, and so does a keyword or an
// exponent that a block cuts. From the last bracket, comma or colon before them some tokens are
// read one by one.

import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
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

/** Tokens read one by one before the next block. */
const TOKENS_BETWEEN_BLOCKS = 3

let kindsAt: usize = 0
let level: u32 = 0
let levelsMax: u32 = 0
let isDone: bool = false

/** The last bracket, comma or colon that has been checked. */
let checkedAt: usize = 0

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
  checkedAt = at
  while (true) {
    at = skipBlocks()
    if (at == 0 || isDone) return at
    for (let tokens = 0; tokens < TOKENS_BETWEEN_BLOCKS; tokens++) {
      checkedAt = skipToken(checkedAt)
      if (checkedAt == 0 || isDone) return checkedAt
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
 * Blocks from behind `checkedAt` up to one that ends early. Gives where the container ends, if it
 * does there, 0 where the text is not JSON, and anything else otherwise.
 */
function skipBlocks(): usize {
  const before = load<u8>(checkedAt)
  const isOpening = before == OPEN_BRACE || before == OPEN_BRACKET
  const isName = before == OPEN_BRACE || (before == COMMA && isInObject())
  // What the block before ended with, as the lowest bit.
  let openingBefore: u64 = isOpening ? 1 : 0
  let nameExpected: u64 = isName ? 1 : 0
  let valueExpected: u64 = !isName && (isOpening || before == COMMA || before == COLON) ? 1 : 0
  let valueEndBefore: u64 = before == CLOSE_BRACE || before == CLOSE_BRACKET ? 1 : 0
  let nameEndBefore: u64 = 0
  let inStringBefore: u64 = 0
  let inNameBefore: u64 = 0
  let scalarBefore: u64 = 0
  let minusBefore: u64 = 0
  let dotBefore: u64 = 0
  let digitBefore: u64 = 0
  let inFractionBefore: u64 = 0
  let leadingZeroBefore: u64 = 0

  let at = checkedAt + 1
  while (true) {
    const a = v128.load(at)
    const b = v128.load(at, 16)
    const c = v128.load(at, 32)
    const d = v128.load(at, 48)

    let kept: u64 = -1
    const special = bits(isSpecial(a), isSpecial(b), isSpecial(c), isSpecial(d))
    if (special != 0) kept = bitsBelowFirst(special)
    const quoted = bitsEqual(a, b, c, d, v128.load(quotes)) & kept
    const inString = prefixXor(quoted) ^ (0 - inStringBefore)
    const outside = ~(inString | quoted)
    const space = bitsEqual(a, b, c, d, v128.load(spaces)) & outside
    if (space != 0) kept &= bitsBelowFirst(space)

    const fold = v128.load(spaces)
    const aFolded = v128.or(a, fold)
    const bFolded = v128.or(b, fold)
    const cFolded = v128.or(c, fold)
    const dFolded = v128.or(d, fold)
    const opening = bitsEqual(aFolded, bFolded, cFolded, dFolded, v128.load(openBraces)) & outside
    const closing = bitsEqual(aFolded, bFolded, cFolded, dFolded, v128.load(closeBraces)) & outside
    const comma = bitsEqual(a, b, c, d, v128.load(commas)) & outside
    const colon = bitsEqual(a, b, c, d, v128.load(colons)) & outside
    const scalars = outside & ~(opening | closing | comma | colon)
    const scalarStarts = scalars & ~((scalars << 1) | scalarBefore)
    let minus = bitsEqual(a, b, c, d, v128.load(minuses)) & scalars
    let dot = bitsEqual(a, b, c, d, v128.load(dots)) & scalars
    let digits = digitBits(a, b, c, d) & scalars

    // Keywords and numbers with an exponent, one by one; up to one that the block cuts.
    let others = scalars & ~(minus | dot | digits) & kept
    while (others != 0) {
      const first = others & (0 - others)
      const starts = scalarStarts & (first | (first - 1))
      if (starts == 0) {
        kept = 0
        break
      }
      const place = <usize>63 - <usize>clz(starts)
      const end = endOfScalar(at + place, load<u8>(at + place))
      if (end == 0) return 0
      const length = end - at
      if (length >= 64 || kept >> <u64>length == 0) {
        kept &= ((<u64>1) << (<u64>place)) - 1
        break
      }
      const behind = (<u64>1) << (<u64>length)
      if ((scalars & behind) != 0) return 0
      const read = behind - ((<u64>1) << (<u64>place))
      minus &= ~read
      dot &= ~read
      digits &= ~read
      others &= ~read
    }

    // Which bytes stand in objects, bracket by bracket.
    let inObject: u64 = 0
    let openingBraces: u64 = 0
    let from: u64 = 1
    let isObject = isInObject()
    for (let brackets = (opening | closing) & kept; brackets != 0; brackets &= brackets - 1) {
      const bracket = brackets & (0 - brackets)
      if (isObject) inObject |= bracket - from
      from = bracket
      const code = load<u8>(at + <usize>ctz(brackets))
      if (opening & bracket) {
        if (!open(code)) return 0
        if (code == OPEN_BRACE) openingBraces |= bracket
      } else {
        if (!close(code)) return 0
        if (isDone) {
          kept &= bracket | (bracket - 1)
          break
        }
      }
      isObject = isInObject()
    }
    if (isObject && !isDone) inObject |= 0 - from

    const openingQuotes = quoted & inString
    const beforeName = openingBraces | (comma & inObject)
    const beforeValue = colon | (comma & ~inObject) | (opening & ~openingBraces)
    const behindBeforeName = (beforeName << 1) | nameExpected
    const behindBeforeValue = (beforeValue << 1) | valueExpected
    const behindOpening = (opening << 1) | openingBefore
    // Adding the first bit of a string to its bits carries over to the quote behind it.
    const nameStarts = (openingQuotes & behindBeforeName) | inNameBefore
    const namesAdded = inString + nameStarts
    const nameEnds = namesAdded & quoted & ~inString
    const valueEnds = (quoted & ~inString & ~nameEnds) | closing | scalars
    const behindValueEnd = (valueEnds << 1) | valueEndBefore

    let faults = behindBeforeName & ~(openingQuotes | (closing & behindOpening))
    faults |= behindBeforeValue & ~(openingQuotes | opening | scalars | (closing & behindOpening))
    faults |= (openingQuotes | opening | scalarStarts) & ~(behindBeforeName | behindBeforeValue)
    faults |= closing & ~(behindOpening | behindValueEnd)
    faults |= comma & ~behindValueEnd
    faults |= colon ^ ((nameEnds << 1) | nameEndBefore)

    const zero = bitsEqual(a, b, c, d, v128.load(zeros)) & digits
    const behindMinus = (minus << 1) | minusBefore
    const behindDot = (dot << 1) | dotBefore
    const leadingZeros = ((scalarStarts & digits) | behindMinus) & zero
    // Adding the first digit behind a dot to the digits carries over to what stands behind them.
    const fractionsAdded = digits + ((dot << 1) | inFractionBefore)
    faults |= minus & ~scalarStarts
    faults |= (behindMinus | behindDot) & ~digits
    faults |= dot & ~((digits << 1) | digitBefore)
    faults |= fractionsAdded & dot
    faults |= ((leadingZeros << 1) | leadingZeroBefore) & digits
    if ((faults & kept) != 0) return 0

    if (isDone) return at + 64 - <usize>clz(kept)
    const checked = (opening | closing | comma | colon) & kept
    if (checked != 0) checkedAt = at + 63 - <usize>clz(checked)
    if (kept != -1) return at

    inNameBefore = nameStarts != 0 && namesAdded < inString ? 1 : 0
    inFractionBefore = (dot >> 63) | (fractionsAdded < digits ? 1 : 0)
    inStringBefore = inString >> 63
    nameExpected = beforeName >> 63
    valueExpected = beforeValue >> 63
    openingBefore = opening >> 63
    nameEndBefore = nameEnds >> 63
    valueEndBefore = valueEnds >> 63
    scalarBefore = scalars >> 63
    minusBefore = minus >> 63
    dotBefore = dot >> 63
    digitBefore = digits >> 63
    leadingZeroBefore = leadingZeros >> 63
    at += 64
  }
  return 0
}

/** All bits below the first one that is set. */
function bitsBelowFirst(bits: u64): u64 {
  return (bits & (0 - bits)) - 1
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
function isSpecial(bytes: v128): v128 {
  return v128.or(i8x16.lt_s(bytes, v128.load(spaces)), i8x16.eq(bytes, v128.load(backslashes)))
}

function digitBits(a: v128, b: v128, c: v128, d: v128): u64 {
  return bits(isDigit(a), isDigit(b), isDigit(c), isDigit(d))
}

function isDigit(bytes: v128): v128 {
  return i8x16.le_u(i8x16.sub(bytes, v128.load(zeros)), v128.load(nines))
}
