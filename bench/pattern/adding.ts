import { EventPattern, RuleSet } from '@belfry/event-pattern'

import { PRODUCT, UNIQUE, eventBytes, patternText } from './exact-rules.ts'
import type { RuleKind } from './exact-rules.ts'
import { quantile } from './measure.ts'
import { createRandom } from './random.ts'
import { metOrNot, printTable, whole } from './table.ts'

const RULES = 100_000
const CHANGES = 2_000
/** Engines that look at every rule get through fewer changes than asked for. */
const PHASE_MS_MAX = 1_500
const ADD_MICROSECONDS_MAX = 100

/**
 * Adding to and deleting from a set of 100,000 rules, each change followed by a match of the event
 * that it concerns, so that work put off until the next match is seen too.
 */
export function benchAdding(seed: number): void {
  for (const kind of [PRODUCT, UNIQUE]) {
    const times = measureChanges(kind, seed)
    const name = `${kind.name}, ${whole(times.add?.length ?? 0)} adds to ${whole(RULES)} rules`
    console.log(`   ${name}, microseconds:`)
    const rows = Object.entries(times).map(([what, all]) => [
      what,
      quantile(all, 0.5).toFixed(1),
      quantile(all, 0.99).toFixed(1),
      Math.max(...all).toFixed(1),
    ])
    printTable(['', 'median', 'p99', 'most'], rows)
    const met = quantile(times['parse and add'] ?? [], 0.5) < ADD_MICROSECONDS_MAX
    console.log(
      `   parse and add under ${ADD_MICROSECONDS_MAX} microseconds at the median: ${metOrNot(met)}`,
    )
  }
}

type Times = Readonly<Record<string, number[]>>

function measureChanges(kind: RuleKind, seed: number): Times {
  const all = RULES + CHANGES
  const rules = new RuleSet<number>()
  const textOf = (index: number) => patternText(kind.fields(index, all))
  for (let index = 0; index < RULES; index += 1) {
    rules.add(index, EventPattern.parse(textOf(index)))
  }
  const random = createRandom(seed)
  const eventOf = (index: number) => eventBytes(random, kind.fields(index, all))
  const expectMatches = (matches: readonly number[], wanted: number) => {
    if (matches.length !== wanted) throw new Error(`${matches.length} rules match, not ${wanted}`)
  }

  const unchanged: number[] = []
  bounded((change) => {
    const event = eventOf(change)
    const startedAt = performance.now()
    const matches = rules.match(event)
    unchanged.push(microsecondsSince(startedAt))
    expectMatches(matches, 1)
  })

  const [parse, add, both, matchAdded]: number[][] = [[], [], [], []]
  const added: EventPattern[] = []
  bounded((change) => {
    const text = textOf(RULES + change)
    const event = eventOf(RULES + change)
    const startedAt = performance.now()
    const pattern = EventPattern.parse(text)
    const parsedAt = performance.now()
    rules.add(RULES + change, pattern)
    const addedAt = performance.now()
    const matches = rules.match(event)
    matchAdded?.push(microsecondsSince(addedAt))
    parse?.push((parsedAt - startedAt) * 1_000)
    add?.push((addedAt - parsedAt) * 1_000)
    both?.push((addedAt - startedAt) * 1_000)
    added.push(pattern)
    expectMatches(matches, 1)
  })

  const [remove, matchDeleted]: number[][] = [[], []]
  bounded((change) => {
    const pattern = added[change]
    if (pattern === undefined) return
    const event = eventOf(RULES + change)
    const startedAt = performance.now()
    rules.delete(RULES + change, pattern)
    const deletedAt = performance.now()
    const matches = rules.match(event)
    matchDeleted?.push(microsecondsSince(deletedAt))
    remove?.push((deletedAt - startedAt) * 1_000)
    expectMatches(matches, 0)
  })
  return {
    parse: parse ?? [],
    add: add ?? [],
    'parse and add': both ?? [],
    'match after add': matchAdded ?? [],
    delete: remove ?? [],
    'match after delete': matchDeleted ?? [],
    'match, nothing changed': unchanged,
  }
}

function bounded(change: (index: number) => void): void {
  const startedAt = performance.now()
  for (let index = 0; index < CHANGES; index += 1) {
    change(index)
    if (performance.now() - startedAt > PHASE_MS_MAX) return
  }
}

function microsecondsSince(startedAt: number): number {
  return (performance.now() - startedAt) * 1_000
}
