import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'

import { openPromise as openZip } from 'yauzl'

import type { Cell } from './charge.ts'
import { readCsv } from './csv.ts'
import { ImportFault } from './import-fault.ts'
import { readParquet } from './parquet.ts'

/** A file of an export, where it can be read now. */
export interface TableFile {
  /** For people. */
  readonly name: string
  readonly path: string
}

/** What reads the rows of a table. */
export interface TableSink {
  /** Answers which columns are wanted, by their number. */
  readonly onHeader: (names: readonly string[]) => readonly number[]
  /** Cells are in an array that is used again; `place` says where the row stands. */
  readonly onRow: (cells: readonly Cell[], place: RowPlace) => void
  readonly onMalformed: (reason: string, place: RowPlace) => void
  /** Bytes of the file as it is stored that have been read. */
  readonly onBytes: (bytes: number) => void
}

export interface RowPlace {
  readonly file: string
  /** Of CSV the line, of Parquet the row. */
  readonly unit: 'line' | 'row'
  readonly number: number
}

/**
 * A file may become so many times larger when it is unpacked, once it is larger than the floor. Bills
 * become 10 to 30 times as large; what becomes more is made to fill a disk or a day.
 */
export const EXPANSION_MAX = 200
export const EXPANSION_FLOOR_BYTES = 64 * 1024 * 1024
const CHUNK_BYTES = 256 * 1024

/**
 * Reads every row of a file: CSV, plain or in gzip or zip, or Parquet; which of them, its first bytes
 * say. A zip may hold several CSV files.
 * @throws ImportFault for what is none of these, damaged, or cut off
 */
export async function readTableFile({ name, path }: TableFile, sink: TableSink): Promise<void> {
  const { size } = await stat(path)
  switch (await kindOf(path)) {
    case 'empty':
      return
    case 'parquet':
      return readParquet(path, {
        onHeader: sink.onHeader,
        onBytes: sink.onBytes,
        onRow: (cells, number) => sink.onRow(cells, { file: name, unit: 'row', number }),
      })
    case 'gzip':
      return unpacking(async () => {
        const packed = counted(createReadStream(path, { highWaterMark: CHUNK_BYTES }), sink.onBytes)
        return csvRows(name, bounded(gunzipped(packed), size), sink)
      })
    case 'zip':
      return unpacking(() => zippedRows({ name, path }, size, sink))
    case 'text':
      return csvRows(
        name,
        counted(createReadStream(path, { highWaterMark: CHUNK_BYTES }), sink.onBytes),
        sink,
      )
  }
}

type Kind = 'empty' | 'parquet' | 'gzip' | 'zip' | 'text'

const MAGIC_BYTES = 4

async function kindOf(path: string): Promise<Kind> {
  const handle = await open(path)
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0)
    if (bytesRead === 0) return 'empty'
    return magicOf(buffer)
  } finally {
    await handle.close()
  }
}

function magicOf(bytes: Buffer): Exclude<Kind, 'empty'> {
  if (bytes.toString('latin1') === 'PAR1') return 'parquet'
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip'
  if (bytes.toString('latin1') === 'PK\u0003\u0004') return 'zip'
  return 'text'
}

async function csvRows(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  sink: TableSink,
): Promise<void> {
  const unit = 'line'
  await readCsv(plainText(chunks), {
    onHeader: sink.onHeader,
    onRecord: (cells, number) => sink.onRow(cells, { file, unit, number }),
    onMalformed: (reason, number) => sink.onMalformed(reason, { file, unit, number }),
  })
}

/** @throws ImportFault where what was unpacked is packed once more, or no text */
async function* plainText(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isFirst = true
  for await (const chunk of chunks) {
    if (isFirst) {
      const kind = magicOf(Buffer.from(chunk.subarray(0, MAGIC_BYTES)))
      if (kind !== 'text') throw new ImportFault(`there is ${kind} inside it: unpack it once`)
      if (chunk.includes(0)) throw new ImportFault('it is neither CSV nor Parquet')
    }
    isFirst = false
    yield chunk
  }
}

/** What macOS puts into a zip beside the files. */
const OF_THE_SYSTEM = /^__MACOSX\/|(?:^|\/)\.[^/]*$/

async function zippedRows({ name, path }: TableFile, size: number, sink: TableSink): Promise<void> {
  const zip = await openZip(path, { validateEntrySizes: true })
  let unpacked = 0
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/') || OF_THE_SYSTEM.test(entry.fileName)) continue
      const stream = await zip.openReadStreamPromise(entry)
      const before = unpacked
      const chunks = bounded(stream, size, (bytes) => {
        unpacked = before + bytes
        return unpacked
      })
      await csvRows(`${name}/${entry.fileName}`, chunks, sink)
      sink.onBytes(Math.min(size, entry.relativeOffsetOfLocalHeader + entry.compressedSize))
    }
  } finally {
    zip.close()
  }
}

function gunzipped(packed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  // Whoever reads is told of faults of both, by the end of this.
  pipeline(packed, gunzip, () => {})
  return gunzip
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.byteLength
    onBytes(bytes)
    yield chunk
  }
}

async function* bounded(
  chunks: AsyncIterable<Uint8Array>,
  packedBytes: number,
  totalOf: (bytes: number) => number = (bytes) => bytes,
): AsyncGenerator<Uint8Array> {
  const max = Math.max(EXPANSION_FLOOR_BYTES, packedBytes * EXPANSION_MAX)
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.byteLength
    if (totalOf(bytes) > max) {
      throw new ImportFault(
        `it becomes more than ${EXPANSION_MAX} times as large when it is unpacked: that is no bill`,
      )
    }
    yield chunk
  }
}

/** What fails inside of zlib or yauzl is the file's fault. */
async function unpacking(read: () => Promise<void>): Promise<void> {
  try {
    await read()
  } catch (error) {
    if (error instanceof ImportFault) throw error
    throw new ImportFault(`it cannot be unpacked: ${(error as Error).message}: is it whole?`, {
      cause: error,
    })
  }
}
