import {
  DescribeRuleCommand,
  DisableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  GetScheduleGroupCommand,
  ListScheduleGroupsCommand,
  ListSchedulesCommand,
  ListTagsForResourceCommand,
  SchedulerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateScheduleCommand,
  paginateListScheduleGroups,
  paginateListSchedules,
} from '@aws-sdk/client-scheduler'
import type { CreateScheduleCommandInput } from '@aws-sdk/client-scheduler'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { signedHeaders } from '#src/model/sigv4.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, OTHER_REGION, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

const folder = newDataFolder()
let hub: HubProcess
let receiver: Receiver
let events: EventBridgeClient
let scheduler: SchedulerClient
let elsewhere: SchedulerClient

/** Any operation: the SDK's types tell them apart, a list of them need not. */
type Call = GetScheduleCommand

const EVERY_MINUTE = 'cron(* * * * ? *)'
const BUS_ARN = `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:event-bus/default`
const ROLE = `arn:aws:iam::${ACCOUNTS.MEMBER}:role/scheduler`
const arnOf = (name: string, group = 'default') =>
  `arn:aws:scheduler:${REGION}:${ACCOUNTS.MEMBER}:schedule/${group}/${name}`

beforeAll(async () => {
  hub = await startHubProcess(folder)
  receiver = await startReceiver(({ path }, response) => {
    response.statusCode = path === '/refuse' ? 500 : 200
    response.end()
  })
  await createOrganisation(hub)
  const credentials = await hub.profile('member')
  const client = { endpoint: hub.url, region: REGION, credentials }
  events = new EventBridgeClient(client)
  scheduler = new SchedulerClient(client)
  elsewhere = new SchedulerClient({ ...client, region: OTHER_REGION })
  // Put first, for the minute to pass while the others are tested.
  await deliver('every-minute', { ScheduleExpression: EVERY_MINUTE, Description: 'd' })
  await deliver('all-others', { EventPattern: '{"source":[{"anything-but":"chimes"}]}' })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)
})

/** A rule whose events come to the receiver under its name. */
async function deliver(Name: string, rule: object): Promise<void> {
  await events.send(new PutRuleCommand({ Name, ...rule }))
  const Targets = [{ Id: 't', Arn: `${receiver.url}/${Name}` }]
  await events.send(new PutTargetsCommand({ Rule: Name, Targets }))
}

function schedule(Name: string, more: object = {}): CreateScheduleCommandInput {
  return {
    Name,
    ScheduleExpression: 'cron(0 8 1 1 ? 2190)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: {
      Arn: BUS_ARN,
      RoleArn: ROLE,
      EventBridgeParameters: { Source: 'chimes', DetailType: 'Chime' },
    },
    ...more,
  }
}
const create = async (Name: string, more: object = {}) =>
  scheduler.send(new CreateScheduleCommand(schedule(Name, more)))
/** A text is the whole message. */
const matching = (message: string | RegExp) =>
  typeof message === 'string' ? message : expect.stringMatching(message)
/** `at()` of an instant some seconds from now. */
const at = (seconds: number) =>
  `at(${new Date(Date.now() + seconds * 1_000).toISOString().slice(0, 19)})`

describe('scheduled rules', () => {
  it('are described and listed with their schedule, and with a pattern where they have one', async () => {
    const EventPattern = '{"source":["s"]}'
    await events.send(
      new PutRuleCommand({ Name: 'both', EventPattern, ScheduleExpression: 'rate(7 days)' }),
    )
    expect(await events.send(new DescribeRuleCommand({ Name: 'both' }))).toMatchObject({
      ...{ EventPattern, ScheduleExpression: 'rate(7 days)', State: 'ENABLED' },
    })
    const { Rules } = await events.send(new ListRulesCommand({ NamePrefix: 'every' }))
    expect(Rules).toEqual([
      {
        Name: 'every-minute',
        Arn: `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:rule/every-minute`,
        ScheduleExpression: EVERY_MINUTE,
        State: 'ENABLED',
        Description: 'd',
        EventBusName: 'default',
      },
    ])
  })

  it.each([
    [{ ScheduleExpression: 'rate(1 minutes)' }, 'Parameter ScheduleExpression is not valid.'],
    [{ ScheduleExpression: at(60) }, 'Parameter ScheduleExpression is not valid.'],
    [
      { ScheduleExpression: 'rate(1 day)', EventBusName: 'other' },
      'ScheduleExpression is supported only on the default event bus.',
    ],
    [{}, 'Parameter(s) EventPattern or ScheduleExpression must be specified.'],
    [
      { ScheduleExpression: `rate(${'1'.repeat(300)} days)` },
      /failed to satisfy constraint: Member must have length less than or equal to 256$/,
    ],
  ])('refuses %j', async (rule, message) => {
    await expect(
      events.send(new PutRuleCommand({ Name: 'refused', ...rule })),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      message: matching(message),
    })
  })
})

describe('schedules', () => {
  it('are created, read, updated as a whole, listed and deleted', async () => {
    const StartDate = new Date('2100-01-01T00:00:00Z')
    const Input = '{"melody":"<aws.scheduler.scheduled-time>"}'
    const created = await create('whole', {
      ...{ Description: 'd', StartDate, ScheduleExpressionTimezone: 'Europe/Berlin' },
      ...{ State: 'DISABLED', ActionAfterCompletion: 'DELETE' },
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 },
      Target: { ...schedule('x').Target, Input, RetryPolicy: { MaximumRetryAttempts: 3 } },
    })
    expect(created.ScheduleArn).toBe(arnOf('whole'))
    const { $metadata: _, ...got } = await scheduler.send(new GetScheduleCommand({ Name: 'whole' }))
    expect(got).toEqual({
      ...{ Arn: arnOf('whole'), Name: 'whole', GroupName: 'default', Description: 'd', StartDate },
      ...{ ScheduleExpression: 'cron(0 8 1 1 ? 2190)', State: 'DISABLED' },
      ...{ ScheduleExpressionTimezone: 'Europe/Berlin', ActionAfterCompletion: 'DELETE' },
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 },
      Target: {
        ...schedule('x').Target,
        Input,
        RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 86_400 },
      },
      CreationDate: expect.any(Date),
      LastModificationDate: got.CreationDate,
    })
    const update = { ScheduleExpression: 'rate(2 minute)', State: 'DISABLED' as const }
    await scheduler.send(new UpdateScheduleCommand({ ...schedule('whole'), ...update }))
    const updated = await scheduler.send(new GetScheduleCommand({ Name: 'whole' }))
    expect(updated).toMatchObject({
      ...{ ...update, ScheduleExpressionTimezone: 'UTC', ActionAfterCompletion: 'NONE' },
      ...{ FlexibleTimeWindow: { Mode: 'OFF' }, CreationDate: got.CreationDate },
    })
    expect(updated.Description ?? updated.StartDate ?? updated.Target?.Input).toBeUndefined()
    const { Schedules } = await scheduler.send(new ListSchedulesCommand({ NamePrefix: 'who' }))
    expect(Schedules).toEqual([
      {
        ...{ Arn: arnOf('whole'), Name: 'whole', GroupName: 'default', State: 'DISABLED' },
        ...{ CreationDate: got.CreationDate, Target: { Arn: BUS_ARN } },
        LastModificationDate: updated.LastModificationDate,
      },
    ])
    await scheduler.send(new DeleteScheduleCommand({ Name: 'whole' }))
    for (const gone of [
      new GetScheduleCommand({ Name: 'whole' }),
      new DeleteScheduleCommand({ Name: 'whole' }),
      new UpdateScheduleCommand(schedule('whole')),
    ]) {
      await expect(scheduler.send(gone as GetScheduleCommand)).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
        message: 'Schedule whole does not exist.',
        $metadata: { httpStatusCode: 404 },
      })
    }
  })

  it('are made once for one client token, and deleted once', async () => {
    const made = await create('once', { ClientToken: 'token-1' })
    expect(await create('once', { ClientToken: 'token-1' })).toMatchObject({
      ScheduleArn: made.ScheduleArn,
    })
    await expect(create('once', { ClientToken: 'token-2' })).rejects.toMatchObject({
      name: 'ConflictException',
      message: 'Schedule once already exists.',
      $metadata: { httpStatusCode: 409 },
    })
    const remove = async (ClientToken: string) =>
      scheduler.send(new DeleteScheduleCommand({ Name: 'once', ClientToken }))
    expect(await remove('token-3')).toBeDefined()
    expect(await remove('token-3')).toBeDefined()
    await expect(remove('token-4')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  it('read null as absent, as AWS does', async () => {
    const absent = { GroupName: null, StartDate: null, State: null, Description: null }
    const body = JSON.stringify({ ...schedule('nulls'), ...absent, ClientToken: null })
    const request = { method: 'POST', url: '/schedules/nulls', body }
    const headers = signedHeaders(
      { ...request, headers: { host: new URL(hub.url).host } },
      { ...(await hub.profile('member')), region: REGION, service: 'scheduler', now: Date.now() },
    )
    const answer = await fetch(`${hub.url}/schedules/nulls`, { method: 'POST', headers, body })
    expect(await answer.json()).toEqual({ ScheduleArn: arnOf('nulls') })
    const got = await scheduler.send(new GetScheduleCommand({ Name: 'nulls' }))
    expect(got).toMatchObject({ GroupName: 'default', State: 'ENABLED' })
    expect(got.StartDate ?? got.Description).toBeUndefined()
  })

  it('are listed in pages, by group, prefix and state, each account and region its own', async () => {
    await scheduler.send(new CreateScheduleGroupCommand({ Name: 'pages' }))
    for (const name of ['a1', 'a2', 'a3', 'b1']) {
      await create(name, { GroupName: 'pages', State: name === 'a2' ? 'DISABLED' : 'ENABLED' })
    }
    await create('a9')
    const names = async (query: object, client = scheduler) => {
      const found: (string | undefined)[][] = []
      for await (const { Schedules } of paginateListSchedules({ client, pageSize: 2 }, query)) {
        found.push((Schedules ?? []).map(({ Name }) => Name))
      }
      return found
    }
    expect(await names({ GroupName: 'pages' })).toEqual([
      ['a1', 'a2'],
      ['a3', 'b1'],
    ])
    expect(await names({ NamePrefix: 'a' })).toEqual([
      ['a9', 'a1'],
      ['a2', 'a3'],
    ])
    expect(await names({ GroupName: 'pages', State: 'DISABLED' })).toEqual([['a2']])
    expect(await names({}, elsewhere)).toEqual([[]])
    const list = async (query: object) => scheduler.send(new ListSchedulesCommand(query))
    const refused = { name: 'ValidationException', $metadata: { httpStatusCode: 400 } }
    const { NextToken } = await list({ MaxResults: 1 })
    await expect(list({ NamePrefix: 'a', NextToken })).rejects.toMatchObject(refused)
    await expect(list({ GroupName: 'a b' })).rejects.toThrow("'a b' at 'groupName' failed")
  })

  const target = (more: object) => ({ Target: { ...schedule('x').Target, ...more } })
  const source = (Source: string) => target({ EventBridgeParameters: { Source, DetailType: 'd' } })
  const NO_SOURCE = /at 'target.eventBridgeParameters.source' failed .* pattern: \^\(\?=/
  it.each([
    [{ ScheduleExpression: 'rate(30 seconds)' }, 'Invalid Schedule Expression rate(30 seconds).'],
    [{ ScheduleExpression: 'at(2021-12-31)' }, 'Invalid Schedule Expression at(2021-12-31).'],
    [{ ScheduleExpressionTimezone: 'Mars/Olympus' }, /Timezone Mars\/Olympus/],
    [
      { StartDate: new Date('2020-01-01') },
      /StartDate you specify cannot be earlier than 5 minutes/,
    ],
    [{ EndDate: new Date('2020-01-01') }, /EndDate/],
    [{ FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }, /MaximumWindowInMinutes must be specified/],
    [
      { FlexibleTimeWindow: { Mode: 'OFF', MaximumWindowInMinutes: 5 } },
      'MaximumWindowInMinutes must not be provided when FlexibleTimeWindowMode is set to OFF.',
    ],
    [
      { StartDate: new Date('2090-01-01'), EndDate: new Date('2090-01-01') },
      'The StartDate you specify must come before the EndDate.',
    ],
    [{ FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 1_441 } }, /to 1440$/],
    [source('aws.ec2'), NO_SOURCE],
    [source('aws.ec2$'), NO_SOURCE],
    [source('shop\naws.ec2'), NO_SOURCE],
    [
      target({ Arn: 'https://user:pw@hooks.example.com', EventBridgeParameters: undefined }),
      /^Parameter https:.* is not valid/,
    ],
    [target({ RoleArn: ROLE.replace(ACCOUNTS.MEMBER, ACCOUNTS.LOGGING) }), /^The execution role/],
    [target({ RoleArn: 'role' }), /'target.roleArn'/],
    [{ KmsKeyArn: `arn:aws:kms:${REGION}:${ACCOUNTS.MEMBER}:key/k` }, /^Parameter KmsKeyArn/],
  ])('refuses %j', async (more, message) => {
    await expect(create('refused', more)).rejects.toMatchObject({
      name: 'ValidationException',
      message: matching(message),
      $metadata: { httpStatusCode: 400 },
    })
  })
})

describe('schedule groups', () => {
  it('are tagged, and go with the schedules in them', async () => {
    const Name = 'winter'
    const Tags = [{ Key: 'team', Value: 'a' }]
    const { ScheduleGroupArn } = await scheduler.send(
      new CreateScheduleGroupCommand({ Name, Tags }),
    )
    const ResourceArn = ScheduleGroupArn as string
    expect(ResourceArn).toBe(arnOf(Name).replace('schedule/default', 'schedule-group'))
    await scheduler.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'x', Value: 'y' }] }))
    const others = Array.from({ length: 199 }, (_, n) => `other-${n}`)
    await scheduler.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['team', ...others] }))
    const tagged = await scheduler.send(new ListTagsForResourceCommand({ ResourceArn }))
    expect(tagged.Tags).toEqual([{ Key: 'x', Value: 'y' }])
    await create('snow', { GroupName: Name })
    expect(await scheduler.send(new GetScheduleGroupCommand({ Name }))).toMatchObject({
      ...{ Name, Arn: ResourceArn, State: 'ACTIVE', CreationDate: expect.any(Date) },
    })
    await expect(scheduler.send(new CreateScheduleGroupCommand({ Name }))).rejects.toMatchObject({
      name: 'ConflictException',
    })
    await scheduler.send(new DeleteScheduleGroupCommand({ Name }))
    const gone = { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } }
    await expect
      .poll(() => scheduler.send(new GetScheduleGroupCommand({ Name })).catch((error) => error))
      .toMatchObject(gone)
    await expect(
      scheduler.send(new GetScheduleCommand({ Name: 'snow', GroupName: Name })),
    ).rejects.toMatchObject(gone)
    await expect(create('snow', { GroupName: Name })).rejects.toMatchObject(gone)
  })

  it('begin with the default one, which stays, and end with the 500th', async () => {
    const Name = 'default'
    expect(await elsewhere.send(new GetScheduleGroupCommand({ Name }))).toMatchObject({
      State: 'ACTIVE',
    })
    for (const refused of [
      new DeleteScheduleGroupCommand({ Name }),
      new CreateScheduleGroupCommand({ Name }),
    ]) {
      await expect(elsewhere.send(refused as DeleteScheduleGroupCommand)).rejects.toMatchObject({
        name: 'ValidationException',
        message: 'This operation cannot be performed on schedule group default.',
      })
    }
    const made = Array.from(
      { length: 499 },
      (_, index) => `group-${String(index).padStart(3, '0')}`,
    )
    for (const name of made) {
      await elsewhere.send(new CreateScheduleGroupCommand({ Name: name }))
    }
    await expect(
      elsewhere.send(new CreateScheduleGroupCommand({ Name: 'one-more' })),
    ).rejects.toMatchObject({
      name: 'ServiceQuotaExceededException',
      $metadata: { httpStatusCode: 402 },
    })
    const listed: (string | undefined)[] = []
    for await (const page of paginateListScheduleGroups({ client: elsewhere, pageSize: 100 }, {})) {
      listed.push(...(page.ScheduleGroups ?? []).map((group) => group.Name))
    }
    expect(listed).toEqual(['default', ...made])
    const named = await elsewhere.send(new ListScheduleGroupsCommand({ NamePrefix: 'group-00' }))
    expect(named.ScheduleGroups).toHaveLength(10)
  })
})

it('only those may change schedules who may change rules', async () => {
  const sts = new STSClient({
    endpoint: hub.url,
    region: REGION,
    credentials: await hub.profile('member'),
  })
  const clientOf = async (role: string) => {
    const RoleArn = `arn:aws:iam::${ACCOUNTS.MEMBER}:role/${role}`
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }),
    )
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {}
    const credentials = {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
    }
    return new SchedulerClient({ endpoint: hub.url, region: REGION, credentials })
  }
  await create('guarded')
  const ResourceArn = arnOf('default').replace('schedule/default', 'schedule-group')
  const Name = 'guarded'
  const reads = [
    new GetScheduleCommand({ Name }),
    new ListSchedulesCommand({}),
    new GetScheduleGroupCommand({ Name: 'default' }),
    new ListScheduleGroupsCommand({}),
    new ListTagsForResourceCommand({ ResourceArn }),
  ] as readonly Call[]
  const writes = [
    new CreateScheduleGroupCommand({ Name: 'guarded-too' }),
    new CreateScheduleCommand(schedule('guarded-too')),
    new UpdateScheduleCommand(schedule(Name)),
    new TagResourceCommand({ ResourceArn, Tags: [{ Key: 'k', Value: 'v' }] }),
    new UntagResourceCommand({ ResourceArn, TagKeys: ['k'] }),
    new DeleteScheduleCommand({ Name }),
    new DeleteScheduleGroupCommand({ Name: 'guarded-too' }),
  ] as readonly Call[]
  for (const role of ['api_readonly', 'api_user', 'api_operations']) {
    const client = await clientOf(role)
    for (const read of reads) expect(await client.send(read)).toBeDefined()
    for (const write of writes) {
      if (role === 'api_operations') expect(await client.send(write)).toBeDefined()
      else {
        await expect(client.send(write)).rejects.toMatchObject({
          name: 'AccessDeniedException',
          $metadata: { httpStatusCode: 403 },
        })
      }
    }
  }
})

describe('when it is time', () => {
  it('a one-time schedule puts its event on its bus, and is deleted after it if it says so', async () => {
    await deliver('chimes', { EventPattern: '{"source":["chimes"]}' })
    const Input =
      '{"at":"<aws.scheduler.scheduled-time>","n":<aws.scheduler.attempt-number>,"x":1.0}'
    const ScheduleExpression = at(4)
    const Target = { ...schedule('x').Target, Input }
    const once = { ScheduleExpression, Target, ActionAfterCompletion: 'DELETE' }
    await create('noon', once)
    await create('never', { ...once, State: 'DISABLED' })
    const [request] = await receiver.waitFor(1, ({ path }) => path === '/chimes')
    const time = `${ScheduleExpression.slice(3, -1)}Z`
    expect(request?.body).toEqual({
      ...{ version: '0', id: request?.body.id, source: 'chimes', 'detail-type': 'Chime', time },
      ...{ account: ACCOUNTS.MEMBER, region: REGION, resources: [arnOf('noon')] },
      detail: { at: time, n: 1, x: 1 },
    })
    await expect
      .poll(() =>
        scheduler.send(new GetScheduleCommand({ Name: 'noon' })).catch(({ name }) => name),
      )
      .toBe('ResourceNotFoundException')
    expect(await scheduler.send(new GetScheduleCommand({ Name: 'never' }))).toBeDefined()
  })

  it('a schedule posts to a URL, with retries and dead letters as a rule’s target', async () => {
    const retry = { MaximumRetryAttempts: 0 }
    const to = (path: string) => ({ Arn: receiver.url + path, RoleArn: ROLE, RetryPolicy: retry })
    const Input = '{"by":"<aws.scheduler.schedule-arn>","n":1.0}'
    await create('post', { ScheduleExpression: at(4), Target: to('/post') })
    await create('own', { ScheduleExpression: at(4), Target: { ...to('/own'), Input } })
    await create('vain', { ScheduleExpression: at(4), Target: to('/refuse') })
    const [request] = await receiver.waitFor(1, ({ path }) => path === '/post')
    expect(request?.body).toMatchObject({
      ...{ source: 'aws.scheduler', 'detail-type': 'Scheduled Event', detail: '{}' },
      ...{ account: ACCOUNTS.MEMBER, region: REGION, resources: [arnOf('post')] },
    })
    const [own] = await receiver.waitFor(1, ({ path }) => path === '/own')
    expect(own?.body).toEqual({ by: arnOf('own'), n: 1 })
    const letters = async () =>
      (await hub.rest('GET', `/dead-letters?ruleArn=${arnOf('vain')}`)).body.items
    await expect
      .poll(letters)
      .toMatchObject([{ ruleArn: arnOf('vain'), targetArn: `${receiver.url}/refuse`, attempts: 1 }])
    expect(receiver.received.filter(({ path }) => path === '/all-others')).toEqual([])
  })

  it('a scheduled rule gets its event, and no other rule does', { timeout: 80_000 }, async () => {
    const mine = () => receiver.received.filter(({ path }) => path === '/every-minute')
    await expect.poll(() => mine().length, { timeout: 70_000 }).toBeGreaterThan(0)
    await events.send(new DisableRuleCommand({ Name: 'every-minute' }))
    const [request] = mine()
    expect(request?.body).toEqual({
      ...{ version: '0', source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} },
      ...{ account: ACCOUNTS.MEMBER, region: REGION, id: expect.any(String) },
      time: expect.stringMatching(/:00Z$/),
      resources: [`arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:rule/every-minute`],
    })
    expect(receiver.received.filter(({ path }) => path === '/all-others')).toEqual([])
    const { body } = await hub.rest('GET', `/events/${request?.body.id}/trace`)
    const verdicts = body.traces[0].rules.map(({ ruleArn, matches, summary }: any) => [
      ...[ruleArn.split('/').at(-1), matches, summary],
    ])
    expect(verdicts).toContainEqual([
      ...['every-minute', true, "match: it is the event of the rule's schedule"],
    ])
    expect(verdicts).toContainEqual([
      ...['all-others', false, 'no match: it is the event of another schedule'],
    ])
  })
})
