import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { EventBridgeClient, ListEventBusesCommand } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { follow } from '../event-follower.ts'
import type { EventFollower, StreamedEvent } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { proofOf, restAs } from '../rest-caller.ts'

const MS_PER_HOUR = 3_600_000
/** Longer than the hub lets a stream go on unchecked. */
const STILL_CALLS_MS = 4_000

const folder = newDataFolder()
let hub: HubProcess
let follower: EventFollower
let organisationId: string
let admin: any

const token = async (given: object): Promise<any> => {
  const answer = await hub.rest('POST', '/api-tokens', {
    ...{ organisationId, role: 'api_operations' },
    ...given,
  })
  if (answer.status !== 201) throw new Error(JSON.stringify(answer))
  return answer.body
}
const statusOf = async (caller: any, path = '/caller') =>
  (await restAs(hub, caller, ['GET', path])).status
const named =
  (name: string, accessKeyId: string, given: object = {}) =>
  ({ data }: StreamedEvent) => {
    const { detail } = data.event
    const wanted = { staxEventName: name, accessKeyId, ...given }
    return Object.entries(wanted).every(([field, value]) => detail[field] === value)
  }
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

beforeAll(async () => {
  hub = await startHubProcess(folder)
  organisationId = (await createOrganisation(hub)).organisationId
  follower = await follow(hub, await hub.profile('operator'))
  admin = await token({ name: 'admin', role: 'api_admin' })
})
afterAll(async () => {
  follower.close()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

describe('an API token', () => {
  it('has the form of the reference system: a UUID and 32 letters and digits', () => {
    expect(admin.accessKeyId).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    )
    expect(admin.secretAccessKey).toMatch(/^[0-9a-zA-Z]{32}$/)
  })

  it('tells when it authenticates, once an hour, and when it was last used', async () => {
    const made = await token({ name: 'used' })
    const path = `/api-tokens/${made.accessKeyId}`
    expect((await hub.rest('GET', path)).body.lastUsedAt).toBeUndefined()
    const before = Date.now()
    await Promise.all([statusOf(made), statusOf(made), statusOf(made)])
    expect(await statusOf(made)).toBe(200)
    const { lastUsedAt } = (await hub.rest('GET', path)).body
    expect(lastUsedAt).toBeGreaterThanOrEqual(before)
    const later = await token({ name: 'later' })
    await follower.waitFor(1, named('APITokenCreateEvent', later.accessKeyId))
    const told = follower.events.filter(named('APITokenAuthenticationEvent', made.accessKeyId))
    expect(told.map(({ data }) => data.event.detail)).toEqual([
      expect.objectContaining({
        ...{ status: 'SUCCESS', tokenName: 'used', role: 'api_operations' },
        sourceIp: '127.0.0.1',
      }),
    ])
    expect(told[0]?.data.event.detail.meta.apiToken).toEqual({
      accessKeyId: made.accessKeyId,
      tokenName: 'used',
    })
  })

  it('tells of calls that its secret did not sign, without a flood', async () => {
    const made = await token({ name: 'attacked' })
    const forged = { accessKeyId: made.accessKeyId, secretAccessKey: 'x'.repeat(32) }
    for (let tries = 0; tries < 5; tries += 1) expect(await statusOf(forged)).toBe(401)
    const failed = named('APITokenAuthenticationEvent', made.accessKeyId, { status: 'FAILED' })
    const [event] = await follower.waitFor(1, failed)
    expect(event?.data.event.detail).toMatchObject({ errorCode: 'SignatureDoesNotMatch' })
    await sleep(200)
    expect(follower.events.filter(failed)).toHaveLength(1)
  })

  it('is refused from its end on, with every session made with it', async () => {
    const expiresAt = Date.now() + 1_500
    const given = { name: 'ending', awsAccountId: ACCOUNTS.MEMBER, expiresAt }
    const made = await token(given)
    const sts = new STSClient({ endpoint: hub.url, region: REGION, credentials: made })
    const RoleArn = `arn:aws:iam::${ACCOUNTS.MEMBER}:role/api_readonly`
    const assumed = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session' }))
    const session = {
      accessKeyId: assumed.Credentials?.AccessKeyId as string,
      secretAccessKey: assumed.Credentials?.SecretAccessKey as string,
      sessionToken: assumed.Credentials?.SessionToken as string,
    }
    const list = () =>
      new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials: session }).send(
        new ListEventBusesCommand({}),
      )
    expect((await list()).EventBuses?.length).toBeGreaterThan(0)
    expect(await statusOf(made)).toBe(200)
    await sleep(Math.max(0, expiresAt - Date.now()) + 20)
    expect(await statusOf(made)).toBe(401)
    await expect(list()).rejects.toMatchObject({ name: 'ExpiredTokenException' })
    const failed = { status: 'FAILED', errorCode: 'ExpiredToken' }
    await follower.waitFor(1, named('APITokenAuthenticationEvent', made.accessKeyId, failed))
    const past = await hub.rest('POST', '/api-tokens', {
      ...{ organisationId, name: 'past', role: 'api_user', expiresAt: 5 },
    })
    expect(past).toMatchObject({ status: 400, body: { code: 'api-token.expired' } })
  })

  it('gets a new secret while the old one is good for a while longer', async () => {
    const made = await token({ name: 'rotated' })
    const path = `/api-tokens/${made.accessKeyId}/rotate`
    const overlapMs = 1_800
    const rotated = await hub.rest('POST', path, { overlapHours: overlapMs / MS_PER_HOUR })
    expect(rotated.body.secretAccessKey).not.toBe(made.secretAccessKey)
    expect(rotated.body.accessKeyId).toBe(made.accessKeyId)
    expect(await statusOf(made)).toBe(200)
    expect(await statusOf(rotated.body)).toBe(200)
    await sleep(Math.max(0, rotated.body.previousSecretUntil - Date.now()) + 20)
    expect(await statusOf(made)).toBe(401)
    expect(await statusOf(rotated.body)).toBe(200)
    const again = await hub.rest('POST', path, { overlapHours: 0 })
    expect(await statusOf(rotated.body)).toBe(401)
    expect(await statusOf(again.body)).toBe(200)
    await follower.waitFor(2, named('APITokenRotateEvent', made.accessKeyId))
  })

  it('hears nothing more with its old secret, also on a stream that was open before', async () => {
    const made = await token({ name: 'leaked' })
    const stream = { method: 'GET', path: '/events/stream' }
    const open = (secret: object) =>
      fetch(`${hub.url}/api/v1${stream.path}`, {
        headers: proofOf(hub, { ...made, ...secret }, stream),
      })
    const old = await open({})
    const path = `/api-tokens/${made.accessKeyId}/rotate`
    const { secretAccessKey } = (await hub.rest('POST', path, { overlapHours: 0 })).body
    const renewed = await open({ secretAccessKey })
    expect([old.status, renewed.status]).toEqual([200, 200])
    // The test's own time is the bound; a stream that goes on is never read to its end.
    await old.text().catch(() => 'cut')
    await renewed.body?.cancel()
    expect((await open({})).status).toBe(401)
  })

  it('is changed and deleted, and each tells so', async () => {
    const made = await token({ name: 'changing' })
    const path = `/api-tokens/${made.accessKeyId}`
    const change = { name: 'changed', role: 'api_readonly', expiresAt: Date.now() + 60_000 }
    expect(await hub.rest('PATCH', path, change)).toMatchObject({ status: 200, body: change })
    expect((await hub.rest('PATCH', path, { expiresAt: null })).body.expiresAt).toBeUndefined()
    const renamed = { tokenName: 'changed', role: 'api_readonly' }
    await follower.waitFor(1, named('APITokenUpdateEvent', made.accessKeyId, renamed))
    expect((await hub.rest('DELETE', path)).status).toBe(204)
    expect(await statusOf(made)).toBe(401)
    await follower.waitFor(1, named('APITokenDeleteEvent', made.accessKeyId, renamed))
  })

  it('cannot delete itself, which is an event that failed', async () => {
    const path = `/api-tokens/${admin.accessKeyId}`
    const answer = await restAs(hub, admin, ['DELETE', path])
    expect(answer).toMatchObject({ status: 409, body: { code: 'api-token.in-use' } })
    const failed = { status: 'FAILED', errorCode: 'api-token.in-use' }
    await follower.waitFor(1, named('APITokenDeleteEvent', admin.accessKeyId, failed))
    expect(await statusOf(admin)).toBe(200)
  })
})

describe('the profiles in the data folder', () => {
  it('are kept beside those that somebody else wrote', async () => {
    const own = '[mine]\naws_access_key_id = mine\naws_secret_access_key = a-secret\n'
    appendFileSync(join(folder, 'credentials'), `\n${own}`)
    const organisation = await hub.rest('POST', '/organisations', {
      ...{ name: 'Other', alias: 'other', installationRegion: REGION, regions: [REGION] },
    })
    const account = { awsAccountId: '555555555555', name: 'other', accountRole: 'LOGGING' }
    await hub.rest('POST', '/accounts', { organisationId: organisation.body.id, ...account })
    await hub.profile('other-logging')
    expect(readFileSync(join(folder, 'credentials'), 'utf8')).toContain(own)
    expect((await hub.profile('mine')).accessKeyId).toBe('mine')
  })

  it('follow their tokens: no secret stays that is no longer good', async () => {
    const written = () => readFileSync(join(folder, 'credentials'), 'utf8')
    const gone = async (secret: string) => {
      while (written().includes(secret)) await sleep(20)
      const next = await hub.profile('member')
      expect(await statusOf(next)).toBe(200)
      return next
    }
    const first = await hub.profile('member')
    const path = `/api-tokens/${first.accessKeyId}`
    const { body } = await hub.rest('POST', `${path}/rotate`, { overlapHours: 0 })
    const rotated = await gone(first.secretAccessKey)
    expect(rotated.secretAccessKey).toBe(body.secretAccessKey)
    expect((await hub.rest('DELETE', path)).status).toBe(204)
    const another = await gone(rotated.secretAccessKey)
    expect(another.accessKeyId).not.toBe(first.accessKeyId)
    const end = { expiresAt: Date.now() + 1_000 }
    expect((await hub.rest('PATCH', `/api-tokens/${another.accessKeyId}`, end)).status).toBe(200)
    await gone(another.secretAccessKey)
    expect((await hub.profile('mine')).accessKeyId).toBe('mine')
  })
})

describe('an API token that is only for some accounts', () => {
  const { MEMBER, SECURITY } = ACCOUNTS

  it('acts in those alone', async () => {
    const made = await token({ name: 'bound', onlyAccounts: [MEMBER], awsAccountId: MEMBER })
    const sts = new STSClient({ endpoint: hub.url, region: REGION, credentials: made })
    const assume = (account: string) =>
      sts.send(
        new AssumeRoleCommand({
          RoleArn: `arn:aws:iam::${account}:role/api_readonly`,
          RoleSessionName: 'session',
        }),
      )
    expect((await assume(MEMBER)).Credentials).toBeDefined()
    await expect(assume(SECURITY)).rejects.toMatchObject({ name: 'AccessDenied' })
    const { items } = (await restAs(hub, made, ['GET', '/accounts'])).body
    expect(items.map((account: any) => account.awsAccountId)).toEqual([MEMBER])
    const others = ['/users', '/api-tokens', '/organisations']
    expect(await Promise.all(others.map((path) => statusOf(made, path)))).toEqual([403, 403, 403])
  })

  it('hears what is on the event buses of those alone', async () => {
    const made = await token({ name: 'listening', onlyAccounts: [MEMBER] })
    const heard = await follow(hub, made, { since: 'start' })
    const everything = await follow(hub, admin, { since: 'start' })
    await everything.waitFor(1, named('APITokenCreateEvent', made.accessKeyId))
    await sleep(200)
    expect(heard.events).toEqual([])
    heard.close()
    everything.close()
  })

  it('hears no more than that on a stream that was open before it was bound', async () => {
    const made = await token({ name: 'narrowed' })
    const heard = await follow(hub, made)
    const everything = await follow(hub, admin)
    const path = `/api-tokens/${made.accessKeyId}`
    const bound = { onlyAccounts: [MEMBER] }
    expect((await hub.rest('PATCH', path, bound)).body).toMatchObject(bound)
    const changed = { changed: ['onlyAccounts'], onlyAccounts: [MEMBER] }
    const [told] = await everything.waitFor(1, named('APITokenUpdateEvent', made.accessKeyId))
    expect(told?.data.event.detail).toMatchObject(changed)
    await sleep(STILL_CALLS_MS)
    const later = await token({ name: 'after-narrowing' })
    await everything.waitFor(1, named('APITokenCreateEvent', later.accessKeyId))
    await sleep(100)
    expect(heard.events.filter(named('APITokenCreateEvent', later.accessKeyId))).toEqual([])
    heard.close()
    everything.close()
  })

  it('must name accounts of its organisation, among them the one that it acts in', async () => {
    const refused = async (given: object) => {
      const body = { organisationId, name: 'refused', role: 'api_user', ...given }
      const answer = await hub.rest('POST', '/api-tokens', body)
      return [answer.status, answer.body.code]
    }
    expect(await refused({ onlyAccounts: ['999999999999'] })).toEqual([404, 'account.not-found'])
    expect(await refused({ onlyAccounts: [MEMBER], awsAccountId: SECURITY })).toEqual([
      400,
      'api-token.account-not-included',
    ])
    expect(await refused({ onlyAccounts: [] })).toEqual([400, 'request.invalid'])
  })

  it('must name such accounts when it is changed too, and cannot widen itself', async () => {
    const made = await token({ name: 'narrow', onlyAccounts: [MEMBER], awsAccountId: MEMBER })
    const path = `/api-tokens/${made.accessKeyId}`
    const foreign = await hub.rest('PATCH', path, { onlyAccounts: ['999999999999'] })
    expect(foreign).toMatchObject({ status: 404, body: { code: 'account.not-found' } })
    const elsewhere = await hub.rest('PATCH', path, { onlyAccounts: [SECURITY] })
    const notIncluded = { status: 400, body: { code: 'api-token.account-not-included' } }
    expect(elsewhere).toMatchObject(notIncluded)
    const operator = `/api-tokens/${(await hub.profile('operator')).accessKeyId}`
    const ofOperator = await hub.rest('PATCH', operator, { onlyAccounts: ['999999999999'] })
    expect(ofOperator).toMatchObject({ status: 404, body: { code: 'account.not-found' } })
    const bound = await token({ name: 'bound-admin', role: 'api_admin', onlyAccounts: [MEMBER] })
    const widen = ['PATCH', `/api-tokens/${bound.accessKeyId}`, { onlyAccounts: null }] as const
    expect(await restAs(hub, bound, widen)).toMatchObject({ status: 403 })
    expect((await hub.rest('GET', path)).body).toMatchObject({ onlyAccounts: [MEMBER] })
  })
})
