import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { runCommand } from '../belfry-command.ts'
import { follow } from '../event-follower.ts'
import { ingest } from '../finding-events.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { ended } from '../tenancy-calls.ts'

const folder = newDataFolder()
let hub: HubProcess
let organisationId: string
let ingestKey: string
let accountIds: Readonly<Record<string, string>>

beforeAll(async () => {
  hub = await startHubProcess(folder, ['--allow-private-targets', '--rule-settling-seconds', '0'])
  ;({ organisationId, ingestKey, accountIds } = await createOrganisation(hub))
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

const compliance = (...args: readonly string[]) => runCommand(folder, ['compliance', ...args])
const file = (name: string, content: object) => {
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(content))
  return path
}
const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 50 })
const findings = async (query: string) => {
  const { items } = (await hub.rest('GET', `/findings?organisationId=${organisationId}&${query}`))
    .body
  return items.map(({ ruleId, status }: any) => `${ruleId} ${status}`).toSorted()
}
const bucket = (name: string) => `arn:aws:s3:::${name}`
const item = (name: string, tags: object) => ({
  ...{ resourceType: 'AWS::S3::Bucket', resourceId: name, ARN: bucket(name), tags },
  ...{ awsAccountId: ACCOUNTS.MEMBER, awsRegion: REGION, configurationItemStatus: 'OK' },
  configurationItemCaptureTime: '2026-02-01T00:00:00Z',
})

let second = 0
const tagChange = (name: string, version: number, tags: object, at = (second += 1)) => ({
  ...{ version: '0', id: crypto.randomUUID(), source: 'aws.tag', resources: [bucket(name)] },
  ...{ 'detail-type': 'Tag Change on Resource', account: ACCOUNTS.MEMBER, region: REGION },
  time: `2026-02-01T01:00:${String(at).padStart(2, '0')}Z`,
  detail: {
    'changed-tag-keys': ['CostCenter'],
    service: 's3',
    'resource-type': '',
    version,
    tags,
  },
})

describe('tag policies of AWS Organizations', () => {
  const root = {
    tags: {
      costcenter: {
        tag_key: { '@@assign': 'CostCenter' },
        tag_value: { '@@assign': ['100'] },
        enforced_for: { '@@assign': ['s3:bucket'] },
      },
    },
  }
  const below = { tags: { costcenter: { tag_value: { '@@append': ['200*'] } } } }

  it('become a bundle of rules, which resources are checked by', async () => {
    const policies = [file('root.json', root), file('below.json', below)]
    const bring = (...args: string[]) =>
      compliance('tag-policies', 'import', ...policies, '--required', 'CostCenter', ...args)
    const made = await bring()
    expect(made.stdout).toContain('the bundle tag-policy 1.0.0 has 3 rules')
    expect(made.stdout).toContain('left out: "enforced_for" of "costcenter"')
    expect(made.stdout).toContain('belfry compliance bundles enable tag-policy')
    expect(await compliance('bundles', 'enable', 'tag-policy')).toMatchObject({ status: 0 })

    const items = [item('right', { CostCenter: '2001' }), item('wrong', { costcenter: '9' })]
    const snapshot = { configurationItems: [...items, item('bare', {})] }
    await compliance('import', file('snapshot.json', snapshot))
    expect(await findings('status=FAILED&text=wrong')).toEqual([
      'tag-policy/costcenter-key FAILED',
      'tag-policy/costcenter-value FAILED',
    ])
    expect(await findings('status=FAILED&text=bare')).toEqual([
      'tag-policy/costcenter-required FAILED',
    ])
    expect(await findings('status=FAILED&text=right')).toEqual([])

    // Failing or excepted, each is counted once.
    const rules = async () => {
      const all = JSON.parse((await compliance('rules', 'list', '--json')).stdout)
      return all.map(({ ruleId, failing, excepted, passing }: any) => [
        ...[ruleId, failing, excepted, passing],
      ])
    }
    expect(await rules()).toEqual([
      ['tag-policy/costcenter-key', 1, 0, 2],
      ['tag-policy/costcenter-required', 1, 0, 2],
      ['tag-policy/costcenter-value', 1, 0, 2],
    ])
    const tomorrow = ['--until', new Date(Date.now() + 86_400_000).toISOString()]
    const why = ['--resource', bucket('wrong'), '--reason', 'It goes.']
    const excepted = await compliance('exceptions', 'create', ...why, ...tomorrow, '--json')
    await until(async () =>
      expect(await rules()).toEqual([
        ['tag-policy/costcenter-key', 0, 1, 2],
        ['tag-policy/costcenter-required', 1, 0, 2],
        ['tag-policy/costcenter-value', 0, 1, 2],
      ]),
    )
    // Of nine checks two are excepted; of the seven that are left six passed.
    const scores = async (query = '') =>
      (await hub.rest('GET', `/compliance/scores?organisationId=${organisationId}${query}`)).body
        .items
    const counted = { score: 85.7, passing: 6, failing: 1, excepted: 2 }
    expect(await scores()).toEqual([
      {
        ...{ organisationId, awsAccountId: ACCOUNTS.MEMBER, ...counted },
        parts: [{ checkedBy: 'belfry', bundle: 'tag-policy', ...counted }],
      },
    ])
    expect(await scores(`&bundle=tag-policy&awsAccountId=${ACCOUNTS.MEMBER}`)).toHaveLength(1)
    expect(await scores('&bundle=tagging')).toEqual([])
    expect(await scores('&checkedBy=config')).toEqual([])
    expect((await compliance('scores', '--account', ACCOUNTS.MEMBER)).stdout).toMatch(
      /member-account 444444444444 +85.7 % +6 +1 +2\n +tag-policy +85.7 %/,
    )
    await compliance('exceptions', 'delete', JSON.parse(excepted.stdout).id)
    await until(async () => expect(await scores()).toMatchObject([{ score: 66.6, excepted: 0 }]))
    expect((await compliance('rules', 'list', '--bundle', 'tagging')).stdout).toContain('no rules')

    // The same policies change nothing, and others are the next version, to be enabled.
    expect(JSON.parse((await bring('--json')).stdout).bundle).toMatchObject({ version: '1.0.0' })
    const more = file('more.json', { tags: { owner: {} } })
    const next = await compliance('tag-policies', 'import', more, '--json')
    expect(JSON.parse(next.stdout).bundle).toMatchObject({
      ...{ version: '1.1.0', updateAvailable: true, enabled: { version: '1.0.0' } },
    })
    const wild = file('wild.json', { tags: { owner: { tag_value: { '@@assign': ['*@*'] } } } })
    const refused = await compliance('tag-policies', 'import', wild)
    expect(refused).toMatchObject({ status: 1 })
    expect(refused.stderr).toContain('more than one "*"')
  }, 60_000)
})

describe('a change of tags', () => {
  const counted = async (outcome: string) => {
    const text = await (await fetch(`${hub.url}/metrics`)).text()
    const [, count = 0] =
      new RegExp(`compliance_results_total\\{outcome="${outcome}"\\} (\\d+)`).exec(text) ?? []
    return Number(count)
  }

  it('has the rules that look at tags alone applied anew, to resources that are known', async () => {
    await compliance(
      'bundles',
      'upload',
      file('mixed.yaml', {
        ...{ bundle: 'mixed', version: '1.0.0' },
        rules: [
          {
            ...{ id: 'both', title: 'Both', severity: 'LOW' },
            assert: 'has(resource.configuration.x) || has(resource.tags.x)',
          },
        ],
      }),
    )
    expect(await compliance('bundles', 'enable', 'mixed')).toMatchObject({ status: 0 })
    await ingest(hub, ingestKey, [
      tagChange('bare', 1, { CostCenter: '100', x: 'y' }),
      // Within one second the version decides, in whatever order they come.
      tagChange('wrong', 3, { CostCenter: '100' }, 30),
      tagChange('wrong', 2, {}, 30),
      tagChange('never-seen', 1, {}),
    ])
    await until(async () => {
      expect(await findings('status=FAILED&checkedBy=belfry')).toEqual([])
      expect(await counted('unknown')).toBe(1)
    })
    expect(await findings('text=bare')).not.toContain('mixed/both PASSED')
    expect(await counted('undecided')).toBe(3)
    expect(await findings('text=never-seen')).toEqual([])
    const shown = (await hub.rest('GET', `/findings?organisationId=${organisationId}&text=bare`))
      .body
    expect(shown.items[0].tags).toEqual({ CostCenter: '100', x: 'y' })

    // A resource that Config tells of in the same breath is known.
    const configured = {
      ...{ version: '0', id: crypto.randomUUID(), source: 'aws.config', resources: [] },
      ...{ account: ACCOUNTS.MEMBER, region: REGION, time: '2026-02-01T00:00:00Z' },
      'detail-type': 'Config Configuration Item Change',
      detail: { configurationItem: item('new', { CostCenter: '100' }) },
    }
    await ingest(hub, ingestKey, [configured, tagChange('new', 1, { CostCenter: '7' })])
    await until(async () => {
      expect(await findings('status=FAILED&text=new')).toEqual([
        'mixed/both FAILED',
        'tag-policy/costcenter-value FAILED',
      ])
    })
    // What Config saw before the change, and tells late, is older.
    const late = item('new', { CostCenter: '100' })
    await ingest(hub, ingestKey, [
      { ...configured, id: crypto.randomUUID(), detail: { configurationItem: late } },
      tagChange('new', 2, { CostCenter: '8' }),
    ])
    await until(async () => {
      const { items } = (
        await hub.rest('GET', `/findings?organisationId=${organisationId}&text=costcenter-value`)
      ).body
      const [finding] = items.filter(({ resourceId }: any) => resourceId === bucket('new'))
      expect(finding).toMatchObject({ status: 'FAILED', tags: { CostCenter: '8' } })
    })
  }, 60_000)
})

describe('a rule that is not about a resource any more', () => {
  it('takes back what it said of it, until it is about it again', async () => {
    const ofRule = async () => {
      const all = await findings('text=tagging/environment-values')
      return all.map((line: string) => line.split(' ')[1])
    }
    expect(await compliance('bundles', 'enable', 'tagging')).toMatchObject({ status: 0 })
    const told = await follow(hub, await hub.profile('operator'), {
      bus: `aws.partner/stax.io/${ACCOUNTS.LOGGING}/default`,
    })
    await compliance(
      'import',
      file('staged.json', { configurationItems: [item('staged', { environment: 'Prod' })] }),
    )
    expect(await ofRule()).toEqual(['FAILED'])
    await ingest(hub, ingestKey, [tagChange('staged', 1, { owner: 'ana' })])
    await until(async () => expect(await ofRule()).toEqual(['NOT_APPLICABLE']))
    await ingest(hub, ingestKey, [tagChange('staged', 2, { environment: 'Prod' })])
    await until(async () => expect(await ofRule()).toEqual(['FAILED']))

    // AWS Config has no tags of what was deleted.
    const gone = { ...item('staged', {}), configurationItemStatus: 'ResourceDeleted' }
    const later = { ...gone, configurationItemCaptureTime: '2026-02-02T00:00:00Z' }
    await compliance('import', file('gone.json', { configurationItems: [later] }))
    expect(await ofRule()).toEqual(['NOT_APPLICABLE'])
    const changes = await told.waitFor(
      4,
      ({ data }) => data.event.detail.ruleId === 'tagging/environment-values',
    )
    const said = changes.map(({ data: { event } }) => event.detail)
    expect(said.map(({ change, withdrawal = '' }) => `${change} ${withdrawal}`.trim())).toEqual([
      ...['FAILED', 'WITHDRAWN NOT_APPLICABLE', 'FAILED', 'WITHDRAWN RESOURCE_DELETED'],
    ])
    told.close()
    expect(await compliance('bundles', 'disable', 'tagging')).toMatchObject({ status: 0 })
    await until(async () => expect(await ofRule()).toEqual([]))
  }, 60_000)
})

describe('an account that is closed', () => {
  it('has no findings any more', async () => {
    expect(await findings('')).not.toEqual([])
    const { taskId } = (await hub.rest('POST', `/accounts/${accountIds['MEMBER']}/close`)).body
    expect(await ended(hub, taskId)).toMatchObject({ status: 'SUCCEEDED' })
    await until(async () => expect(await findings('')).toEqual([]))
    const snapshot = file('after.json', { configurationItems: [item('late', {})] })
    const imported = await compliance('import', snapshot)
    expect(imported.stdout).toContain('left out 4 results of accounts that are closed')
  }, 60_000)
})
