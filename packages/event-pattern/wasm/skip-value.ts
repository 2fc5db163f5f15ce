// Values that no pattern asks for: read to their end, and no further into them than needed.

import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  bits,
  endOfScalar,
  endOfTrustedString,
  prefixXor,
  skipSpace,
} from './json-text'
import { skipContainer } from './skip-container'

/**
 * Where the value that starts at `at` with `code` ends; 0 when it is not JSON or nests too deep.
 * @param kinds room for one byte for each level
 */
export function skipValue(at: usize, code: u8, kinds: usize, levelsMax: u32): usize {
  if (code == OPEN_BRACE || code == OPEN_BRACKET) return skipContainer(at, kinds, levelsMax)
  return endOfScalar(at, code)
}

/** From behind a name to its value. */
export function skipColon(at: usize): usize {
  at = skipSpace(at)
  return load<u8>(at) == COLON ? skipSpace(at + 1) : 0
}

/** Where the value ends that starts at `at` with `code`, in a text that is known to be JSON. */
export function skipTrustedValue(at: usize, code: u8, end: usize): usize {
  if (code == QUOTE) {
    at = endOfTrustedString(at + 1, end)
    return at == 0 ? 0 : at + 1
  }
  if (code == OPEN_BRACE || code == OPEN_BRACKET) return skipTrustedLevels(at + 1, 1, end)
  return endOfTrustedScalar(at, end)
}

function endOfTrustedScalar(at: usize, end: usize): usize {
  while (at < end) {
    const bytes = v128.load(at)
    const special = i8x16.bitmask(
      v128.or(
        v128.or(
          i8x16.eq(bytes, i8x16.splat(COMMA)),
          // 0x20 folds the brackets: "]" and "}".
          i8x16.eq(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(CLOSE_BRACE)),
        ),
        i8x16.le_s(bytes, i8x16.splat(0x20)),
      ),
    )
    if (special != 0) return at + ctz(special)
    at += 16
  }
  return 0
}

/**
 * From `at`, outside a string, to behind the bracket that closes as many levels as given, in a
 * text that is known to be JSON; 0 when there is none before the end.
 *
 * It looks at 64 bytes at once: a bit for each quote, then, by prefix sums of those, a bit for
 * each byte inside a string, and what remains of the brackets is counted.
 */
export function skipTrustedLevels(at: usize, levels: u32, end: usize): usize {
  let inString: u64 = 0
  while (at < end) {
    const a = v128.load(at)
    const b = v128.load(at, 16)
    const c = v128.load(at, 32)
    const d = v128.load(at, 48)
    if (hasBackslash(a, b, c, d)) {
      // One byte after the other: string by string to the end of the block, or of the string there.
      const blockEnd = min(at + 64, end)
      if (inString != 0) at = endOfTrustedString(at, end) + 1
      for (inString = 0; at != 1 && at < blockEnd; at++) {
        const code = load<u8>(at)
        if (code == QUOTE) at = endOfTrustedString(at + 1, end)
        else if (code == OPEN_BRACE || code == OPEN_BRACKET) levels++
        else if ((code == CLOSE_BRACE || code == CLOSE_BRACKET) && --levels == 0) return at + 1
      }
      if (at == 1) return 0
      continue
    }
    let inside = prefixXor(bitsEqual(a, b, c, d, QUOTE)) ^ inString
    inString = <u64>(<i64>inside >> 63)
    if (end - at < 64) inside |= ~(((<u64>1) << (<u64>(end - at))) - 1)
    const opening = bitsFolded(a, b, c, d, OPEN_BRACE) & ~inside
    const closing = bitsFolded(a, b, c, d, CLOSE_BRACE) & ~inside
    if (<u32>popcnt(closing) < levels) {
      levels += <u32>popcnt(opening) - <u32>popcnt(closing)
      at += 64
      continue
    }
    for (let brackets = opening | closing; brackets != 0; brackets &= brackets - 1) {
      if ((brackets & (0 - brackets) & closing) == 0) levels++
      else if (--levels == 0) return at + <usize>ctz(brackets) + 1
    }
    at += 64
  }
  return 0
}

function hasBackslash(a: v128, b: v128, c: v128, d: v128): bool {
  const wanted = i8x16.splat(BACKSLASH)
  const ab = v128.or(i8x16.eq(a, wanted), i8x16.eq(b, wanted))
  const cd = v128.or(i8x16.eq(c, wanted), i8x16.eq(d, wanted))
  return v128.any_true(v128.or(ab, cd))
}

function bitsEqual(a: v128, b: v128, c: v128, d: v128, code: u8): u64 {
  const wanted = i8x16.splat(code)
  return bits(i8x16.eq(a, wanted), i8x16.eq(b, wanted), i8x16.eq(c, wanted), i8x16.eq(d, wanted))
}

/** Bits of the brackets of both kinds: 0x20 folds "[" to "{" and "]" to "}". */
function bitsFolded(a: v128, b: v128, c: v128, d: v128, code: u8): u64 {
  const fold = i8x16.splat(0x20)
  return bitsEqual(v128.or(a, fold), v128.or(b, fold), v128.or(c, fold), v128.or(d, fold), code)
}
