import { ImportFault } from './import-fault.ts'

/**
 * A scanner of its own for CSV (RFC 4180), since cost files have hundreds of columns of which a
 * dozen are wanted: it makes text of these only. `csv-parse` reads 28,000 rows of the FOCUS sample
 * a second, `papaparse` 58,000; with this, reading and summing up does 80,000 (two cores, November
 * 2026). It also bounds what an open quotation mark may take. A test compares it with `csv-parse`.
 */

export interface CsvSink {
  /** Is told the names of the columns; answers which of them are wanted, by their number. */
  readonly onHeader: (names: readonly string[]) => readonly number[]
  /** The wanted cells of a record, in an array that is used again for the next one. */
  readonly onRecord: (cells: readonly string[], line: number) => void
  /** A record that has other than the header's number of fields, or stray quotation marks. */
  readonly onMalformed: (reason: string, line: number) => void
}

/** No field of a bill is as long; more is an open quotation mark, or no CSV. */
export const RECORD_BYTES_MAX = 1024 * 1024
export const COLUMNS_MAX = 5_000

const QUOTE = 0x22
const COMMA = 0x2c
const LF = 0x0a
const CR = 0x0d
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** @throws ImportFault for what is no CSV, or ends inside a record */
export async function readCsv(chunks: AsyncIterable<Uint8Array>, sink: CsvSink): Promise<void> {
  const scanner = createScanner(sink)
  let rest: Buffer = Buffer.alloc(0)
  let isFirst = true
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
    if (isFirst && bytes.length < BYTE_ORDER_MARK.length) {
      rest = bytes
      continue
    }
    const start = isFirst && bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    const from = start ? BYTE_ORDER_MARK.length : 0
    isFirst = false
    rest = bytes.subarray(scanner.scan(bytes, from, false))
    if (rest.length <= RECORD_BYTES_MAX) continue
    throw new ImportFault(
      `line ${scanner.line()}: a record has more than ${RECORD_BYTES_MAX} bytes: is a quotation mark left open?`,
    )
  }
  const left = scanner.scan(rest, 0, true)
  if (left >= rest.length) return
  throw new ImportFault(
    `line ${scanner.line()}: a quotation mark is left open where the file ends: is it whole?`,
  )
}

interface Scanner {
  /** Reads the records that are whole; answers where the first begins that is not. */
  scan(bytes: Buffer, from: number, isLast: boolean): number
  /** The line of the record that comes next. */
  line(): number
}

function createScanner(sink: CsvSink): Scanner {
  let line = 1
  let fields = createFields(undefined)
  let cells: string[] = []

  const emit = (bytes: Buffer): void => {
    if (fields.count === 1 && fields.starts[0] === fields.ends[0]) return
    if (fields.columns === undefined) {
      if (fields.count > COLUMNS_MAX) {
        throw new ImportFault(`the table has more than ${COLUMNS_MAX} columns: no bill has`)
      }
      const names = fields.texts(bytes, [])
      const wanted = sink.onHeader(names)
      fields = createFields({ count: names.length, wanted })
      cells = wanted.map(() => '')
      return
    }
    if (fields.stray) {
      sink.onMalformed('there is text before or after the quotation marks of a field', line)
    } else if (fields.count !== fields.columns.count) {
      const { count } = fields.columns
      sink.onMalformed(`the record has fewer or more than the header's ${count} fields`, line)
    } else {
      sink.onRecord(fields.texts(bytes, cells), line)
    }
  }

  const scan = (bytes: Buffer, from: number, isLast: boolean): number => {
    let start = from
    while (start < bytes.length) {
      const end = fields.find(bytes, start, isLast)
      if (end === INCOMPLETE) return start
      const { lines } = fields
      emit(bytes)
      line += lines
      start = end
    }
    return start
  }
  return { scan, line: () => line }
}

const INCOMPLETE = -1

interface Fields {
  /** What the header says; absent while it is read. */
  readonly columns?: { readonly count: number; readonly wanted: readonly number[] } | undefined
  readonly starts: Int32Array
  readonly ends: Int32Array
  count: number
  /** Lines that the record takes. */
  lines: number
  /** Whether something stands beside the quotation marks of a field. */
  stray: boolean
  /** Finds the fields of a record; answers where it ends, or INCOMPLETE. */
  find(bytes: Buffer, start: number, isLast: boolean): number
  /** The wanted fields, or all of the header's. */
  texts(bytes: Buffer, into: string[]): string[]
}

/** Where the fields of the record at hand begin and end, without their quotation marks. */
function createFields(columns: Fields['columns']): Fields {
  const places = (columns?.count ?? COLUMNS_MAX) + 1
  const escaped = new Uint8Array(places)
  const found: Fields = {
    columns,
    starts: new Int32Array(places),
    ends: new Int32Array(places),
    count: 0,
    lines: 0,
    stray: false,
    find: (bytes, start, isLast) => findFields(found, escaped, { bytes, start, isLast }),
    texts: (bytes, into) => {
      const wanted = columns?.wanted ?? Array.from({ length: found.count }, (_, at) => at)
      for (let slot = 0; slot < wanted.length; slot += 1) {
        const at = wanted[slot] as number
        const text = bytes.toString('utf8', found.starts[at], found.ends[at])
        into[slot] = escaped[at] === 1 ? text.replaceAll('""', '"') : text
      }
      return into
    },
  }
  return found
}

interface Span {
  readonly bytes: Buffer
  readonly start: number
  readonly isLast: boolean
}

function findFields(fields: Fields, escaped: Uint8Array, { bytes, start, isLast }: Span): number {
  const { starts, ends } = fields
  const { length } = bytes
  const last = starts.length - 1
  let at = start
  let count = 0
  fields.lines = 1
  fields.stray = false
  for (;;) {
    // What is beyond the header's number of fields is counted and forgotten.
    const slot = count < last ? count : last
    count += 1
    escaped[slot] = 0
    if (at < length && bytes[at] === QUOTE) {
      starts[slot] = at + 1
      at += 1
      for (;;) {
        while (at < length && bytes[at] !== QUOTE) {
          if (bytes[at] === LF) fields.lines += 1
          at += 1
        }
        // Whether a quotation mark at the end is the first of two, the next chunk tells.
        if (at >= length || (at + 1 === length && !isLast)) return INCOMPLETE
        if (bytes[at + 1] !== QUOTE) break
        escaped[slot] = 1
        at += 2
      }
      ends[slot] = at
      at += 1
      const next = bytes[at]
      if (at < length && next !== COMMA && next !== LF && next !== CR) fields.stray = true
    } else {
      starts[slot] = at
      ends[slot] = -1
    }
    const from = at
    let byte = at < length ? bytes[at] : undefined
    while (byte !== undefined && byte !== COMMA && byte !== LF) {
      if (byte === QUOTE) fields.stray = true
      at += 1
      byte = at < length ? bytes[at] : undefined
    }
    if (byte === undefined && !isLast) return INCOMPLETE
    if (ends[slot] === -1) {
      const isEnd = byte !== COMMA
      ends[slot] = isEnd && at > from && bytes[at - 1] === CR ? at - 1 : at
    }
    if (byte === COMMA) {
      at += 1
      continue
    }
    fields.count = count
    return byte === LF ? at + 1 : at
  }
}
