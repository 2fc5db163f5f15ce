import {
  EventBridgeClient,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import type { Target } from '@aws-sdk/client-eventbridge'
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { startFauxqs } from 'fauxqs'
import type { FauxqsServer } from 'fauxqs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { awsError, startAwsServer } from '../aws-server.ts'
import type { AwsServer } from '../aws-server.ts'
import { runCommand } from '../belfry-command.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

const { MEMBER } = ACCOUNTS
const folder = newDataFolder()
const env = { AWS_ACCESS_KEY_ID: 'AKIAHUB', AWS_SECRET_ACCESS_KEY: 'HUBSECRET' }
let hub: HubProcess
let emulator: FauxqsServer
let aws: AwsServer
let receiver: Receiver
let events: EventBridgeClient
let queues: SQSClient
/** What the target answers, by the name of its rule. */
const statuses = new Map<string, number>()

beforeAll(async () => {
  emulator = await startFauxqs({ port: 0, logger: false, defaultRegion: REGION })
  aws = await startAwsServer(emulator.address)
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  queues = new SQSClient({ endpoint: emulator.address, region: REGION, credentials })
  receiver = await startReceiver(({ path }, response) =>
    response.writeHead(statuses.get(path.slice(1)) ?? 200).end('the answer'),
  )
  await startHub()
  await createOrganisation(hub)
  await connect()
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  queues.destroy()
  await Promise.all([receiver.close(), aws.close(), emulator.stop()])
  removeDataFolder(folder)
})

async function startHub(flags = ['--aws-targets', 'on', '--aws-endpoint', aws.url]): Promise<void> {
  hub = await startHubProcess(folder, ['--allow-private-targets', ...flags], env)
}
async function connect(): Promise<void> {
  const credentials = await hub.profile('member')
  events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
}

const queueArn = (name: string) => `arn:aws:sqs:${REGION}:${MEMBER}:${name}`
const ruleArn = (name: string) => `arn:aws:events:${REGION}:${MEMBER}:rule/${name}`

const putTarget = (rule: string, target: Partial<Target>) =>
  events.send(
    new PutTargetsCommand({
      Rule: rule,
      Targets: [{ Id: 't1', Arn: `${receiver.url}/${rule}`, ...target }],
    }),
  )
async function addRule(rule: string, status: number, target: Partial<Target> = {}): Promise<void> {
  statuses.set(rule, status)
  const EventPattern = JSON.stringify({ source: [rule] })
  await events.send(new PutRuleCommand({ Name: rule, EventPattern }))
  await putTarget(rule, { DeadLetterConfig: { Arn: queueArn(rule) }, ...target })
}
async function putEvent(source: string): Promise<string> {
  const entry = { Source: source, DetailType: 'Visit', Detail: '{"n":1.0}' }
  const { Entries } = await events.send(new PutEventsCommand({ Entries: [entry] }))
  return Entries?.[0]?.EventId ?? ''
}

/** The first message of a queue: waits for it. */
async function messageIn(queue: string) {
  for (;;) {
    const { Messages = [] } = await queues.send(
      new ReceiveMessageCommand({
        QueueUrl: `${emulator.address}/${MEMBER}/${queue}`,
        MessageAttributeNames: ['All'],
        WaitTimeSeconds: 5,
      }),
    )
    const [message] = Messages
    if (message === undefined) continue
    const attributes = Object.entries(message.MessageAttributes ?? {})
    return {
      text: message.Body ?? '',
      types: new Set(attributes.map(([, { DataType }]) => DataType)),
      attributes: Object.fromEntries(attributes.map(([name, value]) => [name, value.StringValue])),
    }
  }
}
const lettersOf = async (eventId: string): Promise<any[]> =>
  (await hub.rest('GET', `/dead-letters?eventId=${eventId}`)).body.items
async function until<T>(look: () => Promise<T>, accept: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await look()
    if (accept(found)) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
const traceOf = async (eventId: string) =>
  (await hub.rest('GET', `/events/${eventId}/trace`)).body.traces[0]

describe('a dead-letter queue', () => {
  it('gets the original event when its delivery fails for good, and the hub keeps no letter', async () => {
    emulator.createQueue('refused')
    await addRule('refused', 400, { Input: '"not this"' })
    const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: 'refused' }))
    expect(Targets?.[0]?.DeadLetterConfig).toEqual({ Arn: queueArn('refused') })
    const id = await putEvent('refused')
    const { text, types, attributes } = await messageIn('refused')
    expect(text).toMatch(new RegExp(`^\\{"version":"0","id":"${id}".*"detail":\\{"n":1.0\\}\\}$`))
    expect(types).toEqual(new Set(['String']))
    expect(attributes).toEqual({
      RULE_ARN: ruleArn('refused'),
      TARGET_ARN: `${receiver.url}/refused`,
      ERROR_CODE: 'ERROR_FROM_TARGET',
      ERROR_MESSAGE: 'the target answered 400',
    })
    await until(
      () => lettersOf(id),
      ({ length }) => length === 0,
    )
    const { deliveries, steps } = await traceOf(id)
    const queue = { arn: queueArn('refused'), sent: true }
    expect(deliveries).toMatchObject([{ state: 'DEAD', deadLetterQueue: queue }])
    expect(steps.at(-1)).toMatchObject({
      ...{ type: 'INVOCATION_DLQ', message: `sent to ${queueArn('refused')}` },
    })
    const { stdout } = await runCommand(folder, ['trace', id])
    expect(stdout).toContain(`after 1 attempt: sent to ${queueArn('refused')}`)
  })

  it('is told how the retries ended', async () => {
    emulator.createQueue('exhausted')
    await addRule('exhausted', 503, { RetryPolicy: { MaximumRetryAttempts: 1 } })
    await putEvent('exhausted')
    expect((await messageIn('exhausted')).attributes).toEqual({
      RULE_ARN: ruleArn('exhausted'),
      TARGET_ARN: `${receiver.url}/exhausted`,
      ERROR_CODE: 'ERROR_FROM_TARGET',
      ERROR_MESSAGE: 'the target answered 503',
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: '1',
    })
  })

  it('that is missing leaves the letter with the hub, with the reason, to be redriven', async () => {
    await addRule('missing', 400)
    const id = await putEvent('missing')
    const [letter] = await until(
      () => lettersOf(id),
      ([found]) => found?.queueError !== undefined,
    )
    expect(letter).toMatchObject({
      errorCode: 'ERROR_FROM_TARGET',
      queueError: expect.stringMatching(/^NO_RESOURCE: (QueueDoesNotExist|.*NonExistentQueue)/),
    })
    expect(letter).not.toHaveProperty('nextSendAt')
    const { stdout } = await runCommand(folder, ['dead-letters', 'show', String(letter.id)])
    expect(stdout).toMatch(/not in queue +NO_RESOURCE: /)
    const { steps } = await traceOf(id)
    expect(steps.at(-1)).toMatchObject({
      type: 'INVOCATION_DLQ',
      message: expect.stringContaining(`${queueArn('missing')} does not have it: NO_RESOURCE`),
    })
    statuses.set('missing', 200)
    await hub.rest('POST', '/dead-letters/redrive', { ids: [letter.id] })
    await until(
      () => traceOf(id),
      ({ deliveries }) => deliveries[0].state === 'DELIVERED',
    )
  })

  it('that fails for a time gets the letter in the end, though the hub was killed meanwhile', async () => {
    emulator.createQueue('later')
    aws.answerWith(({ service }) =>
      service === 'sqs' ? awsError('ServiceUnavailable', 503) : undefined,
    )
    await addRule('later', 400)
    const id = await putEvent('later')
    const [letter] = await until(
      () => lettersOf(id),
      ([found]) => found?.queueError !== undefined,
    )
    expect(letter).toMatchObject({
      queueError: expect.stringContaining('ERROR_FROM_TARGET: ServiceUnavailable'),
      nextSendAt: expect.any(Number),
    })
    await hub.kill('SIGKILL')
    aws.answerWith(() => undefined)
    await startHub()
    expect((await messageIn('later')).text).toContain(`"id":"${id}"`)
    await until(
      () => lettersOf(id),
      ({ length }) => length === 0,
    )
    await connect()
  })

  const wrong: (readonly [string, Partial<Target>, string])[] = [
    ['a FIFO queue', { DeadLetterConfig: { Arn: queueArn('q.fifo') } }, 'a FIFO queue cannot be'],
    [
      'a queue of another region',
      { DeadLetterConfig: { Arn: queueArn('q').replace(REGION, 'eu-west-1') } },
      `the queue must be in region ${REGION}`,
    ],
    ['a topic', { DeadLetterConfig: { Arn: queueArn('q').replace('sqs', 'sns') } }, 'no SQS queue'],
    [
      'a queue of another account, without a role',
      { DeadLetterConfig: { Arn: queueArn('q').replace(MEMBER, '999999999999') } },
      'only by a RoleArn of target t1 or of its rule',
    ],
  ]
  it.each(wrong)('is not %s', async (_what, target, message) => {
    await expect(putTarget('refused', target)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(
        new RegExp(`^Parameter DeadLetterConfig.Arn is not valid. Reason: .*${message}`),
      ),
    })
  })
})

describe('a hub without targets in AWS', () => {
  beforeAll(async () => {
    await putTarget('refused', { Arn: queueArn('orders'), Input: '1' })
    await hub.kill('SIGTERM')
    await startHub([])
    await connect()
  })

  const role = `arn:aws:iam::${MEMBER}:role/r`
  const bus = `arn:aws:events:${REGION}:999999999999:event-bus/b`
  it.each([
    ['a queue', { Arn: queueArn('orders') }],
    ['a dead-letter queue', { DeadLetterConfig: { Arn: queueArn('refused') } }],
    ['an event bus of an account that it does not have', { Arn: bus, RoleArn: role }],
  ])('refuses %s, and names the option', async (_what, target) => {
    await expect(putTarget('missing', target)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(
        'targets in AWS are off: start the hub with --aws-targets on',
      ),
    })
  })

  it('keeps what is for one that it has had as a dead letter', async () => {
    const id = await putEvent('refused')
    const [letter] = await until(
      () => lettersOf(id),
      ([found]) => found !== undefined,
    )
    expect(letter).toMatchObject({
      errorCode: 'NO_PERMISSIONS',
      errorMessage: 'targets in AWS are off: start the hub with --aws-targets on',
    })
  })
})
