import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { runCommand } from '../belfry-command.ts'
import { Putter } from '../crash/putter.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'
import { restAs } from '../rest-caller.ts'

const folder = newDataFolder()
let hub: HubProcess
let receiver: Receiver
let organisationId: string
let eventId: string

const RULE_ARN = `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:rule/visits`
const TEMPLATE =
  '{"rule": <aws.events.rule-name>, "at": <aws.events.event.ingestion-time>, "n": <n>}'
const InputTransformer = { InputPathsMap: { n: '$.detail.n' }, InputTemplate: TEMPLATE }
const EVENT = '{ "id": "e-1", "detail": {"n": 1.0, "big": 12345678901234567890, "tags": ["a"]} }'

beforeAll(async () => {
  hub = await startHubProcess(folder)
  receiver = await startReceiver()
  organisationId = (await createOrganisation(hub)).organisationId
  const putter = new Putter(await hub.profile('member'))
  const call = (operation: string, input: object) => putter.call(hub.url, operation, input)
  await call('PutRule', { Name: 'visits', EventPattern: '{"source":["shop"]}' })
  const Targets = [{ Id: 'hook', Arn: receiver.url, InputTransformer }]
  await call('PutTargets', { Rule: 'visits', Targets })
  const entry = { Source: 'shop', DetailType: 'Visit', Detail: '{"n":2e3}' }
  eventId = (await call('PutEvents', { Entries: [entry] })).Entries[0].EventId
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)
})

const preview = async (given: object) => hub.rest('POST', '/targets/preview', given)
const ofStored = () => ({ ruleArn: RULE_ARN, targetId: 'hook', eventId })

describe('the preview', () => {
  it('of a rule and an event that the hub has is what the target got, byte for byte', async () => {
    const [request] = await receiver.waitFor(1)
    expect(request?.body).toMatchObject({ rule: 'visits', n: 2_000 })
    expect(await preview(ofStored())).toEqual({ status: 200, body: { body: request?.text } })
  })

  it('of a target that is given shows what it would be sent of an event that is given', async () => {
    const target = { Id: 'new', Arn: 'https://example.com/', InputPath: '$.detail' }
    const { body } = await preview({ target, event: EVENT })
    expect(body).toEqual({ body: '{"n":1.0,"big":12345678901234567890,"tags":["a"]}' })
    expect((await preview({ target: {}, event: EVENT })).body.body).toBe(EVENT.replaceAll(' ', ''))
    const ruled = { InputTransformer: { InputTemplate: '"<aws.events.rule-name>"' } }
    expect((await preview({ target: ruled, event: EVENT, ruleArn: RULE_ARN })).body).toEqual({
      body: '"visits"',
    })
    expect((await preview({ target: ruled, eventId })).body).toEqual({ body: '"example"' })
  })

  it('tells which placeholders are left empty, for that is mostly a slip', async () => {
    const InputPathsMap = { n: '$.detail.n', user: '$.detail.usre' }
    const target = { InputTransformer: { InputPathsMap, InputTemplate: '"<n> <user>"' } }
    expect(await preview({ target, event: EVENT })).toEqual({
      status: 200,
      body: { body: '"1.0 "', missing: ['user'] },
    })
  })

  it('says why a target would be sent nothing, as its dead letter would', async () => {
    const target = {
      InputTransformer: { InputPathsMap: { t: '$.detail.tags' }, InputTemplate: '{"t":"<t>"}' },
    }
    expect(await preview({ target, event: EVENT })).toEqual({
      status: 200,
      body: {
        errorCode: 'INVALID_JSON',
        errorMessage: expect.stringContaining('what <t> stands for does not fit between quotation'),
      },
    })
  })

  it.each([
    [{ target: { Id: 'a', InputPath: 'x' }, event: '{}' }, 'InputPath for target a is not valid'],
    [
      { target: { Input: '{}', InputPath: '$' }, event: '{}' },
      'Only one of Input, InputPath, or InputTransformer must be provided for target preview.',
    ],
    [
      { target: { InputTransformer: {} }, event: '{}' },
      /Value null at 'inputTransformer.inputTemplate' failed to satisfy constraint: Member must not be null$/,
    ],
  ])('refuses %j in the words of PutTargets', async (given, message) => {
    const expected = { code: 'target.invalid', message: expect.stringMatching(message) }
    expect(await preview(given)).toMatchObject({ status: 400, body: expected })
  })

  it.each([
    [{ target: {} }, 'preview.unclear', 'say which event'],
    [{ target: {}, event: '{}', eventId: 'e' }, 'preview.unclear', 'say which event'],
    [{ event: '{}' }, 'preview.unclear', 'say which target'],
    [{ target: {}, targetId: 't', event: '{}' }, 'preview.unclear', 'say which target'],
    [{ targetId: 't', event: '{}' }, 'preview.unclear', '"ruleArn"'],
    [{ target: {}, event: '[]' }, 'event.invalid', 'not the text of a JSON object'],
    [{ target: {}, event: '{"a":}' }, 'event.invalid', 'not the text of a JSON object'],
    [
      { target: { InputPaths: {} }, event: '{}' },
      'request.invalid',
      '"target/InputPaths" is unknown',
    ],
  ])('refuses %j, which is not clear', async (given, code, message) => {
    const expected = { code, message: expect.stringContaining(message) }
    expect(await preview(given)).toMatchObject({ status: 400, body: expected })
  })

  it('shows nothing of what is not there, or of another organisation or account', async () => {
    const ofAccount = { awsAccountId: ACCOUNTS.SECURITY, onlyAccounts: [ACCOUNTS.SECURITY] }
    const bound = { organisationId, name: 'bound', role: 'api_admin', ...ofAccount }
    const regions = { installationRegion: REGION, regions: [REGION] }
    const other = { name: 'Other', alias: 'other', customerName: 'Other', ...regions }
    const otherId = (await hub.rest('POST', '/organisations', other)).body.id
    const foreign = { organisationId: otherId, name: 'foreign', role: 'api_admin' }
    const calls = [
      [{ ruleArn: RULE_ARN, targetId: 'hook', event: '{}' }, 'target.not-found'],
      [{ target: {}, eventId }, 'event.not-found'],
    ] as const
    for (const token of [bound, foreign]) {
      const caller = (await hub.rest('POST', '/api-tokens', token)).body
      for (const [given, code] of calls) {
        const answer = await restAs(hub, caller, ['POST', '/targets/preview', given])
        expect([answer.status, answer.body.code]).toEqual([404, code])
      }
    }
    for (const missing of [
      { ...ofStored(), targetId: 'none' },
      { ...ofStored(), ruleArn: `${RULE_ARN}-2` },
      { ...ofStored(), ruleArn: 'nonsense' },
    ]) {
      expect(await preview(missing)).toMatchObject({
        status: 404,
        body: { code: 'target.not-found' },
      })
    }
  })
})

describe('belfry targets preview', () => {
  const run = (args: readonly string[], input = '') =>
    runCommand(folder, ['targets', 'preview', ...args], { input })
  const written = (name: string, content: string) => {
    const file = join(folder, name)
    writeFileSync(file, content)
    return file
  }

  it('writes what the target would be sent, from files, standard input or what the hub has', async () => {
    const target = written('target.json', '{"Id":"t","InputPath":"$.detail"}')
    expect(await run(['--target', target, '--event', '-'], EVENT)).toEqual({
      status: 0,
      stdout: '{"n":1.0,"big":12345678901234567890,"tags":["a"]}\n',
      stderr: '',
    })
    const transformer = { InputPathsMap: { who: '$.user' }, InputTemplate: '"<who> was here"' }
    const slip = JSON.stringify({ InputTransformer: transformer })
    expect(await run(['--target', slip, '--event', '{"usre":"ana"}'])).toEqual({
      status: 0,
      stdout: '" was here"\n',
      stderr: 'the event has nothing where the path of <who> leads\n',
    })
    const stored = ['--rule', RULE_ARN, '--target-id', 'hook', '--event-id', eventId]
    const [request] = await receiver.waitFor(1)
    expect((await run(stored)).stdout).toBe(`${request?.text}\n`)
    expect(JSON.parse((await run([...stored, '--json'])).stdout)).toEqual({ body: request?.text })
  })

  it('ends with status 1 where the target would be sent nothing or the hub refuses', async () => {
    const event = written('event.json', EVENT)
    const nothing = await run(['--target', '{"InputPath":"$.detail.x"}', '--event', event])
    expect(nothing).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'error: the target would be sent nothing: INVALID_JSON the input path $.detail.x finds nothing in the event\n',
    })
    const refused = await run(['--target', '{"InputPath":"x"}', '--event', event])
    expect(refused).toMatchObject({ status: 1, stdout: '' })
    expect(refused.stderr).toContain('InputPath for target preview is not valid')
  })

  it.each([
    [[], 'say which target: either --target, or --rule and --target-id'],
    [['--target', '{}', '--target-id', 'a', '--event', '{}'], 'say which target'],
    [['--target-id', 'a', '--event', '{}'], 'give its ARN with --rule'],
    [
      ['--rule', 'visits', '--target-id', 'a', '--event', '{}'],
      '--rule takes the ARN of a rule, not "visits"',
    ],
    [['--target', '{}'], 'say which event: either --event or --event-id'],
    [['--target', '-', '--event', '-'], 'only one of the target and the event'],
    [['--target', 'none.json', '--event', '{}'], 'neither JSON ({...}) nor a file'],
  ])('%j is misused, and says how', async (args, message) => {
    const { status, stdout, stderr } = await run(args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })

  it('is in the help', async () => {
    const { stdout } = await runCommand(folder, ['help'])
    expect(stdout).toMatch(/Events:\n(  .*\n)*  targets .*show what a target would be sent/)
    const { stdout: help } = await runCommand(folder, ['targets', 'preview', '--help'])
    expect(help).toContain('what put-targets refuses is refused here too')
  })
})
