import { EventPattern, RuleSet } from '@belfry/event-pattern'

import { PRODUCT, UNIQUE, eventBytes, patternOf, patternText } from './exact-rules.ts'
import type { RuleKind } from './exact-rules.ts'
import { createCell, measureGroups } from './measure.ts'
import type { Group } from './measure.ts'
import { between, createRandom } from './random.ts'
import { metOrNot, printTable, whole } from './table.ts'

const SIZES = [10, 100, 1_000, 10_000, 100_000]
const EVENTS = 10_000
const GROWTH_MAX = 2

/**
 * The cost of an event that one rule matches, as exact rules over three fields become more. Beside
 * it the cost of the same events in a set with one rule over these fields that none matches: what
 * grows there is due to the events and the caches, not to the number of rules.
 */
export function benchScaling(seed: number): void {
  for (const kind of [PRODUCT, UNIQUE]) {
    const groups = SIZES.map((size) => groupOf(kind, size, seed))
    const costs = measureGroups(groups).map(({ yardstick, cells }) =>
      [...cells, yardstick].map((rate) => 1e9 / rate),
    )
    const first = costs[0] ?? []
    const growth = (column: number, row: number) =>
      (costs[row]?.[column] ?? 0) / (first[column] ?? 1)
    console.log(`   ${kind.name}, ns an event and growth from ${SIZES[0]} rules:`)
    const rows = SIZES.map((size, row) => [
      whole(size),
      ...[0, 1, 2].flatMap((column) => [
        whole(costs[row]?.[column] ?? 0),
        growth(column, row).toFixed(2),
      ]),
    ])
    const columns = ['careful', 'trusted', 'no match']
    printTable(['rules', ...columns.flatMap((name) => [name, 'x'])], rows)
    const worst = Math.max(growth(0, SIZES.length - 1), growth(1, SIZES.length - 1))
    console.log(
      `   growth to ${whole(SIZES.at(-1) ?? 0)} rules at most ${GROWTH_MAX.toFixed(1)}: ${metOrNot(worst <= GROWTH_MAX)}`,
    )
  }
}

function groupOf(kind: RuleKind, size: number, seed: number): Group {
  const random = createRandom(seed)
  const events = Array.from({ length: EVENTS }, () =>
    eventBytes(random, kind.fields(between(random, 0, size), size)),
  )
  const rules = new RuleSet<number>()
  for (let index = 0; index < size; index += 1) {
    rules.add(index, patternOf(kind.fields(index, size)))
  }
  const found = rules.match(events[0] as Uint8Array).length
  if (found !== 1) throw new Error(`an event matches ${found} of ${size} rules, not 1`)
  const none = new RuleSet<number>()
  const nowhere = { source: 'no', detailType: 'no', instanceId: 'no' }
  none.add(0, EventPattern.parse(patternText(nowhere)))
  return {
    yardstick: createCell(events, (event) => none.match(event)),
    cells: [
      createCell(events, (event) => rules.match(event)),
      createCell(events, (event) => rules.match(event, { trusted: true })),
    ],
  }
}
