import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListEventBusesCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, OTHER_REGION, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

const folder = newDataFolder()
let hub: HubProcess
let receiver: Receiver
let events: EventBridgeClient
let sts: STSClient

beforeAll(async () => {
  hub = await startHubProcess(folder)
  receiver = await startReceiver()
  await createOrganisation(hub)
  const credentials = await hub.profile('member')
  events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
  sts = new STSClient({ endpoint: hub.url, region: REGION, credentials })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)
})

const busArn = (name: string) => `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:event-bus/${name}`

describe('buses', () => {
  it('creates, describes, lists and deletes a custom bus beside the default one', async () => {
    const Name = 'orders'
    const created = await events.send(new CreateEventBusCommand({ Name, Description: 'd' }))
    expect(created.EventBusArn).toBe(busArn(Name))
    const described = await events.send(new DescribeEventBusCommand({ Name: busArn(Name) }))
    expect(described).toMatchObject({ Name, Arn: busArn(Name), Description: 'd' })
    expect(described.CreationTime).toBeInstanceOf(Date)
    expect(Math.abs((described.CreationTime?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000)
    const listed = await events.send(new ListEventBusesCommand({}))
    expect(listed.EventBuses?.map((bus) => bus.Name)).toEqual(['default', 'orders'])
    await events.send(new DeleteEventBusCommand({ Name }))
    await events.send(new DeleteEventBusCommand({ Name }))
    await expect(events.send(new DescribeEventBusCommand({ Name }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Event bus orders does not exist.',
      $metadata: { httpStatusCode: 400 },
    })
  })

  it('refuses what AWS refuses, in its words', async () => {
    await expect(events.send(new CreateEventBusCommand({ Name: 'default' }))).rejects.toMatchObject(
      {
        name: 'ResourceAlreadyExistsException',
        message: 'Event bus default already exists.',
      },
    )
    await expect(events.send(new DeleteEventBusCommand({ Name: 'default' }))).rejects.toMatchObject(
      {
        name: 'ValidationException',
        message: 'Cannot delete event bus default.',
      },
    )
    await expect(events.send(new CreateEventBusCommand({ Name: 'a b' }))).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        "1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [/\\.\\-_A-Za-z0-9]+",
    })
  })

  it('pages with tokens that fit no other list', async () => {
    for (const Name of ['page-a', 'page-b', 'page-c']) {
      await events.send(new CreateEventBusCommand({ Name }))
    }
    const first = await events.send(new ListEventBusesCommand({ NamePrefix: 'page-', Limit: 2 }))
    expect(first.EventBuses?.map((bus) => bus.Name)).toEqual(['page-a', 'page-b'])
    const { NextToken } = first
    const second = await events.send(
      new ListEventBusesCommand({ NamePrefix: 'page-', Limit: 2, NextToken }),
    )
    expect(second.EventBuses?.map((bus) => bus.Name)).toEqual(['page-c'])
    expect(second.NextToken).toBeUndefined()
    await expect(events.send(new ListRulesCommand({ NextToken }))).rejects.toMatchObject({
      name: 'InvalidTokenException',
    })
  })
})

describe('rules and targets', () => {
  it('puts, lists, disables, enables and deletes a rule with its targets', async () => {
    const Name = 'r1'
    const EventPattern = '{"source":["my.app"]}'
    const put = await events.send(new PutRuleCommand({ Name, EventPattern, Description: 'x' }))
    expect(put.RuleArn).toBe(`arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:rule/r1`)
    const target = {
      Id: 't1',
      Arn: `${receiver.url}/r1`,
      RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 120 },
    }
    const putTargets = await events.send(new PutTargetsCommand({ Rule: Name, Targets: [target] }))
    expect(putTargets).toMatchObject({ FailedEntryCount: 0, FailedEntries: [] })
    const targets = await events.send(new ListTargetsByRuleCommand({ Rule: Name }))
    expect(targets.Targets).toEqual([target])
    await expect(events.send(new DeleteRuleCommand({ Name }))).rejects.toMatchObject({
      name: 'ValidationException',
      message: "Rule can't be deleted since it has targets.",
    })
    await events.send(new DisableRuleCommand({ Name }))
    expect(await events.send(new DescribeRuleCommand({ Name }))).toMatchObject({
      State: 'DISABLED',
      EventPattern,
      Description: 'x',
      EventBusName: 'default',
      CreatedBy: ACCOUNTS.MEMBER,
    })
    await events.send(new EnableRuleCommand({ Name }))
    await events.send(new PutRuleCommand({ Name, EventPattern }))
    const replaced = await events.send(new DescribeRuleCommand({ Name }))
    expect(replaced.State).toBe('ENABLED')
    expect(replaced.Description).toBeUndefined()
    await events.send(new RemoveTargetsCommand({ Rule: Name, Ids: ['t1'] }))
    await events.send(new DeleteRuleCommand({ Name }))
    await expect(events.send(new DescribeRuleCommand({ Name }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Rule r1 does not exist on EventBus default.',
    })
  })

  it('goes on with a list where it was when the last that was shown is gone by then', async () => {
    const Rule = 'paged'
    const Arn = `${receiver.url}/paged`
    await events.send(new PutRuleCommand({ Name: Rule, EventPattern: '{"source":["paged"]}' }))
    const Targets = ['d', 'b', 'a', 'c'].map((Id) => ({ Id, Arn: `${Arn}/${Id}` }))
    await events.send(new PutTargetsCommand({ Rule, Targets }))
    const page = async (NextToken?: string) =>
      events.send(new ListTargetsByRuleCommand({ Rule, Limit: 2, NextToken }))
    const first = await page()
    const shown = first.Targets?.map(({ Id }) => Id) ?? []
    await events.send(new RemoveTargetsCommand({ Rule, Ids: shown.slice(1) as string[] }))
    const second = await page(first.NextToken)
    expect(second.NextToken).toBeUndefined()
    const seen = [...shown, ...(second.Targets?.map(({ Id }) => Id) ?? [])]
    expect(seen).toHaveLength(Targets.length)
    expect(new Set(seen)).toEqual(new Set(Targets.map(({ Id }) => Id)))
  })

  it('keeps the managed forwarding rule from hands and shows who manages it', async () => {
    const rules = await events.send(new ListRulesCommand({ NamePrefix: 'belfry-' }))
    expect(rules.Rules).toMatchObject([
      { Name: 'belfry-forward-aws-events', ManagedBy: 'assurance.belfry', State: 'ENABLED' },
    ])
    const Name = 'belfry-forward-aws-events'
    for (const command of [
      new DisableRuleCommand({ Name }),
      new PutRuleCommand({ Name, EventPattern: '{"source":["x"]}' }),
      new DeleteRuleCommand({ Name }),
      new RemoveTargetsCommand({ Rule: Name, Ids: ['security-account'] }),
      new PutTargetsCommand({ Rule: Name, Targets: [{ Id: 'x', Arn: receiver.url }] }),
    ]) {
      await expect(events.send(command as DisableRuleCommand)).rejects.toMatchObject({
        name: 'ManagedRuleException',
      })
    }
  })

  it('takes the sixth target of a rule for what it is', async () => {
    await events.send(new PutRuleCommand({ Name: 'five', EventPattern: '{"source":["five"]}' }))
    const Targets = ['1', '2', '3', '4', '5'].map((Id) => ({ Id, Arn: `${receiver.url}/${Id}` }))
    await events.send(new PutTargetsCommand({ Rule: 'five', Targets }))
    await expect(
      events.send(
        new PutTargetsCommand({ Rule: 'five', Targets: [{ Id: '6', Arn: receiver.url }] }),
      ),
    ).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'The requested resource exceeds the maximum number allowed.',
    })
  })

  it.each([
    [{ Id: 't', Arn: 'arn:aws:sqs:us-east-1:1:q' }, /does not deliver to this kind of target/],
    [{ Id: 't', Arn: 'nonsense' }, /Provided Arn is not in correct format/],
    [{ Id: 't', Arn: 'http://u:p@example.com/' }, /is not valid/],
    [
      { Id: 't', Arn: 'https://example.com/', SqsParameters: { MessageGroupId: 'g' } },
      /target t is no SQS queue/,
    ],
    [
      { Id: 't', Arn: `arn:aws:events:${OTHER_REGION}:${ACCOUNTS.MEMBER}:event-bus/default` },
      /RoleArn is required for target/,
    ],
  ])('refuses the target %j that it would not deliver to', async (target, message) => {
    await events.send(new PutRuleCommand({ Name: 'refusing', EventPattern: '{"source":["s"]}' }))
    await expect(
      events.send(new PutTargetsCommand({ Rule: 'refusing', Targets: [target] })),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(message),
    })
  })

  it('answers a bad pattern with the reason and its place', async () => {
    const EventPattern = '{"source":"my.app"}'
    await expect(
      events.send(new PutRuleCommand({ Name: 'bad', EventPattern })),
    ).rejects.toMatchObject({
      name: 'InvalidEventPatternException',
      message: `Event pattern is not valid. Reason: "source" must be an object or an array\n at [Source: (String)"${EventPattern}"; line: 1, column: 12]`,
    })
  })
})

describe('events', () => {
  it('puts events and delivers those that match, with the envelope of AWS', async () => {
    await events.send(new PutRuleCommand({ Name: 'hello', EventPattern: '{"detail":{"n":[1.0]}}' }))
    await events.send(
      new PutTargetsCommand({
        Rule: 'hello',
        Targets: [{ Id: 't', Arn: `${receiver.url}/hello` }],
      }),
    )
    const answer = await events.send(
      new PutEventsCommand({
        Entries: [
          {
            Source: 'my.app',
            DetailType: 'Hello',
            Detail: '{ "n": 1, "big": 12345678901234567890 }',
            Resources: ['r'],
            Time: new Date('2026-01-02T03:04:05.678Z'),
            TraceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793',
          },
          { Source: 'my.app', DetailType: 'Hello', Detail: '{"n":2}' },
        ],
      }),
    )
    expect(answer.FailedEntryCount).toBe(0)
    const [first] = await receiver.waitFor(1, ({ path }) => path === '/hello')
    expect(first?.body).toEqual({
      version: '0',
      id: answer.Entries?.[0]?.EventId,
      'detail-type': 'Hello',
      source: 'my.app',
      account: ACCOUNTS.MEMBER,
      time: '2026-01-02T03:04:05Z',
      region: REGION,
      resources: ['r'],
      detail: { n: 1, big: 12345678901234567890 },
    })
    expect(first?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-amzn-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793',
    })
  })

  it('answers bad entries one by one, in order', async () => {
    const answer = await events.send(
      new PutEventsCommand({
        Entries: [
          { Source: '', DetailType: 'x', Detail: '{}' },
          { Source: 'a', DetailType: 'x', Detail: '[1]' },
          { Source: 'aws.ec2', DetailType: 'x', Detail: '{}' },
          { Source: 'a', DetailType: 'x', Detail: '{}', EventBusName: 'nowhere' },
          {
            Source: 'a',
            DetailType: 'x',
            Detail: '{}',
            EventBusName: `arn:aws:events:${REGION}:${ACCOUNTS.LOGGING}:event-bus/default`,
          },
          { Source: 'a', DetailType: 'x', Detail: '{}' },
        ],
      }),
    )
    expect(answer.FailedEntryCount).toBe(4)
    expect(answer.Entries?.map((entry) => entry.ErrorCode ?? 'ok')).toEqual([
      'InvalidArgument',
      'MalformedDetail',
      'NotAuthorizedForSourceException',
      'ok',
      'AccessDeniedException',
      'ok',
    ])
    expect(answer.Entries?.[0]?.ErrorMessage).toBe(
      'Parameter Source is not valid. Reason: Source is a required argument.',
    )
  })

  it('takes ten entries and refuses eleven', async () => {
    const Entries = Array.from({ length: 11 }, () => ({
      Source: 's',
      DetailType: 'd',
      Detail: '{}',
    }))
    const ten = await events.send(new PutEventsCommand({ Entries: Entries.slice(1) }))
    expect(ten.Entries).toHaveLength(10)
    await expect(events.send(new PutEventsCommand({ Entries }))).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(
        /^1 validation error detected: Value '\[PutEventsRequestEntry\(time=null, source=s, .*at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10$/,
      ),
    })
  })

  it('takes less than 1 MB in a request, as AWS counts it, and refuses a byte more', async () => {
    const small = { Source: 's', DetailType: 'é', Resources: ['r'], Time: new Date() }
    const counted = 1 + 2 + 1 + 14
    const detail = (bytes: number) => JSON.stringify({ x: 'y'.repeat(bytes - '{"x":""}'.length) })
    const put = (bytes: number) => {
      const Entries = [
        { ...small, Detail: '{}' },
        { ...small, Detail: detail(bytes - 2 * counted - 2) },
      ]
      return events.send(new PutEventsCommand({ Entries }))
    }
    expect((await put(1_048_575)).FailedEntryCount).toBe(0)
    await expect(put(1_048_576)).rejects.toMatchObject({
      message: 'Total event entry size must be less than 1048576 bytes.',
    })
  })

  it('tests a pattern against an event without any rule', async () => {
    const event = {
      id: '1',
      'detail-type': 'd',
      source: 's',
      account: ACCOUNTS.MEMBER,
      time: '2026-01-01T00:00:00Z',
      region: REGION,
    }
    const test = (EventPattern: string, given: object) =>
      events.send(new TestEventPatternCommand({ EventPattern, Event: JSON.stringify(given) }))
    expect((await test('{"source":["s"]}', event)).Result).toBe(true)
    expect((await test('{"source":["t"]}', event)).Result).toBe(false)
    await expect(test('{"source":["s"]}', { source: 's' })).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Parameter Event is not valid.',
    })
  })
})

describe('STS', () => {
  it('tells who calls', async () => {
    expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: ACCOUNTS.MEMBER,
      Arn: `arn:aws:iam::${ACCOUNTS.MEMBER}:user/profile-member`,
    })
  })

  it('lets one token act in another account of its organisation, in a role it has', async () => {
    const RoleArn = `arn:aws:iam::${ACCOUNTS.SECURITY}:role/api_user`
    const assumed = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'me' }))
    const { AccessKeyId, SecretAccessKey, SessionToken } = assumed.Credentials ?? {}
    const credentials = {
      accessKeyId: AccessKeyId ?? '',
      secretAccessKey: SecretAccessKey ?? '',
      sessionToken: SessionToken ?? '',
    }
    const there = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
    const buses = await there.send(new ListEventBusesCommand({}))
    expect(buses.EventBuses?.[0]?.Arn).toContain(ACCOUNTS.SECURITY)
    await expect(
      there.send(new PutRuleCommand({ Name: 'r', EventPattern: '{"source":["s"]}' })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' })
  })

  it.each([
    ['a stronger role', `arn:aws:iam::${ACCOUNTS.SECURITY}:role/api_admin`],
    ['an account that is not managed', 'arn:aws:iam::999999999999:role/api_user'],
    ['a role that is none of ours', `arn:aws:iam::${ACCOUNTS.SECURITY}:role/Administrator`],
  ])('refuses %s', async (_name, RoleArn) => {
    await expect(
      sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'me' })),
    ).rejects.toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } })
  })

  it.each([
    [899, 'greater than or equal to 900'],
    [43_201, 'less than or equal to 43200'],
  ])('refuses a session of %i seconds in the words of AWS', async (DurationSeconds, limit) => {
    const RoleArn = `arn:aws:iam::${ACCOUNTS.SECURITY}:role/api_user`
    const asked = new AssumeRoleCommand({ RoleArn, RoleSessionName: 'me', DurationSeconds })
    await expect(sts.send(asked)).rejects.toMatchObject({
      name: 'ValidationError',
      message: `1 validation error detected: Value '${DurationSeconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value ${limit}`,
    })
  })
})

describe('signatures', () => {
  const client = (credentials: { accessKeyId: string; secretAccessKey: string }, region = REGION) =>
    new EventBridgeClient({ endpoint: hub.url, region, credentials, maxAttempts: 1 })
  const list = new ListEventBusesCommand({})

  it('refuses an unknown key, a wrong secret and a region that is not enabled', async () => {
    const good = await hub.profile('member')
    await expect(
      client({ accessKeyId: 'unknown', secretAccessKey: 'x' }).send(list),
    ).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
    })
    await expect(client({ ...good, secretAccessKey: 'wrong' }).send(list)).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    })
    await expect(client(good, 'eu-north-1').send(list)).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      message: expect.stringContaining("Region 'eu-north-1' is not enabled"),
    })
  })

  it('refuses a signature that is too old or too new, and says by how much', async () => {
    const good = await hub.profile('member')
    for (const [offset, message] of [
      [-6 * 60_000, /^Signature expired: \d{8}T\d{6}Z is now earlier than/],
      [6 * 60_000, /^Signature not yet current: \d{8}T\d{6}Z is still later than/],
    ] as const) {
      const skewed = new EventBridgeClient({
        endpoint: hub.url,
        region: REGION,
        credentials: good,
        systemClockOffset: offset,
        maxAttempts: 1,
      })
      await expect(skewed.send(list)).rejects.toMatchObject({
        name: 'InvalidSignatureException',
        message: expect.stringMatching(message),
      })
    }
  })
})
