import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { runCommand } from '../belfry-command.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'
import { OWN_RULES, PASSES } from '../own-rules.ts'

const folder = newDataFolder()
let hub: HubProcess
let organisationId: string

beforeAll(async () => {
  hub = await startHubProcess(folder)
  ;({ organisationId } = await createOrganisation(hub))
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

const compliance = (...args: readonly string[]) => runCommand(folder, ['compliance', ...args])
const file = (name: string, content: string) => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('a bundle of rules', () => {
  it('is not taken where its own examples refute it', async () => {
    const path = file('refuted.yaml', OWN_RULES.replace('encrypted: true', 'encrypted: false'))
    const refused = await compliance('bundles', 'upload', path)
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain('rule "encrypted": example 1 of pass: FAILED: example is not')
    const elsewhere = file(
      'elsewhere.yaml',
      OWN_RULES.replace("['AWS::S3::Bucket", "['AWS::S3::Buckets"),
    )
    expect((await compliance('bundles', 'upload', elsewhere)).stderr).toContain(
      'example 1 of pass: the rule does not apply to it',
    )
    const unknown = file(
      'unknown.yaml',
      OWN_RULES.replace('{ resourceType: [', '{ resourcetype: ['),
    )
    for (const args of [
      ['bundles', 'upload', unknown],
      ['rules', 'test', unknown],
    ]) {
      const { status, stderr } = await compliance(...args)
      expect({ status, stderr }).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('no field "resourcetype": write "resourceType"'),
      })
    }
    const { body } = await hub.rest('GET', `/compliance/bundles?organisationId=${organisationId}`)
    expect(body.items.map(({ name }: any) => name)).not.toContain('buckets')
    // What nothing shows may still be right.
    const half = OWN_RULES.replace(PASSES, '').replace('bundle: buckets', 'bundle: half')
    const taken = await compliance('bundles', 'upload', file('half.yaml', half))
    expect(taken).toMatchObject({ status: 0, stderr: expect.stringContaining('of encrypted') })
    await compliance('bundles', 'delete', 'half')
    const ofEvents = await runCommand(folder, ['rules', 'test', path, '--json'])
    expect(ofEvents.status).toBe(2)
    expect(ofEvents.stderr).toContain('belfry compliance rules test')
  })

  it('has parameters of the type that it has them in itself', async () => {
    const enable = (...args: readonly string[]) =>
      compliance('bundles', 'enable', 'tagging', '--json', ...args)
    const given = await enable(
      '--parameter',
      'keys=owner, team',
      '--parameter',
      'environments=["x"]',
    )
    expect(JSON.parse(given.stdout).enabled.parameters).toEqual({
      ...{ keys: ['owner', 'team'], environments: ['x'] },
    })
    expect(JSON.parse((await enable('--parameter', 'keys=5')).stdout).enabled.parameters).toEqual({
      ...{ keys: ['5'], environments: ['x'] },
    })
    const set = (name: string, parameters: object) =>
      hub.rest('PUT', `/compliance/bundles/${name}`, {
        ...{ organisationId, enabled: true, parameters },
      })
    const text = JSON.stringify({
      ...{ bundle: 'typed', version: '1.0.0' },
      parameters: { days: 90, strict: false, name: 'x', any: [], values: { a: ['1'] } },
      rules: [{ id: 'r', title: 'R', severity: 'LOW', assert: 'parameters.strict' }],
    })
    await hub.rest('POST', '/compliance/bundles', { organisationId, text })
    const refusals = [
      ['tagging', { keys: 'owner' }, 'a list of texts, such as ["owner","environment"]'],
      ['tagging', { keys: ['owner', 1] }, 'a list of texts'],
      ['typed', { days: '90' }, 'a number, such as 90, and is "90"'],
      ['typed', { strict: 'no' }, 'true or false, such as false'],
      ['typed', { name: null }, 'a text, such as "x"'],
      ['typed', { any: 'a' }, 'a list, such as ["a","b"]'],
      ['typed', { values: ['1'] }, 'an object, such as {"a":["1"]}'],
      ['typed', { values: { a: '1' } }, '"values.a" must be a list of texts, such as ["1"]'],
      ['typed', { values: { b: ['1'] } }, 'see to "a"'],
    ] as const
    for (const [name, parameters, message] of refusals) {
      const { status, body } = await set(name, parameters)
      expect({ status, ...body }).toMatchObject({
        ...{ status: 400, code: 'compliance-bundle.bad-parameter' },
        message: expect.stringContaining(message),
      })
    }
    const right = { days: 1.5, strict: true, name: '', any: [1, 'a'], values: { a: [] } }
    expect((await set('typed', right)).body.enabled.parameters).toEqual(right)
    for (const name of ['typed', 'tagging']) {
      await hub.rest('PUT', `/compliance/bundles/${name}`, { organisationId, enabled: false })
    }
  })

  it('stays as it was set when it is enabled anew', async () => {
    const enable = (...args: readonly string[]) =>
      compliance('bundles', 'enable', 'allowed-regions', ...args)
    const first = await enable()
    expect(first.stdout).toContain('regions=["us-east-1","eu-west-1"] (default)')
    expect(first.stderr).toContain('import a snapshot')
    const idle = await compliance('rules', 'list', '--bundle', 'allowed-regions')
    expect(idle.stderr).toContain('1 rule has checked nothing yet')
    await enable('--parameter', 'regions=us-east-1', '--without', 'region')
    const again = await enable()
    expect(again.stdout).toMatch(/regions=\["us-east-1"\]\n/)
    expect(again.stdout).toContain('(left out)')
    expect((await enable('--without', '')).stdout).not.toContain('(left out)')

    // What a newer version has no more is set no more.
    const text = (version: string, name: string, same: unknown = 1) =>
      JSON.stringify({
        ...{ bundle: 'renamed', version, parameters: { [name]: ['a'], same } },
        rules: [{ id: name, title: 'R', severity: 'LOW', assert: `size(parameters.${name}) > 0` }],
      })
    const set = async (settings: object) =>
      (
        await hub.rest('PUT', '/compliance/bundles/renamed', {
          ...{ organisationId, enabled: true, ...settings },
        })
      ).body.enabled
    const upload = (...of: Parameters<typeof text>) =>
      hub.rest('POST', '/compliance/bundles', { organisationId, text: text(...of) })
    await upload('1.0.0', 'old')
    await set({ parameters: { old: ['b'], same: 2 }, deselected: ['old'] })
    await upload('2.0.0', 'new')
    expect(await set({})).toMatchObject({ parameters: { same: 2 }, deselected: [] })
    // What does not fit a newer version is to be set anew, and does not keep it from being disabled.
    await upload('3.0.0', 'new', 'a text')
    const refused = await compliance('bundles', 'enable', 'renamed')
    expect(refused.stderr).toContain('"same" must be a text, such as "a text", and is 2')
    for (const name of ['allowed-regions', 'renamed']) {
      expect(await compliance('bundles', 'disable', name)).toMatchObject({ status: 0 })
    }
    expect((await enable()).stdout).toContain('(default)')
    await compliance('bundles', 'disable', 'allowed-regions')
  })
})
