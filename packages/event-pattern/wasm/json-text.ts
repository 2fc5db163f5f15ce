// Strings, numbers and white space of a JSON text in memory. Positions are addresses; 0 says that
// the text is not JSON. A zero byte stands behind the text and 64 readable bytes behind that, so
// that reading 16 or 64 bytes at once needs no check.

export const QUOTE: u8 = 0x22
export const BACKSLASH: u8 = 0x5c
export const COMMA: u8 = 0x2c
export const COLON: u8 = 0x3a
export const OPEN_BRACE: u8 = 0x7b
export const CLOSE_BRACE: u8 = 0x7d
export const OPEN_BRACKET: u8 = 0x5b
export const CLOSE_BRACKET: u8 = 0x5d

const SPACE: u8 = 0x20
const DOT: u8 = 0x2e
const MINUS: u8 = 0x2d
const PLUS: u8 = 0x2b
const ZERO: u8 = 0x30
const QUESTION_MARK: u8 = 0x3f

// Sixteen times the same byte. V8 builds a constant of that size anew at each use, in four
// instructions; a load is one.
export const quotes = memory.data<u8>([
  34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34,
])
export const backslashes = memory.data<u8>([
  92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92,
])
export const spaces = memory.data<u8>([
  32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32,
])
export const dots = memory.data<u8>([
  46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46, 46,
])
export const zeros = memory.data<u8>([
  48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48,
])
export const nines = memory.data<u8>([9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9])
export const openBraces = memory.data<u8>([
  123, 123, 123, 123, 123, 123, 123, 123, 123, 123, 123, 123, 123, 123, 123, 123,
])
export const closeBraces = memory.data<u8>([
  125, 125, 125, 125, 125, 125, 125, 125, 125, 125, 125, 125, 125, 125, 125, 125,
])
export const commas = memory.data<u8>([
  44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44, 44,
])
export const colons = memory.data<u8>([
  58, 58, 58, 58, 58, 58, 58, 58, 58, 58, 58, 58, 58, 58, 58, 58,
])
export const minuses = memory.data<u8>([
  45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45, 45,
])

/** Where the white space at `at` ends. */
export function skipSpace(at: usize): usize {
  return load<u8>(at) > SPACE ? at : skipSpaceFrom(at)
}

function skipSpaceFrom(at: usize): usize {
  while (true) {
    const code = load<u8>(at)
    if (code != SPACE && code != 0x0a && code != 0x0d && code != 0x09) return at
    at++
  }
}

/** The address of the quote that closes the string whose content starts at `at`. */
export function endOfString(at: usize): usize {
  while (true) {
    const bytes = v128.load(at)
    // Bytes above 0x7f are negative here: one comparison finds them and control characters.
    const special = i8x16.bitmask(
      v128.or(
        v128.or(i8x16.eq(bytes, v128.load(quotes)), i8x16.eq(bytes, v128.load(backslashes))),
        i8x16.lt_s(bytes, v128.load(spaces)),
      ),
    )
    if (special == 0) {
      at += 16
      continue
    }
    at += ctz(special)
    const code = load<u8>(at)
    if (code == QUOTE) return at
    if (code == BACKSLASH) at = skipEscape(at)
    else if (code < SPACE) return 0
    else at = skipMultibyte(at)
    if (at == 0) return 0
  }
}

/** The same for a text that is known to be JSON: finds the quote and checks nothing else. */
export function endOfTrustedString(at: usize, end: usize): usize {
  while (at < end) {
    const bytes = v128.load(at)
    const special = i8x16.bitmask(
      v128.or(i8x16.eq(bytes, v128.load(quotes)), i8x16.eq(bytes, v128.load(backslashes))),
    )
    if (special == 0) {
      at += 16
      continue
    }
    at += ctz(special)
    if (load<u8>(at) == QUOTE) return at < end ? at : 0
    at += 2
  }
  return 0
}

/**
 * The address of the first byte of a name, which starts at `at`, that is not plain: the closing
 * quote, a dot, or what `endOfString` stops at.
 */
export function endOfPlainName(at: usize): usize {
  while (true) {
    const bytes = v128.load(at)
    const special = i8x16.bitmask(
      v128.or(
        v128.or(i8x16.eq(bytes, v128.load(quotes)), i8x16.eq(bytes, v128.load(backslashes))),
        v128.or(i8x16.lt_s(bytes, v128.load(spaces)), i8x16.eq(bytes, v128.load(dots))),
      ),
    )
    if (special != 0) return at + ctz(special)
    at += 16
  }
}

function skipEscape(at: usize): usize {
  const code = load<u8>(at + 1)
  switch (code) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return at + 2
    case 0x75:
      for (let digit: usize = 2; digit < 6; digit++) {
        if (hexDigit(load<u8>(at + digit)) > 15) return 0
      }
      return at + 6
    default:
      return 0
  }
}

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
function skipMultibyte(at: usize): usize {
  const lead = load<u8>(at)
  const second = load<u8>(at + 1)
  if (lead < 0xc2) return 0
  if (lead < 0xe0) return isContinuation(second) ? at + 2 : 0
  if (!isContinuation(second) || !isContinuation(load<u8>(at + 2))) return 0
  if (lead < 0xf0) {
    if (lead == 0xe0 && second < 0xa0) return 0
    if (lead == 0xed && second > 0x9f) return 0
    return at + 3
  }
  if (lead > 0xf4 || !isContinuation(load<u8>(at + 3))) return 0
  if (lead == 0xf0 && second < 0x90) return 0
  if (lead == 0xf4 && second > 0x8f) return 0
  return at + 4
}

function isContinuation(code: u8): bool {
  return (code & 0xc0) == 0x80
}

/** The value of a hex digit; above 15 when it is none. */
function hexDigit(code: u8): u32 {
  const digit = <u32>code - ZERO
  if (digit < 10) return digit
  const letter = (<u32>code | 0x20) - 0x61
  return letter < 6 ? letter + 10 : 16
}

/** Writes the decoded string that ends at the quote `end` to `to`; gives where it ends there. */
export function decodeString(at: usize, end: usize, to: usize): usize {
  while (at < end) {
    const code = load<u8>(at)
    if (code != BACKSLASH) {
      store<u8>(to++, code)
      at++
      continue
    }
    const escape = load<u8>(at + 1)
    at += 2
    if (escape != 0x75) {
      store<u8>(to++, plainEscape(escape))
      continue
    }
    let point = hexUnit(at)
    at += 4
    if ((point & 0xf800) == 0xd800) {
      const isPair =
        point < 0xdc00 &&
        load<u8>(at) == BACKSLASH &&
        load<u8>(at + 1) == 0x75 &&
        (hexUnit(at + 2) & 0xfc00) == 0xdc00
      if (isPair) {
        point = 0x10000 + ((point & 0x3ff) << 10) + (hexUnit(at + 2) & 0x3ff)
        at += 6
      } else {
        // What Java's getBytes makes of half a pair, and so event-ruler.
        point = QUESTION_MARK
      }
    }
    to = writePoint(point, to)
  }
  return to
}

function plainEscape(code: u8): u8 {
  switch (code) {
    case 0x62:
      return 0x08
    case 0x66:
      return 0x0c
    case 0x6e:
      return 0x0a
    case 0x72:
      return 0x0d
    case 0x74:
      return 0x09
    default:
      return code
  }
}

function hexUnit(at: usize): u32 {
  return (
    (hexDigit(load<u8>(at)) << 12) |
    (hexDigit(load<u8>(at + 1)) << 8) |
    (hexDigit(load<u8>(at + 2)) << 4) |
    hexDigit(load<u8>(at + 3))
  )
}

function writePoint(point: u32, to: usize): usize {
  if (point < 0x80) {
    store<u8>(to, <u8>point)
    return to + 1
  }
  if (point < 0x800) {
    store<u8>(to, <u8>(0xc0 | (point >> 6)))
    store<u8>(to + 1, <u8>(0x80 | (point & 0x3f)))
    return to + 2
  }
  if (point < 0x10000) {
    store<u8>(to, <u8>(0xe0 | (point >> 12)))
    store<u8>(to + 1, <u8>(0x80 | ((point >> 6) & 0x3f)))
    store<u8>(to + 2, <u8>(0x80 | (point & 0x3f)))
    return to + 3
  }
  store<u8>(to, <u8>(0xf0 | (point >> 18)))
  store<u8>(to + 1, <u8>(0x80 | ((point >> 12) & 0x3f)))
  store<u8>(to + 2, <u8>(0x80 | ((point >> 6) & 0x3f)))
  store<u8>(to + 3, <u8>(0x80 | (point & 0x3f)))
  return to + 4
}

/** Where the number that starts at `at` ends. */
export function endOfNumber(at: usize): usize {
  if (load<u8>(at) == MINUS) at++
  const whole = at
  at = endOfDigits(at)
  if (at == whole || (load<u8>(whole) == ZERO && at > whole + 1)) return 0
  if (load<u8>(at) == DOT) {
    const fraction = at + 1
    at = endOfDigits(fraction)
    if (at == fraction) return 0
  }
  // 0x20 folds the letter: "e" or "E".
  if ((load<u8>(at) | 0x20) == 0x65) {
    at++
    const sign = load<u8>(at)
    if (sign == MINUS || sign == PLUS) at++
    const exponent = at
    at = endOfDigits(exponent)
    if (at == exponent) return 0
  }
  return at
}

export function endOfDigits(at: usize): usize {
  while (true) {
    const distance = i8x16.sub(v128.load(at), v128.load(zeros))
    const others = i8x16.bitmask(i8x16.gt_u(distance, v128.load(nines)))
    if (others != 0) return at + ctz(others)
    at += 16
  }
}

/** Where the keyword that starts at `at` ends; 0 when it is not true, false or null. */
export function endOfKeyword(at: usize): usize {
  const start = load<u32>(at)
  if (start == 0x65757274 || start == 0x6c6c756e) return at + 4
  return start == 0x736c6166 && load<u8>(at + 4) == 0x65 ? at + 5 : 0
}

/** Where the string, number, true, false or null ends that starts at `at` with `code`. */
export function endOfScalar(at: usize, code: u8): usize {
  if (code == QUOTE) {
    at = endOfString(at + 1)
    return at == 0 ? 0 : at + 1
  }
  return code <= 0x39 ? endOfNumber(at) : endOfKeyword(at)
}

/** Each bit of the result says whether the number of bits up to it is odd. */
export function prefixXor(bits: u64): u64 {
  bits ^= bits << 1
  bits ^= bits << 2
  bits ^= bits << 4
  bits ^= bits << 8
  bits ^= bits << 16
  return bits ^ (bits << 32)
}

/** One bit for each of 64 bytes, from their highest bits. */
export function bits(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    <u64>i8x16.bitmask(a) |
    ((<u64>i8x16.bitmask(b)) << 16) |
    ((<u64>i8x16.bitmask(c)) << 32) |
    ((<u64>i8x16.bitmask(d)) << 48)
  )
}
