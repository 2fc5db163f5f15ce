import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync, gzipSync } from 'node:zlib'
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge'
import { startFauxqs } from 'fauxqs'
import type { FauxqsServer } from 'fauxqs'
import { S3Client, GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { follow } from '../event-follower.ts'
import type { EventFollower, StreamedEvent } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'
import { restAs } from '../rest-caller.ts'

const ROOT = new URL('../..', import.meta.url).pathname
const FLUSH = ['--allow-private-targets', '--trail-flush-seconds', '1']

const folders: string[] = []
const newFolder = () => {
  const folder = newDataFolder()
  folders.push(folder)
  return folder
}
afterAll(() => folders.forEach(removeDataFolder))

/** The status of the only organisation's trail once it is as wanted. */
async function trailOnce(hub: HubProcess, wanted: (status: any) => boolean): Promise<any> {
  return vi.waitFor(
    async () => {
      const { body } = await hub.rest('GET', '/trail')
      expect(body.items[0]).toSatisfy(wanted)
      return body.items[0]
    },
    { timeout: 25_000, interval: 100 },
  )
}

const isTenancyEvent = ({ data }: StreamedEvent) => data.event.source.startsWith('aws.partner/')

async function belfry(hub: HubProcess, ...args: readonly string[]) {
  const env = { ...process.env, NO_COLOR: '1' }
  const given = ['belfry.mjs', '--data', hub.folder, '--url', hub.url, ...args]
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, given, {
      cwd: ROOT,
      env,
    })
    return { status: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { status: code, stdout, stderr }
  }
}

const filesBelow = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted()

describe('a trail in a folder', () => {
  let hub: HubProcess
  let trail: string
  let organisationId: string
  let follower: EventFollower
  let receiver: Receiver
  let delivered: readonly any[]

  beforeAll(async () => {
    hub = await startHubProcess(newFolder(), FLUSH)
    follower = await follow(hub, await hub.profile('operator'))
    ;({ organisationId } = await createOrganisation(hub))
    await ruleOnTrailBus()
    await trailOnce(hub, ({ sequence }) => sequence > 0)
    await hub.rest('POST', '/api-tokens', { organisationId, name: 'late', role: 'api_user' })
    await follower.waitFor(1, ({ data }) => data.event.detail.tokenName === 'late')
    await trailOnce(hub, ({ events }) => {
      delivered = follower.events.filter(isTenancyEvent).map(({ data }) => data.event)
      return events === delivered.length
    })
    trail = join(hub.folder, 'trail', `stax-staxtrail-${organisationId}`)
  })
  afterAll(async () => {
    await hub.kill('SIGTERM')
    await receiver.close()
  })

  /** As a SIEM's owner makes one. */
  const ruleOnTrailBus = async () => {
    receiver = await startReceiver()
    const credentials = await hub.profile('logging')
    const events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
    const EventBusName = `staxtrail-${organisationId}`
    const EventPattern = '{"detail-type":["Trail Object Created"]}'
    await events.send(new PutRuleCommand({ Name: 'siem', EventBusName, EventPattern }))
    const Targets = [{ Id: 'siem', Arn: `${receiver.url}/siem` }]
    await events.send(new PutTargetsCommand({ Rule: 'siem', EventBusName, Targets }))
  }

  const verify = async () => {
    const { status, stdout } = await belfry(hub, 'trail', 'verify', '--json')
    const ofOne = await belfry(hub, 'trail', 'verify', '--organisation', 'test', '--json')
    expect(JSON.parse(ofOne.stdout)).toEqual(JSON.parse(stdout))
    const [{ found, organisationId: _, alias, ...result }] = JSON.parse(stdout)
    expect(alias).toBe('test')
    return { status, result, found: found.map(({ kind, key }: any) => `${kind} ${key}`) }
  }

  it('holds every tenancy event once, by day and account, as it was delivered', async () => {
    const objects = filesBelow(trail).filter((key) => key.startsWith('events/'))
    const today = new Date().toISOString().slice(0, 10)
    const events = objects.flatMap((key) => {
      const [, account] =
        /^events\/day=\d{4}-\d\d-\d\d\/account=(\d{12})\/\d{12}-\d+\.ndjson\.gz$/.exec(key) ?? []
      expect(key).toContain(`day=${today}/`)
      const lines = gunzipSync(readFileSync(join(trail, key)))
        .toString()
        .trimEnd()
        .split('\n')
      return lines.map((line) => ({ account, event: JSON.parse(line) }))
    })
    const byId = (a: any, b: any) => (a.id < b.id ? -1 : 1)
    expect(events.map(({ event }) => event).toSorted(byId)).toEqual(delivered.toSorted(byId))
    const created = events.filter(
      ({ event }) => event.detail.staxEventName === 'AccountCreateEvent',
    )
    expect(created.map(({ account }) => account as string).toSorted()).toEqual(
      Object.values(ACCOUNTS),
    )
    for (const { account, event } of created) expect(event.detail.awsAccountId).toBe(account)
  })

  it('is announced on the trail’s bus, which rules can listen to', async () => {
    const [first] = await follower.waitFor(4, ({ data }) => data.event.source === 'stax.trail')
    expect(first?.data.bus).toBe(
      `arn:aws:events:${REGION}:${ACCOUNTS.LOGGING}:event-bus/staxtrail-${organisationId}`,
    )
    const { detail, ...envelope } = first?.data.event ?? {}
    expect(envelope['detail-type']).toBe('Trail Object Created')
    expect(detail.bucket.name).toBe(`stax-staxtrail-${organisationId}`)
    expect(readFileSync(join(trail, detail.object.key))).toHaveLength(detail.object.size)
    const [received] = await receiver.waitFor(1, ({ body }) => body.id === envelope['id'])
    expect(received?.body).toEqual(first?.data.event)
    const status = await hub.rest('GET', '/trail')
    expect(status.body.items[0]).toMatchObject({ location: trail, lagSeconds: 0, format: 'ndjson' })
  })

  it('is shown by the command line', async () => {
    const { stdout } = await belfry(hub, 'trail', 'status')
    expect(stdout).toMatch(/organisation +test/)
    expect(stdout).toContain(`${delivered.length} events in `)
    const events = await belfry(hub, 'trail', 'events', '--account', ACCOUNTS.MEMBER)
    const [created] = events.stdout.split('\n').map((line) => JSON.parse(line || 'null'))
    expect(created.detail.awsAccountId).toBe(ACCOUNTS.MEMBER)
    const none = await belfry(hub, 'trail', 'events', '--day', '2020-01-01')
    expect([none.status, none.stdout]).toEqual([0, ''])
  })

  it('is intact, and says what was removed, changed and added', async () => {
    const intact = await belfry(hub, 'trail', 'verify')
    expect(intact.status).toBe(0)
    expect(intact.stdout).toMatch(/^intact: \d+ manifests?, \d+ objects, \d+ events\n$/)
    expect(intact.stderr).toContain('verifying')

    const [changed = '', removed = ''] = filesBelow(trail)
    const kept = [changed, removed].map((key) => readFileSync(join(trail, key)))
    writeFileSync(join(trail, changed), Buffer.concat([kept[0] as Buffer, Buffer.from('x')]))
    rmSync(join(trail, removed))
    const added = changed.replace(/[^/]+$/, '000000000001-1.ndjson.gz')
    mkdirSync(dirname(join(trail, added)), { recursive: true })
    copyFileSync(join(trail, changed), join(trail, added))
    const manifest = filesBelow(trail).findLast((key) => key.startsWith('manifests/')) as string
    const text = readFileSync(join(trail, manifest), 'utf8')
    writeFileSync(join(trail, manifest), text.replace('"events": 1', '"events": 2'))

    const { status, found } = await verify()
    expect(status).toBe(1)
    expect(found.toSorted()).toEqual([
      `manifest-changed ${manifest}`,
      `object-added ${added}`,
      `object-changed ${changed}`,
      `object-missing ${removed}`,
    ])
    const damaged = await belfry(hub, 'trail', 'verify')
    expect(damaged.stdout).toContain(`object-missing  ${removed}  it is gone; manifest`)
    expect(damaged.stdout).toMatch(/damaged: 4 problems in/)

    writeFileSync(join(trail, manifest), text)
    writeFileSync(join(trail, changed), kept[0] as Buffer)
    writeFileSync(join(trail, removed), kept[1] as Buffer)
    rmSync(join(trail, added))
    expect(await verify()).toMatchObject({ status: 0, found: [] })
  })

  it('prints no event of an object that was changed, added or cut short, and says so', async () => {
    const objects = filesBelow(trail).filter((key) => key.startsWith('events/'))
    const [changed = '', cut = ''] = objects
    const kept = [changed, cut].map((key) => readFileSync(join(trail, key)))
    const forged = gzipSync('{"id":"forged"}\n')
    const added = changed.replace(/[^/]+$/, '000000000001-1.ndjson.gz')
    writeFileSync(join(trail, changed), forged)
    writeFileSync(join(trail, cut), (kept[1] as Buffer).subarray(0, -9))
    writeFileSync(join(trail, added), forged)

    const { status, stdout, stderr } = await belfry(hub, 'trail', 'events')
    expect(status).toBe(1)
    expect(stdout).not.toContain('forged')
    const lines = stdout.split('\n').filter((line) => line !== '')
    const lost = kept.flatMap((content) => gunzipSync(content).toString().trimEnd().split('\n'))
    expect(lines).toHaveLength(delivered.length - lost.length)
    expect(stderr).toContain(`object-changed  ${changed}  its content is not what manifest`)
    expect(stderr).toContain(`object-changed  ${cut}  its content is not what manifest`)
    expect(stderr).toContain(`object-added  ${added}  manifest 1 does not list it`)
    expect(stderr).toContain('run "belfry trail verify"')
    const day = new Date().toISOString().slice(0, 10)
    const answer = await hub.restText(
      'GET',
      `/trail/events?day=${day}&organisationId=${organisationId}`,
    )
    expect(answer).toContain(`{"type":"problem","kind":"object-changed","key":"${changed}",`)
    expect(answer).not.toContain('"type":"fault"')
    expect(hub.errors()).not.toContain('call.failed')

    writeFileSync(join(trail, changed), kept[0] as Buffer)
    writeFileSync(join(trail, cut), kept[1] as Buffer)
    rmSync(join(trail, added))
    expect(await belfry(hub, 'trail', 'events')).toMatchObject({ status: 0, stderr: '' })
  })

  it('says in its status that its newest manifest is gone or changed', async () => {
    const manifest = filesBelow(trail).findLast((key) => key.startsWith('manifests/')) as string
    const content = readFileSync(join(trail, manifest))
    const problem = async () => (await hub.rest('GET', '/trail')).body.items[0].problem
    expect(await problem()).toBeUndefined()
    writeFileSync(join(trail, manifest), content.subarray(1))
    expect(await problem()).toContain(`"${manifest}", was changed: run "belfry trail verify"`)
    writeFileSync(join(trail, manifest), content)
    renameSync(trail, `${trail}-away`)
    const { stdout } = await belfry(hub, 'trail', 'status')
    renameSync(`${trail}-away`, trail)
    expect(stdout).toMatch(/problem +the newest manifest, "manifests\/.*", is gone: run/)
    expect(await problem()).toBeUndefined()
  })

  it('is shown to its own organisation alone', async () => {
    const other = await hub.rest('POST', '/organisations', {
      ...{ name: 'Other', alias: 'other', customerName: 'Other' },
      ...{ installationRegion: REGION, regions: [REGION] },
    })
    const token = await hub.rest('POST', '/api-tokens', {
      ...{ organisationId: other.body.id, name: 'stranger', role: 'api_readonly' },
    })
    const { accessKeyId, secretAccessKey } = token.body
    const stranger = { accessKeyId, secretAccessKey }
    const seen = await restAs(hub, stranger, ['GET', '/trail'])
    expect(seen.body.items.map((one: any) => one.organisationId)).toEqual([other.body.id])
    const refused = await restAs(hub, stranger, ['POST', '/trail/verify', { organisationId }])
    expect([refused.status, refused.body.code]).toEqual([404, 'organisation.not-found'])
    const read = `/trail/events?day=2026-01-01&organisationId=${organisationId}`
    expect((await restAs(hub, stranger, ['GET', read])).status).toBe(404)
    for (const path of ['/trail', read]) {
      expect((await restAs(hub, undefined, ['GET', path])).status).toBe(401)
    }
    expect((await restAs(hub, undefined, ['POST', '/trail/verify', {}])).status).toBe(401)
    expect((await hub.rest('POST', '/trail/verify', {})).body.code).toBe('trail.unclear')
  })

  it('is verified and shown beside every other that the caller reaches', async () => {
    const both = await belfry(hub, 'trail', 'verify')
    expect(both.status).toBe(0)
    expect(both.stdout).toMatch(/^organisation test\nintact: .*$/m)
    // Without a logging account its events wait, which its status says.
    expect(both.stdout).toMatch(/^organisation other\nnothing to verify yet: .*$/m)
    const { stdout } = await belfry(hub, 'trail', 'status')
    expect(stdout).toMatch(/organisation +test/)
    expect(stdout).toMatch(/organisation +other/)
    expect(stdout).toMatch(
      /problem +its events wait, .* until it has an account with the role LOGG/,
    )

    const [object = ''] = filesBelow(trail)
    const content = readFileSync(join(trail, object))
    rmSync(join(trail, object))
    const damaged = await belfry(hub, 'trail', 'verify', '--json')
    const other = await belfry(hub, 'trail', 'verify', '--organisation', 'other')
    writeFileSync(join(trail, object), content)
    expect(damaged.status).toBe(1)
    const answers = JSON.parse(damaged.stdout) as readonly any[]
    expect(Object.fromEntries(answers.map(({ alias, intact }) => [alias, intact]))).toEqual({
      test: false,
      other: true,
    })
    expect([other.status, other.stdout]).toEqual([0, expect.stringMatching(/^nothing to verify/)])
  })

  it('is verified although another’s cannot be read, which is told', async () => {
    const { body } = await hub.rest('GET', '/organisations')
    const other = body.items.find(({ alias }: any) => alias === 'other').id as string
    const broken = join(hub.folder, 'trail', `stax-staxtrail-${other}`)
    symlinkSync(broken, broken)
    const { status, stdout, stderr } = await belfry(hub, 'trail', 'verify')
    rmSync(broken)
    expect(status).toBe(1)
    expect(stdout).toMatch(/^organisation test\nintact: .*$/m)
    expect(stderr).toMatch(/the trail of "other" was not verified: ELOOP/)
  })
})

describe('a trail that is kept in another place from now on', () => {
  it('says where its older events are', async () => {
    const folder = newFolder()
    const before = await startHubProcess(folder, FLUSH)
    await createOrganisation(before)
    await trailOnce(before, ({ events }) => events >= 4)
    await before.kill('SIGTERM')
    const hub = await startHubProcess(folder, [...FLUSH, '--trail', join(folder, 'elsewhere')])
    const events = await belfry(hub, 'trail', 'events')
    expect(events.status).toBe(1)
    const text = 'in "folder:trail#stax", not in "folder:elsewhere#stax": read it there, or start'
    expect(events.stderr).toContain(`the hub has kept the events of that day ${text}`)
    const day = new Date().toISOString().slice(0, 10)
    const { organisationId } = (await hub.rest('GET', '/trail')).body.items[0]
    const query = `/trail/events?day=${day}&organisationId=${organisationId}`
    const { status, body } = await hub.rest('GET', query)
    expect([status, body.code]).toEqual([409, 'trail.elsewhere'])
    const verified = await belfry(hub, 'trail', 'verify')
    expect(verified).toMatchObject({ status: 0, stdout: expect.stringMatching(/^nothing to/) })
    expect(verified.stderr).toContain(`an older part of the trail ${text}`)
    await hub.kill('SIGTERM')
  })
})

describe('a trail in S3', () => {
  let s3: FauxqsServer
  beforeAll(async () => {
    s3 = await startFauxqs({ port: 0, logger: false })
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await s3.stop()
  })

  const inS3 = () => ['--trail-s3-endpoint', s3.address, '--trail-s3-path-style']
  const client = () =>
    new S3Client({
      ...{ endpoint: s3.address, region: 'us-east-1', forcePathStyle: true },
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    })
  const keysIn = async (Bucket: string) =>
    ((await client().send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(
      ({ Key }) => Key as string,
    )

  it('is in a bucket of the organisation’s own, sealed where that is asked for', async () => {
    const flags = ['--trail', 's3://', '--trail-encryption', 'client', '--trail-format', 'both']
    const hub = await startHubProcess(newFolder(), [...FLUSH, ...flags, ...inS3()])
    const { organisationId } = await createOrganisation(hub)
    const { location } = await trailOnce(hub, ({ events }) => events >= 4)
    const bucket = `stax-staxtrail-${organisationId}`
    expect(location).toBe(`s3://${bucket}/`)
    const keys = await keysIn(bucket)
    const ndjson = keys.filter((key) => key.endsWith('.ndjson.gz.sealed'))
    expect(ndjson.length).toBeGreaterThanOrEqual(4)
    expect(keys.filter((key) => key.endsWith('.parquet.sealed'))).toHaveLength(ndjson.length)
    const { Body } = await client().send(new GetObjectCommand({ Bucket: bucket, Key: ndjson[0] }))
    const content = Buffer.from((await Body?.transformToByteArray()) ?? [])
    expect(content.subarray(0, 7).toString()).toBe('BELFRY1')
    const { stdout } = await belfry(hub, 'trail', 'events', '--account', ACCOUNTS.MEMBER)
    expect(JSON.parse(stdout.split('\n')[0] ?? '').detail.awsAccountId).toBe(ACCOUNTS.MEMBER)
    expect((await belfry(hub, 'trail', 'verify')).stdout).toMatch(/^intact: /)
    await hub.kill('SIGTERM')
  })

  it('waits for a bucket that is not there, while events flow, and tells', async () => {
    const flags = ['--trail', 's3://not-yet/audit', '--trail-encryption', 'AES256']
    const hub = await startHubProcess(newFolder(), [...FLUSH, ...flags, ...inS3()])
    const { organisationId } = await createOrganisation(hub)
    await vi.waitFor(
      async () => {
        const { body } = await hub.rest('GET', '/trail')
        expect(body.items[0]).toMatchObject({
          sequence: 0,
          problem: expect.stringContaining('bucket'),
        })
        expect(body.items[0].lagSeconds).toBeGreaterThan(0)
      },
      { timeout: 10_000, interval: 100 },
    )
    const metrics = await (await fetch(`${hub.url}/metrics`)).text()
    expect(metrics).toMatch(/belfry_stage_faults_total\{stage="trail"\} [1-9]/)
    expect(metrics).toMatch(/belfry_trail_lag_seconds [1-9]/)
    expect(metrics).toMatch(/belfry_tenancy_events_enriched_total (?:[4-9]|\d\d)/)
    s3.createBucket('not-yet')
    const { location } = await trailOnce(hub, ({ events, problem }) => events >= 4 && !problem)
    expect(location).toBe(`s3://not-yet/audit/stax-staxtrail-${organisationId}/`)
    const keys = await keysIn('not-yet')
    expect(keys.every((key) => key.startsWith(`audit/stax-staxtrail-${organisationId}/`))).toBe(
      true,
    )
    await hub.kill('SIGTERM')
  })
})

describe('a hub without a trail', () => {
  it('says so', async () => {
    const hub = await startHubProcess(newFolder(), ['--trail', 'off'])
    const { status, body } = await hub.rest('GET', '/trail')
    expect([status, body.code]).toEqual([409, 'trail.off'])
    await hub.kill('SIGTERM')
  })
})
