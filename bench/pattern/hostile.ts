import { EventPattern, RuleSet } from '@belfry/event-pattern'

import { metOrNot, printTable } from './table.ts'

/** Twice the input may take twice the time, and what a shared machine adds; a square takes four times. */
const GROWTH_MAX = 3
const SIZE = 40_000
const RULES = 300
const ROUNDS = 7

/** What is read, as large as it is asked for. */
type Work = (size: number) => () => unknown

const repeated = (element: string, size: number) => Array.from({ length: size }, () => element)

const explaining =
  (pattern: string, element: string): Work =>
  (size) => {
    const event = `{"a":[${repeated(element, size).join()}]}`
    return () => EventPattern.parse(pattern).explain(event)
  }

const matching =
  (patternOf: (rule: number) => string, eventOf: (size: number) => string): Work =>
  (size) => {
    const rules = new RuleSet<number>()
    for (let rule = 0; rule < RULES; rule += 1) rules.add(rule, EventPattern.parse(patternOf(rule)))
    const event = eventOf(size)
    return () => rules.match(event)
  }

/** Parses until the pattern is found to be too complex. */
const refusing =
  (fieldOf: (size: number) => string): Work =>
  (size) => {
    const pattern = `{"f":[${fieldOf(size)}]}`
    return () => {
      try {
        EventPattern.parse(pattern)
      } catch (error) {
        return error
      }
      throw new Error('a pattern that is too complex was accepted')
    }
  }

const HOSTILE: Readonly<Record<string, Work>> = {
  'explain arrays': explaining('{"a":[1]}', '[1]'),
  'explain small objects': explaining('{"a":{"b":[1],"c":["x"]}}', '{"b":7,"c":"x"}'),
  'fields in different objects': matching(
    (rule) => `{"e":{"a":[1,"q${rule}"],"b":[2],"c":[3]}}`,
    (size) => `{"e":[${repeated('{"a":1},{"b":2},{"c":3}', size / 10).join()}]}`,
  ),
  'an absence under one name': matching(
    (rule) => `{"e":{"a":[1,"q${rule}"],"b":[{"exists":false}],"c":[3]}}`,
    (size) => `{${repeated('"e":[{"a":1},{"b":2},{"c":3}]', size / 10).join()}}`,
  ),
  'many wildcards': refusing((size) =>
    Array.from({ length: size }, (_, at) => `{"wildcard":"*${at}"}`).join(),
  ),
  'a long wildcard': refusing((size) => `{"wildcard":"*${'a'.repeat(size)}"}`),
}

/** How the time grows with events and patterns that are made to be slow. */
export function benchHostile(): void {
  const rows = Object.entries(HOSTILE).map(([name, work]) => {
    const [once, twice] = [fastestMs(work(SIZE)), fastestMs(work(2 * SIZE))]
    const growth = twice / once
    return [
      name,
      once.toFixed(1),
      twice.toFixed(1),
      growth.toFixed(2),
      metOrNot(growth <= GROWTH_MAX),
    ]
  })
  printTable(['', 'ms', 'ms of twice as much', `growth, at most ${GROWTH_MAX}`, ''], rows)
}

function fastestMs(work: () => unknown): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const startedAt = performance.now()
    work()
    return performance.now() - startedAt
  })
  return Math.min(...times)
}
