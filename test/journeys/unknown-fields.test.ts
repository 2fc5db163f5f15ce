import { afterAll, beforeAll, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'

const folder = newDataFolder()
let hub: HubProcess
let organisationId: string
let memberId: string

beforeAll(async () => {
  hub = await startHubProcess(folder)
  const organisation = await createOrganisation(hub)
  organisationId = organisation.organisationId
  memberId = organisation.accountIds['MEMBER'] as string
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

const everything = async () =>
  Promise.all(
    ['organisations', 'accounts', 'users'].map(
      async (things) => (await hub.rest('GET', `/${things}`)).body,
    ),
  )

it('a field that does not exist is refused by name, and nothing changes', async () => {
  const before = await everything()
  const user = { organisationId, email: 'a@b.cd', firstName: 'A', lastName: 'B' }
  const withoutProvider = { LOCAL: { Enable: true }, MFA: { Requird: true }, OIDC: null }
  for (const [method, path, body, field] of [
    ['POST', '/users', { ...user, role: 'customer_user', rolle: 'customer_admin' }, 'rolle'],
    ['PATCH', `/accounts/${memberId}`, { nmae: 'x' }, 'nmae'],
    ['PATCH', `/organisations/${organisationId}`, { region: ['us-east-1'] }, 'region'],
    ['POST', '/dead-letters/redrive', { ruleARN: 'x' }, 'ruleARN'],
    ['PUT', `/organisations/${organisationId}/sign-in`, withoutProvider, 'MFA/Requird'],
    ['POST', '/sessions', { email: 'a@b.cd', password: 'x', kode: '123456' }, 'kode'],
  ] as const) {
    const answer = await hub.rest(method, path, body)
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } })
    expect(answer.body.message).toContain(`"${field}" is unknown`)
  }
  expect(await everything()).toEqual(before)
})

it('who writes a field that does not exist reads which do', async () => {
  const alerts = { budget: {} }
  const { body } = await hub.rest('POST', '/notifications', { organisationId, alerts })
  expect(body.message).toContain(
    '"alerts/budget" is unknown: "alerts" takes budgets, costSpikes, compliance',
  )
  const { body: account } = await hub.rest('PATCH', `/accounts/${memberId}`, { nmae: 'x' })
  expect(account.message).toMatch(/"nmae" is unknown: the body takes .*\bname\b/)
})

it('a text of another form than it must have is answered with that form in words', async () => {
  const budget = { organisationId, name: 'B', yearAmount: '12x', currency: 'usd' }
  const email = { kind: 'email', to: ['a b'] }
  for (const [method, path, body, told] of [
    ['POST', '/budgets', budget, '"yearAmount" must be an amount in digits'],
    ['POST', '/budgets', budget, 'such as 7500.00'],
    ['POST', '/budgets', budget, '"currency" must be a currency in three capital letters'],
    ['DELETE', '/cost-periods/2026-1?exportName=x', undefined, 'a month as year-month'],
    [
      'POST',
      '/channels',
      { organisationId, name: 'C', settings: email },
      '"to.0" must be an e-mail address alone, such as finops@example.com',
    ],
    ['POST', '/compliance/imports', { organisationId, gzip: 'eA==' }, 'must be JSON, such as a'],
  ] as const) {
    const { status, body: answer } = await hub.rest(method, path, body)
    expect(status).toBe(400)
    expect(answer.message).toContain(told)
    expect(answer.message).not.toContain('pattern')
  }
})

it('a body is taken as it is written: no text is a number, and null is no text', async () => {
  const before = await everything()
  for (const [method, path, body, field] of [
    ['PATCH', `/accounts/${memberId}`, { name: null }, 'name'],
    ['PATCH', `/accounts/${memberId}`, { tags: { stage: 5 } }, 'tags/stage'],
    ['PATCH', `/organisations/${organisationId}`, { regions: 'us-east-1' }, 'regions'],
    ['POST', '/dead-letters/redrive', { ids: ['5'] }, 'ids/0'],
    ['POST', '/dead-letters/redrive', { all: 'true' }, 'all'],
    ['POST', '/sessions', { email: 'a@b.cd', password: 12 }, 'password'],
  ] as const) {
    const answer = await hub.rest(method, path, body)
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } })
    expect(answer.body.message).toContain(`"${field}" must be`)
  }
  expect(await everything()).toEqual(before)
})

it.each([
  ['/events/stream?sourc=aws.ec2', 'sourc'],
  ['/accounts?acountType=x', 'acountType'],
  ['/users?organisation=x', 'organisation'],
  ['/roles?limit=5', 'limit'],
])('a misspelt filter is refused rather than ignored: %s', async (path, name) => {
  const answer = await hub.rest('GET', path)
  expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } })
  expect(answer.body.message).toContain(`"${name}" is unknown`)
})

it('a number in a query is read as one', async () => {
  expect((await hub.rest('GET', '/accounts?limit=2')).body.items).toHaveLength(2)
})

it('a redrive says which dead letters it means', async () => {
  const answer = await hub.rest('POST', '/dead-letters/redrive', { all: false })
  expect(answer).toMatchObject({ status: 400, body: { code: 'redrive.unclear' } })
})

it('an API token does not delete itself', async () => {
  const { accessKeyId } = await hub.profile('operator')
  const answer = await hub.rest('DELETE', `/api-tokens/${accessKeyId}`)
  expect(answer).toMatchObject({ status: 409, body: { code: 'api-token.in-use' } })
  expect((await hub.rest('GET', '/organisations')).status).toBe(200)
})
