import { EventPattern, InvalidEventPatternError, textFault } from '@belfry/event-pattern'

import { UsageFault } from './cli-faults.ts'
import { faultText } from './fault-text.ts'
import { readJsonInput, textOf } from './json-input.ts'
import { styled } from './output.ts'

const ENVELOPE = ['source', 'detail-type', 'id', 'time']
/** Two strings are also what a pattern is without its brackets. */
const EVENT_STRINGS_MIN = 3
const SWAPPED = 'this looks like an event: are --pattern and --event swapped?'

/**
 * An event pattern: JSON itself, `-` for standard input, or a file's name.
 * @throws UsageFault where there is none or it is not valid
 */
export async function readPattern(given: string): Promise<EventPattern> {
  const input = await readJsonInput(given, 'event pattern')
  const text = textOf(input, 'event pattern')
  try {
    return EventPattern.parse(text)
  } catch (error) {
    if (!(error instanceof InvalidEventPatternError)) throw error
    const fault = textFault(error)
    const message = `the event pattern is not valid: ${fault.reason} (InvalidEventPatternException)`
    const lines = [faultText({ message, text, origin: input.origin, fault })]
    if (looksLikeEvent(text)) lines.push(`  ${styled('cyan', 'hint:')} ${SWAPPED}`)
    throw new UsageFault(lines.join('\n'), { cause: error })
  }
}

function looksLikeEvent(text: string): boolean {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return false
  }
  if (typeof parsed !== 'object' || parsed === null) return false
  const envelope = new Map(Object.entries(parsed))
  const found = ENVELOPE.map((name): unknown => envelope.get(name))
  const strings = found.filter((value) => typeof value === 'string')
  return strings.length >= EVENT_STRINGS_MIN && !found.some(Array.isArray)
}
