import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { runCommand } from '../belfry-command.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

const folder = newDataFolder()
let hub: HubProcess
let organisationId: string

beforeAll(async () => {
  hub = await startHubProcess(folder, ['--allow-private-targets', '--rule-settling-seconds', '0'])
  ;({ organisationId } = await createOrganisation(hub))
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
