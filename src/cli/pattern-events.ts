import { once } from 'node:events'
import { open } from 'node:fs/promises'

import type { EventPattern } from '@belfry/event-pattern'

import { UsageFault } from './cli-faults.ts'
import { withoutByteOrderMark } from './json-input.ts'
import type { Output } from './output.ts'
import { counted } from './terminal-text.ts'

const STANDARD_INPUT = '-'
const LINE_FEED = 0x0a
/** Space, tab and carriage return. */
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0d])

/**
 * Writes each event that matches as it came; a line that is no event ends it.
 * @param given a file of events, one a line, or `-` for standard input
 * @returns whether any matches
 */
export async function writeMatching(
  pattern: EventPattern,
  given: string,
  output: Output,
): Promise<boolean> {
  let number = 0
  let events = 0
  let matching = 0
  // Of the first one: an event that is wrapped in another object is seldom alone.
  let hints: readonly string[] = []
  for await (const bytes of linesOf(await chunksOf(given))) {
    number += 1
    const line = number === 1 ? withoutByteOrderMark(bytes) : bytes
    if (line.every((byte) => BLANKS.has(byte))) continue
    events += 1
    if (pattern.matches(line)) {
      matching += 1
      await writeLine(line)
      continue
    }
    const explanation = pattern.explain(line)
    const { fault } = explanation
    if (fault !== undefined) throw new UsageFault(`line ${number}: ${fault.reason}`)
    if (events === 1) hints = explanation.hints
  }
  if (matching === 0) {
    output.note([`no match among ${counted(events, 'event')}`, ...hints].join('\nhint: '))
  }
  return matching > 0
}

async function writeLine(line: Uint8Array): Promise<void> {
  if (!process.stdout.write(Buffer.concat([line, Uint8Array.of(LINE_FEED)])))
    await once(process.stdout, 'drain')
}

async function chunksOf(given: string): Promise<AsyncIterable<Uint8Array>> {
  if (given === STANDARD_INPUT) return process.stdin
  const file = await open(given).catch((error: Error) => {
    throw new UsageFault(`the events "${given}" cannot be read: ${error.message}`, { cause: error })
  })
  return file.createReadStream()
}

/** Lines as bytes: readline also ends them at characters that may stand in a JSON string. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let started: Uint8Array[] = []
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      const rest = chunk.subarray(from, end)
      yield started.length === 0 ? rest : Buffer.concat([...started, rest])
      started = []
      from = end + 1
    }
    if (from < chunk.length) started.push(chunk.subarray(from))
  }
  if (started.length > 0) yield Buffer.concat(started)
}
