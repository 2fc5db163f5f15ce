import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { EventPattern, RuleSet } from '@belfry/event-pattern'

import { PRODUCT, UNIQUE, patternText } from './exact-rules.ts'
import { metOrNot, printTable, whole } from './table.ts'

const RULES = 100_000
const RULE_BYTES_MAX = 1_024

const KINDS: readonly (readonly [string, (index: number) => string])[] = [
  ['one field, unique', (index) => JSON.stringify({ detail: { 'order-id': [`order-${index}`] } })],
  [`three fields, ${UNIQUE.name}`, (index) => patternText(UNIQUE.fields(index, RULES))],
  [PRODUCT.name, (index) => patternText(PRODUCT.fields(index, RULES))],
]

/** What a rule takes in a set of 100,000 when nobody else holds on to its pattern. */
export function benchMemory(): void {
  const collect = garbageCollector()
  const rows = KINDS.map(([name, textOf]) => {
    // Fills what the first set of a kind fills once, such as compiled code.
    setOf(100, textOf)
    collect()
    const before = usedBytes()
    const rules = setOf(RULES, textOf)
    // A set may put off work until then.
    rules.match('{}')
    collect()
    const perRule = (usedBytes() - before) / RULES
    // The set must live until here.
    rules.match('{}')
    return [name, whole(perRule), metOrNot(perRule < RULE_BYTES_MAX)]
  })
  printTable(['rules', 'bytes a rule', `aim ${whole(RULE_BYTES_MAX)}`], rows)
}

function setOf(size: number, textOf: (index: number) => string): RuleSet<number> {
  const rules = new RuleSet<number>()
  for (let index = 0; index < size; index += 1) {
    rules.add(index, EventPattern.parse(textOf(index)))
  }
  return rules
}

function usedBytes(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Collects everything; the engine offers it only when asked to, and only to new contexts. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  return () => {
    for (let times = 0; times < 3; times += 1) gc()
  }
}
