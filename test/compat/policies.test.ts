import {
  CreateEventBusCommand,
  DeleteRuleCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  EnableRuleCommand,
  ListRulesCommand,
  ListTagsForResourceCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemovePermissionCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import type { EventBridgeClient, PutPermissionCommandInput } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { clientOf, createOtherOrganisation } from '../account-clients.ts'
import { follow } from '../event-follower.ts'
import type { EventFollower } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

const OWNER = ACCOUNTS.MEMBER
const SISTER = ACCOUNTS.SECURITY
const STRANGER = '555555555555'
const BUS = `arn:aws:events:${REGION}:${OWNER}:event-bus/shared`
const RULES = `arn:aws:events:${REGION}:${OWNER}:rule/shared/*`
const ALL = '{"source":[{"exists":true}]}'

const folder = newDataFolder()
let hub: HubProcess
let follower: EventFollower
/** The account whose bus it is, another of its organisation, and one of another organisation. */
let owner: EventBridgeClient
let sister: EventBridgeClient
let stranger: EventBridgeClient
let awsOrganizationId: string
let serial = 0

beforeAll(async () => {
  hub = await startHubProcess(folder)
  const { organisationId } = await createOrganisation(hub)
  const otherId = await createOtherOrganisation(hub, STRANGER)
  awsOrganizationId = `o-${organisationId.replaceAll('-', '')}`
  owner = await clientOf(hub, organisationId, OWNER)
  sister = await clientOf(hub, organisationId, SISTER)
  stranger = await clientOf(hub, otherId, STRANGER)
  await owner.send(new CreateEventBusCommand({ Name: 'shared' }))
  follower = await follow(hub, await hub.profile('operator'))
})
afterAll(async () => {
  follower.close()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})
beforeEach(async () => {
  await owner.send(new RemovePermissionCommand({ ...ON_BUS, RemoveAllPermissions: true }))
})

const ON_BUS = { EventBusName: 'shared' }
const permit = (input: PutPermissionCommandInput) =>
  owner.send(new PutPermissionCommand({ ...ON_BUS, ...input }))
const setPolicy = (...statements: readonly object[]) =>
  permit({ Policy: JSON.stringify({ Version: '2012-10-17', Statement: statements }) })
const policy = async () =>
  (await owner.send(new DescribeEventBusCommand({ Name: 'shared' }))).Policy
const statement = (more: object) => ({
  ...{ Sid: 's1', Effect: 'Allow', Principal: '*', Action: 'events:PutEvents', Resource: BUS },
  ...more,
})

/** Puts an event; answers its error, or that it came to the bus. */
async function put(
  client: EventBridgeClient,
  more: { Source?: string; DetailType?: string; EventBusName?: string } = {},
) {
  serial += 1
  const { EventBusName = BUS, Source = 'shop', DetailType = 'sale' } = more
  const n = serial
  const entry = { Source, DetailType, EventBusName, Detail: JSON.stringify({ n }) }
  const { Entries } = await client.send(new PutEventsCommand({ Entries: [entry] }))
  const [result] = Entries ?? []
  if (result?.ErrorCode !== undefined) return result.ErrorCode
  const arn = EventBusName.startsWith('arn:') ? EventBusName : BUS
  const [came] = await follower.waitFor(
    1,
    ({ data }) => data.bus === arn && data.event.detail.n === n,
  )
  return came?.data.event.account
}

const denied = expect.objectContaining({ name: 'AccessDeniedException' })
const invalid = (message: string) => ({ name: 'ValidationException', message })

describe('PutPermission and RemovePermission', () => {
  it('keep statements as AWS stores them, each under its id', async () => {
    expect(await policy()).toBeUndefined()
    const Action = 'events:PutEvents'
    await permit({ Action, Principal: SISTER, StatementId: 'one' })
    const one = {
      ...{ Sid: 'one', Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${SISTER}:root` } },
      ...{ Action, Resource: BUS },
    }
    expect(JSON.parse((await policy()) ?? '')).toEqual({ Version: '2012-10-17', Statement: [one] })
    const Condition = { Type: 'StringEquals', Key: 'aws:PrincipalOrgID', Value: awsOrganizationId }
    await permit({ Action, Principal: '*', StatementId: 'two', Condition })
    const two = {
      ...{ Sid: 'two', Effect: 'Allow', Principal: '*', Action, Resource: BUS },
      Condition: { StringEquals: { 'aws:PrincipalOrgID': awsOrganizationId } },
    }
    const three = { ...one, Principal: { AWS: `arn:aws:iam::${STRANGER}:root` } }
    await permit({ Action, Principal: STRANGER, StatementId: 'one' })
    expect(JSON.parse((await policy()) ?? '').Statement).toEqual([three, two])
    await owner.send(new RemovePermissionCommand({ ...ON_BUS, StatementId: 'one' }))
    expect(JSON.parse((await policy()) ?? '').Statement).toEqual([two])
    await owner.send(new RemovePermissionCommand({ ...ON_BUS, StatementId: 'two' }))
    expect(await policy()).toBeUndefined()
  })

  it('refuse what AWS refuses, in its words', async () => {
    const grant = { Action: 'events:PutEvents', Principal: SISTER, StatementId: 'one' }
    await expect(permit({ ...grant, Policy: '{}' })).rejects.toMatchObject(
      invalid(
        'Action, Principal, StatementId and Condition could not be combined with Policy parameter.',
      ),
    )
    await expect(permit({ Action: 'events:PutEvents' })).rejects.toMatchObject(
      invalid('Parameter(s) Action, Principal and StatementId must be specified.'),
    )
    await expect(permit({ ...grant, Action: 'events:PutRule' })).rejects.toMatchObject(
      invalid("Provided value in parameter 'action' is not supported."),
    )
    const Condition = { Type: 'StringLike', Key: 'aws:PrincipalOrgID', Value: awsOrganizationId }
    await expect(permit({ ...grant, Condition })).rejects.toMatchObject(
      invalid("Provided value in parameter 'condition.type' is not supported."),
    )
    const remove = (input: object) =>
      owner.send(new RemovePermissionCommand({ ...ON_BUS, ...input }))
    await expect(remove({ StatementId: 'no' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Statement with the provided id does not exist.',
    })
    await expect(remove({})).rejects.toMatchObject(
      invalid('Parameter(s) StatementId must be specified.'),
    )
    await expect(remove({ StatementId: 'one', RemoveAllPermissions: true })).rejects.toMatchObject(
      invalid('StatementId could not be combined with All parameter.'),
    )
    await expect(permit({ ...grant, EventBusName: 'nowhere' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Event bus nowhere does not exist.',
    })
    await expect(setPolicy(statement({ Action: 'events:*' }))).rejects.toMatchObject({
      name: 'ValidationException',
    })
  })

  it('take a policy of 10,240 characters and no more', async () => {
    const fill = (length: number) => {
      const empty = JSON.stringify({ Version: '2012-10-17', Id: '', Statement: [statement({})] })
      const Id = 'x'.repeat(length - empty.length)
      return JSON.stringify({ Version: '2012-10-17', Id, Statement: [statement({})] })
    }
    await permit({ Policy: fill(10_240) })
    expect(await policy()).toHaveLength(10_240)
    const tooLong = {
      name: 'PolicyLengthExceededException',
      message: 'Policy size would be larger than the maximum allowed.',
    }
    await expect(permit({ Policy: fill(10_241) })).rejects.toMatchObject(tooLong)
    const grant = { Action: 'events:PutEvents', Principal: SISTER, StatementId: 'more' }
    await expect(permit(grant)).rejects.toMatchObject(tooLong)
    expect(await policy()).toHaveLength(10_240)
  })
})

describe('PutEvents on the bus of another account', () => {
  it('fails, entry by entry, until its owner allows it, and again when that is taken back', async () => {
    const entry = { Source: 's', DetailType: 'd', Detail: '{}' }
    const answer = await sister.send(
      new PutEventsCommand({ Entries: [{ ...entry, EventBusName: BUS }, entry] }),
    )
    expect(answer.FailedEntryCount).toBe(1)
    expect(answer.Entries?.[0]).toEqual({
      ErrorCode: 'AccessDeniedException',
      ErrorMessage: `User: arn:aws:iam::${SISTER}:user/t${SISTER} is not authorized to perform: events:PutEvents on resource: ${BUS} because no resource-based policy allows the events:PutEvents action`,
    })
    expect(answer.Entries?.[1]?.EventId).toBeDefined()

    await permit({ Action: 'events:PutEvents', Principal: SISTER, StatementId: 'sister' })
    expect(await put(sister)).toBe(SISTER)
    expect(await put(stranger)).toBe('AccessDeniedException')
    await owner.send(new RemovePermissionCommand({ ...ON_BUS, StatementId: 'sister' }))
    expect(await put(sister)).toBe('AccessDeniedException')
  })

  it('tells nothing of which buses there are', async () => {
    const nowhere = BUS.replace('shared', 'nowhere')
    const unmanaged = BUS.replace(OWNER, '999999999999')
    expect(await put(stranger, { EventBusName: nowhere })).toBe('AccessDeniedException')
    expect(await put(stranger, { EventBusName: unmanaged })).toBe('AccessDeniedException')
    const describeBus = (Name: string) => stranger.send(new DescribeEventBusCommand({ Name }))
    await expect(describeBus(BUS)).rejects.toEqual(denied)
    await expect(describeBus(nowhere)).rejects.toEqual(denied)
  })

  it('may be for an organisation, or for whoever is named in another', async () => {
    const Condition = { Type: 'StringEquals', Key: 'aws:PrincipalOrgID', Value: awsOrganizationId }
    const all = { Action: 'events:PutEvents', Principal: '*' }
    await permit({ ...all, StatementId: 'organisation', Condition })
    expect(await put(sister)).toBe(SISTER)
    expect(await put(stranger)).toBe('AccessDeniedException')
    await permit({ ...all, Principal: STRANGER, StatementId: 'stranger' })
    expect(await put(stranger)).toBe(STRANGER)
  })

  it('goes by what the event is, and a Deny wins, in the own account too', async () => {
    await setPolicy(
      statement({
        Principal: { AWS: SISTER },
        Condition: { StringEquals: { 'events:source': 'shop' } },
      }),
      statement({
        ...{ Sid: 's2', Effect: 'Deny' },
        Condition: { StringLike: { 'events:detail-type': 'secret*' } },
      }),
    )
    expect(await put(sister)).toBe(SISTER)
    expect(await put(sister, { Source: 'bank' })).toBe('AccessDeniedException')
    expect(await put(sister, { DetailType: 'secret sale' })).toBe('AccessDeniedException')
    expect(await put(owner, { Source: 'bank', EventBusName: 'shared' })).toBe(OWNER)
    expect(await put(owner, { DetailType: 'secret sale' })).toBe('AccessDeniedException')
    // Who may change the policy cannot be shut out by it.
    await setPolicy(statement({}))
  })
})

describe('rules on the bus of another account', () => {
  const MANAGE = [
    ...['PutRule', 'DescribeRule', 'EnableRule', 'DisableRule', 'DeleteRule'],
    ...['PutTargets', 'ListTargetsByRule', 'RemoveTargets', 'ListTagsForResource'],
  ].map((name) => `events:${name}`)
  const OWN_ONLY = {
    StringEqualsIfExists: { 'events:creatorAccount': '${aws:PrincipalAccount}' },
  }
  const MANAGED = {
    ...{ Sid: 'rules', Principal: { AWS: SISTER }, Action: MANAGE, Resource: RULES },
    Condition: OWN_ONLY,
  }
  const onBus = { EventBusName: BUS }
  const role = (account: string) => `arn:aws:iam::${account}:role/forward`

  it('are made, changed and deleted by whom the policy lets, in the account of the owner', async () => {
    const Name = 'sisters'
    const rule = { Name, EventPattern: '{"source":["shop"]}', ...onBus }
    await expect(sister.send(new PutRuleCommand(rule))).rejects.toEqual(denied)
    await setPolicy(statement(MANAGED))
    await expect(stranger.send(new PutRuleCommand(rule))).rejects.toEqual(denied)

    const { RuleArn } = await sister.send(new PutRuleCommand(rule))
    expect(RuleArn).toBe(`arn:aws:events:${REGION}:${OWNER}:rule/shared/${Name}`)
    const described = await owner.send(new DescribeRuleCommand({ Name, ...ON_BUS }))
    expect(described).toMatchObject({ CreatedBy: SISTER, EventBusName: 'shared', Arn: RuleArn })

    const Arn = `arn:aws:events:${REGION}:${SISTER}:event-bus/default`
    const target = (more: object) =>
      sister.send(
        new PutTargetsCommand({ Rule: Name, ...onBus, Targets: [{ Id: 't', Arn, ...more }] }),
      )
    await expect(target({ Arn: 'https://hooks.example.com/' })).rejects.toMatchObject(
      invalid('Only EventBus targets are allowed on cross-account PutTargets calls.'),
    )
    await expect(target({})).rejects.toMatchObject(
      invalid(`RoleArn is required for target ${Arn}.`),
    )
    // Not even to another bus of the owner: a rule is no way around that bus's policy.
    await expect(target({ Arn: Arn.replace(SISTER, OWNER) })).rejects.toMatchObject({
      name: 'ValidationException',
    })
    await expect(target({ RoleArn: role(OWNER) })).rejects.toMatchObject({
      name: 'ValidationException',
    })
    await target({ RoleArn: role(SISTER) })
    const n = (serial += 1)
    const Detail = JSON.stringify({ n })
    await owner.send(
      new PutEventsCommand({ Entries: [{ Source: 'shop', DetailType: 'd', Detail, ...ON_BUS }] }),
    )
    const [forwarded] = await follower.waitFor(
      1,
      ({ data }) => data.bus === Arn && data.event.detail.n === n,
    )
    expect(forwarded?.data.event.account).toBe(OWNER)

    const named = { Name, ...onBus }
    await sister.send(new DisableRuleCommand(named))
    await sister.send(new EnableRuleCommand(named))
    const targets = await sister.send(new ListTargetsByRuleCommand({ Rule: Name, ...onBus }))
    expect(targets.Targets).toEqual([{ Id: 't', Arn, RoleArn: role(SISTER) }])
    const tags = await sister.send(new ListTagsForResourceCommand({ ResourceARN: RuleArn }))
    expect(tags.Tags).toEqual([])
    await sister.send(new RemoveTargetsCommand({ Rule: Name, ...onBus, Ids: ['t'] }))
    await sister.send(new DeleteRuleCommand(named))
    await expect(owner.send(new DescribeRuleCommand({ Name, ...ON_BUS }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
  })

  it('that the owner made, and their list, stay out of reach where the policy leaves them so', async () => {
    const Name = 'owners'
    await owner.send(new PutRuleCommand({ Name, EventPattern: ALL, ...ON_BUS }))
    await setPolicy(statement(MANAGED))
    const named = { Name, ...onBus }
    await expect(sister.send(new DescribeRuleCommand(named))).rejects.toEqual(denied)
    await expect(sister.send(new PutRuleCommand({ ...named, EventPattern: ALL }))).rejects.toEqual(
      denied,
    )
    await expect(sister.send(new DeleteRuleCommand(named))).rejects.toEqual(denied)
    await expect(sister.send(new ListRulesCommand(onBus))).rejects.toEqual(denied)
    await setPolicy(statement({ ...MANAGED, Action: 'events:ListRules', Resource: [BUS, RULES] }))
    const { Rules } = await sister.send(new ListRulesCommand(onBus))
    expect(Rules?.map((rule) => rule.Name)).toEqual([Name])
  })

  it('are held to the sources that the policy names', async () => {
    const Condition = { StringEquals: { 'events:source': ['shop', 'bank'] } }
    await setPolicy(statement({ ...MANAGED, Condition }))
    const asked = (EventPattern: string) =>
      sister.send(new PutRuleCommand({ Name: 'sourced', EventPattern, ...onBus }))
    await asked('{"source":["shop","bank"]}')
    await asked('{"$or":[{"source":["shop"]},{"source":["bank"],"detail-type":["d"]}]}')
    for (const pattern of [
      '{"source":["shop","pub"]}',
      '{"source":[{"prefix":"shop"}]}',
      '{"source":["shop",{"exists":false}]}',
      '{"detail-type":["d"]}',
      '{"$or":[{"source":["shop"]},{"detail-type":["d"]}]}',
      '{"source":["shop"],"$or":[{"source":["pub"]},{"detail-type":["d"]}]}',
    ]) {
      await expect(asked(pattern)).rejects.toEqual(denied)
    }
  })
})

describe('a rule whose target is a bus of another account', () => {
  const Name = 'outward'
  const ruleArn = `arn:aws:events:${REGION}:${STRANGER}:rule/${Name}`
  const deadOf = async (eventId: string) => {
    const { body } = await hub.rest('GET', '/dead-letters?limit=1000')
    return body.items.find((letter: any) => letter.eventId === eventId)
  }
  const died = async (eventId: string) => {
    for (;;) {
      const letter = await deadOf(eventId)
      if (letter !== undefined) return letter
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const tell = async (n: number) => {
    const Detail = JSON.stringify({ n })
    const entry = { Source: 'outward', DetailType: 'd', Detail }
    const { Entries } = await stranger.send(new PutEventsCommand({ Entries: [entry] }))
    return Entries?.[0]?.EventId as string
  }
  it('delivers by the policy as it is when it delivers', async () => {
    await stranger.send(new PutRuleCommand({ Name, EventPattern: '{"source":["outward"]}' }))
    const RoleArn = `arn:aws:iam::${STRANGER}:role/forward`
    await stranger.send(
      new PutTargetsCommand({ Rule: Name, Targets: [{ Id: 't', Arn: BUS, RoleArn }] }),
    )
    const refused = await tell(1)
    const letter = await died(refused)
    expect(letter).toMatchObject({
      errorCode: 'NO_PERMISSIONS',
      errorMessage: `${RoleArn} is not authorized to perform: events:PutEvents on resource: ${BUS} because no resource-based policy allows the events:PutEvents action`,
    })

    // The event that was refused, and has waited since, gets through once the policy lets it.
    await setPolicy(
      statement({
        Principal: { AWS: RoleArn },
        Condition: {
          ArnLike: { 'aws:SourceArn': ruleArn },
          Bool: { 'events:eventBusInvocation': true },
        },
      }),
    )
    await hub.rest('POST', '/dead-letters/redrive', { ids: [letter.id] })
    const isOurs = (id: string) => (event: { data: { bus: string; event: any } }) =>
      event.data.bus === BUS && event.data.event.id === id
    const [came] = await follower.waitFor(1, isOurs(refused))
    expect(came?.data.event).toMatchObject({ account: STRANGER, detail: { n: 1 } })
    // Through the rule only.
    expect(await put(stranger)).toBe('AccessDeniedException')

    await owner.send(new RemovePermissionCommand({ ...ON_BUS, RemoveAllPermissions: true }))
    expect(await died(await tell(2))).toMatchObject({ errorCode: 'NO_PERMISSIONS' })
  })
})
