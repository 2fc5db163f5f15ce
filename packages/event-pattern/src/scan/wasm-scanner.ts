import { withoutHalves } from '../json-scalars.ts'
import type { NameTree } from './name-tree.ts'
import { SCAN_EVENT_WASM } from './scan-event.wasm.data.ts'
import type { ScannedEvent, Scanner } from './scanned-event.ts'
import { HASH_SEED } from './text-hash.ts'

const ENCODER = new TextEncoder()

const PAGE_BYTES = 65_536
/** Room for the name trees in use; when it is full, they are put there anew. */
const TABLES_BYTES_AT_FIRST = 1 << 18
const EVENT_BYTES_AT_FIRST = 1 << 14
const VALUES_BYTES_AT_FIRST = 1 << 16
// What a larger event takes would never be given back.
const EVENT_BYTES_MAX = 1 << 24
const VALUES_BYTES_MAX = 1 << 26
/** The program reads up to 64 bytes at once. */
const PADDING_BYTES = 128

const NOT_AN_EVENT = -1

const POWERS_FROM = -40
const POWERS_TO = 40

// What is needed of it; the types of Node.js do not have it.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

type Program = {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  firstFreeAddress(): number
  addressOfPowersOfTen(): number
  setHashSeed(seed: number): void
  scan: (...places: readonly number[]) => number
}

/**
 * Scans with the program of wasm/, in a memory laid out as: the program's own data, tables of name
 * trees, the event, room for decoded strings, values.
 */
export class WasmScanner implements Scanner {
  readonly #program: Program
  readonly #scanned: ScannedEvent
  readonly #large: Scanner
  readonly #tablesAt: number
  #tablesBytes = TABLES_BYTES_AT_FIRST
  #tablesTop: number
  #addresses = new WeakMap<Uint8Array, number>()
  #table: Uint8Array | undefined
  #tableAt = 0
  #eventAt = 0
  #eventBytes = EVENT_BYTES_AT_FIRST
  #eventRoom = new Uint8Array(0)
  #decodedAt = 0
  #valuesAt = 0
  #valuesBytes = VALUES_BYTES_AT_FIRST
  #bytes = new Uint8Array(0)

  private constructor(program: Program, scanned: ScannedEvent, large: Scanner) {
    this.#program = program
    this.#scanned = scanned
    this.#large = large
    this.#tablesAt = roundUp(program.firstFreeAddress(), 16)
    this.#tablesTop = this.#tablesAt
    program.setHashSeed(HASH_SEED)
    writePowersOfTen(new DataView(program.memory.buffer), program.addressOfPowersOfTen())
    this.#layOut()
  }

  /**
   * Undefined where there is no WebAssembly with SIMD.
   * @param large scans what would take more memory than this scanner should keep
   */
  static create(scanned: ScannedEvent, large: Scanner): WasmScanner | undefined {
    const program = instantiate()
    return program && new WasmScanner(program, scanned, large)
  }

  scan(event: string | Uint8Array, names: NameTree, isTrusted: boolean): number | undefined {
    const table = names.table()
    if (table !== this.#table) this.#useTable(table)
    // No UTF-16 unit takes more than three bytes.
    const bytesMax = typeof event === 'string' ? event.length * 3 : event.length
    if (bytesMax > this.#eventBytes) {
      if (bytesMax > EVENT_BYTES_MAX) return this.#large.scan(event, names, isTrusted)
      this.#eventBytes = roundUp(bytesMax, PAGE_BYTES)
      this.#layOut()
    }
    for (;;) {
      const end = this.#eventAt + this.#put(event)
      this.#bytes[end] = 0
      const found = this.#program.scan(
        this.#eventAt,
        end,
        this.#tableAt,
        this.#decodedAt,
        this.#valuesAt,
        this.#valuesAt + this.#valuesBytes,
        isTrusted ? 1 : 0,
      )
      if (found >= 0) {
        if (this.#scanned.bytes !== this.#bytes) this.#showMemory()
        return found
      }
      if (found === NOT_AN_EVENT) return undefined
      if (this.#valuesBytes === VALUES_BYTES_MAX) return this.#large.scan(event, names, isTrusted)
      this.#valuesBytes *= 2
      this.#layOut()
    }
  }

  #put(event: string | Uint8Array): number {
    if (typeof event === 'string') {
      return ENCODER.encodeInto(withoutHalves(event), this.#eventRoom).written
    }
    this.#bytes.set(event, this.#eventAt)
    return event.length
  }

  #useTable(table: Uint8Array): void {
    const address = this.#addresses.get(table) ?? this.#place(table)
    this.#addresses.set(table, address)
    this.#table = table
    this.#tableAt = address
  }

  #place(table: Uint8Array): number {
    if (this.#tablesTop + table.length > this.#tablesAt + this.#tablesBytes) {
      this.#addresses = new WeakMap()
      this.#tablesTop = this.#tablesAt
      if (table.length > this.#tablesBytes) {
        this.#tablesBytes = roundUp(table.length, PAGE_BYTES)
        this.#layOut()
      }
    }
    const address = this.#tablesTop
    this.#bytes.set(table, address)
    this.#tablesTop = roundUp(address + table.length, 16)
    return address
  }

  #layOut(): void {
    const { memory } = this.#program
    this.#eventAt = roundUp(this.#tablesAt + this.#tablesBytes, 64)
    this.#decodedAt = roundUp(this.#eventAt + this.#eventBytes + PADDING_BYTES, 64)
    this.#valuesAt = roundUp(this.#decodedAt + this.#eventBytes + PADDING_BYTES, 64)
    const end = this.#valuesAt + this.#valuesBytes + PADDING_BYTES
    const missing = end - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES))
    this.#bytes = new Uint8Array(memory.buffer)
    this.#eventRoom = this.#bytes.subarray(this.#eventAt, this.#eventAt + this.#eventBytes)
  }

  #showMemory(): void {
    const { buffer } = this.#program.memory
    this.#scanned.bytes = this.#bytes
    this.#scanned.words = new Int32Array(buffer)
    this.#scanned.doubles = new Float64Array(buffer)
    this.#scanned.firstWord = this.#valuesAt >> 2
    this.#scanned.elementsEndWord = (this.#valuesAt + this.#valuesBytes) >> 2
  }
}

function instantiate(): Program | undefined {
  const bytes = Uint8Array.from(atob(SCAN_EVENT_WASM), (unit) => unit.charCodeAt(0))
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Program
  } catch {
    // No WebAssembly, none with SIMD, or a page that forbids it.
    return undefined
  }
}

/** Each power as a number of 126 bits rounded up, in two halves, as Schubfach wants it. */
function writePowersOfTen(view: DataView, address: number): void {
  for (let power = POWERS_FROM, at = address; power <= POWERS_TO; power += 1, at += 16) {
    const numerator = power > 0 ? 10n ** BigInt(power) : 1n
    const denominator = power < 0 ? 10n ** BigInt(-power) : 1n
    let shift = 126n + BigInt(denominator.toString(2).length - numerator.toString(2).length)
    let digits = scaled(numerator, denominator, shift)
    if (digits >> 126n > 0n) digits = scaled(numerator, denominator, --shift)
    else if (digits >> 125n === 0n) digits = scaled(numerator, denominator, ++shift)
    const roundedUp = digits + 1n
    view.setBigUint64(at, roundedUp >> 63n, true)
    view.setBigUint64(at + 8, roundedUp & 0x7fff_ffff_ffff_ffffn, true)
  }
}

function scaled(numerator: bigint, denominator: bigint, shift: bigint): bigint {
  return shift < 0n ? numerator / (denominator << -shift) : (numerator << shift) / denominator
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit
}
