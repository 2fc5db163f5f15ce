import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { ROOT, startAwsOrganizations } from '../aws-organizations-server.ts'
import type { AwsOrganizationsServer } from '../aws-organizations-server.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

const PROJECT = new URL('../..', import.meta.url).pathname
const folder = newDataFolder()
let hub: HubProcess
let aws: AwsOrganizationsServer

/** Runs the command line as a user does. */
async function belfry(args: readonly string[], input = '') {
  const child = spawn(process.execPath, ['belfry.mjs', ...args], {
    cwd: PROJECT,
    env: {
      ...process.env,
      ...{ NO_COLOR: '1', BELFRY_DATA: folder, BELFRY_URL: '', BELFRY_PROFILE: '' },
      ...{ BELFRY_SESSION: undefined, NODE_COMPILE_CACHE: join(folder, 'compile-cache') },
    },
  })
  child.stdin.end(input)
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    child.exitCode ?? once(child, 'exit'),
  ])
  return { status: child.exitCode, stdout, stderr }
}

/** What a command shows people; it must end well. */
async function shown(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await belfry(args)
  expect([status, status === 0 ? '' : stderr]).toEqual([0, ''])
  return stdout
}

async function answer(...args: readonly string[]): Promise<any> {
  return JSON.parse(await shown(...args, '--json'))
}

async function refusal(status: number, ...args: readonly string[]): Promise<string> {
  const done = await belfry(args)
  expect([done.status, done.stdout]).toEqual([status, ''])
  return done.stderr
}

beforeAll(async () => {
  hub = await startHubProcess(folder)
  aws = await startAwsOrganizations()
  await createOrganisation(hub)
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await aws.close()
  removeDataFolder(folder)
})

describe('the command line', () => {
  it('shows and renames the customer', async () => {
    expect(await shown('customers', 'list')).toMatch(/NAME +STATUS +ID\nTest Customer +ACTIVE/)
    expect((await answer('customers', 'update', '--name', 'Renamed')).name).toBe('Renamed')
  })

  it('makes units and shows them as a tree', async () => {
    await shown('ous', 'create', 'Workloads')
    await shown('ous', 'create', 'Sandbox', '--parent', 'Workloads')
    await shown('ous', 'create', 'Prod', '--parent', 'Workloads')
    await shown('ous', 'create', 'Web', '--parent', 'Workloads/Prod')
    await shown('accounts', 'update', ACCOUNTS.MEMBER, '--unit', 'Web')
    const lines = (await shown('organisational-units', 'list')).split('\n')
    expect(lines.map((line) => line.split(/ {2,}\d/)[0]?.trimEnd())).toEqual([
      expect.stringContaining('UNIT'),
      ...['Workloads', '├─ Prod', '│  └─ Web', '└─ Sandbox', ''],
    ])
  })

  it('moves and deletes units, by their names or paths', async () => {
    const move = await refusal(1, 'ous', 'update', 'Workloads', '--parent', 'Web')
    expect(move).toContain('cannot be moved into itself')
    await shown('ous', 'update', 'Workloads/Prod/Web', '--root')
    expect(await refusal(1, 'ous', 'delete', 'Web')).toContain('1 accounts')
    await shown('ous', 'delete', 'Sandbox')
  })

  it('makes account types and gives them to accounts', async () => {
    await shown('account-types', 'create', 'data-lake', '--description', 'Lakes')
    await shown('accounts', 'update', 'member-account', '--type', 'data-lake')
    expect(await shown('account-types', 'list')).toMatch(/data-lake +ACTIVE +1/)
    expect(await refusal(1, 'account-types', 'delete', 'data-lake')).toContain('1 accounts')
    const missing = await refusal(1, 'accounts', 'update', 'member-account', '--type', 'nope')
    expect(missing).toContain('belfry account-types create')
  })

  it('tags accounts and finds them by their tags', async () => {
    await shown('accounts', 'tag', 'member-account', 'team=web', 'stage=prod')
    const tagged = await answer('accounts', 'tag', 'member-account', 'a=b=c', '--remove', 'stage')
    expect(tagged.tags).toEqual({ team: 'web', a: 'b=c' })
    const found = await answer('accounts', 'list', '--tag', 'team=web,a', '--type', 'data-lake')
    expect(found.map(({ awsAccountId }: any) => awsAccountId)).toEqual([ACCOUNTS.MEMBER])
    expect(await answer('accounts', 'list', '--tag', 'stage')).toEqual([])
    expect(await refusal(2, 'accounts', 'tag', 'member-account', 'team')).toContain('key=value')
  })

  it('puts users into groups', async () => {
    const ada = ['users', 'create', 'ada@example.com', '--role', 'customer_user', '--no-password']
    expect((await belfry(ada)).stdout).toMatch(/sign-in +not possible: no password is set/)
    await shown('groups', 'create', 'platform')
    await shown('groups', 'add', 'platform', 'ada@example.com')
    expect(await shown('groups', 'show', 'platform')).toMatch(/members +1[^]*ada@example\.com/)
    expect(await answer('groups', 'list', '--user', 'ada@example.com')).toHaveLength(1)
    await shown('groups', 'remove', 'platform', 'ada@example.com')
    await shown('groups', 'update', 'platform', '--name', 'infra')
    expect(await shown('groups', 'delete', 'infra')).toBe('deleted the group "infra"\n')
  })

  it('shows users that failed sign-ins have locked', async () => {
    const create = ['users', 'create', 'eve@example.com', '--role', 'customer_user']
    await belfry([...create, '--password-stdin'], 'a password of some length')
    expect(await shown('users', 'show', 'eve@example.com')).toMatch(/sign-in +with a password\n/)
    const attempt = { email: 'eve@example.com', password: 'wrong' }
    for (let n = 0; n < 10; n += 1) await hub.rest('POST', '/sessions', attempt)
    expect(await shown('users', 'show', 'eve@example.com')).toMatch(/locked +until \d{4}-/)
    expect(await shown('users', 'list')).toMatch(/eve@example\.com .*ACTIVE, locked/)
    await shown('users', 'unlock', 'eve@example.com')
    expect(await shown('users', 'list')).not.toContain('locked')
  })

  it('takes names of one line only', async () => {
    const user = ['users', 'create', 'two@example.com', '--role', 'customer_user', '--no-password']
    for (const name of ['a\nb', 'a\u001b[31m', 'a\u2028b']) {
      expect(await refusal(1, ...user, '--first-name', name)).toContain('firstName')
      for (const kind of ['ous', 'groups']) {
        expect(await refusal(1, kind, 'create', name)).toContain('name')
      }
      await refusal(1, 'accounts', 'update', 'member-account', '--name', name)
    }
  })

  it('says what is wrong with a token or user in words of its own', async () => {
    const create = ['tokens', 'create', '--role', 'api_user']
    expect(await refusal(2, ...create, 'a b')).toContain('It must be 2 to 64 letters')
    expect(await refusal(2, ...create, 'bot', '--expires', '0d')).toContain('in the future')
    const user = ['users', 'create', 'nobody', '--role', 'customer_user', '--no-password']
    expect(await refusal(2, ...user)).toContain('It must be an e-mail address')
    const only = ['--only-accounts', 'member-account', '--expires', '2d']
    const made = await shown(...create, 'bot', ...only)
    expect(made).toMatch(/only for +444444444444\nexpires +\d{4}-/)
    await shown('tokens', 'delete', 'bot')
  })

  it('configures services and waits for what the hub applies', async () => {
    const wish = JSON.stringify({ BEDROCK_ALLOW_CROSS_REGIONAL_ACCESS: true })
    const wished = await belfry(['services', 'configure', 'organization', '-', '--json'], wish)
    expect(JSON.parse(wished.stdout)).toMatchObject({ state: 'CONFIGURING', version: 1 })
    expect(wished.stderr).toContain('belfry services report')
    await shown('services', 'report', 'organization', 'ACTIVE', '--of-version', '1')
    expect(await shown('services', 'list')).toMatch(/ORGANIZATION +ACTIVE +2 +others/)
    expect(await answer('services', 'history', 'organization')).toHaveLength(2)
    const regions = JSON.stringify({ Enabled: [REGION, 'us-east-1', 'eu-west-1'] })
    const enabled = await belfry(['services', 'configure', 'regions', regions])
    expect(enabled).toMatchObject({ status: 0, stdout: 'REGIONS is configured\n' })
    expect(enabled.stderr).toContain('configuring REGIONS  4 of 4')
    const fewer = JSON.stringify({ Enabled: [REGION] })
    expect(await refusal(1, 'services', 'configure', 'regions', fewer)).toContain('taken away')
    expect(await refusal(2, 'services', 'show', 'inspector')).toContain('guardduty')
    expect(await refusal(2, 'services', 'configure', 'regions', '{')).toContain('not JSON')
  })

  it('closes accounts, at once or to be waited for', async () => {
    await shown('accounts', 'create', '555555555555', '--name', 'old', '--tag', 'a=b')
    const { taskId } = await answer('accounts', 'close', 'old', '--no-wait')
    expect(await shown('tasks', 'wait', taskId)).toMatch(/CLOSE_ACCOUNT[^]*SUCCEEDED/)
    expect(await shown('tasks', 'list', '--kind', 'CLOSE_ACCOUNT')).toContain(taskId)
    expect(await shown('accounts', 'list', '--status', 'CLOSED')).toMatch(/555555555555 +old/)
    expect(await refusal(1, 'accounts', 'close', 'logging-account')).toContain('LOGGING account')
  })

  it('discovers accounts, and says why where it cannot', async () => {
    aws.organization.accounts.push(
      { Id: ACCOUNTS.MEMBER, Name: 'member-account', parent: ROOT, State: 'ACTIVE' },
      { Id: '500000000001', Name: 'found', parent: ROOT, State: 'ACTIVE' },
    )
    expect(await refusal(2, 'organisations', 'discovery')).toContain('--enable')
    const set = ['organisations', 'discovery', '--enable', '--endpoint', aws.url, '--every', '90']
    const secret = 'wJalrXUtnFEMI/K7MDENG'
    const done = await belfry([...set, '--access-key-id', 'AKIAIOSFODNN7EXAMPLE'], `${secret}\n`)
    expect(done.stdout).toMatch(/discovery +enabled[^]*AKIAIOSFODNN7EXAMPLE[^]*90 minutes/)
    expect(done.stdout).not.toContain(secret)
    expect(await shown('accounts', 'discover')).toMatch(/^in step with AWS Organizations: /)
    expect(await shown('accounts', 'list', '--status', 'DISCOVERED')).toContain('found')
    expect(await shown('accounts', 'onboard', 'found')).toMatch(/status +ACTIVE/)
    aws.deny('ListRoots')
    expect(await refusal(1, 'accounts', 'discover')).toContain(
      'AccessDeniedException: no ListRoots',
    )
    expect(await shown('organisations', 'discovery', '--disable')).toMatch(/discovery +disabled/)
    expect(await refusal(1, 'accounts', 'discover')).toContain('belfry organisations discovery')
  })
})
