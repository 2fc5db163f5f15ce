import { PlainScanner } from './plain-scanner.ts'
import type { ScannedEvent, Scanner } from './scanned-event.ts'
import { WasmScanner } from './wasm-scanner.ts'

/** The event scanned last. One for all, so that no match has to make one. */
export const scanned: ScannedEvent = {
  bytes: new Uint8Array(),
  words: new Int32Array(),
  doubles: new Float64Array(),
  firstWord: 0,
  elementsEndWord: 0,
}

const plain = new PlainScanner(scanned)
let fastest: Scanner | undefined

/** The fastest scanner that this JavaScript engine can run. */
export function fastestScanner(): Scanner {
  fastest ??= WasmScanner.create(scanned, plain) ?? plain
  return fastest
}
