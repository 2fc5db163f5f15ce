import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { codeOf, stepAt } from '#src/tenancy/one-time-codes.ts'
import { beginCommand, runCommand } from '../belfry-command.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { CLIENT, signInWithBrowser, startOpenIdProvider } from '../openid-provider.ts'
import type { OpenIdProvider } from '../openid-provider.ts'
import { createOrganisation } from '../organisation.ts'
import { restAs } from '../rest-caller.ts'

const PASSWORD = 'a password of some length'
const EMAIL = 'zoe@example.com'
const folder = newDataFolder()
let hub: HubProcess
let provider: OpenIdProvider

/** Runs a command, which must end well. */
async function belfry(args: readonly string[], given: { input?: string; session?: string } = {}) {
  const { status, stdout, stderr } = await runCommand(folder, args, given)
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('error')])
  return stdout
}
const logIn = async (...more: readonly string[]) => {
  const args = ['login', EMAIL, '--password-stdin', '--json', ...more]
  return JSON.parse(await belfry(args, { input: PASSWORD })).sessionToken as string
}
const callerStatus = async (sessionToken: string) =>
  (await restAs(hub, { sessionToken }, ['GET', '/caller'])).status

beforeAll(async () => {
  hub = await startHubProcess(folder)
  const { organisationId } = await createOrganisation(hub)
  provider = await startOpenIdProvider(hub.url)
  const OIDC = { Issuer: provider.issuer, ClientId: CLIENT.id, DefaultRole: 'customer_user' }
  await hub.rest('PUT', `/organisations/${organisationId}/sign-in`, {
    ...{ LOCAL: { Enable: true }, MFA: { Required: false }, OIDC, ClientSecret: CLIENT.secret },
  })
  const create = ['users', 'create', EMAIL, '--role', 'customer_readonly', '--password-stdin']
  await belfry(create, { input: PASSWORD })
})
afterAll(async () => {
  await provider.close()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

describe('belfry login', () => {
  it('lets the administrator of the first start in, who acts for all', async () => {
    const args = ['login', 'admin@localhost', '--password-stdin', '--json']
    const { sessionToken } = JSON.parse(await belfry(args, { input: hub.adminPassword ?? '' }))
    const whoami = await belfry(['whoami'], { session: sessionToken })
    expect(whoami).toMatch(/user +admin@localhost/)
    expect(whoami).toMatch(/organisation +every one/)
    expect(whoami).toMatch(/session +until \d{4}-/)
    expect(await belfry(['users', 'list'], { session: sessionToken })).toContain(EMAIL)
  })

  it('--oidc signs in with a browser that comes back to this machine', async () => {
    provider.accounts.set('grace', { email: 'grace@example.com', email_verified: true })
    const command = beginCommand(folder, ['login', '--oidc', 'test', '--json'])
    const address = await addressIn(command.stderr)
    expect(address).toContain(`${hub.url}/sign-in/oidc/test?port=`)
    const page = await signInWithBrowser(address, 'grace')
    expect(page.text).toContain('go back to the terminal')
    const session = JSON.parse(await command.stdout)
    expect(await command.status).toBe(0)
    expect(session.user).toMatchObject({ email: 'grace@example.com', authOrigin: 'oidc' })
    expect(await callerStatus(session.sessionToken)).toBe(200)
  })

  it('--oidc takes no e-mail, and a password needs a terminal or standard input', async () => {
    expect((await runCommand(folder, ['login', EMAIL, '--oidc', 'test'])).status).toBe(2)
    expect((await runCommand(folder, ['login', EMAIL])).status).toBe(2)
  })
})

describe('belfry logout', () => {
  it('ends this session, or all', async () => {
    const [one, two, three] = await Promise.all([logIn(), logIn(), logIn()])
    const listed = await belfry(['sessions', 'list'], { session: one })
    expect(listed).toContain('127.0.0.1')
    expect(listed.trim().split('\n')).toHaveLength(4)
    await belfry(['logout'], { session: one })
    expect(await Promise.all([one, two].map(callerStatus))).toEqual([401, 200])
    await belfry(['logout', '--everywhere'], { session: two })
    expect(await Promise.all([two, three].map(callerStatus))).toEqual([401, 401])
  })

  it('says that an API token has no session', async () => {
    const { status, stderr } = await runCommand(folder, ['logout'])
    expect(status).toBe(1)
    expect(stderr).toContain('make it in a session of a user')
  })
})

describe('belfry second-factor', () => {
  it('is enabled, asked for, and disabled', async () => {
    const session = await logIn()
    const shown = await belfry(['second-factor', 'enable'], { session, input: PASSWORD })
    const [, secret = ''] = /secret +([A-Z2-7]{32})/.exec(shown) ?? []
    expect(shown).toMatch(/██ ▄▄▄▄▄ █/)
    expect(shown).toContain('otpauth://totp/Belfry:zoe%40example.com')
    const codeAt = (away: number) => ['--code', codeOf(secret, stepAt(Date.now()) + away)]
    const on = await belfry(['second-factor', 'enable', ...codeAt(0)], { session })
    const [recoveryCode = ''] = /(?:[a-z0-9]{4}-){3}[a-z0-9]{4}/.exec(on) ?? []
    const login = ['login', EMAIL, '--password-stdin']
    const without = await runCommand(folder, login, { input: PASSWORD })
    expect(without).toMatchObject({ status: 2, stderr: expect.stringContaining('--code') })
    expect(await callerStatus(await logIn(...codeAt(1)))).toBe(200)
    await belfry(['second-factor', 'disable', '--code', recoveryCode], { session })
    expect(await callerStatus(await logIn())).toBe(200)
  })
})

describe('belfry password', () => {
  it('changes the password, with the present one, and signs out', async () => {
    const session = await logIn()
    const change = (input: string) => runCommand(folder, ['password'], { input, session })
    expect((await change('only one')).status).toBe(2)
    const wrong = await change('not the password\nanother password')
    expect(wrong).toMatchObject({ status: 1, stderr: expect.stringContaining('is wrong') })
    expect((await change(`${PASSWORD}\nanother password\n`)).status).toBe(0)
    expect(await callerStatus(session)).toBe(401)
    const login = ['login', EMAIL, '--password-stdin']
    expect((await runCommand(folder, login, { input: PASSWORD })).status).toBe(1)
    const args = ['users', 'update', EMAIL, '--password-stdin']
    await belfry(args, { input: PASSWORD })
  })
})

describe('belfry users', () => {
  it('helps people to sign in, and deletes them', async () => {
    const session = await logIn()
    expect(await belfry(['users', 'sign-out', EMAIL])).toBe(`signed out ${EMAIL}\n`)
    expect(await callerStatus(session)).toBe(401)
    expect(await belfry(['users', 'unlock', EMAIL])).toBe(`unlocked ${EMAIL}\n`)
    const reset = await runCommand(folder, ['users', 'reset-second-factor', EMAIL])
    expect(reset).toMatchObject({ status: 1, stderr: expect.stringContaining('no second factor') })
    expect(await belfry(['users', 'delete', EMAIL])).toBe(`deleted ${EMAIL}\n`)
    expect((await runCommand(folder, ['users', 'show', EMAIL])).status).toBe(1)
  })
})

async function addressIn(stream: AsyncIterable<Buffer>): Promise<string> {
  let seen = ''
  for await (const piece of stream) {
    seen += piece.toString()
    const [address] = /http\S+(?=\n)/.exec(seen) ?? []
    if (address !== undefined) return address
  }
  throw new Error(`no address in: ${seen}`)
}
