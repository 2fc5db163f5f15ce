import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'

import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { startFauxqs } from 'fauxqs'
import type { FauxqsServer } from 'fauxqs'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { BILLING_PERIODS_MAX } from '#src/costs/rollup.ts'
import { addMonths, monthOf } from '#src/model/day.ts'
import { runCommand } from '../belfry-command.ts'
import { endOf } from '../cost-calls.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Received, Receiver } from '../receiver.ts'
import { restAs } from '../rest-caller.ts'

const CUR = readFileSync(new URL('../../samples/costs/aws-cur-legacy.csv.gz', import.meta.url))
const BUCKET = 'acme-bills'
const ROLE_KEY = 'ASIAROLE'
const COMMANDS_WITHIN_MS = 90_000

const folder = newDataFolder()
let s3: FauxqsServer
let aws: Receiver
let client: S3Client
let hub: HubProcess
let organisationId: string

beforeAll(async () => {
  s3 = await startFauxqs({ port: 0, logger: false })
  aws = await startReceiver((request, response) => void passOn(request, response))
  client = new S3Client({
    ...{ endpoint: s3.address, region: 'us-east-1', forcePathStyle: true },
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }))
  const flags = ['--allow-private-targets', '--aws-targets', 'on', '--aws-endpoint', aws.url]
  const keys = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
  hub = await startHubProcess(folder, flags, keys)
  organisationId = (await createOrganisation(hub)).organisationId
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await aws.close()
  await s3.stop()
  removeDataFolder(folder)
})

/** The emulator has buckets and no roles: those are given here. */
async function passOn({ method, path, headers, text }: Received, response: ServerResponse) {
  if (text.includes('Action=AssumeRole')) {
    const until = new Date(Date.now() + 3_600_000).toISOString()
    const credentials = `<AccessKeyId>${ROLE_KEY}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${until}</Expiration>`
    response.end(
      `<AssumeRoleResponse><AssumeRoleResult><Credentials>${credentials}</Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    )
    return
  }
  const passed = ['authorization', 'range', 'if-match', 'x-amz-date', 'x-amz-content-sha256']
  const told = passed.flatMap((name) => (headers[name] ? [[name, String(headers[name])]] : []))
  const answer = await fetch(s3.address + path, { method, headers: Object.fromEntries(told) })
  const back = [...answer.headers].filter(([name]) => !/^(connection|keep-alive)$/.test(name))
  response.writeHead(answer.status, Object.fromEntries(back))
  response.end(Buffer.from(await answer.arrayBuffer()))
}

const put = async (Key: string, Body: string | Uint8Array) => {
  await client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }))
}

/** A bill of one row, or of none. */
function billOf(month: string, cost?: number): Uint8Array {
  const texts = {
    ...{ BillingCurrency: 'USD', ChargeCategory: 'Usage', BillingAccountId: '111' },
    ...{ ServiceName: 'EC2', ProviderName: 'AWS' },
    ...{ BillingPeriodStart: `${month}-01T00:00:00Z`, ChargePeriodStart: `${month}-05T13:00:00Z` },
  }
  const columnData = [
    ...Object.entries(texts).map(([name, text]) => ({
      name,
      data: cost === undefined ? [] : [text],
      type: 'STRING' as const,
    })),
    ...['BilledCost', 'EffectiveCost'].map((name) => ({
      name,
      data: cost === undefined ? [] : [cost],
      type: 'DOUBLE' as const,
    })),
  ]
  return new Uint8Array(parquetWriteBuffer({ columnData }))
}

/** Writes a run of a data export as AWS does: the manifest last. */
async function exportRun(
  name: string,
  { month, run, cost, overwrite = false }: Run,
): Promise<{ readonly data: string }> {
  const period = `BILLING_PERIOD=${month}`
  const below = overwrite ? '' : `20260201T000000Z-${run}/`
  const data = `exports/${name}/data/${period}/${below}${name}-00001.snappy.parquet`
  await put(data, billOf(month, cost))
  // What a former run left, which was longer.
  if (overwrite) await put(data.replace('00001', '00002'), billOf(month, 1_000))
  const manifest = JSON.stringify({ executionId: run, dataFiles: [`s3://${BUCKET}/${data}`] })
  await put(`exports/${name}/metadata/${period}/${below}${name}-Manifest.json`, manifest)
  await put(`exports/${name}/metadata/${period}/${name}-Manifest.json`, manifest)
  return { data }
}
interface Run {
  readonly month: string
  readonly run: string
  readonly cost: number
  readonly overwrite?: boolean
}

const importFrom = async (exportName: string, from: object = {}) => {
  const place = { kind: 's3', bucket: BUCKET, prefix: 'exports', ...from }
  const given = { organisationId, exportName, from: place }
  return endOf(hub, (await hub.rest('POST', '/cost-imports', given)).body.id)
}
const costsOf = async (name: string) => {
  const { body } = await hub.rest('GET', `/cost-periods?organisationId=${organisationId}`)
  const periods = body.items.filter(({ exportName }: any) => exportName === name)
  return periods.map(({ month, totals }: any) => [month, totals[0].billedCost])
}

describe('costs in S3', () => {
  it('are those of the latest manifests, and only what is other than before is read again', async () => {
    const from = { exportName: 'focus' }
    await exportRun('focus', { month: '2026-01', run: 'a', cost: 7 })
    await exportRun('focus', { month: '2026-02', run: 'b', cost: 3 })
    await exportRun('other', { month: '2026-02', run: 'z', cost: 99 })
    expect(await importFrom('focus', from)).toMatchObject({ status: 'done', report: { files: 2 } })
    const before = [
      ['2026-01', '7'],
      ['2026-02', '3'],
    ]
    expect(await costsOf('focus')).toEqual(before)
    expect(await importFrom('focus', from)).toMatchObject({ status: 'unchanged' })

    const { data } = await exportRun('focus', { month: '2026-02', run: 'c', cost: 4.5 })
    await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: data }))
    expect(await importFrom('focus', from)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining(`names "${data}", which is not there`),
    })
    expect(await costsOf('focus')).toEqual(before)
    await exportRun('focus', { month: '2026-02', run: 'c', cost: 4.5 })
    expect(await importFrom('focus', from)).toMatchObject({
      status: 'done',
      report: { files: 1, periods: [{ month: '2026-02', before: [{ billedCost: '3' }] }] },
    })
    expect(await costsOf('focus')).toEqual([before[0], ['2026-02', '4.5']])
  })

  it('are read from exports that are overwritten without what former runs left', async () => {
    const from = { prefix: '/exports/daily/' }
    await exportRun('daily', { month: '2026-03', run: 'a', cost: 5, overwrite: true })
    expect(await importFrom('daily', from)).toMatchObject({ status: 'done' })
    await exportRun('daily', { month: '2026-03', run: 'b', cost: 6, overwrite: true })
    expect(await importFrom('daily', from)).toMatchObject({ status: 'done', report: { files: 1 } })
    expect(await costsOf('daily')).toEqual([['2026-03', '6']])
  })

  it('of a billing period that shrank to nothing are gone, and are not read again', async () => {
    const from = { exportName: 'shrunk' }
    const keys = ['2026-01', '2026-02'].map((month) => [
      `exports/shrunk/data/BILLING_PERIOD=${month}/shrunk-00001.snappy.parquet`,
      `exports/shrunk/metadata/BILLING_PERIOD=${month}/shrunk-Manifest.json`,
    ])
    await exportRun('shrunk', { month: '2026-01', run: 'a', cost: 7, overwrite: true })
    await exportRun('shrunk', { month: '2026-02', run: 'a', cost: 8, overwrite: true })
    expect(await importFrom('shrunk', from)).toMatchObject({ status: 'done' })
    const [[, january = ''] = [], [februaryData = '', february = ''] = []] = keys
    await put(january, JSON.stringify({ executionId: 'b', dataFiles: [] }))
    expect(await importFrom('shrunk', from)).toMatchObject({
      status: 'done',
      report: {
        rowsRead: 0,
        periods: [{ month: '2026-01', rows: 0, before: [{ billedCost: '7' }] }],
      },
    })
    await put(februaryData, billOf('2026-02'))
    await put(february, JSON.stringify({ executionId: 'b', dataFiles: [februaryData] }))
    expect(await importFrom('shrunk', from)).toMatchObject({ status: 'done' })
    expect(await importFrom('shrunk', from)).toMatchObject({ status: 'unchanged' })
    const { body } = await hub.rest(
      'GET',
      `/cost-sums?organisationId=${organisationId}&from=2026-01-01&to=2026-03-01&by=exportName`,
    )
    expect(body.items.map(({ exportName }: any) => exportName)).not.toContain('shrunk')
  })

  it('of two exports of the same name are not counted as one', async () => {
    await exportRun('twin', { month: '2026-01', run: 'a', cost: 7 })
    const manifest = 'old/twin/metadata/BILLING_PERIOD=2026-01/twin-Manifest.json'
    const data =
      'exports/twin/data/BILLING_PERIOD=2026-01/20260201T000000Z-a/twin-00001.snappy.parquet'
    await put(manifest, JSON.stringify({ dataFiles: [data] }))
    const refused = await importFrom('twin', { prefix: '', exportName: 'twin' })
    expect(refused.error).toMatch(/several exports "twin" .* such as exports\/twin, old\/twin$/)
    const one = await importFrom('twin', { prefix: 'old/twin', exportName: 'twin' })
    expect(one).toMatchObject({ status: 'done', report: { files: 1 } })
    await put(manifest.replace('BILLING', 'billing'), JSON.stringify({ dataFiles: [data] }))
    const twice = await importFrom('twin', { prefix: 'old/twin' })
    expect(twice.error).toMatch(/two manifests of 2026-01/)
  })

  it(
    'are read from legacy reports, by the command line',
    async () => {
      const assembly = 'cur/report/20231101-20231201/8c3b/report-00001.csv.gz'
      await put(assembly, CUR)
      const manifest = { assemblyId: '8c3b', bucket: BUCKET, reportKeys: [assembly] }
      const key = 'cur/report/20231101-20231201/report-Manifest.json'
      await put(key, JSON.stringify(manifest))
      const args = ['costs', 'import', `s3://${BUCKET}/cur`, '--export', 'legacy']
      const { stdout } = await runCommand(folder, args)
      expect(stdout).toContain('1,281 rows of AWS CUR in 1 file')
      expect((await runCommand(folder, args)).stdout).toContain('this state was imported before')
      expect(await costsOf('legacy')).toEqual([['2023-11', '1.6823086974']])
    },
    COMMANDS_WITHIN_MS,
  )

  it('are refused with what to do', async () => {
    const errorOf = async (from: object) => (await importFrom('wrong', from)).error
    expect(await errorOf({})).toMatch(/several exports below .*: name one of daily, focus, other/)
    expect(await errorOf({ exportName: 'none' })).toMatch(/no manifest of the export "none"/)
    expect(await errorOf({ bucket: 'not-there' })).toMatch(/there is no such bucket/)
    await put('bad/x/metadata/BILLING_PERIOD=2026-01/x-Manifest.json', '{"a":1}')
    expect(await errorOf({ prefix: 'bad' })).toMatch(/neither dataFiles nor reportKeys.*found a$/)
    await put('large/x/metadata/BILLING_PERIOD=2026-01/x-Manifest.json', ' '.repeat(2 ** 21 + 1))
    expect(await errorOf({ prefix: 'large' })).toMatch(
      /more than 2097152 bytes: that is no manifest/,
    )
    for (let number = 0; number <= BILLING_PERIODS_MAX; number += 1) {
      const month = monthOf(addMonths('2000-01-01', number))
      await put(`long/x/metadata/BILLING_PERIOD=${month}/x-Manifest.json`, '{}')
    }
    expect(await errorOf({ prefix: 'long' })).toMatch(/241 billing periods, more than 240/)
    const data = 'mixed/x/data/x-00001.snappy.parquet'
    await put(data, billOf('2026-02', 1))
    const manifest = JSON.stringify({ dataFiles: [data] })
    await put('mixed/x/metadata/BILLING_PERIOD=2026-01/x-Manifest.json', manifest)
    expect(await errorOf({ prefix: 'mixed' })).toMatch(
      /2026-02, and their manifests are of 2026-01/,
    )
  })

  it('are read as a role, and with the hub’s own credentials for its operator alone', async () => {
    const roleArn = 'arn:aws:iam::111122223333:role/bills'
    await exportRun('role', { month: '2026-01', run: 'a', cost: 2 })
    expect(await importFrom('role', { exportName: 'role', roleArn })).toMatchObject({
      status: 'done',
    })
    const [assumed] = aws.received.filter(({ text }) => text.includes('AssumeRole'))
    expect(Object.fromEntries(new URLSearchParams(assumed?.text))).toMatchObject({
      RoleArn: roleArn,
      ExternalId: organisationId,
    })
    const last = aws.received.at(-1)
    expect(last?.headers.authorization).toContain(ROLE_KEY)
    const token = { organisationId, name: 'bills', role: 'api_admin' }
    const key = (await hub.rest('POST', '/api-tokens', token)).body
    const from = { kind: 's3', bucket: BUCKET, prefix: 'exports', exportName: 'role' }
    const asked = { organisationId, exportName: 'x', from }
    const refused = await restAs(hub, key, ['POST', '/cost-imports', asked])
    expect(refused).toMatchObject({ status: 403, body: { code: 'cost-import.no-role' } })
  })
})

describe('a cost source', () => {
  const readOnce = async (id: string, wanted: (source: any) => boolean) =>
    vi.waitFor(
      async () => {
        const { body } = await hub.rest('GET', `/cost-sources/${id}`)
        expect(body).toSatisfy(wanted)
        return body
      },
      { timeout: 25_000, interval: 50 },
    )
  const given = (exportName: string, more: object = {}) => ({
    ...{ organisationId, exportName },
    from: { kind: 's3', bucket: BUCKET, prefix: 'exports', exportName },
    ...more,
  })

  it('is read when it is made, and again when that is asked for: what changed, and nothing else', async () => {
    await exportRun('kept', { month: '2026-01', run: 'a', cost: 7 })
    const created = await hub.rest('POST', '/cost-sources', given('kept'))
    expect(created).toMatchObject({ status: 201, body: { readEveryHours: 6 } })
    const { id } = created.body
    const done = await readOnce(id, ({ last }) => last?.status === 'done')
    expect(done).toMatchObject({ last: { rowsRead: 1 } })
    expect(done.nextReadAt).toBeGreaterThan(Date.now() + 5 * 3_600_000)
    const read = async () => {
      const begun = await hub.rest('POST', `/cost-sources/${id}/read`)
      expect([begun.status, begun.body.sourceId]).toEqual([202, id])
      return endOf(hub, begun.body.id)
    }
    const idle = await read()
    expect(idle.status).toBe('unchanged')
    await exportRun('kept', { month: '2026-01', run: 'b', cost: 8 })
    expect(await read()).toMatchObject({ status: 'done' })
    expect(await costsOf('kept')).toEqual([['2026-01', '8']])
    // Reads that brought nothing are not kept once there is another.
    expect((await hub.rest('GET', `/cost-imports/${idle.id}`)).status).toBe(404)
    expect((await hub.rest('POST', '/cost-sources', given('kept'))).body.code).toBe(
      'cost-source.exists',
    )
  })

  it('does not bring back a billing period that was deleted before its bill changes', async () => {
    await exportRun('deleted', { month: '2026-01', run: 'a', cost: 7 })
    await exportRun('deleted', { month: '2026-02', run: 'a', cost: 3 })
    const { id } = (await hub.rest('POST', '/cost-sources', given('deleted'))).body
    await readOnce(id, ({ last }) => last?.status === 'done')
    const read = async () =>
      endOf(hub, (await hub.rest('POST', `/cost-sources/${id}/read`)).body.id)
    const command = ['costs', 'delete', '2026-01', '--export', 'deleted']
    const { stdout } = await runCommand(folder, command)
    expect(stdout).toContain('its cost source brings it back only when its bill changes')
    expect((await read()).status).toBe('unchanged')
    // The other one is read alone.
    await exportRun('deleted', { month: '2026-02', run: 'b', cost: 4 })
    expect(await read()).toMatchObject({ status: 'done', report: { files: 1 } })
    expect(await costsOf('deleted')).toEqual([['2026-02', '4']])
    // Tag keys tell costs apart otherwise, and the bill is the same.
    const readBy = async (tagKeys: readonly string[] | null) => {
      const { last } = (await hub.rest('PATCH', `/cost-sources/${id}`, { tagKeys })).body
      const isAnother = (now: any) =>
        now.last.importId !== last.importId && now.last.status === 'done'
      return (await readOnce(id, isAnother)).last.rowsRead
    }
    expect(await readBy(['team'])).toBe(1)
    expect((await read()).status).toBe('unchanged')
    expect(await costsOf('deleted')).toEqual([['2026-02', '4']])
    await exportRun('deleted', { month: '2026-01', run: 'b', cost: 8 })
    expect((await read()).status).toBe('done')
    const both = [
      ['2026-01', '8'],
      ['2026-02', '4'],
    ]
    expect(await costsOf('deleted')).toEqual(both)
    // Who imports it wants it, and nobody else does.
    await hub.rest(
      'DELETE',
      `/cost-periods/2026-01?organisationId=${organisationId}&exportName=deleted`,
    )
    expect(await readBy(null)).toBe(1)
    expect(await costsOf('deleted')).toEqual([['2026-02', '4']])
    expect((await importFrom('deleted', { exportName: 'deleted' })).status).toBe('done')
    expect(await costsOf('deleted')).toEqual(both)
  })

  it('that cannot be read says why, and is read at once when it is changed', async () => {
    await exportRun('moved', { month: '2026-01', run: 'a', cost: 1 })
    const from = { kind: 's3', bucket: 'not-there', prefix: '' }
    const { body } = await hub.rest('POST', '/cost-sources', given('moved', { from }))
    const failed = await readOnce(body.id, ({ last }) => last?.status === 'failed')
    expect(failed.last.error).toContain('there is no such bucket')
    const change = { from: given('moved').from, readEveryHours: 1 }
    await hub.rest('PATCH', `/cost-sources/${body.id}`, change)
    await readOnce(body.id, ({ last }) => last?.status === 'done')
    for (const readEveryHours of [0, 169]) {
      const { status } = await hub.rest('PATCH', `/cost-sources/${body.id}`, { readEveryHours })
      expect(status).toBe(400)
    }
  })

  it(
    'is made, shown, changed and deleted by the command line',
    async () => {
      const run = async (...args: readonly string[]) => {
        const { stdout, stderr, status } = await runCommand(folder, ['costs', 'sources', ...args])
        expect([status, stderr]).toEqual([0, ''])
        return stdout
      }
      await exportRun('cli', { month: '2026-01', run: 'a', cost: 1 })
      const place = [`s3://${BUCKET}/exports`, '--aws-export', 'cli']
      expect(await run('create', ...place, '--export', 'cli')).toContain('6 hours')
      expect(await run('update', 'cli', '--every', '12')).toContain('12 hours')
      const { body } = await hub.rest('GET', '/cost-sources')
      const { id } = body.items.find(({ exportName }: any) => exportName === 'cli')
      await readOnce(id, ({ last }) => last?.status === 'done')
      expect(await run('list')).toMatch(
        /cli +s3:\/\/acme-bills\/exports, export cli +12 h .*done: 1 row/,
      )
      expect(await run('read', 'cli')).toContain('reading cli')
      expect(await run('show', id)).toContain('export cli')
      expect(await run('delete', 'cli')).toContain('deleted the cost source of cli')
      expect((await hub.rest('GET', `/cost-sources/${id}`)).status).toBe(404)
      expect(await costsOf('cli')).toEqual([['2026-01', '1']])
    },
    COMMANDS_WITHIN_MS,
  )
})
