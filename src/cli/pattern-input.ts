import { EventPattern, InvalidEventPatternError, textFault } from '@belfry/event-pattern'

import { UsageFault } from './cli-faults.ts'
import { faultText } from './fault-text.ts'
import { readJsonInput } from './json-input.ts'

/**
 * An event pattern: JSON itself, `-` for standard input, or a file's name.
 * @throws UsageFault where there is none or it is not valid
 */
export async function readPattern(given: string): Promise<EventPattern> {
  const { bytes, origin } = await readJsonInput(given, 'event pattern')
  const text = new TextDecoder().decode(bytes)
  try {
    return EventPattern.parse(text)
  } catch (error) {
    if (!(error instanceof InvalidEventPatternError)) throw error
    const fault = textFault(error)
    const message = `the event pattern is not valid: ${fault.reason} (InvalidEventPatternException)`
    throw new UsageFault(faultText({ message, text, origin, fault }), { cause: error })
  }
}
