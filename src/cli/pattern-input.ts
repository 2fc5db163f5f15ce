import { readFile } from 'node:fs/promises'
import { text as readText } from 'node:stream/consumers'

import { EventPattern, InvalidEventPatternError } from '@belfry/event-pattern'

import { UsageFault } from './cli-faults.ts'

/**
 * An event pattern as text: JSON itself, `-` for standard input, or a file's name.
 * @throws UsageFault where there is none or it is not valid
 */
export async function readPattern(given: string): Promise<string> {
  const text = (await textOf(given)).trim()
  try {
    EventPattern.parse(text)
  } catch (error) {
    if (!(error instanceof InvalidEventPatternError)) throw error
    throw new UsageFault(`the event pattern is not valid: ${error.message}`, { cause: error })
  }
  return text
}

async function textOf(given: string): Promise<string> {
  if (given === '-') return readText(process.stdin)
  if (given.trimStart().startsWith('{')) return given
  try {
    return await readFile(given, 'utf8')
  } catch (error) {
    throw new UsageFault(
      `the event pattern "${given}" is neither JSON ({...}) nor a file that can be read: ${(error as Error).message}`,
      { cause: error },
    )
  }
}
