import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler'
import type { Target } from '@aws-sdk/client-scheduler'
import { startFauxqs } from 'fauxqs'
import type { FauxqsServer } from 'fauxqs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { startAwsServer } from '../aws-server.ts'
import type { AwsServer } from '../aws-server.ts'
import { BASIC, SECRET, connectionCalls } from '../connection-calls.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

const { MEMBER, LOGGING } = ACCOUNTS
const ELSEWHERE = '999999999999'
const ROLE = `arn:aws:iam::${MEMBER}:role/scheduler`
const folder = newDataFolder()
const files = join(folder, 'files')
let hub: HubProcess
let emulator: FauxqsServer
let aws: AwsServer
let receiver: Receiver
let scheduler: SchedulerClient
let events: EventBridgeClient

beforeAll(async () => {
  emulator = await startFauxqs({ port: 0, logger: false, defaultRegion: REGION })
  emulator.createQueue('lost')
  aws = await startAwsServer(emulator.address)
  receiver = await startReceiver(({ path }, response) =>
    response.writeHead(path === '/refuse' ? 400 : 200).end(),
  )
  const toAws = ['--aws-targets', 'on', '--aws-endpoint', aws.url]
  await startHub([...toAws, '--file-targets', files])
  await createOrganisation(hub)
  await connect()
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await Promise.all([aws.close(), receiver.close(), emulator.stop()])
  removeDataFolder(folder)
})

async function startHub(flags: readonly string[]): Promise<void> {
  const env = { AWS_ACCESS_KEY_ID: 'AKIAHUB', AWS_SECRET_ACCESS_KEY: 'HUBSECRET' }
  hub = await startHubProcess(join(folder, 'data'), ['--allow-private-targets', ...flags], env)
}
async function connect(): Promise<void> {
  const [endpoint, region, credentials] = [hub.url, REGION, await hub.profile('member')]
  scheduler = new SchedulerClient({ endpoint, region, credentials })
  events = new EventBridgeClient({ endpoint, region, credentials })
}

const arnOf = (service: string, resource: string, account: string = MEMBER) =>
  `arn:aws:${service}:${REGION}:${account}:${resource}`
const scheduleArn = (name: string) => arnOf('scheduler', `schedule/default/${name}`)
const EventBridgeParameters = { Source: 'shop', DetailType: 'Tick' }
const FUNCTION = arnOf('lambda', 'function:f')
const BUS = arnOf('events', 'event-bus/partners', ELSEWHERE)

/** Makes a schedule that begins at once, and then waits a day. */
const create = (Name: string, target: Partial<Target>, more: object = {}) =>
  scheduler.send(
    new CreateScheduleCommand({
      ...{ Name, ScheduleExpression: 'rate(1 day)', FlexibleTimeWindow: { Mode: 'OFF' } },
      Target: { Arn: '', RoleArn: ROLE, ...target },
      ...more,
    }),
  )

/** What the dead-letter queue has of a schedule. */
async function letterOf(schedule: string) {
  for (;;) {
    for (const { body, messageAttributes } of emulator.inspectQueue('lost')?.messages.ready ?? []) {
      const attributes = Object.fromEntries(
        Object.entries(messageAttributes).map(([name, { StringValue }]) => [name, StringValue]),
      )
      if (attributes['SCHEDULE_ARN'] === scheduleArn(schedule)) return { text: body, attributes }
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('a schedule whose target the hub itself has', () => {
  const Input = '{"by": "<aws.scheduler.schedule-arn>", "try": <aws.scheduler.attempt-number>}'
  const filledIn = (name: string) => `{"by": "${scheduleArn(name)}", "try": 1}`

  it('asks an API destination with its credentials', async () => {
    const calls = connectionCalls(events)
    const { ConnectionArn } = await calls.create('api', BASIC)
    const InvocationEndpoint = `${receiver.url}/api`
    const made = await calls.createDestination('api', ConnectionArn, { InvocationEndpoint })
    await create('to-api', { Arn: made.ApiDestinationArn, Input })
    const [request] = await receiver.waitFor(1, ({ text }) => text.includes('to-api'))
    expect(request?.text).toBe(filledIn('to-api'))
    const credentials = Buffer.from(`ana:${SECRET}`).toString('base64')
    expect(request?.headers.authorization).toBe(`Basic ${credentials}`)
  })

  it('writes a line to a file of its account', async () => {
    await create('to-file', { Arn: 'file:///ticks.ndjson', Input: 'not\nJSON' })
    const file = join(files, MEMBER, 'ticks.ndjson')
    while (!existsSync(file) || readFileSync(file, 'utf8') === '') {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(readFileSync(file, 'utf8')).toBe('"not\\nJSON"\n')
  })

  it('puts its event on the bus of another account that lets it, as no forwarding', async () => {
    const credentials = await hub.profile('logging')
    const logging = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
    const onBus = { EventBusName: 'open' }
    await logging.send(new CreateEventBusCommand({ Name: 'open' }))
    const who = { Action: 'events:PutEvents', Principal: MEMBER, StatementId: 's' }
    await logging.send(new PutPermissionCommand({ ...onBus, ...who }))
    const Name = 'ticks'
    const EventPattern = JSON.stringify({ source: ['shop'] })
    await logging.send(new PutRuleCommand({ ...onBus, Name, EventPattern }))
    const Targets = [{ Id: 't', Arn: `${receiver.url}/ticks` }]
    await logging.send(new PutTargetsCommand({ ...onBus, Rule: Name, Targets }))
    const Arn = arnOf('events', 'event-bus/open', LOGGING)
    await create('to-open', { Arn, EventBridgeParameters, Input })
    const [request] = await receiver.waitFor(1, ({ path }) => path === '/ticks')
    expect(request?.body).toMatchObject({
      ...{ source: 'shop', 'detail-type': 'Tick', account: MEMBER },
      ...{ resources: [scheduleArn('to-open')], detail: { by: scheduleArn('to-open'), try: 1 } },
    })
  })
})

describe('a dead letter of a schedule', () => {
  const DeadLetterConfig = { Arn: arnOf('sqs', 'lost') }

  it('tells of a URL what it was sent', async () => {
    const Arn = `${receiver.url}/refuse`
    await create('refused-url', { Arn, Input: '{"n":1.0}', DeadLetterConfig })
    const { text, attributes } = await letterOf('refused-url')
    expect(text).toBe('{"n":1.0}')
    expect(attributes).toMatchObject({
      ...{ TARGET_ARN: Arn, ERROR_CODE: 'ERROR_FROM_TARGET' },
      ...{ ERROR_MESSAGE: 'the target answered 400', RETRY_ATTEMPTS: '0' },
    })
  })

  it('tells of an event bus that is missing, and of one whose owner has not let it', async () => {
    const missing = arnOf('events', 'event-bus/missing')
    await create('no-bus', { Arn: missing, EventBridgeParameters, DeadLetterConfig })
    const { attributes } = await letterOf('no-bus')
    expect(attributes).toMatchObject({
      ...{ TARGET_ARN: 'arn:aws:scheduler:::aws-sdk:eventbridge:putEvents' },
      ERROR_MESSAGE: `event bus ${missing} does not exist`,
    })
    const Arn = arnOf('events', 'event-bus/default', LOGGING)
    await create('not-let', { Arn, EventBridgeParameters, DeadLetterConfig })
    const refused = await letterOf('not-let')
    expect(refused.attributes['ERROR_MESSAGE']).toBe(
      `${ROLE} is not authorized to perform: events:PutEvents on resource: ${Arn} because no resource-based policy allows the events:PutEvents action`,
    )
  })
})

describe('CreateSchedule refuses', () => {
  const SqsParameters = { MessageGroupId: 'g' }
  const there = (arn: string) => arn.replace(REGION, 'eu-west-1')
  const partner = arnOf('events', 'event-bus/aws.partner/stax.io/x/default')
  const universal = (of: string) => `arn:aws:scheduler:::aws-sdk:${of}`
  const refusals: (readonly [Partial<Target>, string | RegExp])[] = [
    [{ Arn: universal('sqs:sendMessage'), Input: '{}' }, /^sqs is not a supported service for a /],
    [{ Arn: universal('backup:startReportJob') }, /^backup is not a supported service for a targ/],
    [
      { Arn: arnOf('scheduler', 'schedule/default/x') },
      'scheduler is not a supported service for a target.',
    ],
    [{ Arn: arnOf('ecs', 'cluster/c') }, 'ecs is not a supported service for a target.'],
    [{ Arn: arnOf('logs', 'log-group:g') }, 'logs is not a supported service for a target.'],
    [{ Arn: 'queue' }, 'Provided Arn is not in correct format.'],
    [{ Arn: arnOf('lambda', 'layer:x') }, 'Provided Arn is not in correct format.'],
    [
      { Arn: there(FUNCTION) },
      `The target ARN provided does not match the current region ${REGION}.`,
    ],
    [
      { Arn: there(BUS), EventBridgeParameters },
      `The target ARN provided does not match the current region ${REGION}.`,
    ],
    [{ Arn: FUNCTION, SqsParameters }, 'Parameters SqsParameters not supported for the target.'],
    [
      { Arn: arnOf('sqs', 'q'), EventBridgeParameters },
      'Parameters EventBridgeParameters not supported for the target.',
    ],
    [
      { Arn: 'https://example.com/', KinesisParameters: { PartitionKey: 'k' } },
      'Parameters KinesisParameters not supported for the target.',
    ],
    [{ Arn: arnOf('sqs', 'q.fifo') }, 'Parameters SqsParameters must be specified.'],
    [
      { Arn: arnOf('sqs', 'q'), SqsParameters },
      'Parameters MessageGroupId not valid for the target.',
    ],
    [{ Arn: arnOf('kinesis', 'stream/s') }, 'Parameters KinesisParameters must be specified.'],
    [{ Arn: BUS }, 'Parameters EventBridgeParameters must be specified.'],
    [
      { Arn: arnOf('kinesis', 'stream/s'), KinesisParameters: { PartitionKey: '' } },
      /'target.kinesisParameters.partitionKey' failed to satisfy constraint/,
    ],
    [{ Arn: FUNCTION, Input: 'no JSON' }, 'JSON syntax error in input for the target.'],
    [
      { Arn: arnOf('states', 'stateMachine:s'), Input: '{' },
      'JSON syntax error in input for the target.',
    ],
    [
      { Arn: BUS, EventBridgeParameters, Input: '[]' },
      'Input is not valid. Reason: the detail of an event is a JSON object.',
    ],
    [
      { Arn: arnOf('sqs', 'q'), Input: 'é'.repeat(524_289) },
      'Input is not valid. Reason: it has more than 1048576 bytes.',
    ],
    [
      { Arn: arnOf('sqs', 'q'), Input: '<aws.scheduler.schedule-arn>'.repeat(20_000) },
      'Input is not valid. Reason: it has more than 1048576 bytes.',
    ],
    [{ Arn: arnOf('sns', 'topic.fifo') }, /Reason: FIFO topics are not supported\.$/],
    [
      { Arn: arnOf('states', 'stateMachine:s', ELSEWHERE) },
      new RegExp(`Reason: the target must be in account ${MEMBER}, as its schedule.$`),
    ],
    [{ Arn: partner, EventBridgeParameters }, /Reason: only its partner puts events on a partner/],
    [
      { Arn: FUNCTION, RoleArn: ROLE.replace(MEMBER, ELSEWHERE) },
      'The execution role you provide must allow AWS EventBridge Scheduler to assume the role.',
    ],
    [
      { Arn: FUNCTION, DeadLetterConfig: { Arn: arnOf('sqs', 'lost.fifo') } },
      /'target.deadLetterConfig.arn' failed to satisfy constraint: Member must satisfy regular exp/,
    ],
    [
      { Arn: FUNCTION, DeadLetterConfig: { Arn: there(arnOf('sqs', 'lost')) } },
      `Parameter DeadLetterConfig.Arn is not valid. Reason: the queue must be in region ${REGION}.`,
    ],
    [{ Arn: 'file:///../a' }, /^Parameter file:.* Reason: a file is named as in file:/],
    [
      { Arn: arnOf('events', 'api-destination/d/11111111-1111-1111-1111-111111111111', ELSEWHERE) },
      new RegExp(`Reason: the target must be in account ${MEMBER}, as its schedule.$`),
    ],
    [
      { Arn: FUNCTION, EcsParameters: { TaskDefinitionArn: 'a' } },
      'Parameter EcsParameters is not supported by Belfry.',
    ],
  ]
  it.each(refusals)('%j', async (target, message) => {
    await expect(create('refused', target)).rejects.toMatchObject({
      name: 'ValidationException',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
      $metadata: { httpStatusCode: 400 },
    })
  })

  it('no input that is as large as may be, nor a queue of another account', async () => {
    const DeadLetterConfig = { Arn: arnOf('sqs', 'lost', ELSEWHERE) }
    const Input = 'x'.repeat(1_048_576)
    const target = { Arn: arnOf('sqs', 'q', ELSEWHERE), Input, DeadLetterConfig }
    expect(await create('large', target, { State: 'DISABLED' })).toMatchObject({
      ScheduleArn: scheduleArn('large'),
    })
  })
})

describe('a hub without targets in AWS or files', () => {
  beforeAll(async () => {
    await hub.kill('SIGTERM')
    await startHub([])
    await connect()
  })

  it('refuses a file without a folder for files', async () => {
    await expect(create('off', { Arn: 'file:///a.ndjson' })).rejects.toMatchObject({
      message: expect.stringContaining('files are off: start the hub with --file-targets FOLDER.'),
    })
  })

  it.each([
    ['a queue', { Arn: arnOf('sqs', 'orders') }],
    ['an event bus of an account that it does not have', { Arn: BUS, EventBridgeParameters }],
    [
      'a dead-letter queue',
      { Arn: 'https://example.com/', DeadLetterConfig: { Arn: arnOf('sqs', 'lost') } },
    ],
  ])('refuses %s, and names the option', async (_what, target) => {
    await expect(create('off', target)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('start the hub with --aws-targets on'),
    })
  })
})
