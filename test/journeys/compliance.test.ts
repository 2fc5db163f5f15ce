import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { runCommand } from '../belfry-command.ts'
import { follow } from '../event-follower.ts'
import type { EventFollower } from '../event-follower.ts'
import { configChange, ingest } from '../finding-events.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { OWN_RULES } from '../own-rules.ts'

const SAMPLES = new URL('../../samples/aws-events.ndjson', import.meta.url)
const SETTLING_FLAGS = ['--allow-private-targets', '--rule-settling-seconds', '2']
const BUS = `aws.partner/stax.io/${ACCOUNTS.LOGGING}/default`

const folder = newDataFolder()
let hub: HubProcess
let ingestKey: string
let organisationId: string
let follower: EventFollower

beforeAll(async () => {
  hub = await startHubProcess(folder, SETTLING_FLAGS)
  ;({ ingestKey, organisationId } = await createOrganisation(hub))
  follower = await follow(hub, await hub.profile('operator'), { bus: BUS })
})
afterAll(async () => {
  follower.close()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

const alertsOf = (filter: (detail: any) => boolean, count: number) =>
  follower.waitFor(
    count,
    ({ data }) =>
      data.event.detail.staxEventName === 'ComplianceAlertEvent' && filter(data.event.detail),
  )
const findingsOf = async (query: string): Promise<any[]> =>
  (await hub.rest('GET', `/findings?${query}`)).body.items
const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 50 })

const change = (resourceId: string, complianceType: string, minute: number, rule?: string) =>
  configChange({
    ...{ resourceId, complianceType, recordedAt: `2026-01-31T08:${String(minute)}:00.000Z` },
    ...(rule !== undefined && { rule }),
  })

describe('what AWS services find', () => {
  it('is a finding, whichever service sent it, from any account', async () => {
    const services = new Map([
      ['Config Rules Compliance Change', 'config'],
      ['Security Hub Findings - Imported', 'securityhub'],
      ['GuardDuty Finding', 'guardduty'],
      ['Inspector2 Finding', 'inspector2'],
      ['Access Analyzer Finding', 'access-analyzer'],
      ['Trusted Advisor Check Item Refresh Notification', 'trustedadvisor'],
    ])
    const events = readFileSync(SAMPLES, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
      .map((line) => line.event ?? line)
      .filter((event) => services.has(event['detail-type']))
      .map((event) => ({ ...event, account: ACCOUNTS.MEMBER, region: REGION }))
    expect(new Set(events.map((event) => event['detail-type'])).size).toBe(services.size)
    await ingest(hub, ingestKey, events)
    await until(async () => {
      const found = new Set((await findingsOf('limit=1000')).map(({ checkedBy }) => checkedBy))
      expect([...services.values()].filter((service) => !found.has(service))).toEqual([])
    })
    const [guardDuty] = await findingsOf('checkedBy=guardduty')
    expect(guardDuty).toMatchObject({ status: 'FAILED', severity: 'MEDIUM' })
    expect(guardDuty.ruleNumber).toBeGreaterThan(0)
    // An attack is told at once; rules that are new wait for their summary.
    const [told] = await alertsOf(({ checkedBy }) => checkedBy === 'guardduty', 1)
    expect(told?.data.event.detail).toMatchObject({ change: 'FAILED', segments: [] })
  })

  it('is told in one summary while a rule is new, then change by change', async () => {
    const rule = 'encrypted-volumes'
    const ofRule = (detail: any) => detail.ruleId === rule
    const first = Array.from({ length: 20 }, (_, n) =>
      change(`vol-${n}`, n < 15 ? 'NON_COMPLIANT' : 'COMPLIANT', 10, rule),
    )
    await ingest(hub, ingestKey, first)
    const [summary] = await alertsOf(ofRule, 1)
    expect(summary?.data.event.detail).toMatchObject({
      ...{ change: 'SUMMARY', failing: 15, passing: 5, checkedBy: 'config', status: 'SUCCESS' },
      ...{ awsAccountId: ACCOUNTS.MEMBER, accountName: 'member-account' },
    })
    expect(summary?.data.event.detail.resources).toHaveLength(15)
    expect(summary?.data.event.detail.resources[0]).toMatchObject({
      ...{ awsAccountId: ACCOUNTS.MEMBER, accountName: 'member-account', resourceRegion: REGION },
      reason: 'The volume is not encrypted.',
    })

    const repeated = change('vol-0', 'COMPLIANT', 20, rule)
    await ingest(hub, ingestKey, [repeated, change('vol-19', 'NON_COMPLIANT', 21, rule), repeated])
    // What is older than what is known changes nothing, and the same again neither.
    await ingest(hub, ingestKey, [change('vol-0', 'NON_COMPLIANT', 15, rule), repeated])
    await ingest(hub, ingestKey, [change('vol-19', 'COMPLIANT', 30, rule)])
    const told = (await alertsOf(ofRule, 4)).map(({ data: { event } }) => event.detail)
    const said = told.slice(1).map(({ change: c, resourceId }) => `${resourceId} ${c}`)
    expect(said.toSorted()).toEqual(['vol-0 PASSED', 'vol-19 FAILED', 'vol-19 PASSED'])
    expect(told[1]).toMatchObject({
      ...{ awsAccountId: ACCOUNTS.MEMBER, accountName: 'member-account', resourceRegion: REGION },
      ...{ resourceType: 'AWS::EC2::Volume', reason: 'The volume is not encrypted.' },
    })
    expect(told.every(({ ruleNumber }) => ruleNumber === told[0].ruleNumber)).toBe(true)
    // It is news of the summary, of which the rest goes on.
    const passed = told.find(({ resourceId }) => resourceId === 'vol-0')
    expect(passed).toMatchObject({ alertId: told[0].alertId, failing: 14 })
  })

  it('is shown, filtered and paged, with the rules that it is of', async () => {
    const failed = await findingsOf('checkedBy=config&ruleId=encrypted-volumes&text=VOL-1&limit=5')
    expect(failed.length).toBe(5)
    expect(failed.every(({ status }) => status === 'FAILED')).toBe(true)
    const [{ id }] = failed
    expect((await hub.rest('GET', `/findings/${id}`)).body).toEqual(failed[0])
    expect((await hub.rest('GET', '/findings/none')).body.code).toBe('finding.not-found')
    const noOrganisation = await hub.rest('GET', '/findings?status=FAILED')
    expect(noOrganisation.body.code).toBe('finding.organisation-missing')

    const listed = await runCommand(folder, ['findings', 'list', '--status', 'passed', '--json'])
    const passed = JSON.parse(listed.stdout)
    expect(passed.every(({ status }: any) => status === 'PASSED')).toBe(true)
    expect(passed.map(({ resourceId }: any) => resourceId)).toContain('vol-19')
    const some = await runCommand(folder, ['findings', 'list', '--limit', '5', '--json'])
    expect([JSON.parse(some.stdout).length, some.stderr]).toEqual([
      5,
      'there are more: --limit 50\n',
    ])
    const all = await runCommand(folder, ['findings', 'list', '--limit', '2000', '--json'])
    expect([JSON.parse(all.stdout).length > 5, all.stderr]).toEqual([true, ''])
    const shown = await runCommand(folder, ['findings', 'show', id])
    expect(shown.stdout).toContain('The volume is not encrypted.')

    const rules = (await hub.rest('GET', '/compliance/checked-rules?checkedBy=config')).body.items
    const [volumes] = rules.filter(({ ruleId }: any) => ruleId === 'encrypted-volumes')
    expect(volumes).toMatchObject({ failing: 14, passing: 6 })
    expect(volumes).not.toHaveProperty('settlesAt')
  })
})

describe('rules of the user’s own', () => {
  const compliance = (...args: readonly string[]) => runCommand(folder, ['compliance', ...args])
  const file = (name: string, content: string | Buffer) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  const item = (name: string, encrypted: boolean, captured: string) => ({
    ...{ resourceType: 'AWS::S3::Bucket', resourceId: name, ARN: `arn:aws:s3:::${name}` },
    ...{ awsAccountId: ACCOUNTS.MEMBER, awsRegion: REGION, tags: { owner: 'ana' } },
    ...{ configuration: { encrypted }, configurationItemStatus: 'OK' },
    configurationItemCaptureTime: captured,
  })
  const snapshot = (...configurationItems: readonly object[]) =>
    JSON.stringify({ fileVersion: '1.0', configSnapshotId: 'x', configurationItems })

  it('are tested without a hub, enabled, and applied to a snapshot of AWS Config', async () => {
    const path = file('buckets.yaml', OWN_RULES)
    const tested = await compliance('rules', 'test', path)
    expect(tested).toMatchObject({ status: 0 })
    expect(tested.stdout).toContain('2 of 2 examples are as said')
    const wrong = await compliance(
      'rules',
      'test',
      file('w.yaml', OWN_RULES.replace('true } }', 'no } }')),
    )
    expect(wrong.status).toBe(1)

    const first = item('one', false, '2026-02-01T00:00:00Z')
    const packed = file(
      's.json.gz',
      gzipSync(snapshot(first, item('two', true, first.configurationItemCaptureTime), {})),
    )
    const early = await compliance('import', packed)
    expect(early.stderr).toContain('no bundle of rules is enabled')
    await compliance('bundles', 'upload', path)
    expect(await compliance('bundles', 'enable', 'buckets')).toMatchObject({ status: 0 })
    const imported = JSON.parse((await compliance('import', packed, '--json')).stdout)
    expect(imported).toMatchObject({
      ...{ format: 'CONFIG_SNAPSHOT', read: 2, skippedCount: 1, changed: 2, told: 0 },
      skipped: [{ index: 2, reason: 'it has no "resourceType"' }],
    })
    const ofRule = (detail: any) => detail.ruleId === 'buckets/encrypted'
    const [summary] = await alertsOf(ofRule, 1)
    expect(summary?.data.event.detail).toMatchObject({
      ...{ change: 'SUMMARY', failing: 1, passing: 1, severity: 'HIGH', checkedBy: 'belfry' },
    })

    // From then on what AWS Config sees change is checked too.
    await ingest(hub, ingestKey, [
      {
        ...{ version: '0', id: crypto.randomUUID(), source: 'aws.config', resources: [] },
        ...{ account: ACCOUNTS.MEMBER, region: REGION, time: '2026-02-02T00:00:00Z' },
        'detail-type': 'Config Configuration Item Change',
        detail: { configurationItem: item('two', false, '2026-02-02T00:00:00Z') },
      },
    ])
    const [, failed] = await alertsOf(ofRule, 2)
    expect(failed?.data.event.detail).toMatchObject({
      ...{ change: 'FAILED', resourceId: 'arn:aws:s3:::two', reason: 'two is not encrypted.' },
      resourceTags: { owner: 'ana' },
    })

    // A newer version is applied once it is enabled, and what is disabled has no findings.
    const place = `/compliance/bundles/buckets`
    const shown = async () =>
      (await hub.rest('GET', `${place}?organisationId=${organisationId}`)).body
    const put = async (enabled: boolean) =>
      (await hub.rest('PUT', place, { organisationId, enabled })).body
    const text = OWN_RULES.replace('1.0.0', '1.1.0').replace('severity: HIGH', 'severity: LOW')
    expect((await hub.rest('POST', '/compliance/bundles', { organisationId, text })).status).toBe(
      201,
    )
    expect(await shown()).toMatchObject({ updateAvailable: true, enabled: { version: '1.0.0' } })
    expect(await put(true)).toMatchObject({ updateAvailable: false, enabled: { version: '1.1.0' } })
    const remove = () => hub.rest('DELETE', `${place}?organisationId=${organisationId}`)
    expect((await remove()).body.code).toBe('compliance-bundle.enabled')
    expect(await put(false)).not.toHaveProperty('enabled')
    await until(async () => expect(await findingsOf('ruleId=buckets/encrypted')).toEqual([]))
    expect((await remove()).status).toBe(204)
    expect((await shown()).code).toBe('compliance-bundle.not-found')

    const shipped = `/compliance/bundles/tagging?organisationId=${organisationId}`
    const { code } = (await hub.rest('DELETE', shipped)).body
    expect(code).toBe('compliance-bundle.shipped')
  }, 120_000)

  it('end what they found of a resource that a whole snapshot has no more', async () => {
    const rule = { id: 'r', title: 'R', severity: 'LOW', assert: 'false' }
    const text = JSON.stringify({ bundle: 'gone', version: '1.0.0', rules: [rule] })
    await hub.rest('POST', '/compliance/bundles', { organisationId, text })
    await hub.rest('PUT', '/compliance/bundles/gone', { organisationId, enabled: true })
    const [old, hourBefore] = ['2026-03-01T00:00:00Z', '2026-03-02T07:30:00Z']
    const other = (more: object) => ({ ...item('elsewhere', true, old), ...more })
    const first = [
      ...['stays', 'deleted', 'deleted-too'].map((name) => item(name, true, old)),
      item('new', true, hourBefore),
      other({ ARN: 'arn:type', resourceType: 'AWS::DynamoDB::Table' }),
      other({ ARN: 'arn:region', awsRegion: 'eu-central-1' }),
      other({ ARN: 'arn:account', awsAccountId: ACCOUNTS.LOGGING }),
    ]
    const send = (...configurationItems: readonly object[]) =>
      hub.rest('POST', '/compliance/imports', { organisationId, document: { configurationItems } })
    await send(...first)
    const of = (detail: any) => detail.ruleId === 'gone/r'
    await alertsOf(of, 1)
    const failing = async (): Promise<string[]> =>
      (await findingsOf(`ruleId=gone/r&status=FAILED&organisationId=${organisationId}`))
        .map(({ resourceId }): string => resourceId.split(':').at(-1))
        .toSorted((a, b) => (a < b ? -1 : 1))
    const all = ['account', 'deleted', 'deleted-too', 'new', 'region', 'stays', 'type']
    expect(await failing()).toEqual(all)

    const later = snapshot(item('stays', true, old))
    // Nothing says that these are whole: their name, or the id in what was made of one.
    const id = '16da64e4-cb65-4846-b061-e6c3ba43cb96'
    const name = `${ACCOUNTS.MEMBER}_Config_${REGION}_ConfigSnapshot_20260302T080000Z_${id}.json`
    for (const path of [file('later.json', later), file(name, later)]) {
      expect(JSON.parse((await compliance('import', path, '--json')).stdout)).not.toHaveProperty(
        'gone',
      )
    }
    expect(await failing()).toEqual(all)

    const whole = file(name, JSON.stringify({ ...JSON.parse(later), configSnapshotId: id }))
    const ended = await compliance('import', whole)
    expect(ended.stdout).toContain('2 resources are gone by the snapshot')
    expect(await failing()).toEqual(['account', 'new', 'region', 'stays', 'type'])
    const over = (await alertsOf((detail) => of(detail) && detail.change === 'WITHDRAWN', 2)).map(
      ({ data: { event } }) => event.detail,
    )
    const said = over.map(({ resourceId, withdrawal }) => `${resourceId} ${withdrawal}`)
    expect(said.toSorted()).toEqual([
      'arn:aws:s3:::deleted RESOURCE_DELETED',
      'arn:aws:s3:::deleted-too RESOURCE_DELETED',
    ])
    const again = JSON.parse((await compliance('import', whole, '--json')).stdout)
    expect(again).toMatchObject({ gone: 0, changed: 0, told: 0 })
    // What came before the snapshot, and is read late, changes nothing; what came after it does.
    await send(item('deleted', true, old))
    expect(await failing()).not.toContain('deleted')
    await send(item('deleted', true, '2026-03-02T09:00:00Z'))
    expect(await failing()).toContain('deleted')

    const renamed = (time: string, path = whole) => compliance('import', path, '--taken-at', time)
    const third = file('third.json', later)
    expect((await renamed('2026-03-03', third)).stdout).toContain('2 resources are gone')
    expect(await failing()).toEqual(['account', 'region', 'stays', 'type'])
    expect((await renamed('2999-01-01')).stderr).toContain('--taken-at is in the future')
    expect((await renamed('2026-03-03', file('f.json', '[]'))).stderr).toContain('is no snapshot')
    await hub.rest('PUT', '/compliance/bundles/gone', { organisationId, enabled: false })
  }, 120_000)

  it('take back what they said of resources of types that a new version is not about', async () => {
    const enable = async (version: string, appliesTo?: object) => {
      const rule = { id: 'r', title: 'R', severity: 'LOW', assert: 'false' }
      const text = JSON.stringify({
        ...{ bundle: 'narrowed', version },
        rules: [{ ...rule, ...(appliesTo !== undefined && { appliesTo }) }],
      })
      await hub.rest('POST', '/compliance/bundles', { organisationId, text })
      await hub.rest('PUT', '/compliance/bundles/narrowed', { organisationId, enabled: true })
    }
    const found = async (): Promise<string[]> =>
      (await findingsOf('ruleId=narrowed/r')).map(({ resourceType }) => resourceType)
    await enable('1.0.0')
    const bucket = item('kept', true, '2026-02-01T00:00:00Z')
    const table = { ...bucket, resourceType: 'AWS::DynamoDB::Table', ARN: 'arn:table' }
    await compliance('import', file('two-types.json', snapshot(bucket, table)))
    expect((await found()).toSorted()).toEqual(['AWS::DynamoDB::Table', 'AWS::S3::Bucket'])
    await enable('1.1.0', { resourceType: ['AWS::S3::Bucket'] })
    await until(async () => expect(await found()).toEqual(['AWS::S3::Bucket']))
    await hub.rest('PUT', '/compliance/bundles/narrowed', { organisationId, enabled: false })
    await until(async () => expect(await found()).toEqual([]))
  }, 60_000)

  it('stand beside what Prowler found', async () => {
    const finding = (uid: string, status_code: string) => ({
      ...{ class_uid: 2004, severity: 'High', severity_id: 4, status_code, time: 1_769_900_000 },
      ...{ metadata: { event_code: 's3_bucket_public', product: { name: 'Prowler' } } },
      ...{ finding_info: { title: 'Buckets are not public', uid }, status_detail: 'It is public.' },
      ...{ cloud: { account: { uid: ACCOUNTS.MEMBER }, region: REGION } },
      resources: [{ uid, type: 'AwsS3Bucket', region: REGION, labels: ['owner:ana'] }],
      unmapped: { compliance: { 'CIS-3.0': ['2.1.4'] } },
    })
    const path = file(
      'prowler.json',
      JSON.stringify([finding('arn:a', 'FAIL'), finding('arn:b', 'PASS'), { x: 1 }]),
    )
    const report = await compliance('import', path)
    expect(report.stdout).toContain(
      'read 2 findings in OCSF: 2 findings are new or changed, 0 as before',
    )
    expect(report.stdout).toContain('first results of a rule are told in one summary')
    expect(report.stdout).toContain('item 2: it has no "class_uid"')
    expect(await findingsOf('checkedBy=prowler')).toMatchObject([
      { status: 'FAILED', severity: 'HIGH', ruleId: 's3_bucket_public', tags: { owner: 'ana' } },
      { status: 'PASSED', resourceId: 'arn:b', frameworks: ['CIS-3.0'] },
    ])
    const bad = await compliance('import', file('bad.json', '{"a":1}'))
    expect(bad).toMatchObject({ status: 1 })
    expect(bad.stderr).toContain('neither a snapshot of AWS Config')
    const csv = await compliance('import', file('prowler.csv', 'AUTH_METHOD;TIMESTAMP'))
    expect(csv.stderr).toContain('is not JSON')
    expect(csv.stderr).toContain('the file that ends in .ocsf.json')
  })

  it('say in lists why a failure is not told, and of what an exception is', async () => {
    const muted = {
      ...{ class_uid: 2004, severity_id: 4, status_code: 'FAIL', status_id: 3 },
      ...{ time: 1_769_900_000, finding_info: { title: 'T' } },
      ...{ metadata: { event_code: 'muted', product: { name: 'Prowler' } } },
      ...{ cloud: { account: { uid: ACCOUNTS.MEMBER }, region: REGION } },
    }
    const path = file('muted.json', JSON.stringify([{ ...muted, resources: [{ uid: 'arn:m' }] }]))
    await compliance('import', path)
    const scope = ['--rule', 's3_bucket_public', '--checked-by', 'prowler']
    const day = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10)
    const except = (...of: readonly string[]) =>
      compliance('exceptions', 'create', ...of, '--until', day, '--reason', 'x')
    expect((await except(...scope)).stderr).toContain('it covers 1 failure now')
    const unknown = await except('--rule', 'nosuch/rule')
    expect(unknown).toMatchObject({ status: 0 })
    expect(unknown.stderr).toContain('nothing has been heard of a rule "nosuch/rule"')
    const passing = await except('--rule', 's3_bucket_public', '--tag', 'owner=nobody')
    expect(passing.stderr).toContain('it covers no failure now, only what fails later')
    const excepted = await compliance('exceptions', 'list')
    expect(excepted.stdout).toContain('checked by prowler, rule s3_bucket_public')
    await until(async () => {
      const { stdout } = await runCommand(folder, ['findings', 'list', '--checked-by', 'prowler'])
      expect(stdout).toMatch(/^FAILED, suppressed .*arn:m/m)
      expect(stdout).toMatch(/^FAILED, excepted .*arn:a/m)
    })
    const scores = await compliance('scores', '--bundle', 'none')
    expect(scores.stdout).toContain('nothing has been checked that fits')
  })

  it('stand beside what Prowler and Security Hub say in ASFF', async () => {
    const finding = (id: string, Status: string) => ({
      ...{ SchemaVersion: '2018-10-08', Id: id, AwsAccountId: ACCOUNTS.MEMBER },
      ...{ ProductArn: `arn:aws:securityhub:${REGION}::product/prowler/prowler` },
      ...{ GeneratorId: 'prowler-iam_root_mfa', UpdatedAt: '2026-02-01T00:00:00Z' },
      ...{ Title: 'The root user has MFA', Description: 'It has none.', Types: ['a/b/c'] },
      ...{ Severity: { Label: 'CRITICAL' }, Compliance: { Status } },
      Resources: [{ Type: 'AwsIamUser', Id: id, Region: REGION, Tags: { owner: 'ana' } }],
    })
    const findings = [finding('arn:asff-a', 'FAILED'), finding('arn:asff-b', 'PASSED'), {}]
    const report = await compliance('import', file('asff.json', JSON.stringify(findings)))
    expect(report.stdout).toContain('read 2 findings in ASFF: 2 findings are new or changed')
    expect(report.stdout).toContain('item 2: it has no "ProductArn"')
    expect(await findingsOf('ruleId=iam_root_mfa')).toMatchObject([
      {
        ...{ status: 'FAILED', severity: 'CRITICAL', checkedBy: 'prowler', region: REGION },
        ...{ resourceId: 'arn:asff-a', tags: { owner: 'ana' }, reason: 'It has none.' },
      },
      { status: 'PASSED' },
    ])
    const printed = file('get-findings.json', JSON.stringify({ Findings: findings.slice(0, 2) }))
    const again = await compliance('import', printed)
    expect(again.stdout).toContain('0 findings are new or changed, 2 as before\nnothing was told')
  })

  it('are imported in parts, however many there are', async () => {
    const one = (n: number) => ({
      ...{ class_uid: 2004, severity_id: 1, status_code: 'PASS', time: 1_769_900_000 },
      ...{ metadata: { event_code: 'parts', product: { name: 'Prowler' } } },
      ...{ finding_info: { title: 'T' }, cloud: { account: { uid: ACCOUNTS.MEMBER } } },
      resources: [{ uid: `part-${n}`, region: REGION }],
    })
    const findings = Array.from({ length: 2_001 }, (_, n) => (n === 2_000 ? {} : one(n)))
    const path = file('parts.json.gz', gzipSync(JSON.stringify(findings)))
    const report = JSON.parse((await compliance('import', path, '--json')).stdout)
    expect(report).toMatchObject({
      ...{ format: 'OCSF', read: 2_000, changed: 2_000, skippedCount: 1 },
      skipped: [{ index: 2_000, reason: 'it has no "class_uid"' }],
    })
  }, 60_000)
})
