import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'

import { UsageFault } from './cli-faults.ts'

const STANDARD_INPUT = '-'

/**
 * A secret in a file, or - for standard input: a command line is there for others on the machine
 * to read.
 * @throws UsageFault where the file cannot be read
 */
export async function secretIn(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  if (file === STANDARD_INPUT) return (await text(process.stdin)).trim()
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    throw new UsageFault(`the secret's file cannot be read: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
