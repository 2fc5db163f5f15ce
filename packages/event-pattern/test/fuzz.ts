/**
 * Tries patterns and events at random until the time is over or something is wrong:
 *
 *     node packages/event-pattern/test/fuzz.ts [--seconds 60] [--seed 1]
 *     node packages/event-pattern/test/fuzz.ts --replay <file of a finding>
 *
 * Only an InvalidEventPatternError may come of a pattern and nothing but an answer of an event; the
 * answer is that of the reference, alone, in a rule set and for a trusted event; and every call is
 * quick. A finding is written to a file, and the exit status is then 1.
 */
import { randomInt } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { EventPattern, InvalidEventPatternError, RuleSet } from '../src/event-pattern.ts'
import { randomChoices } from './reference/choices.ts'
import type { Choices } from './reference/choices.ts'
import { someEvent } from './reference/generated-event.ts'
import { patternText, somePattern } from './reference/generated-pattern.ts'
import { mutated } from './reference/mutation.ts'
import { referenceMatcher } from './reference/reference-matcher.ts'

const CALL_MS_MAX = 200
const RULES_MAX = 40
const COMPLEXITY_MAX = 10
const UTF8 = new TextEncoder()
const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** One case; the event as bytes, because it may not be UTF-8. */
type Case = {
  readonly pattern: string
  readonly event: Uint8Array
  readonly namesOnce: boolean
}

/** Patterns that stay, some added and some deleted in each round. */
type Standing = { readonly rules: RuleSet<string>; readonly patterns: Map<string, EventPattern> }

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(randomInt(1_000_000_000)) },
    replay: { type: 'string' },
  },
})
const counts = { rounds: 0, 'valid patterns': 0, 'invalid patterns': 0, matches: 0 }

if (options.replay === undefined) run(Number(options.seed), Number(options.seconds) * 1_000)
else replay(options.replay)

function run(firstSeed: number, durationMs: number): void {
  const recorded = recordedCases()
  const standing: Standing = { rules: new RuleSet(), patterns: new Map() }
  const until = performance.now() + durationMs
  let reportAt = performance.now() + 10_000
  for (let seed = firstSeed; performance.now() < until; seed++) {
    const tried = someCase(randomChoices(seed), recorded)
    try {
      check(tried, standing)
    } catch (error) {
      report(seed, tried, standing, error)
      return
    }
    counts.rounds++
    if (performance.now() < reportAt) continue
    reportAt += 10_000
    console.log(`seed ${seed}`, counts)
  }
  console.log('nothing found', { 'first seed': firstSeed, ...counts })
}

function someCase(choices: Choices, recorded: readonly Case[]): Case {
  const generated = somePattern(choices)
  const isRecorded = choices.rarely(3)
  const { pattern, event } = isRecorded
    ? choices.of(recorded)
    : { pattern: patternText(choices, generated), event: new Uint8Array() }
  const isMutated = isRecorded || choices.rarely(4)
  const namesOnce = choices.rarely(3)
  const bytes =
    isRecorded && choices.rarely(2)
      ? event
      : UTF8.encode(someEvent(choices, generated, { namesOnce }))
  const isDamaged = choices.rarely(3)
  return {
    pattern: isMutated ? decodeAnything(mutated(choices, UTF8.encode(pattern))) : pattern,
    event: isDamaged ? mutated(choices, bytes) : bytes,
    namesOnce: namesOnce && !isDamaged && bytes !== event,
  }
}

function check({ pattern: text, event, namesOnce }: Case, { rules, patterns }: Standing): void {
  const pattern = quickly('parse', () => parsed(text))
  counts[pattern === undefined ? 'invalid patterns' : 'valid patterns']++
  const json = textOf(event)
  if (pattern !== undefined) {
    if (pattern.complexity > COMPLEXITY_MAX) throw new Error(`complexity ${pattern.complexity}`)
    const expected = json !== undefined && referenceMatcher(text)(json)
    if (expected) counts.matches++
    const answer = quickly('matches', () => pattern.matches(event))
    if (answer !== expected) throw new Error(`bytes: ${answer} and not ${expected}`)
    if (json !== undefined && quickly('matches', () => pattern.matches(json)) !== expected) {
      throw new Error(`string: ${!expected} and not ${expected}`)
    }
    rules.add(text, pattern)
    patterns.set(text, pattern)
  }
  const expected = [...patterns.values()].filter((each) => each.matches(event))
  sameKeys(
    'rule set',
    quickly('match', () => rules.match(event)),
    expected,
  )
  const trusting = quickly('trusted match', () => rules.match(event, { trusted: true }))
  if (namesOnce) sameKeys('trusted rule set', trusting, expected)
  for (const [oldest, each] of patterns) {
    if (patterns.size <= RULES_MAX) break
    patterns.delete(oldest)
    if (!rules.delete(oldest, each)) throw new Error(`could not delete ${oldest}`)
  }
}

function parsed(text: string): EventPattern | undefined {
  try {
    return EventPattern.parse(text)
  } catch (error) {
    if (error instanceof InvalidEventPatternError && error.message !== '') return undefined
    throw error
  }
}

/** What the call gives; a slow one is tried again, as the machine may have been busy. */
function quickly<Result>(name: string, call: () => Result): Result {
  for (let attempt = 0; attempt < 3; attempt++) {
    const started = performance.now()
    const result = call()
    if (performance.now() - started <= CALL_MS_MAX) return result
  }
  throw new Error(`${name} took more than ${CALL_MS_MAX} ms`)
}

function sameKeys(name: string, found: readonly string[], expected: readonly EventPattern[]): void {
  const wanted = expected.map(({ text }) => text).toSorted()
  if (found.toSorted().join('\n') === wanted.join('\n')) return
  throw new Error(`${name}: ${JSON.stringify(found)} and not ${JSON.stringify(wanted)}`)
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return STRICT_UTF8.decode(bytes)
  } catch {
    return undefined
  }
}

function decodeAnything(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}

function recordedCases(): readonly Case[] {
  const file = new URL('pattern-cases.jsonl', import.meta.url)
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const { pattern, event } = JSON.parse(line) as { pattern: string; event: string }
      return { pattern, event: UTF8.encode(event), namesOnce: false }
    })
}

function report(seed: number, tried: Case, { patterns }: Standing, error: unknown): void {
  const path = join(tmpdir(), `event-pattern-fuzz-${seed}.json`)
  const finding = {
    seed,
    error: error instanceof Error ? error.stack : String(error),
    pattern: tried.pattern,
    event: new TextDecoder().decode(tried.event),
    eventBytes: [...tried.event],
    namesOnce: tried.namesOnce,
    standing: [...patterns.keys()],
  }
  writeFileSync(path, JSON.stringify(finding, undefined, 2))
  console.error(finding.error)
  console.error('pattern', finding.pattern)
  console.error('event  ', finding.event)
  console.error(`found after ${counts.rounds} rounds; to see it again: --replay ${path}`)
  process.exitCode = 1
}

function replay(path: string): void {
  const finding = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly pattern: string
    readonly eventBytes: readonly number[]
    readonly namesOnce: boolean
    readonly standing: readonly string[]
  }
  const standing: Standing = { rules: new RuleSet(), patterns: new Map() }
  for (const text of finding.standing) {
    const pattern = EventPattern.parse(text)
    standing.rules.add(text, pattern)
    standing.patterns.set(text, pattern)
  }
  check({ ...finding, event: Uint8Array.from(finding.eventBytes) }, standing)
  console.log('nothing found', counts)
}
