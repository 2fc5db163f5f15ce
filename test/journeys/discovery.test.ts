import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { MANAGEMENT, ROOT, startAwsOrganizations } from '../aws-organizations-server.ts'
import type { AwsOrganizationsServer } from '../aws-organizations-server.ts'
import { follow } from '../event-follower.ts'
import type { EventFollower } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { REGION, createOrganisation } from '../organisation.ts'
import { restAs } from '../rest-caller.ts'
import { ended, told } from '../tenancy-calls.ts'

const PAYMENTS = '500000000001'
const WEB = '500000000002'
const SANDBOX = '500000000003'
const KEYS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG' }

const folder = newDataFolder()
let aws: AwsOrganizationsServer
let hub: HubProcess
let follower: EventFollower
let ours: Awaited<ReturnType<typeof createOrganisation>>

const call = (method: string, path: string, body?: unknown) => hub.rest(method, path, body)
const settings = (more: object = {}) => ({
  ...{ enabled: true, region: 'us-east-1', endpoint: aws.url, credentials: KEYS, ...more },
})
const setUp = (more: object = {}) =>
  call('PUT', `/organisations/${ours.organisationId}/aws-organization`, settings(more))
/** Brings the organisation in step and answers how the task ended. */
async function synced(): Promise<any> {
  const started = await call('POST', '/accounts/discovery', {
    organisationId: ours.organisationId,
  })
  expect(started.status).toBe(202)
  return ended(hub, started.body.taskId)
}
async function firstTask(): Promise<string> {
  for (;;) {
    const [task] = (await call('GET', '/tasks?kind=SYNC_ACCOUNTS')).body.items
    if (task !== undefined) return task.id
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
const accounts = async (query = '') =>
  (await call('GET', `/accounts?limit=1000${query}`)).body.items
const account = async (awsAccountId: string) =>
  (await accounts(`&text=${awsAccountId}`)).find(({ status }: any) => status !== 'CLOSED')
const units = async () => (await call('GET', '/organisational-units')).body.items
const unitNamed = async (name: string) => (await units()).find((unit: any) => unit.name === name)

beforeAll(async () => {
  aws = await startAwsOrganizations()
  aws.organization.units.push(
    { Id: 'ou-work', Name: 'Workloads', parent: ROOT },
    { Id: 'ou-sand', Name: 'Sandbox', parent: ROOT },
    { Id: 'ou-none', Name: 'Empty', parent: ROOT },
    { Id: 'ou-prod', Name: 'Prod', parent: 'ou-work' },
  )
  aws.organization.accounts.push(
    { Id: MANAGEMENT, Name: 'management-account', parent: ROOT, State: 'ACTIVE' },
    { Id: PAYMENTS, Name: 'payments', parent: 'ou-prod', State: 'ACTIVE', Status: 'SUSPENDED' },
    { Id: WEB, Name: 'web', parent: 'ou-prod', Status: 'ACTIVE' },
    { Id: SANDBOX, Name: 'sandbox', parent: 'ou-prod', State: 'ACTIVE' },
    { Id: '500000000009', Name: 'long gone', parent: ROOT, State: 'SUSPENDED' },
  )
  aws.organization.tags[PAYMENTS] = [
    { Key: 'team', Value: 'payments' },
    { Key: 'stage', Value: 'prod' },
    { Key: 'aws:createdBy', Value: 'someone' },
  ]
  hub = await startHubProcess(folder)
  ours = await createOrganisation(hub)
  follower = await follow(hub, await hub.profile('operator'))
})
afterAll(async () => {
  follower.close()
  await hub.kill('SIGTERM')
  await aws.close()
  removeDataFolder(folder)
})

describe('discovery', () => {
  it('must be set up first, with credentials that are the caller’s to give', async () => {
    const { organisationId } = ours
    const early = await call('POST', '/accounts/discovery', { organisationId })
    expect(early).toMatchObject({ status: 409, body: { code: 'aws-organization.not-enabled' } })
    const token = { organisationId, name: 'admin', role: 'api_admin' }
    const admin = (await call('POST', '/api-tokens', token)).body
    const path = `/organisations/${organisationId}/aws-organization`
    for (const credentials of [{ profile: 'default' }, { environment: true }]) {
      const borrowed = { ...settings(), credentials }
      expect(await restAs(hub, admin, ['PUT', path, borrowed])).toMatchObject({
        ...{ status: 403, body: { code: 'aws-organization.forbidden' } },
      })
    }
    const role = { ...settings(), roleArn: 'arn:aws:iam::111111111111:role/x' }
    expect((await call('PUT', path, role)).body.message).toContain('"roleArn"')
    const file = { ...settings(), endpoint: 'http://user@example.com' }
    expect(await call('PUT', path, file)).toMatchObject({
      ...{ status: 400, body: { code: 'aws-organization.endpoint-refused' } },
    })
  })

  it('begins by itself and finds all page by page, however often it is throttled', async () => {
    aws.throttle(3)
    const { body } = await setUp()
    expect(body).toMatchObject({ enabled: true, credentials: { accessKeyId: KEYS.accessKeyId } })
    expect(JSON.stringify(body)).not.toContain(KEYS.secretAccessKey)
    const task = await ended(hub, await firstTask())
    expect(task).toMatchObject({
      ...{ status: 'SUCCEEDED', result: { discovered: 3, closed: 0, missing: 3 } },
    })
    expect(new Set(aws.calls.map(({ accessKeyId }) => accessKeyId))).toEqual(
      new Set([KEYS.accessKeyId]),
    )
    const prod = await unitNamed('Prod')
    expect(prod).toMatchObject({
      ...{ awsOrganizationalUnitId: 'ou-prod', accountCount: 3 },
      parentId: (await unitNamed('Workloads')).id,
    })
    expect(await account(PAYMENTS)).toMatchObject({
      ...{ name: 'payments', status: 'DISCOVERED', assuranceState: 'NONE' },
      ...{ organisationalUnitId: prod.id, tags: { team: 'payments', stage: 'prod' } },
    })
    expect((await account(WEB)).status).toBe('DISCOVERED')
    expect(await account('500000000009')).toBeUndefined()
    const found = await told(follower, 'AccountDiscoverEvent', { awsAccountId: PAYMENTS })
    expect(found.detail).toMatchObject({ organisationalUnitName: 'Prod', status: 'SUCCESS' })
    const sync = await told(follower, 'AccountSyncEvent', { taskId: task.id })
    expect(sync.detail).toMatchObject({ discovered: 3, missing: 3, status: 'SUCCESS' })
    const missing = task.logs.filter(({ message }: any) => message.includes('not in AWS'))
    expect(missing).toHaveLength(3)
    expect(await account('444444444444')).toMatchObject({ status: 'ACTIVE' })
  })

  it('a second time changes nothing and tells of nothing', async () => {
    const before = [await accounts(), await units()]
    const task = await synced()
    expect(task.result).toMatchObject({ discovered: 0, updated: 0, closed: 0 })
    expect([await accounts(), await units()]).toEqual(before)
  })

  it('leaves discovered accounts to be onboarded, which wires them', async () => {
    const { id } = await account(WEB)
    const put = () =>
      fetch(`${hub.url}/ingest/aws`, {
        method: 'POST',
        headers: { 'x-api-key': ours.ingestKey },
        body: JSON.stringify({
          ...{ version: '0', id: 'one', 'detail-type': 'T', source: 'aws.test', account: WEB },
          ...{ time: '2026-01-31T08:15:00Z', region: REGION, resources: [], detail: {} },
        }),
      })
    expect((await put()).status).toBe(422)
    const managed = await call('POST', '/accounts', {
      ...{ organisationId: ours.organisationId, awsAccountId: WEB, name: 'web' },
    })
    expect(managed.body).toMatchObject({ code: 'account.exists' })
    expect(managed.body.message).toContain('belfry accounts onboard')
    const onboarded = await call('POST', `/accounts/${id}/onboard`, {})
    expect(onboarded.body).toMatchObject({ status: 'ACTIVE', assuranceState: 'ACTIVE' })
    await told(follower, 'AccountOnboardEvent', { accountId: id, accountName: 'web' })
    expect((await put()).status).toBe(200)
  })

  it('keeps names, tags, places and states in step', async () => {
    const { accounts: listed, units: listedUnits, tags } = aws.organization
    const of = (id: string) => listed.find(({ Id }) => Id === id) as (typeof listed)[number]
    Object.assign(of(WEB), { Name: 'web-shop', parent: 'ou-sand', State: 'SUSPENDED' })
    tags[WEB] = [{ Key: 'team', Value: 'web' }]
    Object.assign(listedUnits[3] as object, { Name: 'Production', parent: ROOT })
    listedUnits.splice(2, 1)
    const task = await synced()
    expect(task.result).toMatchObject({ discovered: 0, updated: 1 })
    expect(await account(WEB)).toMatchObject({
      ...{ name: 'web-shop', status: 'SUSPENDED', tags: { team: 'web' } },
      organisationalUnitId: (await unitNamed('Sandbox')).id,
    })
    const changed = ['name', 'tags', 'organisationalUnitId', 'status']
    const event = await told(follower, 'AccountUpdateEvent', { awsAccountId: WEB })
    expect(event.detail.changed).toEqual(changed)
    expect(event.detail.organisationalUnitName).toBe('Sandbox')
    expect((await unitNamed('Production')).parentId).toBeUndefined()
    expect(await unitNamed('Empty')).toBeUndefined()
    Object.assign(of(WEB), { State: 'ACTIVE' })
    await synced()
    expect((await account(WEB)).status).toBe('ACTIVE')
  })

  it('leaves what it may not change, without an event for each time that it tries', async () => {
    const { accounts: listed, units: listedUnits } = aws.organization
    const web = listed.find(({ Id }) => Id === WEB) as (typeof listed)[number]
    const sandbox = await unitNamed('Sandbox')
    const before = follower.events.length
    // AWS's limit is five levels, and so is ours; who speaks its API may have more.
    listedUnits.push(
      ...[1, 2, 3, 4, 5, 6].map((level) => ({
        ...{ Id: `ou-${level}`, Name: `Level ${level}` },
        parent: level === 1 ? ROOT : `ou-${level - 1}`,
      })),
      { Id: 'ou-left', Name: 'Left', parent: ROOT },
    )
    Object.assign(web, { parent: 'ou-6' })
    await synced()
    expect((await account(WEB)).organisationalUnitId).toBe(sandbox.id)
    const left = await unitNamed('Left')
    await call('PATCH', `/accounts/${ours.accountIds['MEMBER']}`, { organisationalUnitId: left.id })
    listedUnits.splice(-2, 2)
    listedUnits.push({ Id: 'ou-6', Name: 'Level 6', parent: 'ou-5' })
    const task = await synced()
    expect(task.result).toMatchObject({ updated: 0 })
    expect(task.logs.map(({ message }: any) => message)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('unit "Level 6" was left as it is'),
        expect.stringContaining('unit "Left" is gone in AWS and stays here'),
      ]),
    )
    await told(follower, 'AccountSyncEvent', { taskId: task.id })
    const failed = follower.events
      .slice(before)
      .filter(({ data }) => data.event.detail.status === 'FAILED')
    expect(failed.map(({ data }) => data.event.detail.staxEventName)).toEqual([])
    listedUnits.splice(-6, 6)
    Object.assign(web, { parent: 'ou-sand' })
    await synced()
  })

  it('moves an account to the root and back, each time once', async () => {
    const web = aws.organization.accounts.find(({ Id }) => Id === WEB)
    const sandbox = await unitNamed('Sandbox')
    for (const parent of [ROOT, 'ou-sand']) {
      Object.assign(web as object, { parent })
      const task = await synced()
      expect(task.result).toMatchObject({ updated: 1 })
      const place = parent === ROOT ? undefined : sandbox.id
      expect((await account(WEB)).organisationalUnitId).toBe(place)
      expect((await synced()).result).toMatchObject({ updated: 0 })
      await told(follower, 'AccountSyncEvent', { taskId: task.id })
      const moved = follower.events
        .map(({ data }) => data.event.detail)
        .findLast(({ staxEventName, awsAccountId }) => {
          return staxEventName === 'AccountUpdateEvent' && awsAccountId === WEB
        })
      expect(moved).toMatchObject({ changed: ['organisationalUnitId'], status: 'SUCCESS' })
      expect(moved?.['organisationalUnitName']).toBe(place && 'Sandbox')
    }
  })

  it('closes what AWS has closed', async () => {
    const { id } = await account(WEB)
    const listed = aws.organization.accounts.find(({ Id }) => Id === WEB)
    Object.assign(listed as object, { State: 'CLOSED' })
    expect((await synced()).result).toMatchObject({ closed: 1 })
    await told(follower, 'AccountCloseEvent', { accountId: id, status: 'SUCCESS' })
    expect((await call('GET', `/accounts/${id}`)).body.status).toBe('CLOSED')
  })

  it('onboards at once where that is wished, but not what was closed here', async () => {
    const listed = aws.organization.accounts.find(({ Id }) => Id === WEB)
    Object.assign(listed as object, { State: 'ACTIVE' })
    const { accessKeyId } = KEYS
    expect((await setUp({ onboard: true, credentials: { accessKeyId } })).status).toBe(200)
    await synced()
    expect((await account(WEB)).status).toBe('DISCOVERED')
    expect(await account(PAYMENTS)).toMatchObject({ status: 'ACTIVE', assuranceState: 'ACTIVE' })
    expect((await account(SANDBOX)).status).toBe('ACTIVE')
  })

  it('fails with AWS’s own words where it may not read, and changes nothing', async () => {
    aws.deny('ListTagsForResource')
    const before = await accounts()
    const task = await synced()
    aws.deny(undefined)
    expect(task).toMatchObject({
      status: 'FAILED',
      error: {
        code: 'aws-organization.unreadable',
        message: 'AWS Organizations answered AccessDeniedException: no ListTagsForResource',
      },
    })
    const event = await told(follower, 'AccountSyncEvent', { taskId: task.id })
    expect(event.detail).toMatchObject({
      ...{
        status: 'FAILED',
        errorCode: 'aws-organization.unreadable',
        message: task.error.message,
      },
    })
    expect(await accounts()).toEqual(before)
  })

  it('goes on by itself after a crash in the middle of it', async () => {
    aws.organization.accounts.push(
      ...Array.from({ length: 12 }, (_, index) => ({
        ...{ Id: String(510_000_000_000 + index), Name: `more-${index}` },
        ...{ parent: 'ou-sand', State: 'ACTIVE' },
      })),
    )
    const { organisationId } = ours
    const { taskId } = (await call('POST', '/accounts/discovery', { organisationId })).body
    const calls = aws.calls.length
    while (aws.calls.length < calls + 10) await new Promise((resolve) => setTimeout(resolve, 5))
    await hub.kill('SIGKILL')
    hub = await startHubProcess(folder)
    expect(await ended(hub, taskId)).toMatchObject({ status: 'SUCCEEDED' })
    const more = await accounts('&text=more-')
    expect(more).toHaveLength(12)
    expect(new Set(more.map(({ status }: any) => status))).toEqual(new Set(['ACTIVE']))
  })
})
