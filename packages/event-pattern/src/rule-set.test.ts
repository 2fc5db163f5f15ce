import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventPattern, RuleSet } from './event-pattern.ts'

const fromOrders = EventPattern.parse('{"source":["orders"]}')
const anyPaid = EventPattern.parse('{"detail":{"state":["paid"]}}')

describe('match', () => {
  test('gives the keys of all patterns that match, each once', () => {
    const rules = new RuleSet<string>()
    rules.add('orders', fromOrders)
    rules.add('paid', anyPaid)
    rules.add('both', fromOrders)
    rules.add('both', anyPaid)
    expect(rules.match('{"source":"orders","detail":{"state":"paid"}}').toSorted()).toEqual([
      'both',
      'orders',
      'paid',
    ])
    expect(rules.match('{"source":"orders"}').toSorted()).toEqual(['both', 'orders'])
    expect(rules.match('{"source":"other"}')).toEqual([])
  })

  test('keys may be anything', () => {
    const key = { rule: 1 }
    const rules = new RuleSet<object>()
    rules.add(key, fromOrders)
    expect(rules.match('{"source":"orders"}')[0]).toBe(key)
  })

  test('reads bytes, and finds nothing in what is not an event', () => {
    const rules = new RuleSet<string>()
    rules.add('a', EventPattern.parse('{"source":[{"exists":false}]}'))
    expect(rules.match(new TextEncoder().encode('{}'))).toEqual(['a'])
    expect(rules.match('')).toEqual([])
    expect(rules.match('[]')).toEqual([])
    expect(rules.match(Uint8Array.of(0xff))).toEqual([])
    expect(rules.match('{"a":'.repeat(100_000))).toEqual([])
  })
})

describe('add and delete', () => {
  test('the same pattern twice under one key is one', () => {
    const rules = new RuleSet<string>()
    rules.add('a', fromOrders)
    rules.add('a', EventPattern.parse(fromOrders.text))
    expect(rules.delete('a', EventPattern.parse(fromOrders.text))).toBe(true)
    expect(rules.match('{"source":"orders"}')).toEqual([])
    expect(rules.delete('a', fromOrders)).toBe(false)
  })

  test('other patterns of the key and other keys of the pattern stay', () => {
    const rules = new RuleSet<string>()
    rules.add('a', fromOrders)
    rules.add('a', anyPaid)
    rules.add('b', fromOrders)
    rules.add('b', anyPaid)
    rules.delete('a', fromOrders)
    rules.delete('b', anyPaid)
    expect(rules.match('{"source":"orders"}')).toEqual(['b'])
    expect(rules.match('{"detail":{"state":"paid"}}')).toEqual(['a'])
  })

  test('what was deleted can be added again', () => {
    const rules = new RuleSet<string>()
    rules.add('a', fromOrders)
    rules.delete('a', fromOrders)
    rules.add('a', fromOrders)
    expect(rules.match('{"source":"orders"}')).toEqual(['a'])
  })

  test('deleting what is not there says so', () => {
    const rules = new RuleSet<string>()
    rules.add('a', fromOrders)
    expect(rules.delete('b', fromOrders)).toBe(false)
    expect(rules.delete('a', anyPaid)).toBe(false)
    expect(rules.match('{"source":"orders"}')).toEqual(['a'])
  })
})

const SOURCES = [
  '"orders"',
  '"10.0.0.1"',
  '"010.0.0.1"',
  '1',
  '"1"',
  'null',
  '{}',
  '[]',
  '["x","orders"]',
  '[{"x":"orders"}]',
]
const SOURCE_LISTS = [
  '["orders"]',
  '["x","orders"]',
  '["10.0.0.1"]',
  '["10.0.0.1","orders"]',
  '[{"exactly":"10.0.0.1"}]',
  '[1]',
  '["1",1]',
  '[null]',
  '[{"prefix":"o"}]',
  '["orders",{"exists":false}]',
  '[{"anything-but":"orders"}]',
]

test('a rule set gives what each pattern gives alone', () => {
  const event = fc
    .tuple(
      fc.option(fc.constantFrom(...SOURCES)),
      fc.option(fc.constantFrom(...SOURCES)),
      fc.constantFrom('1', '2'),
    )
    .map(([first, second, a]) => {
      const sources = [first, second].filter((source) => source !== null)
      return `{${sources.map((source) => `"source":${source},`).join('')}"a":${a}}`
    })
  const list = fc.constantFrom(...SOURCE_LISTS)
  const pattern = fc.oneof(
    list.map((source) => `{"source":${source}}`),
    list.map((source) => `{"source":${source},"a":[1]}`),
    fc.constant('{"a":[1]}'),
    fc
      .tuple(list, list)
      .map(([one, other]) => `{"$or":[{"source":${one}},{"source":${other},"a":[2]}]}`),
    list.map((source) => `{"$or":[{"source":${source}},{"a":[2]}]}`),
    fc
      .tuple(list, list)
      .map(([one, other]) => `{"source":${one},"$or":[{"source":${other}},{"a":[1]}]}`),
  )
  const steps = fc.array(fc.tuple(fc.nat({ max: 5 }), pattern, fc.boolean()), { maxLength: 20 })
  fc.assert(
    fc.property(steps, fc.array(event, { minLength: 1, maxLength: 5 }), (changes, events) => {
      const rules = new RuleSet<number>()
      const kept = new Map<string, readonly [number, EventPattern]>()
      for (const [key, text, isAdded] of changes) {
        const parsed = EventPattern.parse(text)
        if (isAdded) {
          rules.add(key, parsed)
          kept.set(`${key} ${text}`, [key, parsed])
        } else {
          rules.delete(key, parsed)
          kept.delete(`${key} ${text}`)
        }
      }
      for (const text of events) {
        const alone = [...kept.values()].filter(([, parsed]) => parsed.matches(text))
        const keys = new Set(alone.map(([key]) => key))
        const found = rules.match(text)
        expect(new Set(found)).toEqual(keys)
        expect(found).toHaveLength(keys.size)
      }
    }),
    { numRuns: 1_000 },
  )
})

test('many patterns of one key and many keys of one pattern come and go one by one', () => {
  const rules = new RuleSet<number>()
  const numbered = Array.from({ length: 40 }, (_, at) => EventPattern.parse(`{"n":[${at}]}`))
  for (const pattern of numbered) rules.add(1, pattern)
  for (const pattern of numbered.slice(0, 39)) expect(rules.delete(1, pattern)).toBe(true)
  expect(rules.match('{"n":38}')).toEqual([])
  expect(rules.match('{"n":39}')).toEqual([1])

  const [shared, sameMeaning] = ['{"a":["x"]}', '{ "a": ["x"] }'].map((text) =>
    EventPattern.parse(text),
  ) as [EventPattern, EventPattern]
  for (let key = 0; key < 40; key++) rules.add(key, shared)
  rules.add(7, sameMeaning)
  for (let key = 0; key < 40; key++) expect(rules.delete(key, shared)).toBe(true)
  expect(rules.match('{"a":"x"}')).toEqual([7])
  expect(rules.delete(7, sameMeaning)).toBe(true)
  expect(rules.match('{"a":"x"}')).toEqual([])
})

test('what is not a text is refused, not taken for an event without a match', () => {
  const pattern = EventPattern.parse('{"a":["x"]}')
  for (const event of [{ a: 'x' }, 42, undefined, null, [1]] as unknown[]) {
    expect(() => pattern.matches(event as string)).toThrow(TypeError)
  }
  expect(() => EventPattern.parse({ a: ['x'] } as unknown as string)).toThrow(TypeError)
})

test('a list of addresses holds one that is written with many zeros, whatever stands beside it', () => {
  const event = `{"a":"::${'0'.repeat(80)}1"}`
  expect(EventPattern.parse('{"a":["::1"]}').matches(event)).toBe(true)
  expect(EventPattern.parse('{"a":["::1",{"wildcard":"q*"}]}').matches(event)).toBe(true)
})
