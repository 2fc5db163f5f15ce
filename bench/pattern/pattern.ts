import { benchAdding } from './adding.ts'
import { benchAwsSamples } from './aws-samples.ts'
import { FAMILY_NAMES, benchFamilies } from './families.ts'
import { benchHostile } from './hostile.ts'
import { benchMemory } from './memory.ts'
import { benchScaling } from './scaling.ts'

const SECTIONS = ['aws-samples', 'scaling', 'adding', 'memory', 'hostile']

/** What may follow `pattern` on the command line: families of rules and other sections. */
export const PATTERN_PARTS: readonly string[] = [...FAMILY_NAMES, ...SECTIONS]

/**
 * Figure 4: what a rule set of `@belfry/event-pattern` does, of its public API alone. Each figure
 * is the best round of a few, for events read carefully and for trusted ones.
 * Without parts, all of them.
 */
export async function benchPattern(parts: readonly string[], seed: number): Promise<void> {
  const isWanted = (part: string) => parts.length === 0 || parts.includes(part)
  const families = FAMILY_NAMES.filter(isWanted)
  if (families.length > 0) {
    console.log('\n   a. Families of five rules')
    benchFamilies(families, seed)
  }
  if (isWanted('aws-samples')) {
    console.log('\n   b. The AWS events of "belfry sample"')
    await benchAwsSamples()
  }
  if (isWanted('scaling')) {
    console.log('\n   c. From 10 to 100,000 rules, each event matching one')
    benchScaling(seed)
  }
  if (isWanted('adding')) {
    console.log('\n   d. Changing a set while it is used')
    benchAdding(seed)
  }
  if (isWanted('memory')) {
    console.log('\n   e. Memory of a set of 100,000 rules')
    benchMemory()
  }
  if (isWanted('hostile')) {
    console.log('\n   f. Events and patterns that are made to be slow')
    benchHostile()
  }
}
