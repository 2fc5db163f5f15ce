import {
  EventBridgeClient,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import type { Target } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

const folder = newDataFolder()
let hub: HubProcess
let receiver: Receiver
let events: EventBridgeClient

beforeAll(async () => {
  hub = await startHubProcess(folder)
  receiver = await startReceiver()
  await createOrganisation(hub)
  const credentials = await hub.profile('member')
  events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)
})

const DETAIL =
  '{"user":"ana","payload":{"acc_id":"0a","sf_id":"baz"},"n":1.0,"big":12345678901234567890}'

async function addRule(name: string): Promise<void> {
  const EventPattern = JSON.stringify({ source: [name] })
  await events.send(new PutRuleCommand({ Name: name, EventPattern }))
}
const putTarget = (rule: string, given: Partial<Target>) => {
  const target = { Id: 't1', Arn: `${receiver.url}/${rule}`, ...given }
  return events.send(new PutTargetsCommand({ Rule: rule, Targets: [target] }))
}
async function putEvent(source: string, Detail = DETAIL): Promise<string> {
  const entry = { Source: source, DetailType: 'Visit', Detail }
  const { Entries } = await events.send(new PutEventsCommand({ Entries: [entry] }))
  return Entries?.[0]?.EventId ?? ''
}
/** What has come for a rule's target. */
const received = async (rule: string, count = 1) => {
  const requests = await receiver.waitFor(count, ({ path }) => path === `/${rule}`)
  return requests.map(({ text }) => text)
}

const RULE_ARN = `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:rule`

describe('a target', () => {
  const inputs: (readonly [rule: string, input: Partial<Target>, text: string])[] = [
    ['constant', { Input: '{ "a": [1.0] }' }, '{ "a": [1.0] }'],
    ['path', { InputPath: '$.detail' }, DETAIL],
    ['text-path', { InputPath: '$.detail.user' }, '"ana"'],
    [
      'object',
      {
        InputTransformer: {
          InputPathsMap: { who: '$.detail.user', n: '$.detail.n', big: '$.detail.big' },
          InputTemplate: '{"who": <who>, "words": "<who> <n>", "n": [<n>, <big>]}',
        },
      },
      '{"who":"ana","words":"ana 1.0","n":[1.0,12345678901234567890]}',
    ],
    [
      'lines',
      {
        InputTransformer: {
          InputPathsMap: { payload: '$.detail.payload', gone: '$.detail.gone' },
          InputTemplate: '"<payload>"\n"<gone>of <aws.events.rule-name>, <aws.events.rule-arn>"',
        },
      },
      `"{acc_id:0a,sf_id:baz}"\n"of lines, ${RULE_ARN}/lines"`,
    ],
  ]

  it.each(inputs)('with the input "%s" gets exactly what AWS sends', async (rule, input, text) => {
    await addRule(rule)
    await putTarget(rule, input)
    const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: rule }))
    expect(Targets).toEqual([{ Id: 't1', Arn: `${receiver.url}/${rule}`, ...input }])
    await putEvent(rule)
    expect(await received(rule)).toEqual([text])
    expect(receiver.received.at(-1)?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
    })
  })

  it('gets the event and when it came by their reserved variables', async () => {
    await addRule('reserved')
    const InputTemplate =
      '{"event": <aws.events.event>, "at": <aws.events.event.ingestion-time>, "json": <aws.events.event.json>}'
    await putTarget('reserved', { InputTransformer: { InputTemplate } })
    const before = Date.now()
    const id = await putEvent('reserved')
    const [text = ''] = await received('reserved')
    const { event, at, json } = JSON.parse(text)
    expect(text).toContain(`"detail":${DETAIL}}`)
    const { 'detail-type': detailType, detail: _, time, ...rest } = json
    expect(event).toEqual({ ...rest, detailType, time: Date.parse(time) })
    expect(json.id).toBe(id)
    expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(Date.parse(at)).toBeGreaterThanOrEqual(before)
    expect(Date.parse(at)).toBeLessThanOrEqual(Date.now())
  })

  it('whose input makes invalid JSON leaves a dead letter at once, and gets it once it is mended', async () => {
    await addRule('spoilt')
    const InputPathsMap = { p: '$.detail.payload' }
    await putTarget('spoilt', { InputTransformer: { InputPathsMap, InputTemplate: '{"p":"<p>"}' } })
    const id = await putEvent('spoilt')
    let letters: any[] = []
    while (letters.length === 0) {
      letters = (await hub.rest('GET', `/dead-letters?eventId=${id}`)).body.items
    }
    expect(letters).toMatchObject([
      {
        ...{ targetId: 't1', attempts: 1, errorCode: 'INVALID_JSON' },
        errorMessage: expect.stringContaining('what <p> stands for does not fit between quotation'),
        event: { id, detail: { user: 'ana' } },
      },
    ])
    expect(letters[0]).not.toHaveProperty('exhaustedRetryCondition')
    expect(receiver.received.filter(({ path }) => path === '/spoilt')).toEqual([])

    await putTarget('spoilt', { InputTransformer: { InputPathsMap, InputTemplate: '{"p":<p>}' } })
    await hub.rest('POST', '/dead-letters/redrive', { ids: [letters[0].id] })
    expect(await received('spoilt')).toEqual(['{"p":{"acc_id":"0a","sf_id":"baz"}}'])
  })

  it('that is put again without an input gets the event again', async () => {
    await addRule('plain')
    await putTarget('plain', { Input: '{}' })
    await putTarget('plain', {})
    const id = await putEvent('plain')
    const [text = ''] = await received('plain')
    expect(JSON.parse(text).id).toBe(id)
  })
})

describe('PutTargets', () => {
  const transformer = (
    InputTemplate: string,
    InputPathsMap?: Readonly<Record<string, string>>,
  ): Partial<Target> => ({
    InputTransformer: { InputTemplate, ...(InputPathsMap && { InputPathsMap }) },
  })
  const refused: (readonly [Partial<Target>, string | RegExp])[] = [
    [
      { Input: '{}', InputPath: '$' },
      'Only one of Input, InputPath, or InputTransformer must be provided for target t1.',
    ],
    [
      { InputPath: '$', ...transformer('"x"') },
      'Only one of Input, InputPath, or InputTransformer must be provided for target t1.',
    ],
    [{ Input: 'hello' }, /^JSON syntax error in input for target t1: /],
    [{ InputPath: 'detail' }, /InputPath for target t1 is not valid. Reason: "detail" is no path/],
    [transformer('"x"', { a: "$.detail['key']" }), /InputPath for target t1 is not valid/],
    [
      transformer('"Event with <notdefinedkey>"', { a: '$.id' }),
      'InputTemplate for target t1 contains invalid placeholder notdefinedkey.',
    ],
    [
      transformer('"<aws.events.event.json>"'),
      'InputTemplate for target t1 contains placeholder aws.events.event.json, which only an object can hold.',
    ],
    [
      transformer('{<a>: 1}', { a: '$.id' }),
      'InputTemplate for target t1 contains placeholder a as an object key.',
    ],
    [transformer('{"a": <a>', { a: '$.id' }), /InputTemplate for target t1 is not valid/],
    [
      { Arn: `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:event-bus/other`, InputPath: '$.detail' },
      'Modifying the input for target t1 is not supported',
    ],
  ]

  it.each(refused)('refuses %j as AWS does', async (input, message) => {
    await addRule('refusing')
    await expect(putTarget('refusing', input)).rejects.toMatchObject({
      name: 'ValidationException',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    })
    const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: 'refusing' }))
    expect(Targets).toEqual([])
  })

  const paths = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`p${n}`, '$.id']))
  const string = (length: number) => `"${'x'.repeat(length - 2)}"`
  const LENGTH = 'Member must have length less than or equal to'
  const edges: (readonly [string, Partial<Target>, Partial<Target>, string])[] = [
    [
      'an Input of 8,192 characters',
      { Input: string(8_192) },
      { Input: string(8_193) },
      `targets.1.member.input' failed to satisfy constraint: ${LENGTH} 8192`,
    ],
    [
      'an InputPath of 256 characters',
      { InputPath: `$.${'a'.repeat(254)}` },
      { InputPath: `$.${'a'.repeat(255)}` },
      `targets.1.member.inputPath' failed to satisfy constraint: ${LENGTH} 256`,
    ],
    [
      'a template of 8,192 characters',
      transformer(string(8_192)),
      transformer(string(8_193)),
      `targets.1.member.inputTransformer.inputTemplate' failed to satisfy constraint: ${LENGTH} 8192`,
    ],
    [
      'a template of one character',
      transformer('1'),
      transformer(''),
      "targets.1.member.inputTransformer.inputTemplate' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      'a hundred paths',
      transformer('"x"', paths(100)),
      transformer('"x"', paths(101)),
      `targets.1.member.inputTransformer.inputPathsMap' failed to satisfy constraint: ${LENGTH} 100`,
    ],
    [
      'a name of 256 characters',
      transformer('"x"', { ['n'.repeat(256)]: '$' }),
      transformer('"x"', { ['n'.repeat(257)]: '$' }),
      'failed to satisfy constraint: Map keys must satisfy constraint: [',
    ],
    [
      'a path of 256 characters in the map',
      transformer('"x"', { a: `$.${'a'.repeat(254)}` }),
      transformer('"x"', { a: `$.${'a'.repeat(255)}` }),
      `failed to satisfy constraint: Map value must satisfy constraint: [${LENGTH} 256]`,
    ],
    [
      'a name in AWS, but not one with a dot, as the reserved ones have',
      transformer('"x"', { 'AWS_a-1': '$' }),
      transformer('"x"', { 'aws.events.rule-name': '$' }),
      "Value '{aws.events.rule-name=$}' at 'targets.1.member.inputTransformer.inputPathsMap' failed to satisfy constraint: Map keys must satisfy constraint: [",
    ],
  ]

  it.each(edges)('takes %s and no more', async (_what, taken, tooMuch, message) => {
    await addRule('edges')
    expect(await putTarget('edges', taken)).toMatchObject({ FailedEntryCount: 0 })
    await expect(putTarget('edges', tooMuch)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(/^1 validation error detected: /),
    })
    await expect(putTarget('edges', tooMuch)).rejects.toMatchObject({
      message: expect.stringContaining(message),
    })
  })
})
