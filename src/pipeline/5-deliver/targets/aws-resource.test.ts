import { describe, expect, it } from 'vitest'

import type { Delivery } from '#src/model/delivery.ts'
import type { Target } from '#src/model/event-bus.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { AwsRequest } from '#src/ports/aws-services.ts'
import { recordedEvent } from '../../pipeline.fixture.ts'
import { createAwsTarget } from './aws-resource.ts'

const RULE = 'arn:aws:events:eu-west-1:111111111111:rule/orders/big'
const EVENT = recordedEvent('e', {
  json: '{"id":"e","time":"2026-03-04T05:06:07Z","detail":{"n":2e3,"name":"ana"}}',
})

async function attempt(
  target: Partial<Target>,
  given: Partial<Delivery> = {},
  event: RecordedEvent = EVENT,
) {
  const requests: AwsRequest[] = []
  const kind = createAwsTarget({
    send: async (request) => {
      requests.push(request)
      return { kind: 'success' }
    },
  })
  const full = { id: 't', arn: '', ...target }
  const delivery = { id: 1, ruleArn: RULE, startedAt: 5, target: full, ...given } as Delivery
  return { outcome: await kind.attempt(delivery, event), request: requests[0] }
}
const arn = (service: string, resource: string) =>
  `arn:aws:${service}:eu-west-1:111111111111:${resource}`
const template = (text: string) => ({ input: { kind: 'template', template: text } as const })

describe('the partition key of a stream', () => {
  const stream = arn('kinesis', 'stream/s')

  it.each([
    [undefined, 'e'],
    ['$.detail.name', 'ana'],
    ['$.detail.n', '2e3'],
    ['$.detail', '{"n":2e3,"name":"ana"}'],
  ])('of the path %s is "%s"', async (partitionKeyPath, partitionKey) => {
    const path = partitionKeyPath !== undefined && { partitionKeyPath }
    expect((await attempt({ arn: stream, ...path })).request).toMatchObject({ partitionKey })
  })

  it('that the event has not ends the delivery', async () => {
    const { outcome, request } = await attempt({ arn: stream, partitionKeyPath: '$.detail.gone' })
    expect(request).toBeUndefined()
    expect(outcome).toMatchObject({ kind: 'permanent', error: { code: 'INVALID_PARAMETER' } })
  })
})

describe('a log event', () => {
  const group = arn('logs', 'log-group:g')

  it.each([
    ['{"timestamp":1700000000000,"message":"a b"}', 1_700_000_000_000, 'a b'],
    ['{"timestamp":"2026-03-04T05:06:07.89Z","message":{"n":1.0}}', 1_772_600_767_890, '{"n":1.0}'],
    ['{ "message": [1, 2], "timestamp": 0 }', 0, '[1,2]'],
  ])('of %s has a time and a message', async (text, timestamp, message) => {
    const { request } = await attempt({ arn: group, ...template(text) })
    expect(request).toMatchObject({ timestamp, message, stream: 'orders/big/t' })
  })

  it.each([
    '"text"',
    '{"timestamp":1700000000000}',
    '{"message":"m"}',
    '{"timestamp":"soon","message":"m"}',
    '{"timestamp":1.5,"message":"m"}',
    '{"timestamp":-1,"message":"m"}',
    '{"timestamp":null,"message":"m"}',
  ])('of %s is none, and ends the delivery', async (text) => {
    const { outcome, request } = await attempt({ arn: group, ...template(text) })
    expect(request).toBeUndefined()
    expect(outcome).toMatchObject({ kind: 'permanent', error: { code: 'INVALID_PARAMETER' } })
  })
})

describe('what is sent twice', () => {
  it.each([
    ['deduplicationId', arn('sqs', 'q.fifo')],
    ['executionName', arn('states', 'stateMachine:s')],
  ])('has the same %s, and another once it is redriven', async (name, target) => {
    const of = async (given: Partial<Delivery>) =>
      (await attempt({ arn: target, messageGroupId: 'g' }, given)).request?.[
        name as keyof AwsRequest
      ]
    expect(await of({ attempts: 0 })).toBe(await of({ attempts: 1 }))
    expect(await of({ startedAt: 6 })).not.toBe(await of({ startedAt: 5 }))
    expect(await of({ id: 2 })).not.toBe(await of({ id: 1 }))
  })
})

describe('what a schedule sends', () => {
  const SCHEDULED = { ...EVENT, acceptedAt: 5, scheduled: { input: '{"at":"<aws.scheduler.' } }
  const of = async (target: Partial<Target>, given: Partial<Delivery> = {}, event = SCHEDULED) =>
    (await attempt(target, { attempts: 0, ...given }, event)).request

  it('is its own partition key and detail', async () => {
    const stream = { arn: arn('kinesis', 'stream/s'), partitionKey: 'k' }
    expect(await of(stream)).toMatchObject({ partitionKey: 'k', text: SCHEDULED.scheduled.input })
    const bus = { arn: arn('events', 'event-bus/b') }
    expect(await of(bus)).toMatchObject({ detail: SCHEDULED.scheduled.input, source: 'my.app' })
  })

  it.each([
    ['deduplicationId', { arn: arn('sqs', 'q.fifo'), messageGroupId: 'g' }],
    ['executionName', { arn: arn('states', 'stateMachine:s') }],
  ])('twice after a crash has the same %s, and another once it is redriven', async (name, to) => {
    const key = name as keyof AwsRequest
    const first = (await of(to, { id: 1 }))?.[key]
    const repeated = { ...SCHEDULED, acceptedAt: 9 }
    expect((await of(to, { id: 2, startedAt: 9 }, repeated))?.[key]).toBe(first)
    expect((await of(to, { id: 1, startedAt: 99 }))?.[key]).not.toBe(first)
    expect((await of(to, {}, { ...SCHEDULED, id: 'other' }))?.[key]).not.toBe(first)
  })
})

it('an input that cannot be made of the event is not sent', async () => {
  const input = { kind: 'path', path: '$.detail.gone' } as const
  const { outcome, request } = await attempt({ arn: arn('sns', 'news'), input })
  expect(request).toBeUndefined()
  expect(outcome).toMatchObject({ kind: 'permanent', error: { code: 'INVALID_JSON' } })
})
