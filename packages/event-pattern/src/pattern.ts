import { compilePattern } from './compile.ts'
import type { Alternative, CompiledPattern } from './compile.ts'
import { explain } from './explain/explain.ts'
import type { Explanation } from './explain/explanation.ts'
import { RuleSet } from './rule-set.ts'

/** An Amazon EventBridge event pattern. */
export class EventPattern {
  /** The text the pattern was made of. */
  readonly text: string
  /** @internal The ways to match, each a list of tests by field. */
  readonly alternatives: readonly Alternative[]
  /** How many wildcards a value can be in the middle of at once, at worst: AWS allows 10. */
  readonly complexity: number
  /** This pattern as the only one of a rule set, from the first match on. */
  #alone: RuleSet<true> | undefined

  private constructor(text: string, { alternatives, complexity }: CompiledPattern) {
    this.text = text
    this.alternatives = alternatives
    this.complexity = complexity
  }

  /** Makes a pattern of its JSON text; throws InvalidEventPatternError where AWS refuses it. */
  static parse(text: string): EventPattern {
    if (typeof text !== 'string') throw new TypeError('an event pattern is given as JSON text')
    return new EventPattern(text, compilePattern(text))
  }

  /** Whether the event, given as JSON text, matches. A text that is not an event does not. */
  matches(event: string | Uint8Array): boolean {
    if (this.#alone === undefined) {
      const alone = new RuleSet<true>()
      alone.add(true, this)
      this.#alone = alone
    }
    return this.#alone.match(event).length > 0
  }

  /**
   * What a field must be for the event to match: texts, and undefined for anything that is not one
   * plain text. Empty where the pattern asks nothing of the field.
   * @param path its names with dots between them, such as `detail.state`
   */
  textsOf(path: string): readonly (string | undefined)[] {
    const asked = this.alternatives.map((fields) => fields.find((field) => field.path === path))
    if (asked.every((field) => field === undefined)) return []
    const texts = asked.flatMap((field) =>
      field === undefined || field.mayBeAbsent
        ? [undefined]
        : field.tests.map((test) => (test.kind === 'string' ? test.text : undefined)),
    )
    return [...new Set(texts)]
  }

  /** Why the event matches or does not: field by field, in words. Never throws. */
  explain(event: string | Uint8Array): Explanation {
    return explain(this, event)
  }
}
