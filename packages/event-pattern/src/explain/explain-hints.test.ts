import { describe, expect, test } from 'vitest'
import { EventPattern } from '../pattern.ts'

describe('a value that nearly fits', () => {
  test.each([
    [
      '["5"]',
      '5',
      'the event has the number 5, the pattern the string "5": write 5 without quotes',
    ],
    ['[5]', '"5"', 'the event has the string "5", the pattern the number 5: write "5" in quotes'],
    [
      '["8"]',
      '5',
      'the event has a number, and "8" is a string: write 8 without quotes, though 5 would still not fit',
    ],
    [
      '[111122223333]',
      '"111122223333"',
      'an account number is a string: write "111122223333" in quotes',
    ],
    [
      '["true"]',
      'true',
      'the event has true itself, the pattern the string "true": write true without quotes',
    ],
    [
      '[null]',
      '"null"',
      'the event has the string "null", the pattern null itself: write "null" in quotes',
    ],
    [
      '["running"]',
      '"Running"',
      'only the letter case differs: write "Running", or {"equals-ignore-case": "running"}',
    ],
    ['["x"]', '"x "', 'only white space around it differs, in the event\'s value: write "x "'],
    [
      '["i-0"]',
      '"i-0abc"',
      'the value starts with it, and the whole is compared: use {"prefix": "i-0"}',
    ],
    [
      '["abc"]',
      '"i-0abc"',
      'the value ends with it, and the whole is compared: use {"suffix": "abc"}',
    ],
    [
      '["0*b"]',
      '"x0*bx"',
      'the value contains it, and the whole is compared: use {"wildcard": "*0\\\\*b*"}',
    ],
    ['["a.*"]', '"a.b"', 'a star is a plain character here: use {"wildcard": "a.*"}'],
    [
      '["^a\\\\.b.*$"]',
      '"a.bc"',
      'event patterns have no regular expressions: use {"wildcard": "a.b*"}',
    ],
    [
      '["10.0.0.0/8"]',
      '"10.1.1.1"',
      'a block of addresses needs its operator: use {"cidr": "10.0.0.0/8"}',
    ],
    ['["runing"]', '"running"', 'one letter differs: did you mean "running"?'],
    [
      '[{"prefix":"ab"}]',
      '"ABC"',
      'only the letter case differs: use {"prefix": {"equals-ignore-case": "ab"}}',
    ],
    ['[{"prefix":"c"}]', '"abc"', 'the value ends with it: use {"suffix": "c"}'],
    [
      '[{"wildcard":"b*"}]',
      '"abc"',
      'a wildcard must cover the whole value: use {"wildcard": "*b*"}',
    ],
    ['[{"wildcard":"B*"}]', '"bc"', 'only the letter case differs, which wildcard does not ignore'],
    [
      '[{"prefix":"5"}]',
      '5',
      'prefix fits strings only, and the event has the number 5: write 5 in the list instead',
    ],
    [
      '[{"numeric":[">",1]}]',
      '"5"',
      'numeric fits numbers only, and the event has the string "5": the event would have to carry it without quotes',
    ],
    [
      '[{"numeric":[">",1]}]',
      '12345678901234567890',
      '12345678901234567890 has more digits than can be compared: numeric fits no such number, only the same number in the list does',
    ],
    [
      '[{"cidr":"10.0.0.0/8"}]',
      '"10.0.0.1:80"',
      '"10.0.0.1:80" is not an address by itself: cidr does not look past ":80"',
    ],
    ['[{"cidr":"10.0.0.0/8"}]', '"host"', '"host" is not an IP address'],
    ['[{"exists":false}]', 'null', 'null counts as a value: to match it write null in the list'],
  ])('%s, found %s', (list, found, hint) => {
    expect(hintsOf(`{"s":${list}}`, `{"s":${found}}`)).toEqual([hint])
  })

  test('sources of AWS services have a prefix', () => {
    expect(hintsOf('{"source":["ec2"]}', '{"source":"aws.ec2"}')).toEqual([
      'sources of AWS services start with "aws.": write "aws.ec2"',
    ])
  })

  test.each([
    ['["us-east-1"]', '"us-east-2"'],
    ['["allow"]', '"deny"'],
    ['["online"]', '"offline"'],
    ['[{"anything-but":"x"}]', '"x"'],
    ['[{"numeric":[">",10]}]', '"5"'],
    ['[5]', '6'],
  ])('%s, found %s, is no slip', (list, found) => {
    expect(hintsOf(`{"s":${list}}`, `{"s":${found}}`)).toEqual([])
  })
})

describe('a field that is elsewhere', () => {
  test.each([
    ['detail.instanceId', '{"detail":{"instance-id":"x"}}', 'detail.instance-id'],
    ['detail_type', '{"detail-type":"x"}', 'detail-type'],
    ['Detail.State', '{"detail":{"state":"x"}}', 'detail.state'],
    [
      'detail.requestParamaters.name',
      '{"detail":{"requestParameters":{"name":"x"}}}',
      'detail.requestParameters.name',
    ],
    ['state', '{"detail":{"state":"x"}}', 'detail.state'],
    ['detail.source', '{"source":"x"}', 'source'],
    ['detail.name', '{"detail":{"bucket":{"name":"x"}}}', 'detail.bucket.name'],
    ['detail.state', '{"detail":{"state":{"value":"x"}}}', 'detail.state.value'],
    ['detail.state.value', '{"detail":{"state":"x"}}', 'detail.state'],
    ['detail.items.0.name', '{"detail":{"items":[{"name":"x"}]}}', 'detail.items.name'],
    ['$.detail.items[*].name', '{"detail":{"items":[{"name":"x"}]}}', 'detail.items.name'],
  ])('%s in %s', (path, event, meant) => {
    expect(hintsOf(`{"${path}":["x"]}`, event)).toEqual([
      `did you mean ${meant}? The event has "x" there, which fits`,
    ])
  })

  test('a name that is only misspelt is told also where its value does not fit', () => {
    expect(hintsOf('{"detail":{"stat":["x"]}}', '{"detail":{"state":"y"}}')).toEqual([
      'did you mean detail.state? The event has "y" there, though that does not fit either',
    ])
    expect(hintsOf('{"detail":{"name":["x"]}}', '{"detail":{"a":{"name":"y"}}}')).toEqual([])
    expect(hintsOf('{"detail":{"ip":["x"]}}', '{"detail":{"id":"x"}}')).toEqual([])
  })

  test('the source and the detail type may be exchanged', () => {
    const event = '{"source":"aws.ec2","detail-type":"EC2 Instance State-change Notification"}'
    expect(hintsOf('{"source":["EC2 Instance State-change Notification"]}', event)).toEqual([
      'did you mean detail-type? The event has "EC2 Instance State-change Notification" there, which fits',
    ])
  })

  test('an object does not exist, but a field in it does', () => {
    expect(hintsOf('{"a":[{"exists":true}]}', '{"a":{"b":1,"c":2}}')).toEqual([
      'ask for a field inside it, such as a.b',
    ])
  })

  test('a missing field is neither null nor anything', () => {
    expect(hintsOf('{"a":[null]}', '{"x":1}')).toEqual([
      'null does not stand for a missing field: add {"exists": false} to the list for that',
    ])
    expect(hintsOf('{"a":[{"anything-but":1}]}', '{"x":1}')).toEqual([
      'anything-but needs a value to compare: to let the field be missing too, add {"exists": false} to the list',
    ])
  })
})

describe('an event that is not what a rule gets', () => {
  test('its detail is a string that holds JSON', () => {
    const event = JSON.stringify({ detail: JSON.stringify({ state: 'running' }) })
    const [field] =
      explained('{"detail":{"state":["running"]}}', event).alternatives[0]?.fields ?? []
    expect(field?.reason).toBe(
      'detail.state is missing, as detail is a string that holds JSON, not an object',
    )
    expect(field?.hints).toEqual([
      'send detail as an object: inside the string, state is "running", which would fit',
    ])
  })

  test('it is wrapped in another object', () => {
    const event = '{"bus":"b","event":{"source":"aws.ec2","detail":{"state":"running"}}}'
    const explanation = explained('{"source":["aws.ec2"],"detail":{"state":["x"]}}', event)
    expect(explanation.hints).toEqual(['the event is inside "event": give that object by itself'])
    expect(explanation.alternatives[0]?.fields.flatMap(({ hints }) => hints)).toEqual([])
  })

  test('it is an entry of PutEvents', () => {
    const event = '{"Source":"a","DetailType":"b","Detail":"{}"}'
    expect(explained('{"source":["a"]}', event).hints[0]).toContain('this is an entry of PutEvents')
  })
})

function explained(pattern: string, event: string) {
  return EventPattern.parse(pattern).explain(event)
}

function hintsOf(pattern: string, event: string): readonly string[] | undefined {
  return explained(pattern, event).alternatives[0]?.fields[0]?.hints
}
