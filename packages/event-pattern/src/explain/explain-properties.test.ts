import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compilePattern } from '../compile.ts'
import { InvalidEventPatternError } from '../errors.ts'
import { EventPattern } from '../pattern.ts'
import type { FieldExplanation } from './explanation.ts'
import { outlinePattern } from './pattern-outline.ts'

/** Texts that are nearly one another, so that slips are frequent. */
const text = fc.constantFrom(
  'running',
  'Running',
  ' running',
  'runing',
  'run',
  'aws.running',
  'aws.*',
  'a\\b*c',
  '^run.*$',
  '5',
  '5.0',
  '10',
  'true',
  'TRUE',
  'null',
  '',
  '10.0.0.1',
  '010.0.0.1',
  '10.0.0.0/8',
  '10.0.0.1:80',
  '111122223333',
)
const number = fc.constantFrom('5', '5.0', '10', '0', '-1', '1e400', '12345678901234567890')
const keyword = fc.constantFrom('true', 'false', 'null')
const scalar = fc.oneof(text.map(inQuotes), number, keyword)

const name = fc.constantFrom('source', 'detail', 'state', 'State', 'stat', 'a', 'b', 'detail.state')
const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    { arbitrary: scalar, weight: 3 },
    { arbitrary: fc.array(tie('value'), { maxLength: 3 }).map(inList), weight: 1 },
    { arbitrary: objectOf(tie('value')), weight: 2 },
  ),
}))
const event = objectOf(value)

const textOperator = fc.constantFrom(
  'prefix',
  'suffix',
  'equals-ignore-case',
  'wildcard',
  'exactly',
)
const entry = fc.oneof(
  { arbitrary: scalar, weight: 4 },
  fc.tuple(textOperator, text).map(([operator, of]) => `{"${operator}":${inQuotes(of)}}`),
  fc
    .tuple(fc.constantFrom('prefix', 'suffix'), text)
    .map(([operator, of]) => `{"${operator}":{"equals-ignore-case":${inQuotes(of)}}}`),
  fc.constantFrom(
    '{"exists":true}',
    '{"exists":false}',
    '{"numeric":[">",4,"<=",10]}',
    '{"numeric":["=",5]}',
    '{"cidr":"10.0.0.0/8"}',
    '{"anything-but":"running"}',
    '{"anything-but":[5,10]}',
    '{"anything-but":{"prefix":["run","R"]}}',
    '{"anything-but":{"wildcard":"*n*"}}',
  ),
)
const list = fc.array(entry, { minLength: 1, maxLength: 3 }).map(inList)
const { pattern: anyPattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 3 },
    { arbitrary: objectOf(list, 1), weight: 4 },
    { arbitrary: objectOf(fc.oneof(list, tie('pattern')), 1), weight: 2 },
    {
      arbitrary: fc
        .tuple(
          fc.array(fc.tuple(name, list), { maxLength: 2 }),
          fc.array(tie('pattern'), { minLength: 2, maxLength: 3 }),
          fc.array(fc.tuple(name, list), { maxLength: 1 }),
        )
        .map(([before, branches, after]) =>
          inBraces([...before, ['$or', inList(branches)], ...after]),
        ),
      weight: 2,
    },
  ),
}))
const pattern = anyPattern.filter(isValid)

const arrayName = fc.constantFrom('a', 'b', 'c')
const { arrayValue } = fc.letrec<{ arrayValue: string }>((tie) => ({
  arrayValue: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('1', '2'),
    fc.array(tie('arrayValue'), { maxLength: 3 }).map(inList),
    fc.array(fc.tuple(arrayName, tie('arrayValue')), { maxLength: 3 }).map(inBraces),
  ),
}))
const arrayEvent = fc.array(fc.tuple(arrayName, arrayValue), { maxLength: 3 }).map(inBraces)
const arrayPattern = fc
  .uniqueArray(
    fc.tuple(
      fc.constantFrom('a', 'b', 'a.a', 'a.b', 'a.c', 'b.a', 'b.b', 'a.a.b', 'a.b.a', 'a.b.c'),
      fc.constantFrom(
        '[1]',
        '[2]',
        '[{"exists":false}]',
        '[{"exists":false},1]',
        '[{"anything-but":1}]',
      ),
    ),
    { minLength: 1, maxLength: 4, selector: ([path]) => path },
  )
  .map(inBraces)

test.each([
  ['texts that are nearly one another', pattern, event, 20],
  ['arrays in arrays', arrayPattern, arrayEvent, 300],
])('an explanation has the answer of matches: %s', (_what, patterns, events, answersMin) => {
  const answers = { match: 0, 'no match': 0 }
  fc.assert(
    fc.property(patterns, events, (patternText, eventText) => {
      const compiled = EventPattern.parse(patternText)
      const explanation = compiled.explain(eventText)
      const matches = compiled.matches(eventText)
      answers[matches ? 'match' : 'no match']++
      expect(explanation.matches).toBe(matches)
      expect(explanation.summary.startsWith(matches ? 'match' : 'no match: ')).toBe(true)
      for (const { matches: way, fields, fieldsFailing, conflict } of explanation.alternatives) {
        expect(way).toBe(fieldsFailing === 0 && conflict === undefined)
        expect(fields.filter((field) => !field.passes)).toHaveLength(fieldsFailing)
      }
      expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation)
    }),
    { numRuns: 3_000 },
  )
  expect(Math.min(...Object.values(answers))).toBeGreaterThan(answersMin)
})

test('the outline of a pattern has its alternatives, fields and entries in the compiled order', () => {
  fc.assert(
    fc.property(pattern, (patternText) => {
      const compiled = EventPattern.parse(patternText).alternatives
      const outline = outlinePattern(patternText)
      const shape = compiled.map((fields) => fields.map(({ path, tests }) => [path, tests.length]))
      const outlined = outline.map(({ fields }, at) =>
        (compiled[at] ?? []).map(({ path }) => [path, fields.get(path)?.entries.length]),
      )
      expect(outlined).toEqual(shape)
      expect(outline.map(({ fields }) => fields.size)).toEqual(compiled.map(({ length }) => length))
    }),
    { numRuns: 3_000 },
  )
})

test('an entry that a hint says to write makes the field fit', () => {
  let advised = 0
  fc.assert(
    fc.property(entry, scalar, (wanted, found) => {
      const patternText = `{"state":[${wanted}]}`
      if (!isValid(patternText)) return
      const eventText = `{"state":${found}}`
      for (const field of fieldsOf(patternText, eventText)) {
        for (const written of field.hints.flatMap(writtenEntries)) {
          advised++
          const corrected = EventPattern.parse(`{"state":[${written}]}`)
          expect({ written, matches: corrected.matches(eventText) }).toEqual({
            written,
            matches: true,
          })
        }
      }
    }),
    { numRuns: 10_000 },
  )
  expect(advised).toBeGreaterThan(100)
})

test('a field that a hint says to ask for fits, or is said not to', () => {
  let advised = 0
  fc.assert(
    fc.property(name, entry, event, (path, wanted, eventText) => {
      const patternText = `{"${path}":[${wanted}]}`
      if (!isValid(patternText)) return
      for (const { hints } of fieldsOf(patternText, eventText)) {
        for (const hint of hints) {
          const [, meant, verdict] =
            /^did you mean (.*?)\? .*, (which fits|though .*)$/.exec(hint) ?? []
          if (meant === undefined) continue
          advised++
          const corrected = EventPattern.parse(`{"${meant}":[${wanted}]}`)
          expect(corrected.matches(eventText)).toBe(verdict === 'which fits')
        }
      }
    }),
    { numRuns: 10_000 },
  )
  expect(advised).toBeGreaterThan(200)
})

test('whatever the event is, it is explained', () => {
  const asked = EventPattern.parse('{"a":[1],"$or":[{"b":[2]},{"c":[{"exists":false}]}]}')
  const bytes = fc.uint8Array({ maxLength: 40 })
  const anything = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json(), bytes, event)
  fc.assert(
    fc.property(anything, (given) => {
      const explanation = asked.explain(given)
      expect(explanation.matches).toBe(asked.matches(given))
      expect(explanation.alternatives.length > 0).toBe(explanation.fault === undefined)
    }),
    { numRuns: 3_000 },
  )
})

function fieldsOf(patternText: string, eventText: string): readonly FieldExplanation[] {
  return EventPattern.parse(patternText)
    .explain(eventText)
    .alternatives.flatMap(({ fields }) => fields)
}

/** What a hint says to write in the list, if it says so without reserve. */
function writtenEntries(hint: string): readonly string[] {
  const operator = /(?:use|, or) (\{.*\})$/.exec(hint)?.[1]
  const literal =
    /write (.+?)(?: in quotes| without quotes| in the list instead|, or \{.*\})?$/.exec(hint)?.[1]
  if (hint.includes('though')) return []
  return [operator, literal].filter(
    (written) => written !== undefined && isValid(`{"a":[${written}]}`),
  ) as string[]
}

function isValid(patternText: string): boolean {
  try {
    compilePattern(patternText)
    return true
  } catch (error) {
    if (error instanceof InvalidEventPatternError) return false
    throw error
  }
}

function objectOf(values: fc.Arbitrary<string>, minLength = 0): fc.Arbitrary<string> {
  return fc.array(fc.tuple(name, values), { minLength, maxLength: 3 }).map(inBraces)
}

function inBraces(members: readonly (readonly [string, string])[]): string {
  return `{${members.map(([key, of]) => `${inQuotes(key)}:${of}`).join()}}`
}

function inList(items: readonly string[]): string {
  return `[${items.join()}]`
}

function inQuotes(of: string): string {
  return JSON.stringify(of)
}
