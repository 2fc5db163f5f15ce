import type { Choices } from './choices.ts'

// Bytes that mean something in JSON or in UTF-8.
const TELLING = '"{}[]:,\\ue0-.19tfn \n*\u0000\u001f\u007f'
  .split('')
  .map((character) => character.charCodeAt(0))
  .concat(0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf8, 0xff)

/** The bytes with one to three of them changed, inserted or taken away, or the end cut off. */
export function mutated(choices: Choices, bytes: Uint8Array): Uint8Array {
  let result = bytes
  for (let change = choices.pick(3); change >= 0; change--) {
    const at = someIndex(choices, result.length)
    const byte = choices.rarely(3) ? choices.pick(256) : choices.of(TELLING)
    const [before, after] = [result.subarray(0, at), result.subarray(at)]
    switch (choices.pick(8)) {
      case 0:
      case 1:
        result = Uint8Array.of(...before, byte, ...after.subarray(1))
        break
      case 2:
      case 3:
        result = Uint8Array.of(...before, byte, ...after)
        break
      case 4:
      case 5:
        result = Uint8Array.of(...before, ...after.subarray(1))
        break
      case 6:
        result = Uint8Array.of(...before, ...after.subarray(0, choices.pick(16)), ...after)
        break
      default:
        result = before
    }
  }
  return result
}

function someIndex(choices: Choices, length: number): number {
  return length === 0 ? 0 : (choices.pick(256) * 256 + choices.pick(256)) % length
}
