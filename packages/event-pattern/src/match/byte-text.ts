import { hashOf } from '../scan/text-hash.ts'

const ENCODER = new TextEncoder()
const DECODER = new TextDecoder()
const BYTES_PER_CALL_MAX = 4_096

/**
 * A text as its bytes in UTF-8, each one as a UTF-16 unit of a string: "é" is "\xc3\xa9". Compared
 * with the bytes of an event without decoding those, and smaller than an array.
 */
export type ByteText = string & { readonly unit: 'byte' }

/** The text's UTF-8 bytes. */
export function toByteText(text: string): ByteText {
  // An ASCII text is its own bytes.
  return (isAscii(text) ? text : byteTextOf(ENCODER.encode(text))) as ByteText
}

function byteTextOf(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += BYTES_PER_CALL_MAX) {
    text += String.fromCharCode(...bytes.subarray(at, at + BYTES_PER_CALL_MAX))
  }
  return text
}

/** The string that the bytes from `start` to `end` encode. */
export function decodeBytes(bytes: Uint8Array, start: number, end: number): string {
  return DECODER.decode(bytes.subarray(start, end))
}

/** Whether the bytes at `at` are those of the text; they may go on behind it. */
export function hasTextAt(bytes: Uint8Array, at: number, text: ByteText): boolean {
  for (let index = 0; index < text.length; index++) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false
  }
  return true
}

/** The same, with letters A to Z in the bytes taken as small ones. */
export function hasFoldedTextAt(bytes: Uint8Array, at: number, text: ByteText): boolean {
  for (let index = 0; index < text.length; index++) {
    if (foldByte(bytes[at + index] ?? 0) !== text.charCodeAt(index)) return false
  }
  return true
}

/** The byte, a letter A to Z as the small one. */
export function foldByte(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}

/** Whether the text has no character above U+007F. */
export function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

/** The text's bytes as an array. */
export function bytesOf(text: ByteText): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < bytes.length; at++) bytes[at] = text.charCodeAt(at)
  return bytes
}

/** The hash that a scanner gives a string with these bytes. */
export function hashOfText(text: ByteText): number {
  return hashOf(bytesOf(text), 0, text.length)
}
