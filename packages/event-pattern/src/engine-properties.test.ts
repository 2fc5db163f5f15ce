import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ChoiceBytes } from '../test/reference/choice-bytes.ts'
import { choicesFrom, randomChoices } from '../test/reference/choices.ts'
import type { Choices } from '../test/reference/choices.ts'
import { someEvent } from '../test/reference/generated-event.ts'
import { patternText, somePattern } from '../test/reference/generated-pattern.ts'
import type { GeneratedPattern } from '../test/reference/generated-pattern.ts'
import { mutated } from '../test/reference/mutation.ts'
import { referenceMatcher } from '../test/reference/reference-matcher.ts'
import { EventPattern, InvalidEventPatternError, RuleSet } from './event-pattern.ts'

// How many pairs of a pattern and an event are tried in all; BELFRY_PATTERN_SEED repeats a run.
const PAIRS = Number(process.env['BELFRY_PATTERN_PAIRS'] ?? 50_000)
const SEED = process.env['BELFRY_PATTERN_SEED']
const TIMEOUT_MS = 60_000 + PAIRS
const SHRINK_MS_MAX = 10_000
const UTF8 = new TextEncoder()
const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

type ValidPattern = { readonly generated: GeneratedPattern; readonly pattern: EventPattern }

test('the reference gives the recorded answers of event-ruler', () => {
  const file = new URL('../test/pattern-cases.jsonl', import.meta.url)
  const cases = readFileSync(file, 'utf8').trim().split('\n')
  const answers = cases.map((line) => {
    const { pattern, event, expect: answer } = JSON.parse(line) as Record<string, string>
    const matches = (): boolean => referenceMatcher(pattern ?? '')(event ?? '')
    return answer === 'error' || matches() === (answer === 'match') ? 'right' : line
  })
  expect(answers.filter((answer) => answer !== 'right')).toEqual([])
})

test(
  'a pattern matches what the reference says, whether the event is a string or bytes',
  () => {
    const answers = { match: 0, 'no match': 0 }
    tryWith(PAIRS * 0.4, 8, (choices) => {
      const { generated, pattern } = validPattern(choices)
      const matches = referenceMatcher(pattern.text)
      for (let at = 0; at < 8; at++) {
        const event = someEvent(choices, generated, { namesOnce: false })
        const expected = matches(event)
        answers[expected ? 'match' : 'no match']++
        same(pattern.matches(event), expected, pattern.text, event)
        same(pattern.matches(UTF8.encode(event)), expected, pattern.text, `bytes of ${event}`)
      }
    })
    expect(Math.min(...Object.values(answers))).toBeGreaterThan(PAIRS * 0.05)
  },
  TIMEOUT_MS,
)

test(
  'a rule set gives the keys whose patterns match alone, whatever was added and deleted before',
  () => {
    tryWith(PAIRS * 0.2, 24, (choices) => {
      const patterns = relatedPatterns(choices, 6)
      const rules = new RuleSet<string>()
      const added = new Map<string, { readonly key: string; readonly pattern: EventPattern }>()
      for (let round = 0; round < 4; round++) {
        for (let change = 0; change < 6; change++) {
          const { pattern } = choices.of(patterns)
          const key = `rule ${choices.pick(4)}`
          const id = `${key}: ${pattern.text}`
          if (choices.rarely(3)) {
            same(rules.delete(key, pattern), added.delete(id), pattern.text, `delete ${key}`)
          } else {
            rules.add(key, EventPattern.parse(pattern.text))
            added.set(id, { key, pattern })
          }
        }
        const event = someEvent(choices, choices.of(patterns).generated, { namesOnce: false })
        const expected = [...added.values()].filter(({ pattern }) => pattern.matches(event))
        const keys = inOrder([...new Set(expected.map(({ key }) => key))])
        const texts = [...added.keys()].join('\n')
        same(inOrder(rules.match(event)), keys, texts, event)
        same(inOrder(rules.match(UTF8.encode(event))), keys, texts, event)
      }
    })
  },
  TIMEOUT_MS,
)

test(
  'a rule set of many patterns gives those that match alone',
  () => {
    const [patternCount, eventCount] = [300, 10]
    tryWith(PAIRS * 0.1, patternCount * eventCount, ({ pick }) => {
      const choices = randomChoices(pick(256) * 256 + pick(256))
      const patterns = relatedPatterns(choices, patternCount)
      const rules = new RuleSet<string>()
      for (const { pattern } of patterns) rules.add(pattern.text, pattern)
      const unique = new Map(patterns.map(({ pattern }) => [pattern.text, pattern]))
      for (let at = 0; at < eventCount; at++) {
        const event = someEvent(choices, choices.of(patterns).generated, { namesOnce: false })
        const matching = [...unique.values()].filter((pattern) => pattern.matches(event))
        const expected = inOrder(matching.map(({ text }) => text))
        same(inOrder(rules.match(event)), expected, `all of ${patternCount}`, event)
        for (const pattern of [...unique.values()].slice(0, 10)) {
          rules.delete(pattern.text, pattern)
          unique.delete(pattern.text)
        }
      }
    })
  },
  TIMEOUT_MS,
)

test(
  'a trusted match of an event that names no field twice is as a careful one',
  () => {
    tryWith(PAIRS * 0.2, 16, (choices) => {
      const patterns = Array.from({ length: 4 }, () => validPattern(choices))
      const rules = new RuleSet<string>()
      for (const { pattern } of patterns) rules.add(pattern.text, pattern)
      for (const { generated } of patterns) {
        const event = someEvent(choices, generated, { namesOnce: true })
        const careful = inOrder(rules.match(event))
        const texts = patterns.map(({ pattern }) => pattern.text).join('\n')
        for (const each of [event, UTF8.encode(event)]) {
          const trusting = inOrder(rules.match(each, { trusted: true }))
          same(trusting, careful, texts, event)
        }
      }
    })
  },
  TIMEOUT_MS,
)

test(
  'a damaged event never throws, and matches only if it is still JSON',
  () => {
    const everything = EventPattern.parse('{"not there":[{"exists":false}]}')
    const read = { 'still JSON': 0, 'no JSON': 0 }
    tryWith(PAIRS * 0.1, 8, (choices) => {
      const { generated, pattern } = validPattern(choices)
      const matches = referenceMatcher(pattern.text)
      const rules = new RuleSet<string>()
      for (const each of [pattern, everything]) rules.add(each.text, each)
      for (let at = 0; at < 8; at++) {
        const event = someEvent(choices, generated, { namesOnce: choices.rarely(2) })
        const bytes = mutated(choices, UTF8.encode(event))
        const found = rules.match(bytes)
        rules.match(bytes, { trusted: true })
        const text = textIfJson(bytes)
        read[text === undefined ? 'no JSON' : 'still JSON']++
        const shown = `${JSON.stringify([...bytes])} of ${event}`
        same(found.includes(everything.text), text !== undefined, everything.text, shown)
        const expected = text !== undefined && matches(text)
        same(found.includes(pattern.text), expected, pattern.text, shown)
        if (text !== undefined) same(pattern.matches(text), expected, pattern.text, shown)
      }
    })
    expect(Math.min(...Object.values(read))).toBeGreaterThan(PAIRS * 0.005)
  },
  TIMEOUT_MS,
)

/** Runs a property that tries so many pairs at once, until all have been tried. */
function tryWith(pairs: number, pairsAtOnce: number, property: (choices: Choices) => void): void {
  let failedAt: number | undefined
  fc.assert(
    fc.property(new ChoiceBytes(2_500), (bytes) => {
      // Ends the search for a simpler case, which can take minutes.
      if (failedAt !== undefined && performance.now() > failedAt + SHRINK_MS_MAX) return
      try {
        property(choicesFrom(bytes))
      } catch (error) {
        failedAt ??= performance.now()
        throw error
      }
    }),
    {
      numRuns: Math.ceil(pairs / pairsAtOnce),
      ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    },
  )
}

/** Patterns of which some have parts in common, or are the same in other words. */
function relatedPatterns(choices: Choices, count: number): readonly ValidPattern[] {
  const patterns: ValidPattern[] = []
  while (patterns.length < count) {
    const { generated, pattern } = validPattern(choices)
    patterns.push({ generated, pattern })
    if (choices.rarely(2)) continue
    const [first, ...others] = generated.object
    if (first === undefined) continue
    const object = [first, ...others.filter(() => !choices.rarely(3))]
    // It may be too complex now: of two lists for a field the simpler one may be gone.
    const part = parsedIfValid(patternText(choices, { ...generated, object }))
    if (part !== undefined) patterns.push({ generated, pattern: part })
  }
  return patterns
}

function validPattern(choices: Choices): ValidPattern {
  for (;;) {
    const generated = somePattern(choices)
    const pattern = parsedIfValid(patternText(choices, generated))
    // The simplest choice follows when the bytes are used up, and it is valid.
    if (pattern !== undefined) return { generated, pattern }
  }
}

function parsedIfValid(text: string): EventPattern | undefined {
  try {
    return EventPattern.parse(text)
  } catch (error) {
    if (error instanceof InvalidEventPatternError) return undefined
    throw error
  }
}

/** The keys as one text; a key that is given twice shows. */
function inOrder(keys: readonly string[]): string {
  return keys.toSorted().join('\n')
}

function textIfJson(bytes: Uint8Array): string | undefined {
  try {
    const text = STRICT_UTF8.decode(bytes)
    const event: unknown = JSON.parse(text)
    return typeof event === 'object' && event !== null && !Array.isArray(event) ? text : undefined
  } catch {
    return undefined
  }
}

/** Compared without expect, which is too slow for so many pairs. */
function same(found: unknown, expected: unknown, patterns: string, event: string): void {
  if (found === expected) return
  throw new Error(
    `found ${String(found)} and expected ${String(expected)}\nof pattern ${patterns}\nand event ${event}`,
  )
}
