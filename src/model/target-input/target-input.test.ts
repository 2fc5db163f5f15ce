import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { compactJson } from '#src/model/compact-json.ts'
import type { TargetInput } from '#src/model/event-bus.ts'
import { envelopeJson } from '#src/model/event.ts'
import { inputFault } from './input-fault.ts'
import { inputFor } from './target-input.ts'

const RULE_ARN = 'arn:aws:events:eu-west-1:111122223333:rule/orders/new-order'
const ACCEPTED_AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const DETAIL =
  '{"command":"update-account","payload":{"acc_id":"0a787ecb-4015","sf_id":"baz"},' +
  '"listsingle":["HIGH"],"listmulti":["ACTIVE","INACTIVE"],"valid":true,"nothing":null,' +
  '"price":1.0,"rate":2e3,"big":12345678901234567890,"said":"\\"no\\"\\n","empty":[],' +
  '"items":[{"id":"a","n":1},{"n":2},{"id":"c"}],"a/b":{"c-d_e":7},"twice":1,"twice":2}'
const EVENT = envelopeJson({
  ...{ id: '7bf73129', detailType: 'update', source: 'core.accounts', account: '111122223333' },
  ...{ time: ACCEPTED_AT - 5_000, region: 'eu-west-1', resources: ['r-1'], detailJson: DETAIL },
})

const PATHS = {
  userId: '$.detail.payload.acc_id',
  payload: '$.detail.payload',
  missing: '$.detail.awsAccountId',
  listsingle: '$.detail.listsingle',
  listmulti: '$.detail.listmulti',
  valid: '$.detail.valid',
  nothing: '$.detail.nothing',
  price: '$.detail.price',
  rate: '$.detail.rate',
  big: '$.detail.big',
  said: '$.detail.said',
  ids: '$.detail.items[*].id',
  'detail-type': '$.detail-type',
}

const result = (input: TargetInput | undefined, json = EVENT) =>
  inputFor(
    { ruleArn: RULE_ARN, attempts: 0, target: { ...(input && { input }) } },
    { json, acceptedAt: ACCEPTED_AT },
  )
const ofTemplate = (template: string, paths: Readonly<Record<string, string>> = PATHS) => {
  const input = { kind: 'template', template, paths } as const
  expect(inputFault('t', input)).toBeUndefined()
  return result(input)
}
const sent = (text: string) => ({ ok: true, text })
const invalid = (message: unknown = expect.any(String)) => ({
  ok: false,
  error: { code: 'INVALID_JSON', message },
})

describe('without an input', () => {
  it('a target is sent the event, as it is', () => {
    expect(result(undefined)).toEqual(sent(EVENT))
  })
})

describe('a constant', () => {
  it.each(['{ "a": 1.0 }', '"hello"', '[]', 'null', ' 2e3 '])('%s is sent as given', (text) => {
    const input = { kind: 'constant', text } as const
    expect(inputFault('t', input)).toBeUndefined()
    expect(result(input)).toEqual(sent(text))
  })

  it.each(['hello', "{'a':1}", '', '{"a":1'])('that is not JSON is refused: %s', (text) => {
    const fault = inputFault('t1', { kind: 'constant', text })
    expect(fault).toMatch(/^JSON syntax error in input for target t1: .+\.$/)
  })
})

describe('an input path', () => {
  it.each([
    ['$', EVENT],
    ['$.detail', DETAIL],
    ['$.detail.payload', '{"acc_id":"0a787ecb-4015","sf_id":"baz"}'],
    ['$.detail.payload.sf_id', '"baz"'],
    ['$.detail-type', '"update"'],
    ['$.detail.price', '1.0'],
    ['$.detail.rate', '2e3'],
    ['$.detail.big', '12345678901234567890'],
    ['$.detail.said', '"\\"no\\"\\n"'],
    ['$.detail.nothing', 'null'],
    ['$.detail.a/b.c-d_e', '7'],
    ['$.detail.twice', '2'],
    ['$.resources[0]', '"r-1"'],
    ['$.detail.items[2].id', '"c"'],
    ['$.detail.items[*].id', '["a","c"]'],
    ['$.detail.items[*]', '[{"id":"a","n":1},{"n":2},{"id":"c"}]'],
    ['$.detail.payload.*', '["0a787ecb-4015","baz"]'],
    ['$.detail.empty[*].id', '[]'],
  ])('%s finds the value as it was written', (path, text) => {
    expect(inputFault('t', { kind: 'path', path })).toBeUndefined()
    expect(result({ kind: 'path', path })).toEqual(sent(text))
  })

  it.each(['$.detail.nope', '$.resources[1]', '$.detail[0]', '$.detail.nope[*]', '$.id.x'])(
    '%s finds nothing, and so nothing is sent',
    (path) => {
      const message = `the input path ${path} finds nothing in the event`
      expect(result({ kind: 'path', path })).toEqual(invalid(message))
    },
  )

  it.each([
    ...[
      '',
      'detail',
      'detail.a',
      '.detail',
      '$detail',
      '$.',
      '$..a',
      '$.a.',
      '$.a b',
      '$[',
      '$[-1]',
    ],
    ...["$.detail['key']", '$.detail["key"]', '$[?(@.a)]', '$.a[0', '$.a[0:1]', '$.a[0,1]', '$.ä'],
  ])('"%s" is refused, also in a paths map', (path) => {
    const fault = `Parameter InputPath for target t1 is not valid. Reason: "${path}" is no path such as $.detail.name or $.resources[0].`
    expect(inputFault('t1', { kind: 'path', path })).toBe(fault)
    const paths = { good: '$.id', bad: path }
    expect(inputFault('t1', { kind: 'template', template: '<good>', paths })).toBe(fault)
  })
})

describe('an object template', () => {
  it.each([
    // Recorded on AWS.
    ['{"id" : <userId>}', '{"id":"0a787ecb-4015"}'],
    ['{"id" : "<userId>"}', '{"id":"0a787ecb-4015"}'],
    [
      '{"method": "PUT", "path": "users-service/users/<userId>", "bod": <payload>}',
      '{"method":"PUT","path":"users-service/users/0a787ecb-4015","bod":{"acc_id":"0a787ecb-4015","sf_id":"baz"}}',
    ],
    [
      '{"path": "users-service/users/<userId>", "bod": [<userId>, "hardcoded"]}',
      '{"path":"users-service/users/0a787ecb-4015","bod":["0a787ecb-4015","hardcoded"]}',
    ],
    [
      '{"nested": {"level1": {"level2": {"level3": "users/<userId>"} } }, "bod": "<userId>"}',
      '{"nested":{"level1":{"level2":{"level3":"users/0a787ecb-4015"}}},"bod":"0a787ecb-4015"}',
    ],
    ['{"singlelistitem": <listsingle>}', '{"singlelistitem":["HIGH"]}'],
    [
      '{"multi": "users/<userId>/second/<userId>"}',
      '{"multi":"users/0a787ecb-4015/second/0a787ecb-4015"}',
    ],
    ['{"command": <missing>}', '{"command":""}'],
    ['{"command": "a<missing>b"}', '{"command":"ab"}'],
    ['{"is": <valid>, "text": "is <valid>"}', '{"is":true,"text":"is true"}'],
    // AWS's documentation.
    ['{"s": "instance \\"<userId>\\" runs"}', '{"s":"instance \\"0a787ecb-4015\\" runs"}'],
    ['{"state": [ 9, <detail-type>, true ]}', '{"state":[9,"update",true]}'],
    // Number literals, and strings with what must be escaped.
    ['{"p":<price>,"r":<rate>,"b":<big>}', '{"p":1.0,"r":2e3,"b":12345678901234567890}'],
    ['{"t":"<price> <rate> <big>"}', '{"t":"1.0 2e3 12345678901234567890"}'],
    ['{"s":<said>,"n":<nothing>,"i":<ids>}', '{"s":"\\"no\\"\\n","n":null,"i":["a","c"]}'],
    [' [<userId>, <valid>] ', '["0a787ecb-4015",true]'],
    ['<payload>', '{"acc_id":"0a787ecb-4015","sf_id":"baz"}'],
  ])('%s', (template, text) => {
    expect(ofTemplate(template)).toMatchObject(sent(text))
  })

  it.each([
    // Recorded on AWS: these are not delivered.
    ['{"not_valid": "users-service/users/<payload>", "bod": <payload>}', '<payload>'],
    ['{"payload": "<payload>"}', '<payload>'],
    ['{"singlelistitem": "<listsingle>"}', '<listsingle>'],
    // AWS's documentation: values are not escaped.
    ['{"s": "<said>", "u": "<userId>"}', '<said>'],
    ['{"s": "<said> <payload>"}', '<said>, <payload>'],
  ])('%s makes invalid JSON, and its reason names the placeholder', (template, named) => {
    const message = `the input template makes no valid JSON of this event: what ${named} stands for does not fit between quotation marks; a placeholder without them gets a JSON value`
    expect(ofTemplate(template)).toEqual(invalid(message))
  })

  it('that makes too much of an event does not fill the memory', () => {
    const json = `{"x":"${'x'.repeat(1_000_000)}"}`
    const input = { kind: 'template', template: '"<x><x><x><x><x>"', paths: { x: '$.x' } } as const
    const message = 'the input template makes more than 4194304 characters of this event'
    expect(result(input, json)).toEqual({
      ok: false,
      error: { code: 'INVALID_PARAMETER', message },
    })
  })
})

describe('a string template', () => {
  it.each([
    // Recorded on AWS.
    ['"Event of <detail-type> type"', '"Event of update type"'],
    [
      '"{[/Check with special starting characters <userId>"',
      '"{[/Check with special starting characters 0a787ecb-4015"',
    ],
    ['"info from detail <missing>"', '"info from detail "'],
    [
      '"Payload of <payload> with path users/<userId> and <userId>"',
      '"Payload of {acc_id:0a787ecb-4015,sf_id:baz} with path users/0a787ecb-4015 and 0a787ecb-4015"',
    ],
    ['"<listsingle> single list item"', '"[HIGH] single list item"'],
    ['"<listmulti> multiple list items"', '"[ACTIVE,INACTIVE] multiple list items"'],
    ['"Command is <valid>!"', '"Command is true!"'],
    ['"<listsingle> one\n<listmulti> many"', '"[HIGH] one\n[ACTIVE,INACTIVE] many"'],
    ['"first <userId>"\n"second <valid>"', '"first 0a787ecb-4015"\n"second true"'],
    // AWS's documentation.
    ['"instance \\"<userId>\\" runs"', '"instance \\"0a787ecb-4015\\" runs"'],
    ['"instance "<userId>" runs"', '"instance "0a787ecb-4015" runs"'],
    ['"<price> <rate> <big> <nothing> <said>"', '"1.0 2e3 12345678901234567890 null "no"\n"'],
  ])('%s', (template, text) => {
    expect(ofTemplate(template)).toMatchObject(sent(text))
  })
})

describe('placeholders whose path finds nothing', () => {
  it('are told with what is sent, once each', () => {
    const paths = { ...PATHS, none: '$.detail.none' }
    const [template, text] = [
      '{"a":"<missing> <missing>","b":<none>,"c":<valid>}',
      '{"a":" ","b":"","c":true}',
    ]
    expect(ofTemplate(template, paths)).toEqual({ ...sent(text), missing: ['missing', 'none'] })
    expect(ofTemplate('{"c":<valid>}')).toEqual(sent('{"c":true}'))
  })
})

describe('reserved variables', () => {
  it('stand for rule and time in a string and in JSON', () => {
    const names = '<aws.events.rule-arn> <aws.events.rule-name> <aws.events.event.ingestion-time>'
    const values = `${RULE_ARN} new-order 2026-01-02T03:04:05.678Z`
    expect(ofTemplate(`"all of ${names}"`, {})).toEqual(sent(`"all of ${values}"`))
    expect(ofTemplate('{"r":<aws.events.rule-name>,"t":"<aws.events.rule-arn>"}', {})).toEqual(
      sent(`{"r":"new-order","t":"${RULE_ARN}"}`),
    )
  })

  it('stand for the event, whole or without its detail, in the order of AWS', () => {
    const template = '{"originalEvent": <aws.events.event>, "json": <aws.events.event.json>}'
    const envelope =
      '{"id":"7bf73129","account":"111122223333","detailType":"update","time":1767323040000,' +
      '"source":"core.accounts","region":"eu-west-1","resources":["r-1"],"version":"0"}'
    expect(ofTemplate(template, {})).toEqual(sent(`{"originalEvent":${envelope},"json":${EVENT}}`))
  })

  it.each(['aws.events.event', 'aws.events.event.json'])('%s needs an object', (name) => {
    const faultOf = (template: string) => inputFault('t1', { kind: 'template', template })
    const fault = `InputTemplate for target t1 contains placeholder ${name}, which only an object can hold.`
    for (const template of [`[<${name}>]`, `"<${name}>"`, `<${name}>`]) {
      expect(faultOf(template)).toBe(fault)
    }
    expect(faultOf(`{"e":"<${name}>"}`)).toBe(
      `InputTemplate for target t1 contains placeholder ${name} in a string: it can only be the whole value of a field.`,
    )
    expect(faultOf(`{"e":[<${name}>]}`)).toBeUndefined()
  })
})

describe('a template is refused', () => {
  const faultOf = (template: string) =>
    inputFault('t1', { kind: 'template', template, paths: PATHS })

  it.each([
    ['"with not defined key <notdefinedkey>"', 'notdefinedkey'],
    ['{"a": <toString>}', 'toString'],
    ['"<b>bold</b>"', 'b'],
    ['"1 < 2 and 2 > 1"', ' 2 and 2 '],
    ['"<aws.events.unknown>"', 'aws.events.unknown'],
  ])('%s for its placeholder', (template, name) => {
    expect(faultOf(template)).toBe(
      `InputTemplate for target t1 contains invalid placeholder ${name}.`,
    )
  })

  it.each(['{<userId>: 1}', '{"<userId>": 1}', '{"a": {"x-<userId>" : <valid>}}'])(
    '%s for a placeholder as an object key',
    (template) => {
      expect(faultOf(template)).toBe(
        'InputTemplate for target t1 contains placeholder userId as an object key.',
      )
    },
  )

  it.each(['<userId> text', 'text', '"open'])('%s is taken, and sends nothing', (template) => {
    const paths = { userId: '$.id' }
    expect(inputFault('t', { kind: 'template', template, paths })).toBeUndefined()
    expect(result({ kind: 'template', template, paths })).toMatchObject({
      ok: false,
      error: { code: 'INVALID_JSON' },
    })
  })

  it.each(['{"a": <userId>', '{"a": <userId><valid>}', '{"a": -<price>}'])(
    '%s for not being JSON',
    (template) => {
      expect(faultOf(template)).toMatch(
        /^Parameter InputTemplate for target t1 is not valid\. Reason: .+\.$/,
      )
    },
  )
})

describe('whatever the event', () => {
  const details = fc.json({ maxDepth: 4 }).map((text) => `{"v":${text}}`)
  const eventOf = (detail: string) => `{"id":"e","detail":${compactJson(detail) as string}}`

  it('an object template with placeholders outside of quotation marks makes valid JSON of it', () => {
    const slots = fc.array(fc.constantFrom('<a>', '<b>', '<missing>', '<aws.events.event.json>'))
    fc.assert(
      fc.property(details, slots, (detail, names) => {
        const template = `{ "all": [ ${names.join(' , ')} ] , "last": <a> }`
        const paths = { a: '$.detail.v', b: '$.detail', missing: '$.nope' }
        const input = { kind: 'template', template, paths } as const
        expect(inputFault('t', input)).toBeUndefined()
        const outcome = result(input, eventOf(detail))
        const { v } = JSON.parse(detail) as { v: unknown }
        const values = new Map<string, unknown>([
          ...([
            ['<a>', v],
            ['<b>', { v }],
            ['<missing>', ''],
          ] as const),
          ['<aws.events.event.json>', { id: 'e', detail: { v } }],
        ])
        const all = names.map((name) => values.get(name))
        expect(outcome.ok && JSON.parse(outcome.text)).toEqual({ all, last: v })
      }),
    )
  })

  it('the path $ and a template of the whole event change nothing of it', () => {
    fc.assert(
      fc.property(details, (detail) => {
        const json = eventOf(detail)
        expect(result({ kind: 'path', path: '$' }, json)).toEqual(sent(json))
        const template = '{"event":<aws.events.event.json>}'
        expect(result({ kind: 'template', template }, json)).toEqual(sent(`{"event":${json}}`))
      }),
    )
  })

  it('what cannot be sent is told, and nothing that is sent as an object is broken JSON', () => {
    fc.assert(
      fc.property(details, (detail) => {
        const input = {
          kind: 'template',
          template: '{"v":"<v>"}',
          paths: { v: '$.detail.v' },
        } as const
        const outcome = result(input, eventOf(detail))
        if (outcome.ok) expect(() => JSON.parse(outcome.text) as unknown).not.toThrow()
        else expect(outcome.error.message).toContain('what <v> stands for')
      }),
    )
  })
})
