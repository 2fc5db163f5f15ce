import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, OTHER_REGION, REGION, createOrganisation } from '../organisation.ts'
import { restAs } from '../rest-caller.ts'
import type { Caller } from '../rest-caller.ts'

const ROOT = new URL('../..', import.meta.url).pathname
const PASSWORD = 'correct horse battery staple'
const EMAIL = 'mei.tanaka@example.com'
const ROLE = 'AWSReservedSSO_Admin_0123456789abcdef'
const BIG = '12345678901234567890'

const folder = newDataFolder()
const theirFolder = newDataFolder()
let hub: HubProcess
let ours: Awaited<ReturnType<typeof createOrganisation>>
let theirs: Caller
let meiId: string

beforeAll(async () => {
  hub = await startHubProcess(folder)
  ours = await createOrganisation(hub)
  const { organisationId } = ours
  const mei = { email: EMAIL, firstName: 'Mei', lastName: 'Tanaka', role: 'customer_admin' }
  meiId = (await hub.rest('POST', '/users', { organisationId, ...mei, password: PASSWORD })).body.id
  theirs = await otherOrganisation()
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
  removeDataFolder(theirFolder)
})

/** A reader of another organisation, and its profile for the command line. */
async function otherOrganisation(): Promise<Caller> {
  const regions = { installationRegion: REGION, regions: [REGION] }
  const given = { name: 'Other', alias: 'other', customerName: 'Other', ...regions }
  const organisationId = (await hub.rest('POST', '/organisations', given)).body.id
  const token = { organisationId, name: 'reader', role: 'api_readonly' }
  const { accessKeyId, secretAccessKey } = (await hub.rest('POST', '/api-tokens', token)).body
  mkdirSync(theirFolder, { recursive: true })
  const section = `[reader]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`
  writeFileSync(join(theirFolder, 'credentials'), section)
  return { accessKeyId, secretAccessKey }
}

/** Runs the command line as a user does. */
async function belfry(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['belfry.mjs', ...args], {
    cwd: ROOT,
    env: {
      ...process.env,
      ...{ NO_COLOR: '1', BELFRY_DATA: folder, BELFRY_URL: '', BELFRY_PROFILE: '' },
      ...{ BELFRY_SESSION: undefined, NODE_COMPILE_CACHE: join(folder, 'compile-cache'), ...env },
    },
  })
  child.stdin.end()
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    child.exitCode ?? once(child, 'exit'),
  ])
  return { status: child.exitCode, stdout, stderr }
}

/** An API call by Mei, as CloudTrail tells of it, sent the way AWS sends it. */
async function apiCall(id: string): Promise<void> {
  const account = ACCOUNTS.MEMBER
  const path = `aws-reserved/sso.amazonaws.com/${REGION}`
  const sessionIssuer = {
    ...{ type: 'Role', accountId: account, userName: ROLE },
    arn: `arn:aws:iam::${account}:role/${path}/${ROLE}`,
  }
  const userIdentity = {
    ...{ type: 'AssumedRole', principalId: `AROAEXAMPLE:${EMAIL}`, accountId: account },
    arn: `arn:aws:sts::${account}:assumed-role/${ROLE}/${EMAIL}`,
    sessionContext: { sessionIssuer, attributes: { mfaAuthenticated: 'false' } },
  }
  const detail = {
    ...{ eventSource: 's3.amazonaws.com', eventName: 'DeleteBucket', errorCode: 'AccessDenied' },
    ...{ sourceIPAddress: '203.0.113.5', userAgent: 'aws-cli/2.31', userIdentity },
  }
  const event = {
    ...{
      version: '0',
      id,
      'detail-type': 'AWS API Call via CloudTrail',
      source: 'aws.s3',
      account,
    },
    ...{ time: '2026-11-25T08:15:00Z', region: OTHER_REGION, resources: [], detail },
  }
  const body = JSON.stringify(event).replace('"detail":{', `"detail":{"big":${BIG},"price":1.0,`)
  const headers = { 'x-api-key': ours.ingestKey }
  const { status } = await fetch(`${hub.url}/ingest/aws`, { method: 'POST', headers, body })
  expect(status).toBe(200)
}

/** The answer, once the event is on so many buses. */
async function onBuses(count: number, id: string): Promise<any> {
  for (;;) {
    const { status, body } = await hub.rest('GET', `/events/${id}`)
    if (status === 200 && body.events.length >= count) return body
    expect([200, 404]).toContain(status)
  }
}

describe('belfry explain', () => {
  it('shows what happened, where, who did it and how that is known, and the buses', async () => {
    await apiCall('event-1')
    await onBuses(2, 'event-1')
    const { status, stdout, stderr } = await belfry(['explain', 'event-1'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const lines = stdout.split('\n')
    expect(lines[0]).toBe('aws.s3  AWS API Call via CloudTrail')
    expect(stdout).toMatch(/^event +event-1$/m)
    expect(stdout).toMatch(/^when +2026-11-2\d \d\d:\d5:00, accepted \d{4}-/m)
    expect(stdout).toMatch(/^where +member-account \(444444444444\), us-east-1$/m)
    expect(stdout).toMatch(/^what +DeleteBucket of s3.amazonaws.com: AccessDenied$/m)
    expect(stdout).toMatch(/^who +Mei Tanaka <mei.tanaka@example.com>$/m)
    expect(stdout).toMatch(/^is +a person \(certain\)$/m)
    expect(stdout).toMatch(/^through +permission set Admin$/m)
    expect(stdout).toMatch(/^from +203.0.113.5, aws-cli\/2.31$/m)
    expect(stdout).toMatch(/^how +1\. the call was made with the role AWSReservedSSO_Admin_/m)
    expect(stdout).toMatch(/^ +3\. that is the e-mail of the user Mei Tanaka$/m)
    expect(stdout).toMatch(/^buses .* default of member-account \(444444444444\), us-east-1$/m)
    expect(stdout).toMatch(/^ +\d\d:\d\d:\d\d +default of security-account \(333333333333\)/m)
  })

  it('with --json gives the whole, with numbers as they were written', async () => {
    const { stdout } = await belfry(['explain', 'event-1', '--json'])
    expect(stdout).toContain(`"detail":{"big":${BIG},"price":1.0,`)
    const { events, more, unsearchedBatches } = JSON.parse(stdout)
    expect({ more, unsearchedBatches }).toEqual({ more: false, unsearchedBatches: 0 })
    expect(events).toHaveLength(2)
    expect(events[0]).toMatchObject({
      bus: `arn:aws:events:${OTHER_REGION}:${ACCOUNTS.MEMBER}:event-bus/default`,
      accountName: 'member-account',
      actor: { kind: 'person', userId: meiId, confidence: 'certain' },
      event: { id: 'event-1', source: 'aws.s3' },
    })
    expect(events[1].actor).toEqual(events[0].actor)
  })

  it('of a tenancy event shows who changed what, in the names that enrichment found', async () => {
    const login = { email: EMAIL, password: PASSWORD }
    const { sessionToken } = (await hub.rest('POST', '/sessions', login)).body
    const rename = ['PATCH', `/accounts/${ours.accountIds['MEMBER']}`, { name: 'shop' }] as const
    expect((await restAs(hub, { sessionToken }, rename)).status).toBe(200)
    const filter = ['--detail-type', 'AccountManagement: AccountUpdateEvent']
    const tail = await belfry(['tail', '--since', 'start', '--count', '1', '--json', ...filter])
    const { id } = JSON.parse(tail.stdout).event
    const { events } = await onBuses(2, id)
    expect(events.map((one: any) => one.awaitsEnrichment)).toEqual([undefined, true])
    expect(events[0].event.detail.meta.user.email).toBe(EMAIL)
    const { stdout } = await belfry(['explain', id])
    expect(stdout).toMatch(/^what +shop SUCCESS by mei.tanaka@example.com$/m)
    expect(stdout).toMatch(/^who +Mei Tanaka <mei.tanaka@example.com>$/m)
    expect(stdout.match(/^event /gm)).toHaveLength(1)
    expect(stdout).toMatch(/^buses +\S+ +stax.io of logging-account \(222222222222\)/m)
    await restAs(hub, { sessionToken }, [
      ...rename.slice(0, 2),
      { name: 'member-account' },
    ] as never)
  })

  it('finds a tenancy event by the id under which it was published', async () => {
    const fields = ['--field', `resourceId=${meiId}`, '--field', 'status=SUCCESS']
    const emitted = await belfry([
      'emit',
      'VpcCreateEvent',
      '--organisation',
      'test',
      ...fields,
      '--json',
    ])
    expect(emitted.stderr).toBe('')
    const { eventId } = JSON.parse(emitted.stdout)
    const { events } = await onBuses(2, eventId)
    expect(events[0].event.id).not.toBe(eventId)
    expect(events[0].event.detail.staxEventID).toBe(eventId)
    const { status, stdout } = await belfry(['explain', eventId])
    expect(status).toBe(0)
    expect(stdout).toContain(events[0].event.id)
  })

  it('finds an event as soon as it was accepted, and after a crash', async () => {
    const credentials = await hub.profile('member')
    const client = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
    const Entries = [{ Source: 'shop.orders', DetailType: 'Order', Detail: '{"state":"new"}' }]
    const { Entries: put } = await client.send(new PutEventsCommand({ Entries }))
    const path = `/events/${put?.[0]?.EventId}`
    const found = await hub.rest('GET', path)
    expect(found).toMatchObject({
      status: 200,
      body: { events: [{ event: { source: 'shop.orders' } }] },
    })
    expect(found.body.events[0]).not.toHaveProperty('actor')
    await hub.kill('SIGKILL')
    hub = await startHubProcess(folder)
    expect((await hub.rest('GET', path)).body).toEqual(found.body)
    const { stdout } = await belfry(['explain', String(put?.[0]?.EventId)])
    expect(stdout).toMatch(/^who +the event does not say$/m)
  })

  it('takes any id that an event may have', async () => {
    for (const id of ['a/b c?d#e%2f', '..a', `é${'x'.repeat(200)}`]) {
      await apiCall(id)
      const { status, stdout } = await belfry(['explain', id, '--json'])
      expect([id, status]).toEqual([id, 0])
      expect(JSON.parse(stdout).events[0].event.id).toBe(id)
    }
  })

  it('shows nothing of another organisation, nor that there is something', async () => {
    const message = 'that you may see: give the whole id, as "belfry tail --json" shows it'
    for (const id of ['event-1', 'none']) {
      const { status, body } = await restAs(hub, theirs, ['GET', `/events/${id}`])
      expect(status).toBe(404)
      const expected = { code: 'event.not-found', message: `there is no event "${id}" ${message}` }
      expect(body).toMatchObject(expected)
    }
    const env = { BELFRY_DATA: theirFolder, BELFRY_URL: hub.url, BELFRY_PROFILE: 'reader' }
    const { status, stdout, stderr } = await belfry(['explain', 'event-1'], env)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toBe(`error: there is no event "event-1" ${message}\n`)
  })

  it('asks who calls', async () => {
    const { status, body } = await restAs(hub, undefined, ['GET', '/events/event-1'])
    expect([status, body.code]).toEqual([401, 'caller.unknown'])
  })

  it.each([
    [['explain'], "missing required argument 'event-id'"],
    [['explain', ''], '"" is not the id of an event'],
    [['explain', '..'], '".." is not the id of an event'],
    [['explain', 'stream'], '"stream" is not the id of an event'],
    [['explain', 'x'.repeat(257)], 'is not the id of an event: it has more than 256 characters'],
    [['explain', 'a', 'b'], 'too many arguments'],
  ])('%j is misused, and says how', async (args, message) => {
    const { status, stdout, stderr } = await belfry(args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })

  it('is listed under the commands for events', async () => {
    const { stdout } = await belfry(['help'])
    expect(stdout).toMatch(
      /Events:\n(  .*\n)*  explain .*show an event: what happened, where, and who/,
    )
    expect((await belfry(['help', 'explain'])).stdout).toContain(
      'claimed  the caller chose the name',
    )
  })
})
