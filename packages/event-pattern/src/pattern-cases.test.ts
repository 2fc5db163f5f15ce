import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { EventPattern, InvalidEventPatternError, RuleSet } from './event-pattern.ts'
import { PlainScanner } from './scan/plain-scanner.ts'
import { fastestScanner, scanned } from './scan/scan.ts'

type RecordedCase = {
  readonly name: string
  readonly pattern: string
  readonly event: string
  readonly expect: 'match' | 'no-match' | 'error'
  readonly error?: string
}

const file = new URL('../test/pattern-cases.jsonl', import.meta.url)
const cases = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as RecordedCase)

test('all recorded cases are here', () => {
  expect(cases).toHaveLength(118)
})

describe('answers as recorded from event-ruler 2.0.1', () => {
  test.each(cases)('$name', ({ pattern, event, expect: answer, error }) => {
    expect(answerTo(pattern, event)).toEqual(
      answer === 'error' ? { error } : { matches: answer === 'match' },
    )
  })
})

test.each([
  ['with WebAssembly', fastestScanner()],
  ['without WebAssembly', new PlainScanner(scanned)],
])('a rule set of all recorded patterns, %s, gives the recorded answers', (_, scanner) => {
  const rules = new RuleSet<number>(scanner)
  for (const [key, { pattern, expect: answer }] of cases.entries()) {
    if (answer !== 'error') rules.add(key, EventPattern.parse(pattern))
  }
  const answers = cases.map(({ event, expect: answer }, key) => [
    answer === 'match',
    rules.match(event).includes(key),
  ])
  expect(answers.filter(([recorded, given]) => recorded !== given)).toEqual([])
  expect(answers.filter(([recorded]) => recorded).length).toBeGreaterThan(50)
})

function answerTo(pattern: string, event: string): { matches: boolean } | { error: string } {
  try {
    return { matches: EventPattern.parse(pattern).matches(event) }
  } catch (error) {
    if (error instanceof InvalidEventPatternError) return { error: error.message }
    throw error
  }
}
