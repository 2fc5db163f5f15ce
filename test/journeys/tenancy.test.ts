import {
  CreateArchiveCommand,
  EventBridgeClient,
  ListArchivesCommand,
  PutEventsCommand,
} from '@aws-sdk/client-eventbridge'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { follow } from '../event-follower.ts'
import type { EventFollower } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { restAs } from '../rest-caller.ts'
import { ended, told } from '../tenancy-calls.ts'

const folder = newDataFolder()
let hub: HubProcess
let follower: EventFollower
let ours: Awaited<ReturnType<typeof createOrganisation>>
let serial = 0

const call = (method: string, path: string, body?: unknown) => hub.rest(method, path, body)
const made = async (path: string, body: object): Promise<any> => {
  const answer = await call('POST', path, { organisationId: ours.organisationId, ...body })
  if (answer.status !== 201) throw new Error(JSON.stringify(answer))
  return answer.body
}
const newAccount = (more: object = {}) =>
  made('/accounts', {
    ...{ awsAccountId: String(600_000_000_000 + (serial += 1)), name: `account-${serial}` },
    ...more,
  })
const refused = (status: number, code: string) => ({ status, body: { code } })

beforeAll(async () => {
  hub = await startHubProcess(folder)
  ours = await createOrganisation(hub)
  follower = await follow(hub, await hub.profile('operator'))
})
afterAll(async () => {
  follower.close()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

describe('a customer', () => {
  it('is renamed, which each of its organisations is told of', async () => {
    const [customer] = (await call('GET', '/customers')).body.items
    const renamed = await call('PATCH', `/customers/${customer.id}`, { name: 'Renamed Customer' })
    expect(renamed.body).toEqual({ ...customer, name: 'Renamed Customer' })
    const event = await told(follower, 'CustomerUpdateEvent', { customerId: customer.id })
    expect(event.detail).toMatchObject({
      ...{ customerName: 'Renamed Customer', status: 'SUCCESS' },
      meta: { customer: { name: 'Renamed Customer' } },
    })
  })
})

describe('organisational units', () => {
  const unit = (name: string, parentId?: string) =>
    made('/organisational-units', { name, ...(parentId !== undefined && { parentId }) })
  const change = (id: string, body: object) => call('PATCH', `/organisational-units/${id}`, body)

  it('are a tree: made, renamed, moved and deleted, with an event each', async () => {
    const workloads = await unit('Workloads')
    const prod = await unit('Production', workloads.id)
    expect(prod).toMatchObject({ name: 'Production', parentId: workloads.id, accountCount: 0 })
    const created = { organisationalUnitId: prod.id }
    expect((await told(follower, 'OrganisationalUnitCreateEvent', created)).detail).toMatchObject({
      ...{ organisationalUnitName: 'Production', parentId: workloads.id, parentName: 'Workloads' },
    })
    expect((await change(prod.id, { name: 'Live', parentId: null })).body.parentId).toBeUndefined()
    expect((await told(follower, 'OrganisationalUnitUpdateEvent', created)).detail).toMatchObject({
      ...{ organisationalUnitName: 'Live', changed: ['name', 'parentId'], status: 'SUCCESS' },
    })
    expect((await call('DELETE', `/organisational-units/${prod.id}`)).status).toBe(204)
    await told(follower, 'OrganisationalUnitDeleteEvent', created)
    expect((await call('GET', `/organisational-units/${prod.id}`)).status).toBe(404)
  })

  it('have no two of one name in one place, are no cycle, and five levels deep at most', async () => {
    const levels = [await unit('Level 1')]
    for (let level = 2; level <= 5; level += 1) {
      levels.push(await unit(`Level ${level}`, levels.at(-1)?.id))
    }
    const [top, second] = levels
    const below = { organisationId: ours.organisationId, name: 'six', parentId: levels[4].id }
    expect(await call('POST', '/organisational-units', below)).toMatchObject(
      refused(409, 'organisational-unit.too-deep'),
    )
    expect(await change(top.id, { parentId: levels[4].id })).toMatchObject(
      refused(409, 'organisational-unit.cycle'),
    )
    const failed = await told(follower, 'OrganisationalUnitUpdateEvent', { status: 'FAILED' })
    expect(failed.detail).toMatchObject({ errorCode: 'organisational-unit.cycle' })
    const twin = { organisationId: ours.organisationId, name: 'Level 1' }
    expect(await call('POST', '/organisational-units', twin)).toMatchObject(
      refused(409, 'organisational-unit.name-taken'),
    )
    const apart = await unit('Apart')
    expect(await change(top.id, { parentId: apart.id })).toMatchObject(
      refused(409, 'organisational-unit.too-deep'),
    )
    expect((await change(second.id, { parentId: apart.id })).status).toBe(200)
    expect(await call('DELETE', `/organisational-units/${apart.id}`)).toMatchObject(
      refused(409, 'organisational-unit.not-empty'),
    )
  })

  it('hold accounts, and stay while they do', async () => {
    const place = await unit('Sandbox')
    const account = await newAccount({ organisationalUnitId: place.id })
    const path = `/organisational-units/${place.id}`
    expect((await call('GET', path)).body.accountCount).toBe(1)
    const listed = await call('GET', `/accounts?organisationalUnitId=${place.id}`)
    expect(listed.body.items).toEqual([expect.objectContaining({ id: account.id })])
    expect(await call('DELETE', path)).toMatchObject(refused(409, 'organisational-unit.not-empty'))
    await call('PATCH', `/accounts/${account.id}`, { organisationalUnitId: null })
    expect((await call('DELETE', path)).status).toBe(204)
    const gone = await call('PATCH', `/accounts/${account.id}`, { organisationalUnitId: place.id })
    expect(gone).toMatchObject(refused(404, 'organisational-unit.not-found'))
  })
})

describe('account types', () => {
  it('are those that every organisation has, and its own', async () => {
    const { items } = (await call('GET', `/account-types?organisationId=${ours.organisationId}`))
      .body
    const names = items.filter(({ builtIn }: any) => builtIn).map(({ name }: any) => name)
    expect(names).toEqual([
      ...['foundation-logging', 'foundation-management', 'foundation-security', 'workload'],
    ])
    const type = await made('/account-types', { name: 'data-lake', description: 'Lakes' })
    await told(follower, 'AccountTypeCreateEvent', { accountTypeName: 'data-lake' })
    const account = await newAccount({ accountType: 'data-lake' })
    expect(await call('DELETE', `/account-types/${type.id}`)).toMatchObject(
      refused(409, 'account-type.in-use'),
    )
    await call('PATCH', `/account-types/${type.id}`, { status: 'DISABLED' })
    const { organisationId } = ours
    const again = { organisationId, awsAccountId: '700000000001', name: 'x' }
    expect(await call('POST', '/accounts', { ...again, accountType: 'data-lake' })).toMatchObject(
      refused(409, 'account-type.disabled'),
    )
    await call('PATCH', `/accounts/${account.id}`, { accountType: 'workload' })
    expect((await call('DELETE', `/account-types/${type.id}`)).status).toBe(204)
    await told(follower, 'AccountTypeDeleteEvent', { accountTypeName: 'data-lake' })
    const missing = await call('POST', '/accounts', { ...again, accountType: 'data-lake' })
    expect(missing).toMatchObject(refused(404, 'account-type.not-found'))
    expect(missing.body.message).toContain('belfry account-types create')
  })

  it('of foundation accounts are theirs alone', async () => {
    const reserved = refused(409, 'account-type.reserved')
    const logging = `/accounts/${ours.accountIds['LOGGING']}`
    expect(await call('PATCH', logging, { accountType: 'workload' })).toMatchObject(reserved)
    const { id } = await newAccount()
    const wanted = { accountType: 'foundation-security' }
    expect(await call('PATCH', `/accounts/${id}`, wanted)).toMatchObject(reserved)
    const failed = await told(follower, 'AccountUpdateEvent', { accountId: id })
    expect(failed.detail).toMatchObject({ status: 'FAILED', errorCode: 'account-type.reserved' })
  })
})

describe('accounts', () => {
  it('have tags, by which they are found', async () => {
    const payments = await newAccount({ tags: { team: 'payments', stage: 'prod' } })
    await newAccount({ tags: { team: 'web' } })
    const found = async (query: string) =>
      (await call('GET', `/accounts?${query}`)).body.items.map(({ id }: any) => id)
    expect(await found('tag=stage')).toEqual([payments.id])
    expect(await found('tag=team%3Dpayments&tag=stage')).toEqual([payments.id])
    expect(await found('tag=team')).toHaveLength(2)
    expect(await found('tag=team%3Dnobody')).toEqual([])
    expect(await found(`text=${payments.awsAccountId.slice(-6)}&status=ACTIVE`)).toEqual([
      payments.id,
    ])
    const path = `/accounts/${payments.id}`
    expect((await call('PATCH', path, { tags: { team: 'cards' } })).body.tags).toEqual({
      team: 'cards',
    })
    expect(await found('tag=stage')).toEqual([])
  })

  it.each([
    ['a key of AWS’s own', { 'aws:x': 'y' }],
    ['a key that is too long', { ['k'.repeat(129)]: 'v' }],
    ['a value that is too long', { k: 'v'.repeat(257) }],
    ['a character that AWS refuses', { 'k;': 'v' }],
    ['more than 100', Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`k${n}`, 'v']))],
  ])('refuse tags with %s', async (_what, tags) => {
    const path = `/accounts/${ours.accountIds['MEMBER']}`
    expect(await call('PATCH', path, { tags })).toMatchObject(refused(400, 'request.invalid'))
  })

  it('that are closed take no events and lend no role, and lose none that came before', async () => {
    const { id, awsAccountId } = await newAccount()
    let sent = 0
    const collected = async (events: number) => {
      const ids = Array.from({ length: events }, () => `closing-${(sent += 1)}`)
      const answer = await fetch(`${hub.url}/ingest/aws`, {
        method: 'POST',
        headers: { 'x-api-key': ours.ingestKey },
        body: JSON.stringify(
          ids.map((eventId) => ({
            ...{ version: '0', id: eventId, 'detail-type': 'T', source: 'aws.test' },
            ...{ account: awsAccountId, time: '2026-01-31T08:15:00Z', region: REGION },
            ...{ resources: [], detail: {} },
          })),
        ),
      })
      return { status: answer.status, taken: answer.status === 200 ? ids : [] }
    }
    /** Sends without a pause until it is refused. */
    const flood = async () => {
      const taken: string[] = []
      for (;;) {
        const answer = await collected(20)
        taken.push(...answer.taken)
        if (answer.status !== 200) return taken
      }
    }
    const { accessKeyId, secretAccessKey } = await hub.profile('management')
    const sts = new STSClient({
      ...{ endpoint: hub.url, region: REGION, credentials: { accessKeyId, secretAccessKey } },
    })
    const assume = new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${awsAccountId}:role/api_operations`,
      RoleSessionName: 'me',
    })
    const assumed = async () => {
      const { Credentials } = await sts.send(assume)
      const credentials = {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken ?? '',
      }
      return new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
    }
    const bridge = await assumed()
    const EventSourceArn = `arn:aws:events:${REGION}:${awsAccountId}:event-bus/default`
    await bridge.send(new CreateArchiveCommand({ ArchiveName: 'kept', EventSourceArn }))
    const entry = { Source: 's', DetailType: 'd', Detail: '{}' }
    await bridge.send(new PutEventsCommand({ Entries: [entry] }))

    const floods = Promise.all([flood(), flood(), flood()])
    await new Promise((resolve) => setTimeout(resolve, 200))
    const { status, body } = await call('POST', `/accounts/${id}/close`)
    expect(status).toBe(202)
    const taken = (await floods).flat()
    expect(taken.length).toBeGreaterThan(0)
    expect((await collected(1)).status).toBe(422)
    await expect(sts.send(assume)).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(bridge.send(new PutEventsCommand({ Entries: [entry] }))).rejects.toThrow()

    expect(await ended(hub, body.taskId)).toMatchObject({
      ...{ kind: 'CLOSE_ACCOUNT', status: 'SUCCEEDED', result: { accountId: id, awsAccountId } },
    })
    expect((await call('GET', `/accounts/${id}`)).body).toMatchObject({
      ...{ status: 'CLOSED', assuranceState: 'NONE' },
    })
    await told(follower, 'AccountCloseEvent', { accountId: id, status: 'SUCCESS' })
    const security = `arn:aws:events:${REGION}:${ACCOUNTS.SECURITY}:event-bus/default`
    const forwarded = await follower.waitFor(
      taken.length,
      ({ data }) => data.bus === security && data.event.account === awsAccountId,
    )
    expect(new Set(forwarded.map(({ data }) => data.event.id))).toEqual(new Set(taken))
    expect(await call('PATCH', `/accounts/${id}`, { name: 'x' })).toMatchObject(
      refused(409, 'account.closed'),
    )

    const again = await newAccount({ awsAccountId })
    expect(again.id).not.toBe(id)
    expect((await collected(1)).status).toBe(200)
    // Whoever has the account next has nothing of what it kept.
    expect((await (await assumed()).send(new ListArchivesCommand({}))).Archives).toEqual([])
  })

  it('of the foundation stay', async () => {
    const id = ours.accountIds['SECURITY']
    expect(await call('POST', `/accounts/${id}/close`)).toMatchObject(
      refused(409, 'account.foundation'),
    )
    const failed = await told(follower, 'AccountCloseEvent', { accountId: id })
    expect(failed.detail).toMatchObject({ status: 'FAILED', errorCode: 'account.foundation' })
  })

  it('whose closing is cut off by a crash are closed after the next start', async () => {
    const { id } = await newAccount()
    const [first, second] = await Promise.all(
      [1, 2].map(() => call('POST', `/accounts/${id}/close`)),
    )
    const taskId = first?.body.taskId
    expect(second?.body).toEqual({ taskId })
    expect((await call('GET', `/accounts/${id}`)).body).toMatchObject({ closingTaskId: taskId })
    follower.close()
    await hub.kill('SIGKILL')
    hub = await startHubProcess(folder)
    follower = await follow(hub, await hub.profile('operator'), { since: 'start' })
    expect(await ended(hub, taskId)).toMatchObject({ status: 'SUCCEEDED' })
    const { status, closingTaskId } = (await call('GET', `/accounts/${id}`)).body
    expect([status, closingTaskId]).toEqual(['CLOSED', undefined])
    await told(follower, 'AccountCloseEvent', { accountId: id, status: 'SUCCESS' })
  })

  it('are told of as changed in what is different, and not where nothing is', async () => {
    const account = await newAccount({ tags: { team: 'web' } })
    const path = `/accounts/${account.id}`
    const { name, tags } = account
    expect((await call('PATCH', path, { name, tags, organisationalUnitId: null })).body).toEqual(
      account,
    )
    await call('PATCH', path, { name: 'renamed', tags, organisationalUnitId: null })
    const event = await told(follower, 'AccountUpdateEvent', { accountId: account.id })
    expect(event.detail.changed).toEqual(['name'])
  })
})

describe('groups', () => {
  it('gain and lose members, each time once', async () => {
    const user = await made('/users', {
      ...{ email: 'ada@example.com', firstName: 'Ada', lastName: 'L', role: 'customer_user' },
    })
    const group = await made('/groups', { name: 'platform' })
    await told(follower, 'GroupCreateEvent', { groupId: group.id })
    const path = `/groups/${group.id}/members/${user.id}`
    for (const status of [204, 204]) expect((await call('PUT', path)).status).toBe(status)
    const event = await told(follower, 'GroupMemberAddEvent', { groupId: group.id })
    expect(event.detail).toMatchObject({
      ...{ groupName: 'platform', userID: user.id, email: 'ada@example.com', status: 'SUCCESS' },
    })
    expect((await call('GET', `/groups/${group.id}/members`)).body.items).toEqual([user])
    const [listed] = (await call('GET', `/groups?userId=${user.id}`)).body.items
    expect(listed).toMatchObject({ id: group.id, memberCount: 1, groupType: 'LOCAL' })
    for (const status of [204, 204]) expect((await call('DELETE', path)).status).toBe(status)
    await told(follower, 'GroupMemberRemoveEvent', { groupId: group.id })
    await call('PUT', path)
    await call('DELETE', `/groups/${group.id}`)
    await told(follower, 'GroupDeleteEvent', { groupId: group.id, groupName: 'platform' })
    expect((await call('GET', `/groups?userId=${user.id}`)).body.items).toEqual([])
    const added = follower.events.filter(
      ({ data }) => data.event.detail.staxEventName === 'GroupMemberAddEvent',
    )
    expect(added).toHaveLength(2)
  })
})

describe('who belongs to another organisation', () => {
  it('finds none of it, changes nothing, and no event says that it tried', async () => {
    const regions = { installationRegion: REGION, regions: [REGION] }
    const other = { name: 'Other', alias: 'other', ...regions }
    const organisationId = (await call('POST', '/organisations', other)).body.id
    const token = { organisationId, name: 'admin', role: 'api_admin' }
    const stranger = (await call('POST', '/api-tokens', token)).body
    const unit = await made('/organisational-units', { name: 'Ours' })
    const type = await made('/account-types', { name: 'ours' })
    const group = await made('/groups', { name: 'ours' })
    const user = await made('/users', {
      ...{ email: 'own@example.com', firstName: 'O', lastName: 'W', role: 'customer_user' },
    })
    const { id } = await newAccount()
    const [task] = (await call('GET', '/tasks')).body.items
    const [customer] = (await call('GET', '/customers')).body.items
    const ofOurs = `organisationId=${ours.organisationId}`
    const aws = `/organisations/${ours.organisationId}/aws-organization`
    const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x'.repeat(20) }
    const before = follower.events.length
    const requests: (readonly [string, string, unknown?])[] = [
      ...[`/organisational-units/${unit.id}`, `/account-types/${type.id}`, `/groups/${group.id}`]
        .map((path) => [
          ['GET', path],
          ['DELETE', path],
        ])
        .flat()
        .map(([method = '', path = '']) => [method, path] as const),
      ['PATCH', `/organisational-units/${unit.id}`, { name: 'taken' }],
      ['PATCH', `/account-types/${type.id}`, { status: 'DISABLED' }],
      ['PATCH', `/groups/${group.id}`, { name: 'taken' }],
      ['PUT', `/groups/${group.id}/members/${user.id}`],
      ['POST', '/groups', { organisationId: ours.organisationId, name: 'x' }],
      ['POST', '/organisational-units', { organisationId: ours.organisationId, name: 'x' }],
      ['POST', `/accounts/${id}/close`],
      ['POST', `/accounts/${id}/onboard`, {}],
      ['POST', '/accounts/discovery', { organisationId: ours.organisationId }],
      ['GET', `/customers/${customer.id}`],
      ['PATCH', `/customers/${customer.id}`, { name: 'taken' }],
      ['GET', `/services?${ofOurs}`],
      ['PUT', `/services/guardduty/state?${ofOurs}`, { state: 'ACTIVE', version: 1 }],
      ['GET', `/tasks/${task.id}`],
      ['GET', aws],
      ['PUT', aws, { enabled: true, region: 'us-east-1', credentials }],
    ]
    for (const request of requests) {
      const { status, body } = await restAs(hub, stranger, request)
      expect([...request.slice(0, 2), status]).toEqual([...request.slice(0, 2), 404])
      expect(body.code).toMatch(/\.not-found$/)
    }
    for (const list of ['groups', 'tasks', 'organisational-units']) {
      expect((await restAs(hub, stranger, ['GET', `/${list}`])).body).toEqual({ items: [] })
    }
    expect((await call('GET', `/organisational-units/${unit.id}`)).body).toEqual(unit)
    expect((await call('GET', `/accounts/${id}`)).body.status).toBe('ACTIVE')
    // A last action of ours, after which an event of theirs would have come too.
    const last = await made('/groups', { name: 'last' })
    await told(follower, 'GroupCreateEvent', { groupId: last.id })
    const names = follower.events
      .slice(before)
      .map(({ data }) => data.event.detail.staxEventName as string)
    expect(names.filter((name) => !name.endsWith('CreateEvent'))).toEqual([])
  })
})
