import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'

import { parse } from 'yaml'

import { UsageFault } from './cli-faults.ts'
import { textOf } from './json-input.ts'
import type { JsonInput } from './json-input.ts'

/**
 * The object that a file, or `-` for standard input, holds as YAML or JSON.
 * @param noun what it is, for the message when there is none
 * @throws UsageFault where there is none
 */
export async function readDocument(
  given: string,
  noun: string,
): Promise<Readonly<Record<string, unknown>>> {
  const input = await read(given, noun)
  const text = textOf(input, noun)
  const value = parsed(text, `${noun} (${input.origin})`)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw new UsageFault(`the ${noun} (${input.origin}) is neither a YAML mapping nor a JSON object`)
}

function parsed(text: string, what: string): unknown {
  try {
    return parse(text)
  } catch (error) {
    const message = `the ${what} is neither YAML nor JSON: ${(error as Error).message}`
    throw new UsageFault(message, { cause: error })
  }
}

async function read(given: string, noun: string): Promise<JsonInput> {
  if (given === '-') return { bytes: await buffer(process.stdin), origin: 'standard input' }
  try {
    return { bytes: await readFile(given), origin: given }
  } catch (error) {
    throw new UsageFault(
      `the ${noun} "${given}" is no file that can be read: ${(error as Error).message}`,
      { cause: error },
    )
  }
}
