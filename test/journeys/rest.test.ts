import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import {
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'
import { restAs } from '../rest-caller.ts'
import type { Caller, RestAnswer } from '../rest-caller.ts'

const ROLES = ['api_readonly', 'api_user', 'api_operations', 'api_admin'] as const
type TokenRole = (typeof ROLES)[number]
const PASSWORD = 'a password of some length'
const NO_ID = '01900000-0000-7000-8000-000000000000'

const folder = newDataFolder()
let hub: HubProcess
let receiver: Receiver
/** While true, the receiver refuses for good, which makes dead letters. */
let refusing = true
let ours: Awaited<ReturnType<typeof createOrganisation>>
let theirsId: string
let theirAdmin: Caller
const tokens = {} as Record<TokenRole, { accessKeyId: string; secretAccessKey: string }>

const call = (method: string, path: string, body?: unknown) => hub.rest(method, path, body)
const made = async (path: string, body: object): Promise<any> => {
  const { status, body: answer } = await call('POST', path, body)
  if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(answer)}`)
  return answer
}
const newToken = (organisationId: string, role: TokenRole, more: object = {}) =>
  made('/api-tokens', { organisationId, name: `test-${role}`, role, ...more })
let serial = 0
const newUser = (more: object = {}) => ({
  ...{ organisationId: ours.organisationId, email: `user${(serial += 1)}@example.com` },
  ...{ firstName: 'Ada', lastName: 'L', role: 'customer_readonly', ...more },
})

beforeAll(async () => {
  hub = await startHubProcess(folder)
  receiver = await startReceiver((_request, response) => {
    response.statusCode = refusing ? 410 : 200
    response.end()
  })
  ours = await createOrganisation(hub)
  const regions = { installationRegion: REGION, regions: [REGION] }
  theirsId = (await made('/organisations', { name: 'Other', alias: 'other', ...regions })).id
  theirAdmin = await newToken(theirsId, 'api_admin')
  for (const role of ROLES) tokens[role] = await newToken(ours.organisationId, role)
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)
})

const newAccount = (more: object = {}) => ({
  ...{ organisationId: ours.organisationId, name: 'one more' },
  ...{ awsAccountId: String(600_000_000_000 + (serial += 1)), ...more },
})
const newKey = (name: string) => ({ organisationId: ours.organisationId, name })
const newIngestKey = () => made('/ingest-keys', newKey('short-lived'))

/** All that the operator sees. */
async function everything(): Promise<Record<string, unknown>> {
  const seen: Record<string, unknown> = {}
  for (const list of ['organisations', 'accounts', 'users', 'api-tokens', 'ingest-keys']) {
    const { items } = (await call('GET', `/${list}?limit=1000`)).body
    // The first call of a token notes its use.
    seen[list] = items.map(({ lastUsedAt: _, ...item }: any) => item)
  }
  return seen
}

describe('callers', () => {
  it('of an organisation make no other organisation', async () => {
    const regions = { installationRegion: REGION, regions: [REGION] }
    const request = ['POST', '/organisations', { name: 'N', alias: 'new', ...regions }] as const
    expect(await restAs(hub, tokens.api_admin, request)).toMatchObject({
      status: 403,
      body: { code: 'organisation.forbidden' },
    })
  })

  it('see and change nothing of another organisation', async () => {
    const user = await made('/users', newUser())
    const key = await newIngestKey()
    const before = await everything()
    const { organisationId } = ours
    const requests: (readonly [string, string, unknown?])[] = [
      ['GET', `/organisations/${organisationId}`],
      ['PATCH', `/organisations/${organisationId}`, { name: 'taken' }],
      ['GET', `/accounts/${ours.accountIds['MEMBER']}`],
      ['PATCH', `/accounts/${ours.accountIds['MEMBER']}`, { name: 'taken' }],
      ['GET', `/users/${user.id}`],
      ['PATCH', `/users/${user.id}`, { role: 'customer_admin' }],
      ['POST', '/accounts', newAccount()],
      ['POST', '/users', newUser()],
      ['POST', '/api-tokens', { organisationId, name: 'theirs', role: 'api_readonly' }],
      ['POST', '/ingest-keys', { organisationId, name: 'theirs' }],
      ['DELETE', `/api-tokens/${tokens.api_user.accessKeyId}`],
      ['DELETE', `/ingest-keys/${key.id}`],
    ]
    for (const request of requests) {
      const { status, body } = await restAs(hub, theirAdmin, request)
      expect([request[0], request[1], status]).toEqual([request[0], request[1], 404])
      expect(body.code).toMatch(/\.not-found$/)
    }
    const borrowed = { awsAccountId: ACCOUNTS.MEMBER, organisationId: theirsId }
    const token = { name: 'theirs', role: 'api_readonly', ...borrowed }
    expect((await restAs(hub, theirAdmin, ['POST', '/api-tokens', token])).status).toBe(404)
    expect(await everything()).toEqual(before)
    for (const list of ['organisations', 'accounts', 'users', 'api-tokens', 'ingest-keys']) {
      const { body } = await restAs(hub, theirAdmin, ['GET', `/${list}`])
      const owners = body.items.map((item: any) => item.organisationId ?? item.id)
      expect(new Set([theirsId, ...owners])).toEqual(new Set([theirsId]))
    }
    const filtered = `/accounts?organisationId=${organisationId}`
    expect((await restAs(hub, theirAdmin, ['GET', filtered])).body).toEqual({ items: [] })
  })

  it('lose their access, and that of their sessions, with their token', async () => {
    const token = await newToken(ours.organisationId, 'api_user', { awsAccountId: ACCOUNTS.MEMBER })
    const { accessKeyId, secretAccessKey } = token
    const credentials = { accessKeyId, secretAccessKey }
    const sts = new STSClient({ endpoint: hub.url, region: REGION, credentials })
    const RoleArn = `arn:aws:iam::${ACCOUNTS.SECURITY}:role/api_user`
    const assume = new AssumeRoleCommand({ RoleArn, RoleSessionName: 'me' })
    const session = (await sts.send(assume)).Credentials
    const events = new EventBridgeClient({
      ...{ endpoint: hub.url, region: REGION, maxAttempts: 1 },
      credentials: {
        accessKeyId: session?.AccessKeyId ?? '',
        secretAccessKey: session?.SecretAccessKey ?? '',
        sessionToken: session?.SessionToken ?? '',
      },
    })
    const put = () => {
      const entry = { Source: 's', DetailType: 'd', Detail: '{}' }
      return events.send(new PutEventsCommand({ Entries: [entry] }))
    }
    await put()
    expect((await restAs(hub, credentials, ['GET', '/caller'])).status).toBe(200)
    expect((await call('DELETE', `/api-tokens/${accessKeyId}`)).status).toBe(204)
    expect((await restAs(hub, credentials, ['GET', '/caller'])).status).toBe(401)
    await expect(put()).rejects.toMatchObject({ name: 'UnrecognizedClientException' })
    expect((await call('DELETE', `/api-tokens/${accessKeyId}`)).status).toBe(404)
  })
})

describe('secrets', () => {
  it('are shown once and lie nowhere in the store', async () => {
    const token = await newToken(ours.organisationId, 'api_user')
    const { key } = await newIngestKey()
    const user = await made('/users', newUser({ password: PASSWORD }))
    const login = { email: user.email, password: PASSWORD }
    const { sessionToken } = (await call('POST', '/sessions', login)).body
    const { secretAccessKey: profile } = await hub.profile('member')
    const secrets = [token.secretAccessKey, key, sessionToken, PASSWORD, profile]
    for (const secret of secrets) expect(secret).toMatch(/^.{24,}$/)
    const shown = JSON.stringify([await everything(), await call('GET', `/users/${user.id}`)])
    expect(shown).toContain(token.accessKeyId)
    expect(shown).not.toMatch(/passwordHash|sealedSecret|scrypt/)
    const files = readdirSync(folder).filter((name) => name.startsWith('belfry.db'))
    const stored = files.map((name) => readFileSync(join(folder, name), 'latin1')).join('')
    expect(stored).toContain(token.accessKeyId)
    for (const secret of secrets) {
      expect(shown).not.toContain(secret)
      expect(stored).not.toContain(secret)
    }
  })
})

describe('requests', () => {
  it.each<[string, string, object, RegExp]>([
    ['POST', '/organisations', { name: '', alias: 'abc' }, /"name".*"installationRegion"|'install/],
    ['POST', '/organisations', { name: 'x', alias: 'A b', installationRegion: REGION }, /"alias"/],
    ['POST', '/organisations', { name: 'x', alias: 'abc', installationRegion: 'x' }, /"installat/],
    ['POST', '/accounts', { awsAccountId: '12345678901', name: 'x' }, /"awsAccountId"/],
    ['POST', '/accounts', { awsAccountId: '123456789012', name: 'x'.repeat(51) }, /"name"/],
    [
      'POST',
      '/users',
      { email: 'nobody', firstName: 'a', lastName: 'b' },
      /"email".*'role'|'role'/,
    ],
    [
      'POST',
      '/users',
      { email: 'a@b', password: 'short' },
      /"password" must NOT have fewer than 12/,
    ],
    ['POST', '/api-tokens', { name: 'a b', role: 'api_admin' }, /"name"/],
    ['POST', '/api-tokens', { name: 'ab', role: 'admin' }, /"role"/],
    ['POST', '/ingest-keys', {}, /'organisationId'/],
    ['POST', '/sessions', { email: 'a@b' }, /'password'/],
    ['POST', '/dead-letters/redrive', { ids: ['x'] }, /"ids\/0"/],
    ['PATCH', `/users/${NO_ID}`, { status: 'GONE' }, /"status"/],
  ])('%s %s with %j is refused with the name of what is wrong', async (...given) => {
    const [method, path, body, field] = given
    const before = await everything()
    const answer = await call(method, path, body)
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } })
    expect(answer.body.message).toMatch(field)
    expect(await everything()).toEqual(before)
  })

  it('that would change nothing are refused, and make no event', async () => {
    const channel = await made('/channels', {
      ...{ organisationId: ours.organisationId, name: 'unchanged' },
      settings: { kind: 'webhook', url: 'https://hooks.example.com/' },
    })
    for (const path of [`/organisations/${ours.organisationId}`, `/channels/${channel.id}`]) {
      const answer = await call('PATCH', path, {})
      expect([path, answer.status, answer.body.code]).toEqual([path, 400, 'request.invalid'])
    }
  })

  it('are refused a body that they do not take', async () => {
    const user = await made('/users', newUser())
    const path = `/users/${user.id}/unlock`
    const message = expect.stringContaining('takes no body')
    expect(await call('POST', path, { hours: 1 })).toMatchObject({
      ...{ status: 400, body: { code: 'request.invalid', message } },
    })
    expect((await call('POST', path)).status).toBe(204)
    // As some clients send with every POST.
    expect((await call('POST', path, {})).status).toBe(204)
  })

  it('with a day that there is not are refused, in words', async () => {
    const { organisationId } = ours
    for (const from of ['2026-02-30', 'today']) {
      const query = new URLSearchParams({ organisationId, from, to: '2026-03-01' })
      expect(await call('GET', `/cost-sums?${query.toString()}`)).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining('"from" must be a day as year-month-day, such') },
      })
    }
  })

  it('that would make a thing twice are refused', async () => {
    const user = await made('/users', newUser())
    const again = await call('POST', '/users', newUser({ email: user.email.toUpperCase() }))
    expect(again).toMatchObject({ status: 409, body: { code: 'user.email-taken' } })
    const account = await call('POST', '/accounts', newAccount({ awsAccountId: ACCOUNTS.MEMBER }))
    expect(account).toMatchObject({ status: 409, body: { code: 'account.exists' } })
    const logging = await call('POST', '/accounts', newAccount({ accountRole: 'LOGGING' }))
    expect(logging).toMatchObject({ status: 409, body: { code: 'account.role-taken' } })
    const regions = { installationRegion: REGION, regions: [REGION] }
    const organisation = { name: 'Test', alias: 'test', ...regions }
    const taken = { status: 409, body: { code: 'organisation.alias-taken' } }
    expect(await call('POST', '/organisations', organisation)).toMatchObject(taken)
  })

  it('that would leave the hub without an administrator are refused', async () => {
    const { items } = (await call('GET', '/users?limit=1000')).body
    const { id } = items.find(({ organisationId }: any) => organisationId === undefined)
    const refused = { status: 409, body: { code: 'user.only-administrator' } }
    expect(await call('DELETE', `/users/${id}`)).toMatchObject(refused)
    for (const change of [{ status: 'DISABLED' }, { role: 'customer_readonly' }]) {
      expect(await call('PATCH', `/users/${id}`, change)).toMatchObject(refused)
    }
  })

  it('may not take regions away, or install where no region is', async () => {
    const path = `/organisations/${ours.organisationId}`
    const fewer = await call('PATCH', path, { regions: [REGION] })
    expect(fewer).toMatchObject({ status: 409, body: { code: 'organisation.region-in-use' } })
    const elsewhere = { installationRegion: 'eu-west-1', regions: [REGION] }
    const answer = await call('POST', '/organisations', { name: 'x', alias: 'xyz', ...elsewhere })
    const code = 'organisation.installation-region-not-enabled'
    expect(answer).toMatchObject({ status: 400, body: { code } })
  })

  it('with broken JSON, to no route, or with a foreign page token are refused', async () => {
    const refusal = async (answer: Response) => [answer.status, ((await answer.json()) as any).code]
    const headers = { 'content-type': 'application/json' }
    const broken = { method: 'POST', body: '{"email":', headers }
    expect(await refusal(await fetch(`${hub.url}/api/v1/sessions`, broken))) //
      .toEqual([400, 'request.malformed'])
    const nowhere = await call('GET', '/nowhere')
    expect(nowhere).toMatchObject({ status: 404, body: { code: 'route.not-found' } })
    expect(nowhere.body.message).toContain('GET /api/v1/nowhere')
    const page = await call('GET', '/users?nextToken=AAAA')
    expect(page).toMatchObject({ status: 400, body: { code: 'page.invalid-token' } })
  })
})

describe('lists', () => {
  it.each(['organisations', 'accounts', 'users', 'api-tokens', 'ingest-keys'])(
    'of %s read page by page hold everything once',
    async (list) => {
      const all = (await call('GET', `/${list}?limit=1000`)).body.items
      const limit = Math.max(1, Math.ceil(all.length / 4))
      const pages: RestAnswer['body'][] = []
      for (let token = ''; ;) {
        const { body } = await call('GET', `/${list}?limit=${limit}${token}`)
        expect(body.items.length).toBeLessThanOrEqual(limit)
        pages.push(...body.items)
        if (body.nextToken === undefined) break
        token = `&nextToken=${body.nextToken}`
      }
      expect(all.length).toBeGreaterThan(1)
      expect(pages).toEqual(all)
    },
  )

  it.each(['accounts', 'users', 'api-tokens', 'ingest-keys'])(
    'of %s are narrowed to an organisation',
    async (list) => {
      const { items } = (await call('GET', `/${list}?limit=1000`)).body
      const query = `organisationId=${theirsId}&limit=1000`
      const narrowed = (await call('GET', `/${list}?${query}`)).body.items
      expect(narrowed).toEqual(items.filter((item: any) => item.organisationId === theirsId))
      expect(narrowed.length).toBeLessThan(items.length)
    },
  )

  it.each(['accounts', 'users', 'api-tokens', 'ingest-keys'])(
    'of %s go on with the request that gave the token, and refuse it in any other',
    async (list) => {
      const narrowed = `organisationId=${ours.organisationId}`
      const { nextToken } = (await call('GET', `/${list}?${narrowed}&limit=1`)).body
      const all = (await call('GET', `/${list}?${narrowed}&limit=1000`)).body.items
      const goOn = (query: string, of = list) =>
        call('GET', `/${of}?nextToken=${nextToken}&limit=1000${query}`)
      expect((await goOn(`&${narrowed}`)).body.items).toEqual(all.slice(1))
      const others = [
        goOn(''),
        goOn(`&organisationId=${theirsId}`),
        goOn(`&${narrowed}`, list === 'users' ? 'accounts' : 'users'),
      ]
      for (const { status, body } of await Promise.all(others)) {
        expect([status, body.code]).toEqual([400, 'page.invalid-token'])
        expect(body.message).toContain('the same path and filters')
      }
    },
  )

  it('below one thing refuse the token of another', async () => {
    const groups = ['first', 'second'].map((name) => made('/groups', newKey(name)))
    const [first, second] = await Promise.all(groups)
    for (let n = 0; n < 2; n += 1) {
      const { id } = await made('/users', newUser())
      for (const group of [first, second]) await call('PUT', `/groups/${group.id}/members/${id}`)
    }
    const { nextToken } = (await call('GET', `/groups/${first.id}/members?limit=1`)).body
    const goOn = (id: string) => call('GET', `/groups/${id}/members?nextToken=${nextToken}`)
    expect((await goOn(first.id)).body.items).toHaveLength(1)
    expect(await goOn(second.id)).toMatchObject({ status: 400 })
  })

  it('whose order is that of long URLs go on behind each of them', async () => {
    const url = (n: number) => `https://hooks.example.com/${n}/`.padEnd(2_048, 'x')
    for (const n of [1, 2]) {
      await made('/webhook-secrets', { awsAccountId: ACCOUNTS.MEMBER, url: url(n) })
    }
    const list = `/webhook-secrets?awsAccountId=${ACCOUNTS.MEMBER}&limit=1`
    const first = (await call('GET', list)).body
    const second = (await call('GET', `${list}&nextToken=${first.nextToken}`)).body
    const urls = [first, second].flatMap(({ items }) => items.map((item: any) => item.url))
    expect(urls).toEqual([url(1), url(2)])
    expect(second.nextToken).toBeUndefined()
  })
})

describe('dead letters', () => {
  it('are listed, filtered, redriven and delivered, within the organisation alone', async () => {
    const credentials = await hub.profile('member')
    const events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
    await events.send(new PutRuleCommand({ Name: 'dead', EventPattern: '{"source":["dead"]}' }))
    const Targets = ['a', 'b'].map((Id) => ({ Id, Arn: `${receiver.url}/${Id}` }))
    await events.send(new PutTargetsCommand({ Rule: 'dead', Targets }))
    const entry = { Source: 'dead', DetailType: 'd', Detail: '{"n":1}' }
    const { Entries } = await events.send(new PutEventsCommand({ Entries: [entry, entry] }))
    const [first] = Entries?.map(({ EventId }) => EventId) ?? []
    const list = (query = '', caller: Caller = tokens.api_readonly) =>
      restAs(hub, caller, ['GET', `/dead-letters${query}`])
    while ((await list()).body.items.length < 4) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const { items } = (await list(`?eventId=${first}&targetId=a`)).body
    expect(items).toMatchObject([
      {
        ...{ eventId: first, targetId: 'a', targetArn: `${receiver.url}/a`, attempts: 1 },
        ...{ errorCode: 'ERROR_FROM_TARGET', errorMessage: 'the target answered 410' },
        ruleArn: `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:rule/dead`,
        event: { id: first, source: 'dead', detail: { n: 1 } },
      },
    ])
    const one = `/dead-letters/${items[0].id}`
    expect((await restAs(hub, tokens.api_readonly, ['GET', one])).body).toEqual(items[0])
    expect((await restAs(hub, theirAdmin, ['GET', one])).status).toBe(404)
    const pages = await list('?limit=3')
    const rest = await list(`?limit=3&nextToken=${pages.body.nextToken}`)
    const ids = [...pages.body.items, ...rest.body.items].map(({ id }) => id as number)
    expect(new Set(ids).size).toBe(4)
    expect(rest.body.nextToken).toBeUndefined()

    expect((await list('', theirAdmin)).body).toEqual({ items: [] })
    const redrive = (caller: Caller, body: object) =>
      restAs(hub, caller, ['POST', '/dead-letters/redrive', body])
    const nothing = { redriven: [], more: false }
    expect((await redrive(theirAdmin, { ids })).body).toEqual(nothing)
    expect((await redrive(theirAdmin, { all: true })).body).toEqual(nothing)
    refusing = false
    const before = receiver.received.length
    const chosen = await redrive(tokens.api_operations, { ids: [items[0].id, 999_999] })
    expect(chosen.body).toEqual({ redriven: [items[0].id], more: false })
    const others = await redrive(tokens.api_operations, { targetId: 'b' })
    expect(others.body.redriven).toHaveLength(2)
    await receiver.waitFor(before + 3)
    expect((await list()).body.items).toHaveLength(1)
  })
})
