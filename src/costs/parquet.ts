import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'

import { parquetMetadataAsync, parquetScan, snappyUncompress } from 'hyparquet'
import type { AsyncBuffer, Compressors, FileMetaData, SchemaElement } from 'hyparquet'

import type { Cell } from './charge.ts'
import { ImportFault } from './import-fault.ts'

export interface ParquetSink {
  /** Is told the names of the top columns; answers which of them are wanted, by their number. */
  readonly onHeader: (names: readonly string[]) => readonly number[]
  /** The wanted cells of a row, in an array that is used again for the next one. */
  readonly onRow: (cells: readonly Cell[], row: number) => void
  /** How much of the file has been read, in bytes. */
  readonly onBytes: (bytes: number) => void
}

/** A page is a megabyte as a rule; one of more than this is damaged, or meant to harm. */
const PAGE_BYTES_MAX = 256 * 1024 * 1024
/** All of a row group's wanted columns are in memory: 4 bytes and up for each cell. */
const GROUP_ROWS_MAX = 4_000_000

/** The codecs that AWS, Athena, Spark and DuckDB write by themselves or when asked to. */
const COMPRESSORS: Compressors = {
  SNAPPY: (input, length) => {
    const output = new Uint8Array(pageLength(length))
    snappyUncompress(input, output)
    return output
  },
  GZIP: (input, length) => gunzipSync(input, { maxOutputLength: pageLength(length) }),
  ZSTD: (input, length) => zstdDecompressSync(input, { maxOutputLength: pageLength(length) }),
  BROTLI: (input, length) => brotliDecompressSync(input, { maxOutputLength: pageLength(length) }),
}

/**
 * Reads a Parquet file a row group and a column at a time, the wanted columns only. Numbers become
 * the text that is read back as the same number, decimals exactly their digits, times ISO 8601.
 * @throws ImportFault for what is no Parquet, or is damaged
 */
export async function readParquet(path: string, sink: ParquetSink): Promise<void> {
  const handle = await open(path)
  try {
    const file = await bufferOf(handle)
    await readTable(file, sink)
  } catch (error) {
    if (error instanceof ImportFault) throw error
    throw new ImportFault(`the Parquet file cannot be read: ${(error as Error).message}`, {
      cause: error,
    })
  } finally {
    await handle.close()
  }
}

async function readTable(file: AsyncBuffer, { onHeader, onRow, onBytes }: ParquetSink) {
  const metadata = await parquetMetadataAsync(file)
  const { leaves, columns } = tableOf(metadata)
  const wanted = onHeader(columns).map((at) => columns[at] as string)
  const cells: Cell[] = wanted.map(() => undefined)
  let bytes = 0
  const scan = await parquetScan({
    file,
    metadata,
    columns: wanted,
    compressors: COMPRESSORS,
    // Decimals in bytes must not be taken for text; what is text says so, or is made text below.
    utf8: false,
    parsers: PARSERS,
  })
  // Nothing is filtered, so that each range is a row group.
  for (const [index, { rowStart, rowEnd }] of scan.ranges.entries()) {
    const rows = rowEnd - rowStart
    if (rows > GROUP_ROWS_MAX) {
      throw new ImportFault(
        `a row group has ${rows} rows, more than ${GROUP_ROWS_MAX}: write the file with smaller row groups`,
      )
    }
    const readers: ((row: number) => Cell)[] = []
    for (const column of wanted) {
      const data = await scan.readColumn({ column, rowStart, rowEnd })
      readers.push(cellReader(data, leaves.get(column)))
    }
    for (let row = 0; row < rows; row += 1) {
      for (let slot = 0; slot < readers.length; slot += 1) cells[slot] = readers[slot]?.(row)
      onRow(cells, rowStart + row + 1)
    }
    const group = metadata.row_groups[index]
    bytes += Number(group?.total_compressed_size ?? group?.total_byte_size ?? 0)
    onBytes(Math.min(bytes, file.byteLength))
  }
}

/** The columns at the top, and what those are that hold one value; decimals are left as they are stored. */
function tableOf({ schema }: FileMetaData) {
  const leaves = new Map<string, Leaf>()
  const columns: string[] = []
  const root = schema[0]
  let at = 1
  const skipGroup = (): void => {
    const element = schema[at] as SchemaElement
    const children = element.num_children ?? 0
    // Some writers leave out that bytes are text: below the top all that is wanted is.
    const isBare = element.converted_type === undefined && element.logical_type === undefined
    if (element.type === 'BYTE_ARRAY' && isBare) element.converted_type = 'UTF8'
    at += 1
    for (let child = 0; child < children; child += 1) skipGroup()
  }
  for (let column = 0; column < (root?.num_children ?? 0); column += 1) {
    const element = schema[at] as SchemaElement
    columns.push(element.name)
    if ((element.num_children ?? 0) > 0) skipGroup()
    else {
      leaves.set(element.name, leafOf(element))
      at += 1
    }
  }
  return { leaves, columns }
}

interface Leaf {
  /** Digits after the point, of a decimal. */
  readonly scale?: number
}

/** hyparquet makes decimals floating point numbers unless it does not know that they are decimals. */
function leafOf(element: SchemaElement): Leaf {
  const isDecimal = element.converted_type === 'DECIMAL' || element.logical_type?.type === 'DECIMAL'
  if (!isDecimal) return {}
  const type = element.logical_type
  const scale = element.scale ?? (type?.type === 'DECIMAL' ? type.scale : 0)
  delete element.converted_type
  delete element.logical_type
  return { scale }
}

type Column = ArrayLike<unknown>

/** Text of a column's values; equal values of a column share one text. */
function cellReader(data: Column, leaf: Leaf | undefined): (row: number) => Cell {
  if (leaf === undefined) return (row) => nestedCell(data[row])
  const { scale } = leaf
  if (scale !== undefined) return (row) => decimalText(data[row], scale)
  return (row) => valueText(data[row])
}

/** A map as it is; a list is text, which no reader of maps takes for one. */
function nestedCell(value: unknown): Cell {
  if (Array.isArray(value)) return String(value)
  return (value ?? undefined) as Cell
}

const UTF8 = new TextDecoder()

function valueText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return undefined
  if (value instanceof Uint8Array) return UTF8.decode(value)
  return `${value as number | bigint | boolean}`
}

/** Of a decimal as Parquet stores it: a whole number, or the bytes of one. */
function decimalText(value: unknown, scale: number): string | undefined {
  if (value === null || value === undefined) return undefined
  const whole = value instanceof Uint8Array ? wholeOf(value) : BigInt(value as number | bigint)
  return scale === 0 ? String(whole) : `${whole}e-${scale}`
}

/** Two's complement, the highest byte first. */
function wholeOf(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes).toString('hex')
  return hex === '' ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`))
}

const TIMES_REMEMBERED_MAX = 20_000
const times = new Map<number, string>()

/** Times repeat: an hour of a month is that of millions of rows. */
function timeText(ms: number): string | undefined {
  const known = times.get(ms)
  if (known !== undefined) return known
  const at = new Date(ms)
  if (Number.isNaN(at.getTime())) return `${ms} ms`
  if (times.size >= TIMES_REMEMBERED_MAX) times.clear()
  const text = at.toISOString()
  times.set(ms, text)
  return text
}

const MS_PER_DAY = 86_400_000
const PARSERS = {
  jsonFromBytes: (bytes: Uint8Array | undefined) => bytes && UTF8.decode(bytes),
  timestampFromMilliseconds: (ms: bigint) => timeText(Number(ms)),
  timestampFromMicroseconds: (micros: bigint) => timeText(Number(micros / 1_000n)),
  timestampFromNanoseconds: (nanos: bigint) => timeText(Number(nanos / 1_000_000n)),
  dateFromDays: (days: number) => timeText(days * MS_PER_DAY),
}

function pageLength(length: number): number {
  if (length <= PAGE_BYTES_MAX) return length
  throw new ImportFault(`a page has ${length} bytes, more than ${PAGE_BYTES_MAX}`)
}

async function bufferOf(handle: FileHandle): Promise<AsyncBuffer> {
  const { size: byteLength } = await handle.stat()
  return {
    byteLength,
    slice: async (start, end = byteLength) => {
      const from = start < 0 ? Math.max(0, byteLength + start) : start
      const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(end, byteLength) - from))
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, from)
      if (bytesRead !== bytes.length) throw new ImportFault('the file ended while it was read')
      return bytes.buffer
    },
  }
}
