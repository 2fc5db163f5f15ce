import { readFileSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { runCommand } from '../belfry-command.ts'
import { follow } from '../event-follower.ts'
import type { EventFollower } from '../event-follower.ts'
import { configChange, ingest } from '../finding-events.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

const SAMPLES = new URL('../../samples/aws-events.ndjson', import.meta.url)
const SETTLING_FLAGS = ['--allow-private-targets', '--rule-settling-seconds', '2']
const BUS = `aws.partner/stax.io/${ACCOUNTS.LOGGING}/default`

const folder = newDataFolder()
let hub: HubProcess
let ingestKey: string
let follower: EventFollower

beforeAll(async () => {
  hub = await startHubProcess(folder, SETTLING_FLAGS)
  ;({ ingestKey } = await createOrganisation(hub))
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
    const shown = await runCommand(folder, ['findings', 'show', id])
    expect(shown.stdout).toContain('The volume is not encrypted.')

    const rules = (await hub.rest('GET', '/compliance/checked-rules?checkedBy=config')).body.items
    const [volumes] = rules.filter(({ ruleId }: any) => ruleId === 'encrypted-volumes')
    expect(volumes).toMatchObject({ failing: 14, passing: 6 })
    expect(volumes).not.toHaveProperty('settlesAt')
  })
})
