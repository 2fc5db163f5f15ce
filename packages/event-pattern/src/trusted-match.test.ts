import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EventPattern, RuleSet } from './event-pattern.ts'

const samples = readFileSync(new URL('../../../samples/aws-events.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.stringify((JSON.parse(line) as { event: unknown }).event))

const PATTERNS = [
  '{"source":[{"prefix":"aws."}]}',
  '{"source":["aws.ec2"],"detail-type":["EC2 Instance State-change Notification"]}',
  '{"detail":{"state":["running"]}}',
  '{"detail.state":["running","stopped"]}',
  '{"detail":{"eventSource":[{"suffix":".amazonaws.com"}]}}',
  '{"resources":[{"wildcard":"arn:aws:*"}]}',
  '{"replay-name":[{"exists":false}],"account":["123456789012"]}',
  '{"$or":[{"region":["us-west-2"]},{"detail":{"status":["SUCCEEDED"]}}]}',
  '{"missing":[{"exists":true}]}',
].map((text) => EventPattern.parse(text))

describe('a trusted match', () => {
  it('agrees with a careful one on every sample event', () => {
    const rules = new RuleSet<string>()
    for (const pattern of PATTERNS) rules.add(pattern.text, pattern)
    const matched = samples.map((event) => rules.match(event).toSorted())
    expect(samples.map((event) => rules.match(event, { trusted: true }).toSorted())).toEqual(
      matched,
    )
    expect(matched.flat().length).toBeGreaterThan(samples.length)
  })

  it('agrees with a careful one on any compact object', () => {
    const key = fc.constantFrom('a', 'b', 'a.b', 'b.a', 'a.b.c', '"', '\\', 'é', '')
    const value = fc.oneof(
      fc.constantFrom('x', 'y', '', '"', '\\"', ',', '{', '}'),
      fc.integer(),
      fc.constant(null),
    )
    const tree = fc.letrec((tie) => ({
      object: fc.dictionary(key, tie('any'), { maxKeys: 4 }),
      any: fc.oneof({ maxDepth: 3 }, value, tie('object'), fc.array(tie('any'), { maxLength: 3 })),
    })).object
    const pattern = fc
      .tuple(
        fc.constantFrom('a', 'b', 'a.b', 'b.a', 'a.b.c'),
        fc.constantFrom('"x"', '""', 'null', '{"exists":false}'),
      )
      .map(([path, test]) => EventPattern.parse(`{"${path}":[${test}]}`))
    fc.assert(
      fc.property(tree, fc.array(pattern, { minLength: 1, maxLength: 3 }), (event, patterns) => {
        const rules = new RuleSet<string>()
        for (const one of patterns) rules.add(one.text, one)
        const text = JSON.stringify(event)
        expect(rules.match(text, { trusted: true }).toSorted()).toEqual(
          rules.match(text).toSorted(),
        )
      }),
      { numRuns: 3_000 },
    )
  })

  it('forgets the fields of a pattern that was deleted', () => {
    const [source, , state] = PATTERNS as [EventPattern, EventPattern, EventPattern]
    const rules = new RuleSet<number>()
    rules.add(1, source)
    rules.add(2, state)
    rules.delete(2, state)
    expect(rules.match('{"source":"aws.x","detail":not read}', { trusted: true })).toEqual([1])
  })
})
