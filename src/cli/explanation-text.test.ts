import { describe, expect, it } from 'vitest'

import { EventPattern } from '@belfry/event-pattern'

import { explanationText } from './explanation-text.ts'

const EVENT = '{"source":"aws.ec2","detail":{"state":"running","tags":[{"k":"a"},{"v":"b"}]}}'

describe('an explanation', () => {
  it('gives the verdict, then the fields that fail, then the others', () => {
    expect(linesOf('{"source":["aws.ec2"],"detail":{"state":["Running"]}}')).toEqual([
      'no match: 1 of 2 fields fails',
      '',
      '  ✗ detail.state is "running"; the pattern wants "Running"',
      '    hint: only the letter case differs: write "running", or {"equals-ignore-case": "Running"}',
      '  ✓ source is "aws.ec2"',
    ])
  })

  it('of a match lists what fits', () => {
    expect(linesOf('{"source":[{"prefix":"aws."}],"detail":{"x":[{"exists":false}]}}')).toEqual([
      'match: both fields fit',
      '',
      '  ✓ detail.x is missing',
      '  ✓ source is "aws.ec2"',
    ])
  })

  it('tells fields that fit in different elements of an array', () => {
    const lines = linesOf('{"detail":{"tags":{"k":["a"],"v":["b"]}}}')
    expect(lines[0]).toBe('no match: each field fits, but they do not fit together')
    expect(lines.at(-1)).toContain('  ✗ detail.tags.k and detail.tags.v both fit, but in different')
  })

  it('shows the branches of $or, the closest first', () => {
    expect(linesOf('{"$or":[{"a":[1],"b":[2]},{"source":["aws.s3"]}]}')).toEqual([
      'no match: none of the 2 branches of $or fits; closest is branch 2 of $or: source is "aws.ec2"; the pattern wants "aws.s3"',
      '',
      'branch 2 of 2 of $or: no match',
      '  ✗ source is "aws.ec2"; the pattern wants "aws.s3"',
      '',
      'branch 1 of 2 of $or: no match',
      '  ✗ a is missing; the pattern wants 1',
      '  ✗ b is missing; the pattern wants 2',
    ])
  })

  it('shows only the branch that matches, where one does', () => {
    expect(linesOf('{"$or":[{"a":[1]},{"source":["aws.ec2"]}]}')).toEqual([
      'match by branch 2 of $or: its one field fits',
      '',
      'branch 2 of 2 of $or: match',
      '  ✓ source is "aws.ec2"',
      '',
      '1 other way to match not shown',
    ])
  })

  it('does nothing to the terminal but show', () => {
    const pattern = EventPattern.parse('{"a\\u009b":["x"]}')
    const text = explanationText(pattern.explain('{"a\\u009b":"\\u009b2J\\u202e"}'))
    // oxlint-disable-next-line no-control-regex -- control characters are what it is for
    expect(text).not.toMatch(/[\u0080-\u009f\u202e]/)
  })
})

function linesOf(pattern: string): readonly string[] {
  return explanationText(EventPattern.parse(pattern).explain(EVENT)).split('\n')
}
