import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeEventBusCommand,
  EventBridgeClient,
  ListRuleNamesByTargetCommand,
  ListTagsForResourceCommand,
  PutRuleCommand,
  PutTargetsCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateEventBusCommand,
} from '@aws-sdk/client-eventbridge'
import type { CreateEventBusCommandInput } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { Putter } from '../crash/putter.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

const RULE_ARN = `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:rule/tagged`
const MANAGED = `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:rule/belfry-forward-aws-events`
const EventPattern = '{"source":["s"]}'
const LIMIT = {
  name: 'LimitExceededException',
  message: 'The requested resource exceeds the maximum number allowed.',
}
const INVALID = { name: 'ValidationException' }

const folder = newDataFolder()
let hub: HubProcess
let events: EventBridgeClient

beforeAll(async () => {
  const quotas = 'event-buses=3,rules=3,targets=6,pattern-size=3000,wildcard-rules=1,policy-size=9'
  hub = await startHubProcess(folder, ['--quota', quotas])
  await createOrganisation(hub)
  const credentials = await hub.profile('member')
  events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

const createBus = (input: CreateEventBusCommandInput) =>
  events.send(new CreateEventBusCommand(input))
const deleteBus = (Name: string) => events.send(new DeleteEventBusCommand({ Name }))
const putRule = (input: object) =>
  events.send(new PutRuleCommand({ Name: 'tagged', EventPattern, ...input }))
const tagsOf = async (ResourceARN: string) => {
  const { Tags } = await events.send(new ListTagsForResourceCommand({ ResourceARN }))
  return Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key, Value]))
}
const tag = (ResourceARN: string, tags: Readonly<Record<string, string>>) => {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
  return events.send(new TagResourceCommand({ ResourceARN, Tags }))
}
const numbered = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'v']))

describe('tags', () => {
  it('come with a bus, change, and go with it', async () => {
    const { EventBusArn = '' } = await createBus({
      ...{ Name: 'tagged', Tags: [{ Key: 'team', Value: 'a b/é' }] },
    })
    expect(await tagsOf(EventBusArn)).toEqual({ team: 'a b/é' })
    await tag(EventBusArn, { team: 'b', empty: '' })
    await events.send(
      new UntagResourceCommand({ ResourceARN: EventBusArn, TagKeys: ['team', 'none'] }),
    )
    expect(await tagsOf(EventBusArn)).toEqual({ empty: '' })
    await deleteBus('tagged')
    await expect(tagsOf(EventBusArn)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Event bus tagged does not exist.',
    })
    await createBus({ Name: 'tagged' })
    expect(await tagsOf(EventBusArn)).toEqual({})
    await deleteBus('tagged')
  })

  it('come with a new rule only', async () => {
    await putRule({ Tags: [{ Key: 'team', Value: 'a' }] })
    await putRule({ Tags: [{ Key: 'team', Value: 'b' }] })
    expect(await tagsOf(RULE_ARN)).toEqual({ team: 'a' })
    await tag(RULE_ARN, { team: 'b' })
    await putRule({})
    expect(await tagsOf(RULE_ARN)).toEqual({ team: 'b' })
    await events.send(new DeleteRuleCommand({ Name: 'tagged' }))
    await putRule({})
    expect(await tagsOf(RULE_ARN)).toEqual({})
  })

  it('are 50 and no more, and none is half put', async () => {
    await tag(RULE_ARN, numbered(50))
    await tag(RULE_ARN, { k7: 'changed' })
    await expect(tag(RULE_ARN, { k8: 'changed', more: 'v' })).rejects.toMatchObject(LIMIT)
    expect(await tagsOf(RULE_ARN)).toEqual({ ...numbered(50), k7: 'changed' })
    const Tags = Object.keys(numbered(51)).map((Key) => ({ Key, Value: 'v' }))
    await expect(createBus({ Name: 'many', Tags })).rejects.toMatchObject(LIMIT)
    await events.send(
      new UntagResourceCommand({ ResourceARN: RULE_ARN, TagKeys: Object.keys(numbered(50)) }),
    )
  })

  it('have keys and values as AWS allows them', async () => {
    await tag(RULE_ARN, { ['k'.repeat(128)]: 'v'.repeat(256) })
    for (const tags of [{ ['k'.repeat(129)]: '' }, { k: 'v'.repeat(257) }, { '': 'v' }]) {
      await expect(tag(RULE_ARN, tags)).rejects.toMatchObject(INVALID)
    }
    for (const tags of [{ 'aws:team': 'a' }, { 'AWS:team': 'a' }, { 'a,b': '' }, { k: '<v>' }]) {
      await expect(tag(RULE_ARN, tags)).rejects.toMatchObject(INVALID)
    }
    const twice = [
      { Key: 'k', Value: 'v' },
      { Key: 'k', Value: 'w' },
    ]
    await expect(createBus({ Name: 'twice', Tags: twice })).rejects.toMatchObject(INVALID)
  })

  it('are for what there is, is the own account’s, and is not managed', async () => {
    await expect(tagsOf(`${RULE_ARN}-not`)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Rule tagged-not does not exist on EventBus default.',
    })
    const elsewhere = RULE_ARN.replace(ACCOUNTS.MEMBER, ACCOUNTS.SECURITY)
    const denied = { name: 'AccessDeniedException' }
    await expect(tagsOf(elsewhere)).rejects.toMatchObject(denied)
    await expect(tag(elsewhere, { k: 'v' })).rejects.toMatchObject(denied)
    await expect(tagsOf(RULE_ARN.replace(REGION, 'us-east-1'))).rejects.toMatchObject(INVALID)
    await expect(tagsOf('arn:aws:s3:::bucket')).rejects.toMatchObject(INVALID)
    expect(await tagsOf(MANAGED)).toEqual({})
    await expect(tag(MANAGED, { k: 'v' })).rejects.toMatchObject({
      name: 'ManagedRuleException',
      message: 'belfry-forward-aws-events is a managed rule.',
    })
  })
})

describe('UpdateEventBus', () => {
  it('changes the description, and takes it away when it is empty', async () => {
    await createBus({ Name: 'updated', Description: 'before' })
    const update = (input: object) =>
      events.send(new UpdateEventBusCommand({ Name: 'updated', ...input }))
    const description = async () =>
      (await events.send(new DescribeEventBusCommand({ Name: 'updated' }))).Description
    expect(await update({ Description: 'after' })).toMatchObject({
      Name: 'updated',
      Arn: `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:event-bus/updated`,
      Description: 'after',
    })
    await update({})
    expect(await description()).toBe('after')
    await update({ Description: '' })
    expect(await description()).toBeUndefined()
    await expect(update({ Name: 'nowhere' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Event bus nowhere does not exist.',
    })
    await deleteBus('updated')
  })

  it('refuses keys, and says that the queue of a bus would get nothing without them', async () => {
    const Arn = `arn:aws:sqs:${REGION}:${ACCOUNTS.MEMBER}:q`
    for (const [unsupported, message] of [
      [
        { KmsKeyIdentifier: 'alias/k' },
        /^Parameter KmsKeyIdentifier is not supported by Belfry\.$/,
      ],
      [
        { DeadLetterConfig: { Arn } },
        /^Parameter DeadLetterConfig is not supported by Belfry: the queue of a bus gets what its customer managed key cannot encrypt or decrypt, .+ DeadLetterConfig of its target\.$/,
      ],
    ] as const) {
      const refusal = { ...INVALID, message: expect.stringMatching(message) }
      const update = new UpdateEventBusCommand({ Name: 'default', ...unsupported })
      await expect(events.send(update)).rejects.toMatchObject(refusal)
      const created = createBus({ Name: 'refused', ...unsupported })
      await expect(created).rejects.toMatchObject(refusal)
    }
    await events.send(new UpdateEventBusCommand({ Name: 'default', DeadLetterConfig: {} }))
    expect(await events.send(new DescribeEventBusCommand({ Name: 'default' }))).not.toHaveProperty(
      'DeadLetterConfig',
    )
  })
})

it('ListRuleNamesByTarget finds the rules of a bus that lead to a target', async () => {
  const TargetArn = 'https://hooks.example.com/wanted'
  await putRule({ Name: 'leads' })
  const put = (Rule: string, Arn: string) =>
    events.send(new PutTargetsCommand({ Rule, Targets: [{ Id: 't', Arn }] }))
  await put('leads', TargetArn)
  await put('tagged', `${TargetArn}/not`)
  const list = (input: object = {}) =>
    events.send(new ListRuleNamesByTargetCommand({ TargetArn, ...input }))
  expect((await list()).RuleNames).toEqual(['leads'])
  await put('tagged', TargetArn)
  const first = await list({ Limit: 1 })
  expect(first.RuleNames).toEqual(['leads'])
  const second = await list({ Limit: 1, NextToken: first.NextToken })
  expect(second).toMatchObject({ RuleNames: ['tagged'] })
  expect(second.NextToken).toBeUndefined()
  await expect(list({ EventBusName: 'nowhere' })).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  })
})

it('quotas are what the hub was started with', async () => {
  await createBus({ Name: 'second' })
  await createBus({ Name: 'third' })
  await expect(createBus({ Name: 'fourth' })).rejects.toMatchObject(LIMIT)
  const onSecond = { EventBusName: 'second' }
  await putRule({ Name: 'wild', EventPattern: '{"source":[{"wildcard":"a*"}]}', ...onSecond })
  await expect(
    putRule({ Name: 'wild-2', EventPattern: '{"source":[{"wildcard":"a*"}]}', ...onSecond }),
  ).rejects.toMatchObject(LIMIT)
  await putRule({ Name: 'long', EventPattern: `{"source":["${'x'.repeat(2_900)}"]}`, ...onSecond })
  await putRule({ Name: 'third', ...onSecond })
  await expect(putRule({ Name: 'fourth', ...onSecond })).rejects.toMatchObject(LIMIT)
  const Targets = Array.from({ length: 6 }, (_, n) => ({
    ...{ Id: `t${n}`, Arn: `https://hooks.example.com/${n}` },
  }))
  await events.send(new PutTargetsCommand({ Rule: 'wild', Targets, ...onSecond }))
})

it('EndpointId is refused, as there are no global endpoints', async () => {
  const Entries = [{ Source: 's', DetailType: 'd', Detail: '{}' }]
  // The SDK would not even sign it without a part that is not installed.
  const caller = new Putter(await hub.profile('member'))
  await expect(
    caller.call(hub.url, 'PutEvents', { Entries, EndpointId: 'abc.def' }),
  ).rejects.toThrow(/ValidationException.*Parameter EndpointId is not supported by Belfry/)
})
