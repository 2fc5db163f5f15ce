import {
  CreateScheduleCommand,
  GetScheduleCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler'
import type { Target } from '@aws-sdk/client-scheduler'
import { startFauxqs } from 'fauxqs'
import type { FauxqsServer } from 'fauxqs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { accessKeyOf, awsError, startAwsServer } from '../aws-server.ts'
import type { AwsAnswer, AwsCall, AwsServer } from '../aws-server.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

const { MEMBER } = ACCOUNTS
const ELSEWHERE = '999999999999'
const ROLE = `arn:aws:iam::${MEMBER}:role/scheduler`
const EMULATED = '000000000000'
const folder = newDataFolder()
let hub: HubProcess
let emulator: FauxqsServer
let aws: AwsServer
let scheduler: SchedulerClient

beforeAll(async () => {
  emulator = await startFauxqs({ port: 0, logger: false, defaultRegion: REGION })
  for (const name of ['orders', 'of-topic', 'lost']) emulator.createQueue(name)
  emulator.createQueue('orders.fifo', { attributes: { FifoQueue: 'true' } })
  emulator.createTopic('news')
  emulator.subscribe({ topic: 'news', queue: 'of-topic' })
  aws = await startAwsServer(emulator.address)
  hub = await startHubProcess(
    folder,
    ['--allow-private-targets', '--aws-targets', 'on', '--aws-endpoint', aws.url],
    { AWS_ACCESS_KEY_ID: 'AKIAHUB', AWS_SECRET_ACCESS_KEY: 'HUBSECRET' },
  )
  await createOrganisation(hub)
  const credentials = await hub.profile('member')
  scheduler = new SchedulerClient({ endpoint: hub.url, region: REGION, credentials })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await Promise.all([aws.close(), emulator.stop()])
  removeDataFolder(folder)
})

const arnOf = (service: string, resource: string, account: string = MEMBER) =>
  `arn:aws:${service}:${REGION}:${account}:${resource}`
const scheduleArn = (name: string) => arnOf('scheduler', `schedule/default/${name}`)

/** A schedule that begins at once, and then waits a day. */
const scheduleOf = (Name: string, target: Partial<Target>) => ({
  Name,
  ScheduleExpression: 'rate(1 day)',
  FlexibleTimeWindow: { Mode: 'OFF' } as const,
  Target: { Arn: '', RoleArn: ROLE, ...target },
})
const create = (name: string, target: Partial<Target>) =>
  scheduler.send(new CreateScheduleCommand(scheduleOf(name, target)))

interface Kind {
  readonly target: Partial<Target>
  /** What the service is asked at each time. */
  readonly operation: string
  /** What it is asked, given what it is sent. */
  readonly input: (text: unknown) => object
  readonly throttled: AwsAnswer
  readonly refused: AwsAnswer
  /** What the dead-letter queue is told of the refusal. */
  readonly letter: readonly [operation: string, code: string, request: (text: unknown) => object]
}

const base64 = (text: unknown) =>
  typeof text === 'string' ? Buffer.from(text).toString('base64') : text
const refusedEntry = (ErrorCode: string): AwsAnswer => [
  200,
  { FailedEntryCount: 1, Entries: [{ ErrorCode, ErrorMessage: `${ErrorCode} of the test` }] },
]
const FUNCTION = arnOf('lambda', 'function:resize:live')
const MACHINE = arnOf('states', 'stateMachine:order-flow')
const TOPIC = arnOf('sns', 'news', EMULATED)
const BUS = arnOf('events', 'event-bus/partners', ELSEWHERE)

const KINDS: Readonly<Record<string, Kind>> = {
  sqs: {
    target: { Arn: arnOf('sqs', 'orders.fifo'), SqsParameters: { MessageGroupId: 'g' } },
    operation: 'SendMessage',
    input: (text) => ({
      QueueUrl: `${aws.url}/${MEMBER}/orders.fifo`,
      ...{ MessageBody: text, MessageGroupId: 'g' },
      MessageDeduplicationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    }),
    throttled: awsError('RequestThrottled', 403),
    refused: awsError('AWS.SimpleQueueService.NonExistentQueue'),
    letter: [
      'sqs:sendMessage',
      'AWS.SimpleQueueService.NonExistentQueue',
      (text) => ({
        QueueUrl: `https://sqs.${REGION}.amazonaws.com/${MEMBER}/orders.fifo`,
        ...{ MessageBody: text, MessageGroupId: 'g' },
      }),
    ],
  },
  sns: {
    target: { Arn: TOPIC },
    operation: 'Publish',
    input: (text) => ({ TopicArn: TOPIC, Message: text, Version: '2010-03-31' }),
    throttled: awsError('Throttled', 429),
    refused: awsError('AuthorizationError', 403),
    letter: ['sns:publish', 'AuthorizationError', (text) => ({ Message: text, TopicArn: TOPIC })],
  },
  kinesis: {
    target: { Arn: arnOf('kinesis', 'stream/clicks'), KinesisParameters: { PartitionKey: 'k' } },
    operation: 'PutRecord',
    input: (text) => ({
      ...{ StreamARN: arnOf('kinesis', 'stream/clicks'), PartitionKey: 'k', Data: base64(text) },
    }),
    throttled: awsError('ProvisionedThroughputExceededException'),
    refused: awsError('ResourceNotFoundException'),
    letter: [
      'kinesis:putRecord',
      'ResourceNotFoundException',
      (text) => ({ Data: text, PartitionKey: 'k', StreamName: 'clicks' }),
    ],
  },
  firehose: {
    target: { Arn: arnOf('firehose', 'deliverystream/lake') },
    operation: 'PutRecord',
    input: (text) => ({ DeliveryStreamName: 'lake', Record: { Data: base64(text) } }),
    throttled: awsError('LimitExceededException'),
    refused: awsError('InvalidArgumentException'),
    letter: [
      'firehose:putRecord',
      'InvalidArgumentException',
      (text) => ({ DeliveryStreamName: 'lake', Record: { Data: text } }),
    ],
  },
  lambda: {
    target: { Arn: FUNCTION },
    operation: 'Invoke',
    input: (text) => ({ FunctionName: FUNCTION, InvocationType: 'Event', Payload: text }),
    throttled: awsError('TooManyRequestsException', 429),
    refused: awsError('AccessDeniedException', 403),
    letter: [
      'lambda:invoke',
      'AccessDeniedException',
      (text) => ({ FunctionName: FUNCTION, InvocationType: 'Event', Payload: text }),
    ],
  },
  states: {
    target: { Arn: MACHINE },
    operation: 'StartExecution',
    input: (text) => ({
      ...{ stateMachineArn: MACHINE, input: text },
      name: expect.stringMatching(/^[0-9a-f-]{36}_[0-9a-f-]{36}$/),
    }),
    throttled: awsError('ServiceUnavailable', 503),
    refused: awsError('StateMachineDoesNotExist'),
    letter: [
      'sfn:startExecution',
      'StateMachineDoesNotExist',
      (text) => ({ Input: text, StateMachineArn: MACHINE }),
    ],
  },
  events: {
    target: { Arn: BUS, EventBridgeParameters: { Source: 'shop', DetailType: 'Tick' } },
    operation: 'PutEvents',
    input: (text) => ({
      Entries: [
        expect.objectContaining({
          ...{ EventBusName: BUS, Source: 'shop', DetailType: 'Tick', Detail: text },
        }),
      ],
    }),
    throttled: refusedEntry('ThrottlingException'),
    refused: refusedEntry('NotAuthorizedForSourceException'),
    letter: [
      'eventbridge:putEvents',
      'NotAuthorizedForSourceException',
      (text) => ({
        Entries: [{ Detail: text, DetailType: 'Tick', EventBusName: BUS, Source: 'shop' }],
      }),
    ],
  },
}
const NAMES = Object.keys(KINDS)
const INPUT =
  '{"by": "<aws.scheduler.schedule-arn>", "at": "<aws.scheduler.scheduled-time>", "n": 1.0, ' +
  '"try": <aws.scheduler.attempt-number>, "run": "<aws.scheduler.execution-id>"}'
/** What a target is sent of INPUT at an attempt. */
const filledIn = (schedule: string, attempt: number) =>
  expect.stringMatching(
    new RegExp(
      `^\\{"by": "${scheduleArn(schedule)}", "at": "20[0-9T:-]{17}Z", "n": 1.0, ` +
        `"try": ${attempt}, "run": "[0-9a-f]{16}"\\}$`,
    ),
  )

/** Requests of a kind that are for one schedule: all have its name in what they are sent. */
const callsFor = (kind: string, schedule: string): readonly AwsCall[] =>
  aws.calls.filter(({ service, operation, input }) => {
    if (service !== kind || operation !== KINDS[kind]?.operation) return false
    const data = input.Data ?? input.Record?.Data ?? ''
    const text = JSON.stringify(input) + Buffer.from(String(data), 'base64').toString()
    return text.includes(`schedule/default/${schedule}`)
  })
async function until<T>(look: () => T | Promise<T>, accept: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await look()
    if (accept(found)) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
const callsOf = (kind: string, schedule: string, count: number) =>
  until(
    () => callsFor(kind, schedule),
    ({ length }) => length >= count,
  )

/** The dead letters of a schedule that the hub has. */
const lettersOf = async (schedule: string): Promise<any[]> =>
  (await hub.rest('GET', `/dead-letters?ruleArn=${scheduleArn(schedule)}`)).body.items

/** What the dead-letter queue has of a schedule. */
async function letterOf(schedule: string) {
  for (;;) {
    for (const { body, messageAttributes } of emulator.inspectQueue('lost')?.messages.ready ?? []) {
      const attributes: Record<string, unknown> = Object.fromEntries(
        Object.entries(messageAttributes).map(([name, { StringValue }]) => [name, StringValue]),
      )
      if (attributes['SCHEDULE_ARN'] === scheduleArn(schedule)) return { text: body, attributes }
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('a schedule whose target is in AWS', () => {
  beforeAll(async () => {
    for (const name of NAMES) await create(`to-${name}`, { ...KINDS[name]?.target, Input: INPUT })
  })

  it.each(NAMES)('%s is described as it was made', async (name) => {
    const { Target } = await scheduler.send(new GetScheduleCommand({ Name: `to-${name}` }))
    const RetryPolicy = { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 }
    expect(Target).toEqual({ ...KINDS[name]?.target, RoleArn: ROLE, Input: INPUT, RetryPolicy })
  })

  it.each(NAMES)('%s is sent its input as the service takes it, by its role', async (name) => {
    const [call] = await callsOf(name, `to-${name}`, 1)
    const text = filledIn(`to-${name}`, 1)
    const expected = KINDS[name]?.input(['kinesis', 'firehose'].includes(name) ? anyText : text)
    expect(call?.input).toMatchObject(expected ?? {})
    expect([call?.region, call?.accessKeyId]).toEqual([REGION, accessKeyOf(ROLE)])
    const data = call?.input.Data ?? call?.input.Record?.Data
    if (data !== undefined) expect(Buffer.from(data, 'base64').toString()).toEqual(text)
  })
  const anyText = expect.any(String)

  it('tells the account of the schedule when its role is assumed', () => {
    const assumed = aws.calls.filter(({ operation }) => operation === 'AssumeRole')
    expect(new Set(assumed.map(({ input }) => input.ExternalId))).toEqual(new Set([MEMBER]))
  })

  it('has the message in the queue and the topic of an emulator', async () => {
    const messages = () => JSON.stringify(emulator.inspectQueue('orders.fifo')?.messages.ready)
    await until(messages, (text) => text.includes('schedule/default/to-sqs'))
    const published = () => JSON.stringify(emulator.inspectQueue('of-topic')?.messages.ready)
    await until(published, (text) => text.includes('schedule/default/to-sns'))
  })

  it('may be sent text that is no JSON', async () => {
    const Input = "It is <aws.scheduler.scheduled-time> by '<aws.scheduler.schedule-arn>'"
    await create('plain', { Arn: arnOf('sqs', 'orders'), Input })
    const [call] = await callsOf('sqs', 'plain', 1)
    expect(call?.input.MessageBody).toMatch(
      new RegExp(`^It is 20.{17}Z by '${scheduleArn('plain')}'$`),
    )
  })

  it.each(['sqs', 'lambda'])('%s gets the notification of the Scheduler without', async (name) => {
    const Arn = name === 'sqs' ? arnOf('sqs', 'orders') : FUNCTION
    await create(`default-${name}`, { Arn })
    const [call] = await callsOf(name, `default-${name}`, 1)
    const text = call?.input.MessageBody ?? call?.input.Payload
    expect(Object.keys(JSON.parse(text))).toEqual([
      ...['version', 'id', 'detail-type', 'source', 'account', 'time', 'region'],
      ...['resources', 'detail'],
    ])
    expect(JSON.parse(text)).toEqual({
      ...{ version: '0', 'detail-type': 'Scheduled Event', source: 'aws.scheduler' },
      ...{ id: expect.any(String), time: expect.any(String), account: MEMBER, region: REGION },
      ...{ resources: [scheduleArn(`default-${name}`)], detail: '{}' },
    })
  })

  it('events gets an empty detail without', async () => {
    await create('default-events', KINDS['events']?.target ?? {})
    const [call] = await callsOf('events', 'default-events', 1)
    const [entry] = call?.input.Entries ?? []
    expect(entry).toMatchObject({ Detail: '{}', Resources: [scheduleArn('default-events')] })
  })
})

describe('a target that throttles', () => {
  it('is tried again, and told which attempt it is', async () => {
    const throttled = new Set<string>()
    aws.answerWith(({ service, operation }) => {
      const kind = KINDS[service]
      if (kind?.operation !== operation || throttled.has(service)) return undefined
      throttled.add(service)
      return kind.throttled
    })
    for (const name of NAMES) {
      await create(`busy-${name}`, { ...KINDS[name]?.target, Input: INPUT })
    }
    for (const name of NAMES) {
      const calls = await callsOf(name, `busy-${name}`, 2)
      const texts = calls.map(({ input }) => JSON.stringify(input) + dataOf(input))
      expect(texts.map((text) => /try\\?": (\d)/.exec(text)?.[1])).toEqual(['1', '2'])
      const runs = texts.map((text) => /run\\?": \\?"([0-9a-f]{16})/.exec(text)?.[1])
      expect(new Set(runs).size).toBe(2)
      const ids = calls.map(({ input }) => input.MessageDeduplicationId ?? input.name)
      expect(new Set(ids).size).toBe(1)
      expect(await lettersOf(`busy-${name}`)).toEqual([])
    }
    aws.answerWith(() => undefined)
  })
  const dataOf = (input: any) =>
    Buffer.from(input.Data ?? input.Record?.Data ?? '', 'base64').toString()
})

describe('a target that refuses for good', () => {
  beforeAll(async () => {
    aws.answerWith(({ service, operation, input }) => {
      const kind = KINDS[service]
      const isLetter = String(input.QueueUrl).endsWith('/lost')
      return kind?.operation === operation && !isLetter ? kind.refused : undefined
    })
    const DeadLetterConfig = { Arn: arnOf('sqs', 'lost') }
    for (const name of NAMES) {
      const target = { ...KINDS[name]?.target, Input: INPUT, DeadLetterConfig }
      await create(`lost-${name}`, target)
    }
  })
  afterAll(() => aws.answerWith(() => undefined))

  it.each(NAMES)('%s leaves the request in the dead-letter queue', async (name) => {
    const { text, attributes } = await letterOf(`lost-${name}`)
    const [operation, code, request] = KINDS[name]?.letter ?? []
    expect(JSON.parse(text)).toEqual(request?.(filledIn(`lost-${name}`, 1)))
    expect(attributes).toEqual({
      SCHEDULE_ARN: scheduleArn(`lost-${name}`),
      TARGET_ARN: `arn:aws:scheduler:::aws-sdk:${operation}`,
      SCHEDULED_TIME: expect.stringMatching(/^20.{17}Z$/),
      EXECUTION_ID: expect.stringMatching(/^[0-9a-f]{16}$/),
      ERROR_CODE: code,
      ERROR_MESSAGE: `${code} of the test`,
      RETRY_ATTEMPTS: '0',
      IS_PAYLOAD_TRUNCATED: 'false',
    })
    expect(text).toContain(attributes['EXECUTION_ID'])
    await until(
      () => lettersOf(`lost-${name}`),
      ({ length }) => length === 0,
    )
  })

  it('is reached by the role of the schedule, as is its queue', async () => {
    const { text } = await letterOf('lost-sns')
    const sent = aws.calls.filter(({ input }) => input.MessageBody === text)
    expect(sent.map(({ accessKeyId }) => accessKeyId)).toContain(accessKeyOf(ROLE))
  })

  it('is shown with its schedule in AWS’s own words', async () => {
    const { Target } = await scheduler.send(new GetScheduleCommand({ Name: 'lost-sqs' }))
    expect(Target?.DeadLetterConfig).toEqual({ Arn: arnOf('sqs', 'lost') })
  })

  it('is a dead letter of the hub where it has no queue, delivered when it is mended', async () => {
    await create('mended', { ...KINDS['lambda']?.target, Input: INPUT })
    const [letter] = await until(
      () => lettersOf('mended'),
      ([found]) => found !== undefined,
    )
    expect(letter).toMatchObject({ targetArn: FUNCTION, errorCode: 'NO_PERMISSIONS', attempts: 1 })
    const Arn = arnOf('lambda', 'function:resize:mended')
    await scheduler.send(new UpdateScheduleCommand(scheduleOf('mended', { Arn, Input: INPUT })))
    aws.answerWith(() => undefined)
    await hub.rest('POST', '/dead-letters/redrive', { ids: [letter.id] })
    const calls = await callsOf('lambda', 'mended', 2)
    expect(calls.at(-1)?.input.FunctionName).toBe(Arn)
  })
})

describe('the retry policy of a schedule', () => {
  it('ends the retries, and its queue is told how', async () => {
    aws.answerWith(({ operation }) =>
      operation === 'Invoke' ? awsError('TooManyRequestsException', 429) : undefined,
    )
    const RetryPolicy = { MaximumRetryAttempts: 1 }
    const DeadLetterConfig = { Arn: arnOf('sqs', 'lost') }
    await create('spent', { Arn: FUNCTION, Input: INPUT, RetryPolicy, DeadLetterConfig })
    const { text, attributes } = await letterOf('spent')
    expect(attributes).toMatchObject({
      ...{ ERROR_CODE: 'TooManyRequestsException', RETRY_ATTEMPTS: '1' },
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
    })
    expect(JSON.parse(text).Payload).toEqual(filledIn('spent', 2))
    aws.answerWith(() => undefined)
  })
})
