import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'

import { UsageFault } from './cli-faults.ts'

/** A JSON text that was given to a command, as bytes: whether they are text shows later. */
export interface JsonInput {
  readonly bytes: Uint8Array
  /** What an error message calls it: the file's name, "standard input" or "the command line". */
  readonly origin: string
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/**
 * Reads JSON that is given in place, as `-` for standard input, or as a file's name.
 * @param noun what it is, for the message when there is none
 */
export async function readJsonInput(given: string, noun: string): Promise<JsonInput> {
  if (given === '-') return inputOf(await buffer(process.stdin), 'standard input')
  if (given.trimStart().startsWith('{')) return inputOf(Buffer.from(given), 'the command line')
  try {
    return inputOf(await readFile(given), given)
  } catch (error) {
    if (given === '' || /^\s*[["]/.test(given)) {
      const found = given === '' ? 'nothing was given' : `this is none: ${given}`
      throw new UsageFault(`the ${noun} is a JSON object ({...}), and ${found}`, { cause: error })
    }
    throw new UsageFault(
      `the ${noun} "${given}" is neither JSON ({...}) nor a file that can be read: ${(error as Error).message}`,
      { cause: error },
    )
  }
}

/**
 * What was given, as text.
 * @throws UsageFault where it is none
 */
export function textOf({ bytes, origin }: JsonInput, noun: string): string {
  try {
    return UTF8.decode(bytes)
  } catch (error) {
    throw new UsageFault(`the ${noun} (${origin}) is not text in UTF-8`, { cause: error })
  }
}

/**
 * The JSON object that is given in place, as `-` for standard input, or as a file's name.
 * @throws UsageFault where there is none
 */
export async function readJsonObject(
  given: string,
  noun: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { bytes, origin } = await readJsonInput(given, noun)
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>
    }
  } catch (error) {
    throw new UsageFault(`the ${noun} (${origin}) is not JSON: ${(error as Error).message}`, {
      cause: error,
    })
  }
  throw new UsageFault(`the ${noun} (${origin}) is no JSON object ({...})`)
}

function inputOf(bytes: Uint8Array, origin: string): JsonInput {
  return { bytes: withoutByteOrderMark(bytes), origin }
}

/** Editors on Windows write the mark; in JSON it has no place. */
export function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  const isMarked = BYTE_ORDER_MARK.every((byte, at) => bytes[at] === byte)
  return isMarked ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes
}
