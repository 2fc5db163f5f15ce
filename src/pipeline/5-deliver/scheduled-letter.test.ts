import { describe, expect, it } from 'vitest'

import type { DeadLetter } from '#src/model/delivery.ts'
import type { Target } from '#src/model/event-bus.ts'
import { recordedEvent } from '../pipeline.fixture.ts'
import { scheduledLetterOf } from './scheduled-letter.ts'

const SCHEDULE = 'arn:aws:scheduler:eu-west-1:111111111111:schedule/default/tick'
const EVENT_TIME = '2025-06-15T15:06:40Z'
const arn = (service: string, resource: string) =>
  `arn:aws:${service}:eu-west-1:111111111111:${resource}`

function letterFor(target: Partial<Target>, given: Partial<DeadLetter> = {}, input = 'hi') {
  const full = { id: 'target', arn: '', ...target }
  const letter: DeadLetter = {
    ...{ id: 1, eventId: 'e', ruleArn: SCHEDULE, targetId: 'target', targetArn: full.arn },
    ...{ attempts: 1, startedAt: 1, diedAt: 2, eventJson: '' },
    error: { code: 'NO_RESOURCE', message: 'Gone: it is gone', awsCode: 'GoneException' },
    ...given,
  }
  return scheduledLetterOf(letter, recordedEvent('e', { scheduled: { input } }), full)
}

describe('the dead letter of a schedule', () => {
  it.each([
    [
      { arn: arn('sqs', 'q.fifo'), messageGroupId: 'g' },
      'sqs:sendMessage',
      {
        ...{ MessageBody: 'hi', MessageGroupId: 'g' },
        QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/111111111111/q.fifo',
      },
    ],
    [{ arn: arn('sns', 'n') }, 'sns:publish', { Message: 'hi', TopicArn: arn('sns', 'n') }],
    [
      { arn: arn('lambda', 'function:f') },
      'lambda:invoke',
      { FunctionName: arn('lambda', 'function:f'), InvocationType: 'Event', Payload: 'hi' },
    ],
    [
      { arn: arn('states', 'stateMachine:s') },
      'sfn:startExecution',
      { Input: 'hi', StateMachineArn: arn('states', 'stateMachine:s') },
    ],
    [
      { arn: arn('kinesis', 'stream/s'), partitionKey: 'k' },
      'kinesis:putRecord',
      { Data: 'hi', PartitionKey: 'k', StreamName: 's' },
    ],
    [
      { arn: arn('firehose', 'deliverystream/d') },
      'firehose:putRecord',
      { DeliveryStreamName: 'd', Record: { Data: 'hi' } },
    ],
    [
      { arn: arn('events', 'event-bus/b') },
      'eventbridge:putEvents',
      {
        Entries: [
          {
            ...{ Detail: 'hi', DetailType: 'Test', Source: 'my.app' },
            EventBusName: arn('events', 'event-bus/b'),
          },
        ],
      },
    ],
  ])('to %j is the request %s', (target, operation, request) => {
    const { text, attributes } = letterFor(target)
    expect(JSON.parse(text)).toEqual(request)
    expect(attributes).toMatchObject({ TARGET_ARN: `arn:aws:scheduler:::aws-sdk:${operation}` })
  })

  it('tells what failed in the words of the service', () => {
    const { attributes, errorCode, errorMessage } = letterFor({ arn: arn('sns', 'n') })
    expect([errorCode, errorMessage]).toEqual(['GoneException', 'it is gone'])
    expect(attributes).toEqual({
      SCHEDULE_ARN: SCHEDULE,
      TARGET_ARN: 'arn:aws:scheduler:::aws-sdk:sns:publish',
      SCHEDULED_TIME: EVENT_TIME,
      EXECUTION_ID: expect.stringMatching(/^[0-9a-f]{16}$/),
      RETRY_ATTEMPTS: '0',
      IS_PAYLOAD_TRUNCATED: 'false',
    })
  })

  it('is that of the last attempt, and tells how the retries ended', () => {
    const ids = '<aws.scheduler.execution-id> <aws.scheduler.attempt-number>'
    const given = { attempts: 4, exhausted: 'MaximumRetryAttempts' } as const
    const { text, attributes } = letterFor({ arn: arn('sns', 'n') }, given, ids)
    expect(attributes).toMatchObject({
      ...{ RETRY_ATTEMPTS: '3', EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts' },
    })
    expect(JSON.parse(text)).toMatchObject({ Message: `${attributes['EXECUTION_ID']} 4` })
  })

  it('tells of no retries where it became too old before it was tried', () => {
    const given = { attempts: 0, exhausted: 'MaximumEventAgeInSeconds' } as const
    const { attributes } = letterFor({ arn: arn('sns', 'n') }, given)
    expect(attributes).toMatchObject({ RETRY_ATTEMPTS: '0' })
    expect(attributes['EXECUTION_ID']).toBe(
      letterFor({ arn: arn('sns', 'n') }).attributes['EXECUTION_ID'],
    )
  })

  it('has the Scheduler’s own code where no service answered', () => {
    const error = { code: 'TIMEOUT', message: 'no answer in 5000 ms' } as const
    expect(letterFor({ arn: arn('sns', 'n') }, { error })).toMatchObject({
      ...{ errorCode: 'AWS.Scheduler.InternalServerError', errorMessage: 'no answer in 5000 ms' },
    })
  })

  it('of a URL is what was sent, and the hub’s own code', () => {
    const error = { code: 'ERROR_FROM_TARGET', message: 'the target answered 500' } as const
    const url = 'https://hooks.example.com/'
    expect(letterFor({ arn: url }, { error }, '{"a":1}')).toMatchObject({
      ...{ text: '{"a":1}', errorCode: 'ERROR_FROM_TARGET' },
      ...{ errorMessage: 'the target answered 500', attributes: { TARGET_ARN: url } },
    })
  })

  it('that is larger than a queue takes is cut between two characters, and says so', () => {
    const LIMIT = 248 * 1024
    const url = 'https://hooks.example.com/'
    const whole = letterFor({ arn: url }, {}, 'x'.repeat(LIMIT))
    expect(whole.attributes['IS_PAYLOAD_TRUNCATED']).toBe('false')
    const cut = letterFor({ arn: url }, {}, `${'x'.repeat(LIMIT - 1)}é`)
    expect(cut.attributes['IS_PAYLOAD_TRUNCATED']).toBe('true')
    expect(cut.text).toBe('x'.repeat(LIMIT - 1))
  })
})
