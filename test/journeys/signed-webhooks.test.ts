import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { runCommand } from '../belfry-command.ts'
import { API_KEY, connectionCalls, everythingWritten } from '../connection-calls.ts'
import { Putter } from '../crash/putter.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Received, Receiver } from '../receiver.ts'

const MS_PER_HOUR = 60 * 60_000
const FLAGS = ['--allow-private-targets', '--log-level', 'trace']
const OWN_SECRET = `whsec_${Buffer.alloc(24, 'own').toString('base64')}`

const folder = newDataFolder()
let hub: HubProcess
let receiver: Receiver
let member: Putter
let failing: (request: Received) => boolean = () => false

beforeAll(async () => {
  hub = await startHubProcess(folder, FLAGS)
  await createOrganisation(hub)
  member = new Putter(await hub.profile('member'))
  receiver = await startReceiver((request, response) => {
    response.statusCode = failing(request) ? 503 : 200
    response.end()
  })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)
})

const create = async (path: string, given: object = {}): Promise<any> => {
  const body = { awsAccountId: ACCOUNTS.MEMBER, url: receiver.url + path, ...given }
  const answer = await hub.rest('POST', '/webhook-secrets', body)
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
  return answer.body
}
/** A rule for events of a source, and its targets, each under the last part of its path. */
const addRule = async (source: string, paths: readonly string[], more: object = {}) => {
  const EventPattern = JSON.stringify({ source: [source] })
  await member.call(hub.url, 'PutRule', { Name: source, EventPattern })
  const Targets = paths.map((path) => ({
    ...{ Id: path.split('/').at(-1), Arn: receiver.url + path },
    ...more,
  }))
  await member.call(hub.url, 'PutTargets', { Rule: source, Targets })
}
const put = async (source: string): Promise<string> => {
  const Entries = [{ Source: source, DetailType: 'd', Detail: '{"n":1.0,"name":"Zoë"}' }]
  return (await member.call(hub.url, 'PutEvents', { Entries })).Entries[0].EventId
}
const delivered = (path: string, id: string, count = 1) =>
  receiver.waitFor(count, (request) => request.path === path && request.body?.id === id)

/** As a receiver does it: with the official library and the body as it came. */
function isGood({ text, headers }: Received, secret: string): boolean {
  try {
    new Webhook(secret).verify(text, headers as Record<string, string>)
    return true
  } catch {
    return false
  }
}
const signatureNames = ({ headers }: Received) =>
  Object.keys(headers).filter((name) => name.startsWith('webhook-'))
const idOf = ({ headers }: Received) => headers['webhook-id']

describe('a request to a URL', () => {
  it('is signed where its account has a secret for it, as the official library checks', async () => {
    const { secret } = await create('/signed')
    await addRule('orders', ['/signed/orders', '/signed', '/unsigned'])
    const id = await put('orders')
    const [below] = await delivered('/signed/orders', id)
    const [at] = await delivered('/signed', id)
    const [elsewhere] = await delivered('/unsigned', id)
    const signed = [below, at] as readonly Received[]
    expect(signed.map((request) => isGood(request, secret))).toEqual([true, true])
    expect(signed.map((request) => isGood(request, OWN_SECRET))).toEqual([false, false])
    const changed = { ...below, text: `${below?.text} ` } as Received
    expect(isGood(changed, secret)).toBe(false)
    expect(signatureNames(elsewhere as Received)).toEqual([])
    expect(idOf(below as Received)).toMatch(new RegExp(`^${id}_`))
    expect(idOf(below as Received)).not.toBe(idOf(at as Received))
  })

  it('of another account is not signed with it', async () => {
    await create('/shared')
    const security = new Putter(await hub.profile('security'))
    const EventPattern = '{"source":["theirs"]}'
    await security.call(hub.url, 'PutRule', { Name: 'theirs', EventPattern })
    const Targets = [{ Id: 't', Arn: `${receiver.url}/shared` }]
    await security.call(hub.url, 'PutTargets', { Rule: 'theirs', Targets })
    const Entries = [{ Source: 'theirs', DetailType: 'd', Detail: '{}' }]
    const { EventId } = (await security.call(hub.url, 'PutEvents', { Entries })).Entries[0]
    const [request] = await delivered('/shared', EventId)
    expect(signatureNames(request as Received)).toEqual([])
  })

  it('of a schedule is signed too; that of an API destination is as AWS sends it', async () => {
    const { secret } = await create('/others')
    const credentials = await hub.profile('member')
    const client = { endpoint: hub.url, region: REGION, credentials }
    const at = new Date(Date.now() + 4_000).toISOString().slice(0, 19)
    await new SchedulerClient(client).send(
      new CreateScheduleCommand({
        ...{ Name: 'signed', ScheduleExpression: `at(${at})`, FlexibleTimeWindow: { Mode: 'OFF' } },
        Target: {
          ...{ Arn: `${receiver.url}/others/schedule`, Input: '{"from":"schedule"}' },
          RoleArn: `arn:aws:iam::${ACCOUNTS.MEMBER}:role/any`,
        },
      }),
    )
    const calls = connectionCalls(new EventBridgeClient(client))
    const { ConnectionArn } = await calls.create('key', API_KEY)
    const InvocationEndpoint = `${receiver.url}/others/api`
    const made = await calls.createDestination('api', ConnectionArn, { InvocationEndpoint })
    await addRule('to-api', ['/others/beside'])
    const Targets = [
      { Id: 'api', Arn: made.ApiDestinationArn, RoleArn: `arn:aws:iam::${ACCOUNTS.MEMBER}:role/r` },
    ]
    await member.call(hub.url, 'PutTargets', { Rule: 'to-api', Targets })
    const eventId = await put('to-api')
    const [asked] = await delivered('/others/api', eventId)
    const [beside] = await delivered('/others/beside', eventId)
    expect(asked?.headers['x-api-key']).toBe('key-secret')
    expect(signatureNames(asked as Received)).toEqual([])
    expect(isGood(beside as Received, secret)).toBe(true)
    const [request] = await receiver.waitFor(1, ({ path }) => path === '/others/schedule')
    expect(isGood(request as Received, secret)).toBe(true)
  })

  it('keeps its id over retries and a redrive, each signed at its own time', async () => {
    const { secret } = await create('/flaky')
    failing = ({ path }) => path === '/flaky/a'
    const RetryPolicy = { MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 60 }
    await addRule('flaky', ['/flaky/a', '/flaky/b'], { RetryPolicy })
    const id = await put('flaky')
    const [other] = await delivered('/flaky/b', id)
    await delivered('/flaky/a', id, 2)
    const letter = await deadLetter(id)
    failing = () => false
    await hub.rest('POST', '/dead-letters/redrive', { ids: [letter.id] })
    const tries = await delivered('/flaky/a', id, 3)
    expect(new Set(tries.map(idOf)).size).toBe(1)
    expect(idOf(other as Received)).not.toBe(idOf(tries[0] as Received))
    expect(tries.map((request) => isGood(request, secret))).toEqual([true, true, true])
    const times = tries.map(({ headers }) => Number(headers['webhook-timestamp']))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })
})

describe('a rotation', () => {
  it('lets receivers go from the old secret to the new one, and then ends the old', async () => {
    const first = await create('/rotating')
    await addRule('rotating', ['/rotating'])
    const overlapHours = 5_000 / MS_PER_HOUR
    const path = `/webhook-secrets/${first.id}`
    const second = (await hub.rest('POST', `${path}/rotate`, { overlapHours })).body
    const goodWith = async (...secrets: readonly string[]) => {
      const [request] = await delivered('/rotating', await put('rotating'))
      return secrets.map((secret) => isGood(request as Received, secret))
    }
    expect(await goodWith(first.secret, second.secret)).toEqual([true, true])
    while ((await hub.rest('GET', path)).body.previousUntil !== undefined) await pause()
    expect(await goodWith(first.secret, second.secret)).toEqual([false, true])
    await hub.rest('POST', `${path}/rotate`, { secret: OWN_SECRET })
    expect(await goodWith(second.secret, OWN_SECRET)).toEqual([true, true])
    expect((await hub.rest('DELETE', `${path}/previous`)).status).toBe(204)
    expect(await goodWith(second.secret, OWN_SECRET)).toEqual([false, true])
    await hub.kill('SIGTERM')
    hub = await startHubProcess(folder, FLAGS)
    expect(await goodWith(second.secret, OWN_SECRET)).toEqual([false, true])
    expect((await hub.rest('DELETE', path)).status).toBe(204)
    const [request] = await delivered('/rotating', await put('rotating'))
    expect(signatureNames(request as Received)).toEqual([])
  })
})

describe('a webhook secret', () => {
  it('shows nowhere but in the answer that made it', async () => {
    const made = await create('/hidden')
    const path = `/webhook-secrets/${made.id}`
    const rotated = (await hub.rest('POST', `${path}/rotate`, {})).body
    failing = () => true
    await addRule('hidden', ['/hidden'], { RetryPolicy: { MaximumRetryAttempts: 0 } })
    const id = await put('hidden')
    const letter = await deadLetter(id)
    failing = () => false
    const ruleArn = `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:rule/hidden`
    const preview = { ruleArn, targetId: 'hidden', eventId: id }
    const shown = await Promise.all([
      hub.restText('GET', path),
      hub.restText('GET', '/webhook-secrets'),
      hub.restText('GET', `/events/${id}/trace`),
      hub.restText('GET', `/dead-letters/${letter.id}`),
      hub.restText('POST', '/targets/preview', preview),
      hub.restText('GET', '/trail'),
    ])
    expect(shown[0]).toContain('"previousUntil":')
    const everything = [...shown, everythingWritten(hub)].join('\n')
    for (const { secret } of [made, rotated]) {
      const base64 = secret.slice('whsec_'.length)
      const bytes = Buffer.from(base64, 'base64')
      expect(everything.includes(base64)).toBe(false)
      expect(everything.includes(bytes.toString('latin1'))).toBe(false)
      expect(everything.includes(bytes.toString('hex'))).toBe(false)
    }
  })

  it.each([
    ['a query', { url: 'https://hooks.example.com/a?b' }, 'webhook-secret.url-with-query'],
    ['another scheme', { url: 'ftp://hooks.example.com/' }, 'webhook-secret.url-refused'],
    ['a password', { url: 'https://a:b@hooks.example.com/' }, 'webhook-secret.url-refused'],
    ['a fragment', { url: 'https://hooks.example.com/#a' }, 'webhook-secret.url-refused'],
    ['no URL', { url: 'hooks' }, 'webhook-secret.url-refused'],
    ['too short a secret', { secret: 'whsec_c2hvcnQ=' }, 'webhook-secret.invalid-secret'],
    ['more than there is', { secrets: 1 }, 'request.invalid'],
  ])('is not made of %s, and the refusal repeats no secret', async (_what, given, code) => {
    const body = { awsAccountId: ACCOUNTS.MEMBER, url: 'https://hooks.example.com/', ...given }
    const refused = await hub.rest('POST', '/webhook-secrets', body)
    expect(refused).toMatchObject({ status: 400, body: { code } })
    expect(JSON.stringify(refused.body)).not.toContain('c2hvcnQ')
  })

  it.each([-1, 14 * 24 + 0.1, '24'])('does not rotate with an overlap of %j', async (hours) => {
    const { id } = await create(`/overlap/${hours}`)
    const rotate = (overlapHours: unknown) =>
      hub.rest('POST', `/webhook-secrets/${id}/rotate`, { overlapHours })
    expect(await rotate(hours)).toMatchObject({ status: 400, body: { code: 'request.invalid' } })
    const before = Date.now()
    const { previousUntil } = (await rotate(14 * 24)).body
    expect(previousUntil).toBeGreaterThanOrEqual(before + 14 * 24 * MS_PER_HOUR)
  })
})

describe('belfry webhook-secrets', () => {
  const belfry = (...args: readonly string[]) =>
    runCommand(folder, ['webhook-secrets', ...args], { input: `${OWN_SECRET}\n` })
  const shown = async (...args: readonly string[]) => {
    const { stdout, stderr, status } = await belfry(...args)
    expect([status, stderr]).toEqual([0, ''])
    return stdout
  }

  const goodWith = async (...secrets: readonly string[]) => {
    const [request] = await delivered('/cli', await put('cli'))
    return secrets.map((each) => isGood(request as Received, each))
  }

  it('makes them and follows them by others', async () => {
    const url = `${receiver.url}/cli`
    const made = await shown('create', `${url}/`, '--account', 'member-account')
    const [secret = ''] = /whsec_\S+/.exec(made) ?? []
    expect(made).toContain(url)
    await addRule('cli', ['/cli'])
    expect(await goodWith(secret, OWN_SECRET)).toEqual([true, false])
    const rotated = await shown('rotate', url, '--overlap-hours', '2', '--secret-file', '-')
    expect(rotated).toContain(OWN_SECRET)
    expect(rotated).toMatch(/old secret +signs too until /)
    expect(await goodWith(secret, OWN_SECRET)).toEqual([true, true])
    expect(await shown('end-previous', url)).toContain('alone')
    expect(await goodWith(secret, OWN_SECRET)).toEqual([false, true])
  })

  it('lists, shows and deletes them', async () => {
    const path = '/cli-made'
    const url = receiver.url + path
    const { id } = await create(path)
    await hub.rest('POST', `/webhook-secrets/${id}/rotate`, { overlapHours: 0 })
    const listed = await shown('list', '--account', ACCOUNTS.MEMBER)
    expect(listed).toMatch(new RegExp(`${url} +${ACCOUNTS.MEMBER}`))
    expect(await shown('show', url)).toMatch(/old secret +signs no more/)
    expect(await shown('list', '--json')).not.toContain('whsec_')
    expect(await shown('delete', url)).toContain(`deleted the webhook secret for ${url}`)
    const file = join(folder, 'secret')
    writeFileSync(file, OWN_SECRET)
    const again = await shown(
      ...['create', url, '--account', 'member-account', '--secret-file', file, '--json'],
    )
    expect(JSON.parse(again)).toMatchObject({ url, secret: OWN_SECRET })
  })

  it('says what is wrong', async () => {
    const missing = await belfry('show', 'https://nowhere.example.com')
    expect(missing).toMatchObject({ status: 1 })
    expect(missing.stderr).toContain('there is no webhook secret "https://nowhere.example.com"')
    const given = ['create', receiver.url, '--account', 'member-account'] as const
    const noFile = await belfry(...given, '--secret-file', join(folder, 'none'))
    expect(noFile).toMatchObject({ status: 2 })
    expect(noFile.stderr).toContain("the secret's file cannot be read")
    const wrong = join(folder, 'wrong')
    writeFileSync(wrong, 'hush')
    const refused = await belfry(...given, '--secret-file', wrong)
    expect(refused).toMatchObject({ status: 1 })
    expect(refused.stderr).toContain('24 to 64 bytes in base64')
    expect(refused.stderr).not.toContain('hush')
  })
})

const pause = () => new Promise((resolve) => setTimeout(resolve, 50))

async function deadLetter(eventId: string): Promise<any> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { body } = await hub.rest('GET', `/dead-letters?eventId=${eventId}`)
    if (body.items.length > 0) return body.items[0]
    await pause()
  }
  throw new Error('no dead letter')
}
