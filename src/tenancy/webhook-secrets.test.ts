import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

import { OPERATOR, createTestTenancy, testVault } from './tenancy.fixture.ts'
import type { TestTenancy } from './tenancy.fixture.ts'
import { MASTER_KEY_BYTES, createVault } from './vault.ts'
import { WEBHOOK_SECRETS_PER_ACCOUNT_MAX, WEBHOOK_SECRETS } from './webhook-secret-documents.ts'
import { createWebhookSigner } from './webhook-signer.ts'

const MS_PER_HOUR = 60 * 60_000
const BODY = '{"total":1.0}'
const OWN_SECRET = `whsec_${Buffer.alloc(24, 5).toString('base64')}`

let test: TestTenancy
let nextAccount = 100_000_000_000

beforeAll(async () => void (test = await createTestTenancy()))
afterAll(() => test.close())
afterEach(() => void vi.useRealTimers())

const newAccount = async (organisationId = test.organisationId) => {
  const awsAccountId = String((nextAccount += 1))
  const given = { organisationId, awsAccountId, name: awsAccountId, accountRole: 'MEMBER' as const }
  const { id } = await test.tenancy.accounts.create(OPERATOR, given)
  return { id, awsAccountId }
}
const create = (awsAccountId: string, url = 'https://h.example', secret?: string) =>
  test.tenancy.webhookSecrets.create(OPERATOR, { awsAccountId, url, secret })
const rotate = (id: string, overlapHours: number, secret?: string) =>
  test.tenancy.webhookSecrets.rotate(OPERATOR, id, {
    overlapMs: overlapHours * MS_PER_HOUR,
    secret,
  })
const headersFor = (
  account: string,
  url = 'https://h.example/in',
  { webhookSigner } = test.tenancy,
) => webhookSigner.headersFor({ account, url, id: 'message', body: BODY })

/** Which of the secrets a receiver may have to find the request good, at the hub's time. */
async function accepted(account: string, ...secrets: readonly string[]) {
  const headers = await headersFor(account)
  vi.setSystemTime(test.now())
  return secrets.map((secret) => {
    try {
      new Webhook(secret).verify(BODY, { ...headers })
      return true
    } catch {
      return false
    }
  })
}

describe('what an account sends to a URL', () => {
  it('is signed at the time of the hub by a secret for it, and else not', async () => {
    const { awsAccountId } = await newAccount()
    const other = await newAccount()
    expect(await headersFor(awsAccountId)).toEqual({})
    const { secret } = await create(awsAccountId)
    test.move(999)
    expect((await headersFor(awsAccountId))['webhook-timestamp']).toBe(
      String(Math.floor(test.now() / 1_000)),
    )
    expect(await accepted(awsAccountId, secret, OWN_SECRET)).toEqual([true, false])
    expect(await headersFor(awsAccountId, 'https://other.example/in')).toEqual({})
    expect(await headersFor(other.awsAccountId)).toEqual({})
  })

  it('is signed by the narrowest of several secrets', async () => {
    const { awsAccountId } = await newAccount()
    const whole = await create(awsAccountId)
    const narrow = await create(awsAccountId, 'https://h.example/in/')
    expect(narrow.url).toBe('https://h.example/in')
    expect(await accepted(awsAccountId, whole.secret, narrow.secret)).toEqual([false, true])
    await test.tenancy.webhookSecrets.remove(OPERATOR, narrow.id)
    expect(await accepted(awsAccountId, whole.secret, narrow.secret)).toEqual([true, false])
    await test.tenancy.webhookSecrets.remove(OPERATOR, whole.id)
    expect(await headersFor(awsAccountId)).toEqual({})
  })

  it('is not sent unsigned where its secret cannot be opened', async () => {
    const { awsAccountId } = await newAccount()
    const { secret, id } = await create(awsAccountId)
    const vault = createVault(Buffer.alloc(MASTER_KEY_BYTES, 8))
    const clock = { now: test.now }
    const elsewhere = { webhookSigner: createWebhookSigner({ ...test, vault, clock }) }
    const signing = headersFor(awsAccountId, undefined, { ...test.tenancy, ...elsewhere })
    await expect(signing).rejects.toThrow(`webhook secret ${id} was sealed with another master key`)
    await expect(signing).rejects.not.toThrow(secret)
  })

  it('is signed after a restart as before', async () => {
    const { awsAccountId } = await newAccount()
    await create(awsAccountId)
    const restarted = await headersFor(awsAccountId, undefined, test.restarted())
    expect(restarted).toEqual(await headersFor(awsAccountId))
  })
})

describe('a rotation', () => {
  it('lets both secrets sign to the end of the overlap, and the new one alone from then on', async () => {
    const { awsAccountId } = await newAccount()
    const old = await create(awsAccountId)
    const rotated = await rotate(old.id, 24)
    expect(rotated.previousUntil).toBe(test.now() + 24 * MS_PER_HOUR)
    const both = [old.secret, rotated.secret]
    expect(await accepted(awsAccountId, ...both)).toEqual([true, true])
    test.move(24 * MS_PER_HOUR - 1)
    expect(await accepted(awsAccountId, ...both)).toEqual([true, true])
    test.move(1)
    expect(await accepted(awsAccountId, ...both)).toEqual([false, true])
    const shown = await test.tenancy.webhookSecrets.get(OPERATOR, old.id)
    expect(shown).not.toHaveProperty('previousUntil')
    expect(shown.rotatedAt).toBe(rotated.rotatedAt)
  })

  it('during an overlap is refused, for it would end it unseen, but for one without an overlap', async () => {
    const { awsAccountId } = await newAccount()
    const first = await create(awsAccountId)
    const second = await rotate(first.id, 1)
    await expect(rotate(first.id, 1)).rejects.toMatchObject({ code: 'webhook-secret.overlap' })
    const all = [first.secret, second.secret]
    expect(await accepted(awsAccountId, ...all)).toEqual([true, true])
    const third = await rotate(first.id, 0)
    expect(third).not.toHaveProperty('previousUntil')
    expect(await accepted(awsAccountId, ...all, third.secret)).toEqual([false, false, true])
    await rotate(first.id, 1)
    test.move(MS_PER_HOUR)
    await rotate(first.id, 1)
  })

  it('can be ended before its time', async () => {
    const { awsAccountId } = await newAccount()
    const old = await create(awsAccountId)
    const { endPrevious } = test.tenancy.webhookSecrets
    const none = { status: 409, code: 'webhook-secret.no-previous' }
    await expect(endPrevious(OPERATOR, old.id)).rejects.toMatchObject(none)
    const rotated = await rotate(old.id, 24)
    await endPrevious(OPERATOR, old.id)
    expect(await accepted(awsAccountId, old.secret, rotated.secret)).toEqual([false, true])
    await expect(endPrevious(OPERATOR, old.id)).rejects.toMatchObject(none)
  })

  it('mends a secret that cannot be opened any more', async () => {
    const { awsAccountId } = await newAccount()
    const { id } = await create(awsAccountId)
    const foreign = createVault(Buffer.alloc(MASTER_KEY_BYTES, 8))
    const key = `${awsAccountId}|https://h.example`
    await test.state.transact(async (transaction) => {
      const stored = await transaction.get(WEBHOOK_SECRETS, key)
      const sealed = foreign.seal(['webhook-secret', id], OWN_SECRET)
      if (stored !== undefined) transaction.put(WEBHOOK_SECRETS, key, { ...stored, sealed })
    })
    await expect(headersFor(awsAccountId)).rejects.toThrow('another master key')
    const rotated = await rotate(id, 24)
    expect(rotated).not.toHaveProperty('previousUntil')
    expect(await accepted(awsAccountId, rotated.secret)).toEqual([true])
  })

  it('takes a secret that receivers know already, unless it is the one there is', async () => {
    const { awsAccountId } = await newAccount()
    const { id } = await create(awsAccountId, undefined, OWN_SECRET)
    expect(await accepted(awsAccountId, OWN_SECRET)).toEqual([true])
    const same = rotate(id, 24, OWN_SECRET)
    await expect(same).rejects.toMatchObject({ status: 409, code: 'webhook-secret.unchanged' })
    const next = `whsec_${Buffer.alloc(64, 6).toString('base64')}`
    expect((await rotate(id, 24, next)).secret).toBe(next)
    expect(await accepted(awsAccountId, OWN_SECRET, next)).toEqual([true, true])
  })
})

describe('a webhook secret', () => {
  it('is sealed, each for itself', async () => {
    const { awsAccountId } = await newAccount()
    const { id, secret } = await create(awsAccountId)
    const stored = await test.state.get(WEBHOOK_SECRETS, `${awsAccountId}|https://h.example`)
    expect(JSON.stringify(stored)).not.toContain(secret.slice('whsec_'.length))
    const sealed = stored?.sealed ?? ''
    expect(testVault.open(['webhook-secret', id], sealed)).toBe(secret)
    expect(testVault.open(['webhook-secret', 'another'], sealed)).toBeUndefined()
  })

  it('is one for each place of an account', async () => {
    const { awsAccountId } = await newAccount()
    await create(awsAccountId, 'https://h.example/a')
    const again = create(awsAccountId, 'https://H.example:443/a/')
    await expect(again).rejects.toMatchObject({ status: 409, code: 'webhook-secret.exists' })
    await create((await newAccount()).awsAccountId, 'https://h.example/a')
  })

  it(`is one of ${WEBHOOK_SECRETS_PER_ACCOUNT_MAX} of an account at most`, async () => {
    const { awsAccountId } = await newAccount()
    for (let n = 1; n <= WEBHOOK_SECRETS_PER_ACCOUNT_MAX; n += 1) {
      await create(awsAccountId, `https://h.example/${n}`)
    }
    const tooMany = { status: 409, code: 'webhook-secret.too-many' }
    await expect(create(awsAccountId)).rejects.toMatchObject(tooMany)
    expect(await headersFor(awsAccountId, 'https://h.example/300/x')).not.toEqual({})
    const { items } = await test.tenancy.webhookSecrets.list(OPERATOR, { awsAccountId, limit: 1 })
    await test.tenancy.webhookSecrets.remove(OPERATOR, items[0]?.id ?? '')
    await create(awsAccountId)
  })

  it('goes with its account, and is not for who has the account next', async () => {
    const { id, awsAccountId } = await newAccount()
    const { id: secretId } = await create(awsAccountId)
    expect(await headersFor(awsAccountId)).not.toEqual({})
    const stopping = new AbortController()
    const running = test.tenancy.run(stopping.signal)
    await test.tenancy.accounts.close(OPERATOR, id)
    const deleted = async () =>
      (await test.events('WebhookSecretDeleteEvent')).filter(
        ({ fields }) => fields['webhookSecretId'] === secretId,
      )
    await vi.waitUntil(async () => (await deleted()).length > 0, { timeout: 20_000 })
    stopping.abort()
    await running
    expect((await deleted())[0]?.fields).toMatchObject({
      origin: 'https://h.example',
      awsAccountId,
    })
    expect(await headersFor(awsAccountId)).toEqual({})
    const gone = test.tenancy.webhookSecrets.get(OPERATOR, secretId)
    await expect(gone).rejects.toMatchObject({ status: 404, code: 'webhook-secret.not-found' })
    const refused = create(awsAccountId)
    await expect(refused).rejects.toMatchObject({ status: 404, code: 'account.not-found' })
  })

  it('tells of itself in events without its URL, whose path may be secret too', async () => {
    const { awsAccountId } = await newAccount()
    const { id } = await create(awsAccountId, 'https://h.example/services/T0/B0')
    const { previousUntil } = await rotate(id, 24)
    const [rotated] = (await test.events('WebhookSecretRotateEvent')).slice(-1)
    expect(rotated?.fields).toEqual({
      ...{ status: 'SUCCESS', webhookSecretId: id, awsAccountId, origin: 'https://h.example' },
      previousUntil: new Date(previousUntil ?? 0).toISOString(),
    })
    await expect(rotate(id, 24)).rejects.toMatchObject({ code: 'webhook-secret.overlap' })
    const [failed] = (await test.events('WebhookSecretRotateEvent')).slice(-1)
    expect(failed?.fields).toMatchObject({
      ...{ status: 'FAILED', errorCode: 'webhook-secret.overlap' },
    })
  })
})
