import { compilePattern } from './compile.ts'
import type { Alternative } from './compile.ts'
import { flattenEvent } from './flatten-event.ts'
import { matchesAny } from './matcher.ts'

/** An Amazon EventBridge event pattern. */
export class EventPattern {
  /** The text the pattern was made of. */
  readonly text: string
  /** @internal The ways to match, each a list of tests by field. */
  readonly alternatives: readonly Alternative[]

  private constructor(text: string, alternatives: readonly Alternative[]) {
    this.text = text
    this.alternatives = alternatives
  }

  /** Makes a pattern of its JSON text; throws InvalidEventPatternError where AWS refuses it. */
  static parse(text: string): EventPattern {
    return new EventPattern(text, compilePattern(text))
  }

  /** Whether the event, given as JSON text, matches. A text that is not an event does not. */
  matches(event: string | Uint8Array): boolean {
    const fields = flattenEvent(event)
    return fields !== undefined && matchesAny(fields, this.alternatives)
  }
}
