import { EventPattern } from '@belfry/event-pattern'
import fc from 'fast-check'
import { expect, it } from 'vitest'

import { archivePattern } from './archive-pattern.ts'

const PATTERNS = [
  undefined,
  '{"source":["a"]}',
  '{ "source" : [ { "prefix" : "a" } ] , "detail" : { "n" : [ { "numeric" : [ ">" , 10 ] } ] } }',
  '{"$or":[{"source":["b"]},{"detail":{"n":[{"exists":true}]}}]}',
  '{"detail":{"n":[12345678901234567890]}}',
]

it('chooses what the archive’s own pattern chooses, without what a replay has sent', () => {
  const events = fc.record({
    source: fc.constantFrom('a', 'ab', 'b'),
    detail: fc.oneof(fc.constant({}), fc.record({ n: fc.integer({ min: 0, max: 20 }) })),
  })
  fc.assert(
    fc.property(fc.constantFrom(...PATTERNS), events, (pattern, event) => {
      const chooses = EventPattern.parse(archivePattern(pattern))
      const own =
        pattern === undefined || EventPattern.parse(pattern).matches(JSON.stringify(event))
      expect(chooses.matches(JSON.stringify(event))).toBe(own)
      const replayed = { ...event, 'replay-name': 'r' }
      expect(chooses.matches(JSON.stringify(replayed))).toBe(false)
    }),
  )
})

it('leaves a pattern alone that asks for the replay itself, and one that is no JSON', () => {
  expect(archivePattern('{"replay-name": ["r"]}')).toBe('{"replay-name":["r"]}')
  expect(archivePattern('{"source"')).toBe('{"source"')
})
