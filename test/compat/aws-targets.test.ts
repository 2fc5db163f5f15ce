import {
  EventBridgeClient,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import type { Target } from '@aws-sdk/client-eventbridge'
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
const ROLE = `arn:aws:iam::${MEMBER}:role/events`
const folder = newDataFolder()
let hub: HubProcess
let emulator: FauxqsServer
let aws: AwsServer
let events: EventBridgeClient

beforeAll(async () => {
  emulator = await startFauxqs({ port: 0, logger: false, defaultRegion: REGION })
  for (const name of ['orders', 'of-topic']) emulator.createQueue(name)
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
  events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await aws.close()
  await emulator.stop()
  removeDataFolder(folder)
})

const arnOf = (service: string, resource: string, account: string = MEMBER) =>
  `arn:aws:${service}:${REGION}:${account}:${resource}`

interface Kind {
  readonly target: Partial<Target>
  /** What the service is asked for each event. */
  readonly operation: string
  /** What it is asked, of the event with this id. */
  readonly input: (id: string) => object
  readonly throttled: AwsAnswer
  readonly refused: AwsAnswer
  readonly code: string
}

const MISSING = awsError('ResourceNotFoundException')
const refusedEntry = (ErrorCode: string): AwsAnswer => [
  200,
  { FailedEntryCount: 1, Entries: [{ ErrorCode, ErrorMessage: 'no' }] },
]

const KINDS: Readonly<Record<string, Kind>> = {
  sqs: {
    target: { Arn: arnOf('sqs', 'orders.fifo'), SqsParameters: { MessageGroupId: 'g' } },
    operation: 'SendMessage',
    input: (id) => ({
      QueueUrl: `${aws.url}/${MEMBER}/orders.fifo`,
      MessageBody: bodies.get(id),
      MessageGroupId: 'g',
      MessageDeduplicationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: TRACE } },
    }),
    throttled: awsError('RequestThrottled', 403),
    refused: awsError('AWS.SimpleQueueService.NonExistentQueue'),
    code: 'NO_RESOURCE',
  },
  sns: {
    target: { Arn: arnOf('sns', 'news', '000000000000'), RoleArn: ROLE },
    operation: 'Publish',
    input: (id) => ({
      TopicArn: arnOf('sns', 'news', '000000000000'),
      Message: bodies.get(id),
      Version: '2010-03-31',
    }),
    throttled: awsError('Throttled', 429),
    refused: awsError('AuthorizationError', 403),
    code: 'NO_PERMISSIONS',
  },
  kinesis: {
    target: {
      ...{ Arn: arnOf('kinesis', 'stream/clicks'), RoleArn: ROLE },
      KinesisParameters: { PartitionKeyPath: '$.detail.user' },
    },
    operation: 'PutRecord',
    input: (id) => ({
      StreamARN: arnOf('kinesis', 'stream/clicks'),
      PartitionKey: 'ana',
      Data: Buffer.from(bodies.get(id) ?? '').toString('base64'),
    }),
    throttled: awsError('ProvisionedThroughputExceededException'),
    refused: MISSING,
    code: 'NO_RESOURCE',
  },
  firehose: {
    target: { Arn: arnOf('firehose', 'deliverystream/lake'), RoleArn: ROLE },
    operation: 'PutRecord',
    input: (id) => ({
      DeliveryStreamName: 'lake',
      Record: { Data: Buffer.from(bodies.get(id) ?? '').toString('base64') },
    }),
    throttled: awsError('LimitExceededException'),
    refused: awsError('InvalidArgumentException'),
    code: 'INVALID_PARAMETER',
  },
  lambda: {
    target: { Arn: arnOf('lambda', 'function:resize:live') },
    operation: 'Invoke',
    input: (id) => ({
      FunctionName: arnOf('lambda', 'function:resize:live'),
      InvocationType: 'Event',
      Payload: bodies.get(id),
    }),
    throttled: awsError('TooManyRequestsException', 429),
    refused: awsError('AccessDeniedException', 403),
    code: 'NO_PERMISSIONS',
  },
  logs: {
    target: { Arn: arnOf('logs', 'log-group:/aws/events/audit:*') },
    operation: 'PutLogEvents',
    input: (id) => ({
      logGroupName: '/aws/events/audit',
      logStreamName: 'default/logs/t1',
      logEvents: [{ timestamp: TIME, message: bodies.get(id) }],
    }),
    throttled: awsError('ThrottlingException'),
    refused: MISSING,
    code: 'NO_RESOURCE',
  },
  states: {
    target: { Arn: arnOf('states', 'stateMachine:order-flow'), RoleArn: ROLE },
    operation: 'StartExecution',
    input: (id) => ({
      stateMachineArn: arnOf('states', 'stateMachine:order-flow'),
      name: expect.stringMatching(new RegExp(`^${id}_[0-9a-f-]{36}$`)),
      input: bodies.get(id),
      traceHeader: TRACE,
    }),
    throttled: awsError('ServiceUnavailable', 503),
    refused: awsError('StateMachineDoesNotExist'),
    code: 'NO_RESOURCE',
  },
  events: {
    target: { Arn: arnOf('events', 'event-bus/partners', ELSEWHERE), RoleArn: ROLE },
    operation: 'PutEvents',
    input: () => ({
      Entries: [
        {
          EventBusName: arnOf('events', 'event-bus/partners', ELSEWHERE),
          ...{ Source: 'events', DetailType: 'Visit', Detail: DETAIL, Resources: ['a', 'b'] },
          ...{ Time: TIME / 1_000, TraceHeader: TRACE },
        },
      ],
    }),
    throttled: refusedEntry('ThrottlingException'),
    refused: refusedEntry('NotAuthorizedForSourceException'),
    code: 'NO_PERMISSIONS',
  },
}
const NAMES = Object.keys(KINDS)
const DETAIL = '{"user":"ana","n":1.0,"big":12345678901234567890}'
const TRACE = 'Root=1-5759e988-bd862e3fe1be46a994272793'
const TIME = Date.parse('2026-03-04T05:06:07Z')
/** What targets are sent of the events, by their ids. */
const bodies = new Map<string, string>()

const putTarget = (rule: string, target: Partial<Target>) =>
  events.send(new PutTargetsCommand({ Rule: rule, Targets: [{ Id: 't1', Arn: '', ...target }] }))

async function addRule(rule: string, target: Partial<Target>): Promise<void> {
  const EventPattern = JSON.stringify({ source: [rule] })
  await events.send(new PutRuleCommand({ Name: rule, EventPattern }))
  await putTarget(rule, target)
}

/** Puts an event for the rules of these names, and answers the ids by them. */
async function putEventsFor(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const entry = { DetailType: 'Visit', Detail: DETAIL, Resources: ['a', 'b'], TraceHeader: TRACE }
  const entries = names.map((Source) => ({ ...entry, Source, Time: new Date(TIME) }))
  const { Entries = [] } = await events.send(new PutEventsCommand({ Entries: entries }))
  return new Map(
    names.map((name, index) => {
      const id = Entries[index]?.EventId ?? ''
      bodies.set(id, eventJson(id, name))
      return [name, id]
    }),
  )
}
const eventJson = (id: string, source: string) =>
  `{"version":"0","id":"${id}","detail-type":"Visit","source":"${source}","account":"${MEMBER}",` +
  `"time":"2026-03-04T05:06:07Z","region":"${REGION}","resources":["a","b"],"detail":${DETAIL}}`

/** How a delivery ended: waits until it has. */
async function endOf(id: string): Promise<{ state: string; attempts: any[]; steps: any[] }> {
  for (;;) {
    const { body } = await hub.rest('GET', `/events/${id}/trace`)
    const [trace] = body.traces ?? []
    const [delivery] = trace?.deliveries ?? []
    if (delivery !== undefined && delivery.state !== 'PENDING') {
      return { ...delivery, steps: trace.steps }
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const callsTo = (name: string) =>
  aws.calls.filter(
    ({ service, operation }) => service === name && operation === KINDS[name]?.operation,
  )
const isOf = ({ service, operation }: AwsCall) => {
  const kind = KINDS[service]
  return kind?.operation === operation ? kind : undefined
}

describe('a target of each kind in AWS', () => {
  let ids: ReadonlyMap<string, string>
  beforeAll(async () => {
    for (const name of NAMES) await addRule(name, KINDS[name]?.target ?? {})
    ids = await putEventsFor(NAMES)
    for (const id of ids.values()) await endOf(id)
  })

  it.each(NAMES)('%s is listed as it was put', async (name) => {
    const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: name }))
    expect(Targets).toEqual([{ Id: 't1', ...KINDS[name]?.target }])
  })

  it.each(NAMES)('%s gets an event as its service takes it', async (name) => {
    const id = ids.get(name) ?? ''
    const { state, attempts } = await endOf(id)
    expect(attempts).toMatchObject([{ outcome: 'delivered' }])
    expect(state).toBe('DELIVERED')
    const { target, input } = KINDS[name] as Kind
    const [call] = callsTo(name)
    expect(call?.input).toMatchObject(input(id))
    expect(call?.region).toBe(REGION)
    const assumed = target.RoleArn === undefined ? 'AKIAHUB' : accessKeyOf(ROLE)
    expect(call?.accessKeyId).toBe(assumed)
  })

  it('is told by the account of its rule when its role is assumed', () => {
    const assumed = aws.calls.filter(({ operation }) => operation === 'AssumeRole')
    expect(new Set(assumed.map(({ input }) => input.ExternalId))).toEqual(new Set([MEMBER]))
    expect(assumed.map(({ input }) => input.RoleArn)).toContain(ROLE)
  })

  it('that is a queue or a topic of an emulator has the event there', () => {
    const messages = emulator.inspectQueue('orders.fifo')?.messages.ready ?? []
    expect(JSON.stringify(messages)).toContain(ids.get('sqs'))
    const published = emulator.inspectQueue('of-topic')?.messages.ready ?? []
    expect(JSON.stringify(published)).toContain(ids.get('sns'))
  })

  it('that throttles is tried again, and gets the event', async () => {
    const throttled = new Set<string>()
    aws.answerWith((call) => {
      if (throttled.has(call.service)) return undefined
      const kind = isOf(call)
      if (kind !== undefined) throttled.add(call.service)
      return kind?.throttled
    })
    for (const [name, id] of await putEventsFor(NAMES)) {
      const { state, attempts } = await endOf(id)
      expect([name, state, attempts.map(({ outcome }) => outcome)]).toEqual([
        ...[name, 'DELIVERED', ['retry', 'delivered']],
      ])
      const codes: Record<string, string> = {
        firehose: 'RESOURCE_LIMIT_EXCEEDED',
        states: 'ERROR_FROM_TARGET',
      }
      expect([name, attempts[0].errorCode]).toEqual([name, codes[name] ?? 'THROTTLING'])
      const [first, second] = callsTo(name).slice(-2)
      expect(second?.input).toEqual(first?.input)
    }
  })

  it('that refuses for good leaves a dead letter with its reason at once', async () => {
    aws.answerWith((call) => {
      if (call.operation === 'CreateLogStream') return MISSING
      return isOf(call)?.refused
    })
    for (const [name, id] of await putEventsFor(NAMES)) {
      const { state, attempts } = await endOf(id)
      expect([name, state, attempts.length]).toEqual([name, 'DEAD', 1])
      const { body } = await hub.rest('GET', `/dead-letters?eventId=${id}`)
      expect(body.items[0]).toMatchObject({ errorCode: KINDS[name]?.code, attempts: 1 })
    }
    aws.answerWith(() => undefined)
  })
})

describe('a role', () => {
  it.each([
    ['denied', 'AccessDenied', ['FAILED_TO_ASSUME_ROLE'], 'DEAD'],
    ['busy', 'Throttling', ['TRANSIENT_ASSUME_ROLE', undefined], 'DELIVERED'],
  ])('that is %s fails the attempt', async (name, code, codes, end) => {
    const RoleArn = `arn:aws:iam::${MEMBER}:role/${name}`
    await addRule(name, { Arn: arnOf('kinesis', 'stream/clicks'), RoleArn })
    let failures = 0
    aws.answerWith(({ operation, input }) => {
      if (operation !== 'AssumeRole' || input.RoleArn !== RoleArn) return undefined
      return name === 'busy' && (failures += 1) > 1 ? undefined : awsError(code, 403)
    })
    const ids = await putEventsFor([name])
    const { state, attempts } = await endOf(ids.get(name) ?? '')
    expect(attempts.map(({ errorCode }) => errorCode)).toEqual(codes)
    expect(state).toBe(end)
    aws.answerWith(() => undefined)
  })
})

describe('a log group', () => {
  it('gets the message and the time of an input transformer, in a stream that is made', async () => {
    const InputPathsMap = { who: '$.detail.user', at: '$.time' }
    const InputTemplate = '{"timestamp": <at>, "message": "<who> came"}'
    const Arn = arnOf('logs', 'log-group:visits')
    await addRule('visits', { Arn, InputTransformer: { InputPathsMap, InputTemplate } })
    const made: string[] = []
    aws.answerWith(({ operation, input }) => {
      if (operation === 'CreateLogStream') made.push(input.logStreamName)
      return operation === 'PutLogEvents' && made.length === 0 ? MISSING : undefined
    })
    const ids = await putEventsFor(['visits'])
    expect(await endOf(ids.get('visits') ?? '')).toMatchObject({ state: 'DELIVERED' })
    expect(made).toEqual(['default/visits/t1'])
    const written = aws.calls.findLast(({ operation }) => operation === 'PutLogEvents')
    expect(written?.input.logEvents).toEqual([{ timestamp: TIME, message: 'ana came' }])
    aws.answerWith(() => undefined)
  })
})

describe('an execution', () => {
  it('that an earlier attempt has started is not a failure', async () => {
    await addRule('again', KINDS['states']?.target ?? {})
    aws.answerWith((call) =>
      isOf(call) === undefined ? undefined : awsError('ExecutionAlreadyExists'),
    )
    const ids = await putEventsFor(['again'])
    expect(await endOf(ids.get('again') ?? '')).toMatchObject({ state: 'DELIVERED' })
    aws.answerWith(() => undefined)
  })
})

describe('PutTargets refuses', () => {
  beforeAll(() => addRule('refusing', { Arn: arnOf('sqs', 'orders') }))

  const unsupported = 'Belfry does not deliver to this kind of target; it delivers to event buses'
  const roles = `the role must be one of account ${MEMBER}.`
  const there = (service: string, resource: string) =>
    arnOf(service, resource).replace(REGION, 'eu-west-1')
  const refusals: (readonly [Partial<Target>, string])[] = [
    [{ Arn: arnOf('ecs', 'cluster/c') }, unsupported],
    [{ Arn: arnOf('batch', 'job-queue/q') }, unsupported],
    [{ Arn: arnOf('codebuild', 'project/p') }, unsupported],
    [{ Arn: arnOf('execute-api', 'abc/prod/GET/') }, unsupported],
    [{ Arn: arnOf('sqs', 'a b') }, unsupported],
    [{ Arn: arnOf('kinesis', 'stream/s') }, 'RoleArn is required for target'],
    [{ Arn: arnOf('firehose', 'deliverystream/s') }, 'RoleArn is required for target'],
    [{ Arn: arnOf('states', 'stateMachine:s') }, 'RoleArn is required for target'],
    [{ Arn: arnOf('sqs', 'q', ELSEWHERE) }, 'RoleArn is required for target'],
    [{ Arn: arnOf('logs', 'log-group:g', ELSEWHERE) }, `must be in account ${MEMBER}`],
    [{ Arn: arnOf('logs', 'log-group:g'), RoleArn: ROLE }, 'RoleArn is not supported for target'],
    [
      { Arn: arnOf('logs', 'log-group:g'), InputPath: '$.detail' },
      'Input and InputPath are not valid forms of input for target t1. The only valid form of input is InputTransformer.',
    ],
    [{ Arn: arnOf('sns', 'topic.fifo') }, 'FIFO topics are not supported.'],
    [{ Arn: there('sqs', 'q') }, `the target must be in region ${REGION}, as its rule.`],
    [{ Arn: arnOf('sqs', 'q'), RoleArn: ROLE.replace(MEMBER, ELSEWHERE) }, roles],
    [{ Arn: arnOf('sqs', 'q'), RoleArn: 'role' }, roles],
    [
      { Arn: arnOf('sqs', 'q.fifo') },
      'Parameter(s) MessageGroupId must be specified for target t1.',
    ],
    [
      { Arn: arnOf('sns', 'n'), SqsParameters: { MessageGroupId: 'g' } },
      'Parameter SqsParameters is not valid. Reason: target t1 is no SQS queue.',
    ],
    [
      { Arn: 'https://example.com/', KinesisParameters: { PartitionKeyPath: '$.id' } },
      'Parameter KinesisParameters is not valid. Reason: target t1 is no Kinesis data stream.',
    ],
    [
      {
        ...{ Arn: arnOf('kinesis', 'stream/s'), RoleArn: ROLE },
        KinesisParameters: { PartitionKeyPath: 'id' },
      },
      'Parameter PartitionKeyPath is not valid. Reason: "id" is no path such as',
    ],
    [
      { Arn: arnOf('sqs', 'q'), EcsParameters: { TaskDefinitionArn: 'a' } },
      'Parameter EcsParameters is not supported by Belfry.',
    ],
    [{ Arn: 'file:///a.ndjson' }, 'files are off: start the hub with --file-targets FOLDER.'],
  ]
  it.each(refusals)('%j', async (target, message) => {
    await expect(putTarget('refusing', target)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(message),
    })
  })
})
