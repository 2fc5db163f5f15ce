import {
  DescribeRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import type { PutRuleCommandInput, Target } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { accessKeyOf, awsError, startAwsServer } from '../aws-server.ts'
import type { AwsServer } from '../aws-server.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

const { MEMBER, SECURITY } = ACCOUNTS
const ELSEWHERE = '999999999999'
const OF_RULE = `arn:aws:iam::${MEMBER}:role/of-rule`
const OF_TARGET = `arn:aws:iam::${MEMBER}:role/of-target`
const arnOf = (service: string, resource: string, account: string = MEMBER) =>
  `arn:aws:${service}:${REGION}:${account}:${resource}`
const STREAM = arnOf('kinesis', 'stream/clicks')

const folder = newDataFolder()
let hub: HubProcess
let aws: AwsServer
let events: EventBridgeClient

beforeAll(async () => {
  aws = await startAwsServer('http://127.0.0.1:9')
  aws.answerWith(({ service }) => (service === 'sqs' ? [200, { MessageId: 'm' }] : undefined))
  hub = await startHubProcess(
    folder,
    ['--allow-private-targets', '--aws-targets', 'on', '--aws-endpoint', aws.url],
    { AWS_ACCESS_KEY_ID: 'AKIAHUB', AWS_SECRET_ACCESS_KEY: 'HUBSECRET' },
  )
  await createOrganisation(hub)
  events = await clientOf('member')
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await aws.close()
  removeDataFolder(folder)
})

async function clientOf(profile: string): Promise<EventBridgeClient> {
  const credentials = await hub.profile(profile)
  return new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
}

const putRule = (Name: string, more: Partial<PutRuleCommandInput> = { RoleArn: OF_RULE }) =>
  events.send(new PutRuleCommand({ Name, EventPattern: `{"source":["${Name}"]}`, ...more }))
const putTarget = (Rule: string, target: Partial<Target>) =>
  events.send(new PutTargetsCommand({ Rule, Targets: [{ Id: 't', Arn: STREAM, ...target }] }))
const putEvent = async (Source: string) => {
  const Entries = [{ Source, DetailType: 'd', Detail: '{}' }]
  return (await events.send(new PutEventsCommand({ Entries }))).Entries?.[0]?.EventId ?? ''
}
const invalid = (message: string) => ({ name: 'ValidationException', message })

/** The access keys with which a service was asked about an event. */
const keysFor = async (eventId: string, service: string) =>
  vi.waitFor(() => {
    const calls = aws.calls.filter(({ input }) => JSON.stringify(input).includes(eventId))
    const keys = calls.filter((call) => call.service === service).map((call) => call.accessKeyId)
    expect(keys).not.toEqual([])
    return keys
  }, 10_000)

describe("a rule's role", () => {
  it('is shown, and gone when the rule is put without it', async () => {
    await putRule('shown')
    const Name = 'shown'
    const described = await events.send(new DescribeRuleCommand({ Name }))
    expect(described.RoleArn).toBe(OF_RULE)
    const { Rules } = await events.send(new ListRulesCommand({ NamePrefix: Name }))
    expect(Rules).toMatchObject([{ Name, RoleArn: OF_RULE }])
    await putRule('shown', {})
    expect((await events.send(new DescribeRuleCommand({ Name }))).RoleArn).toBeUndefined()
  })

  it('is that of targets which have none of their own, and leaves them as they were put', async () => {
    await putRule('roles')
    await putTarget('roles', { Id: 'plain' })
    await putTarget('roles', { Id: 'own', RoleArn: OF_TARGET })
    const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: 'roles' }))
    expect(Targets).toEqual([
      { Id: 'own', Arn: STREAM, RoleArn: OF_TARGET },
      { Id: 'plain', Arn: STREAM },
    ])
    const id = await putEvent('roles')
    await vi.waitFor(async () => {
      expect(new Set(await keysFor(id, 'kinesis'))).toEqual(
        new Set([accessKeyOf(OF_RULE), accessKeyOf(OF_TARGET)]),
      )
    }, 10_000)
  })

  it('reaches what the hub itself would not: queues, and dead-letter queues, of other accounts', async () => {
    await putRule('far')
    await putTarget('far', { Arn: arnOf('sqs', 'far', ELSEWHERE) })
    expect(await keysFor(await putEvent('far'), 'sqs')).toEqual([accessKeyOf(OF_RULE)])
    const DeadLetterConfig = { Arn: arnOf('sqs', 'lost', ELSEWHERE) }
    await putTarget('far', { DeadLetterConfig })
    aws.answerWith(({ service }) => {
      if (service === 'sqs') return [200, { MessageId: 'm' }]
      return service === 'kinesis' ? awsError('ResourceNotFoundException') : undefined
    })
    expect(await keysFor(await putEvent('far'), 'sqs')).toEqual([accessKeyOf(OF_RULE)])
    aws.answerWith(() => undefined)
  })

  it('that is changed is the one in which a waiting event is tried again', async () => {
    await putRule('changed')
    await putTarget('changed', {})
    const busy = awsError('ProvisionedThroughputExceededException')
    aws.answerWith(({ service }) => (service === 'kinesis' ? busy : undefined))
    const id = await putEvent('changed')
    expect(await keysFor(id, 'kinesis')).toEqual([accessKeyOf(OF_RULE)])
    await putRule('changed', { RoleArn: OF_TARGET })
    aws.answerWith(() => undefined)
    await vi.waitFor(async () => {
      expect((await keysFor(id, 'kinesis')).at(-1)).toBe(accessKeyOf(OF_TARGET))
    }, 10_000)
  })

  it('is not taken away while a target is reached by it alone', async () => {
    await putRule('needed')
    await putTarget('needed', {})
    const refused = invalid(`RoleArn is required for target ${STREAM}.`)
    await expect(putRule('needed', {})).rejects.toMatchObject(refused)
    await putTarget('needed', { RoleArn: OF_TARGET })
    await putRule('needed', {})
    await expect(putTarget('needed', {})).rejects.toMatchObject(refused)
    await events.send(new RemoveTargetsCommand({ Rule: 'needed', Ids: ['t'] }))
    await expect(putTarget('needed', {})).rejects.toMatchObject(refused)
  })

  it('is one of the account of the bus', async () => {
    for (const RoleArn of [OF_RULE.replace(MEMBER, ELSEWHERE), 'role']) {
      await expect(putRule('strange', { RoleArn })).rejects.toMatchObject(
        invalid(
          `Parameter ${RoleArn} is not valid. Reason: the role must be one of account ${MEMBER}.`,
        ),
      )
    }
    await expect(putRule('strange', { RoleArn: '' })).rejects.toMatchObject(
      invalid(
        "1 validation error detected: Value '' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 1",
      ),
    )
  })

  it('is no role of an event bus elsewhere, which needs one of its own', async () => {
    await putRule('forwarding')
    const Arn = arnOf('events', 'event-bus/default', SECURITY)
    await expect(putTarget('forwarding', { Arn })).rejects.toMatchObject(
      invalid(`RoleArn is required for target ${Arn}.`),
    )
  })

  it('is not for others to choose, whom the owner lets make rules', async () => {
    const arn = arnOf('events', 'event-bus/default')
    const statement = { Sid: 'rules', Effect: 'Allow', Principal: { AWS: SECURITY } }
    const grant = { Action: 'events:PutRule', Resource: arnOf('events', 'rule/*') }
    const Statement = [{ ...statement, ...grant }]
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await events.send(new PutPermissionCommand({ Policy }))
    const security = await clientOf('security')
    const rule = { Name: 'theirs', EventBusName: arn, EventPattern: '{"source":["s"]}' }
    await security.send(new PutRuleCommand(rule))
    for (const RoleArn of [OF_RULE, OF_RULE.replace(MEMBER, SECURITY)]) {
      const refused = security.send(new PutRuleCommand({ ...rule, RoleArn }))
      await expect(refused).rejects.toMatchObject(
        invalid(
          `Parameter ${RoleArn} is not valid. Reason: the role of a rule is its own account's to choose: give RoleArn to its targets.`,
        ),
      )
    }
  })
})
