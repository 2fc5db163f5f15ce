import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { startReceiver } from '../receiver.ts'

const ROOT = new URL('../..', import.meta.url).pathname
const SAMPLE_EVENTS = readFileSync(join(ROOT, 'samples/aws-events.ndjson'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => (JSON.parse(line) as { event: { source: string } }).event)
const PLAYED_TWICE = 2
const ALPHA = '444455556666'

const folder = newDataFolder()
let hub: HubProcess

interface Done {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

// With the cache a command starts in a third of the time.
const ENV = {
  ...process.env,
  NO_COLOR: '1',
  BELFRY_DATA: folder,
  BELFRY_URL: '',
  BELFRY_PROFILE: '',
  BELFRY_SESSION: undefined,
  NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
}

/** Runs the command line as a user does, with the hub's data folder in the environment. */
async function belfry(
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: Record<string, string> } = {},
): Promise<Done> {
  const child = spawn(process.execPath, ['belfry.mjs', ...args], {
    cwd: ROOT,
    env: { ...ENV, ...env },
  })
  child.stdin.end(input)
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    child.exitCode ?? once(child, 'exit'),
  ])
  return { status: child.exitCode, stdout, stderr }
}

/** What a command answers with --json; it must end well. */
async function answer<T>(...args: readonly string[]): Promise<T> {
  const { status, stdout, stderr } = await belfry([...args, '--json'])
  expect(stderr).not.toContain('error')
  expect(status).toBe(0)
  return JSON.parse(stdout) as T
}

async function tailed(count: number, ...args: readonly string[]): Promise<readonly Message[]> {
  const options = ['--json', '--since', 'start', '--count', String(count), ...args]
  const { status, stdout } = await belfry(['tail', ...options])
  expect(status).toBe(0)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Message)
}

interface Message {
  readonly bus: string
  readonly event: {
    readonly id: string
    readonly account: string
    readonly region: string
    readonly source: string
    readonly 'detail-type': string
    readonly detail: Record<string, unknown>
  }
}

beforeAll(async () => {
  hub = await startHubProcess(folder)
})

afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

describe('belfry sample', () => {
  it('loads the example organisation and plays every sample event', async () => {
    const { status, stdout, stderr } = await belfry(['sample', '--rate', '5000'])
    expect(stderr).toContain(
      `Playing AWS events  ${SAMPLE_EVENTS.length} of ${SAMPLE_EVENTS.length}`,
    )
    expect(stdout).toMatch(/accounts +7 made/)
    expect(stdout).toMatch(/users +12 made/)
    expect(stdout).toContain(`${SAMPLE_EVENTS.length} taken, 0 refused`)
    expect(stdout).toContain(`AWS_SHARED_CREDENTIALS_FILE=${folder}/credentials`)
    expect(stdout).toContain('--profile logging')
    expect(status).toBe(0)
  })

  it('a second time, plays again and makes nothing twice', async () => {
    const before = await answer<readonly unknown[]>('users', 'list')
    const again = await answer<Record<string, unknown>>('sample', '--rate', '5000')
    expect(again).toMatchObject({
      accounts: { made: 0, found: 7 },
      users: { made: 0, found: 12 },
      tokens: { made: 0, found: 2 },
      taken: SAMPLE_EVENTS.length,
      refused: 0,
    })
    expect(await answer('users', 'list')).toHaveLength(before.length)
    expect(await answer('organisations', 'list')).toHaveLength(1)
    const keys = await answer<readonly { name: string }[]>('ingest-keys', 'list')
    expect(keys.map(({ name }) => name)).toEqual(['sample-player'])
  })

  it('leaves accounts that belfry accounts list shows', async () => {
    const accounts = await answer<readonly Record<string, unknown>[]>('accounts', 'list')
    expect(accounts).toHaveLength(7)
    expect(accounts).toContainEqual(
      expect.objectContaining({ awsAccountId: '777788889999', name: 'data-platform' }),
    )
    const { stdout } = await belfry(['accounts', 'list'])
    expect(stdout).toMatch(/^AWS ACCOUNT +NAME/)
    expect(stdout).toMatch(/444455556666 +payments-prod +MEMBER/)
  })

  it('shows in belfry status', async () => {
    const status = await answer<Record<string, unknown>>('status')
    expect(status).toMatchObject({ ready: true, deadLetters: 0, url: hub.url })
    expect(status['eventsAccepted']).toBeGreaterThan(SAMPLE_EVENTS.length * PLAYED_TWICE)
  })
})

describe('belfry tail', () => {
  it('filters by account, region, source and bus', async () => {
    const filters = ['--account', 'payments-prod', '--region', 'us-east-1']
    const events = await tailed(10, ...filters, '--source', 'aws.*', '--bus', 'default')
    expect(events).toHaveLength(10)
    for (const { event, bus } of events) {
      expect(event).toMatchObject({ account: ALPHA, region: 'us-east-1' })
      expect(event.source).toMatch(/^aws\./)
      expect(bus).toMatch(/:event-bus\/default$/)
    }
  })

  it('finds by pattern each event that was played, and its copy on the security bus', async () => {
    const printed = SAMPLE_EVENTS.filter(({ source }) => source === 'aws.codepipeline').length
    const count = printed * PLAYED_TWICE * 2
    const pattern = '{"source":["aws.codepipeline"]}'
    const events = await tailed(count, '--pattern', pattern)
    const copies = events.filter(({ bus }) => bus.includes(':333344445555:'))
    expect(copies).toHaveLength(count / 2)
    expect(new Set(events.map(({ event }) => event.id)).size).toBe(count / 2)
  })

  it('takes a pattern from a file and from standard input', async () => {
    const fields = '"staxEventName": ["UserAuthenticationEvent"], "status": ["SUCCESS"]'
    const pattern = `{ "detail": { ${fields} } }`
    const file = join(folder, 'pattern.json')
    writeFileSync(file, pattern)
    const [fromFile] = await tailed(1, '--pattern', file)
    expect(fromFile?.event.detail).toMatchObject({
      status: 'SUCCESS',
      staxEventSource: 'stax.auth',
    })
    const options = ['tail', '--json', '--since', 'start', '--count', '1', '--pattern', '-']
    const fromInput = await belfry(options, { input: pattern })
    expect(JSON.parse(fromInput.stdout)).toEqual(fromFile)
  })

  it('writes one line for people: who did what', async () => {
    const byMei = '{"detail":{"meta":{"user":{"email":["mei.tanaka@example.com"]}}}}'
    const filters = ['--detail-type', 'AccountManagement: AccountUpdateEvent', '--pattern', byMei]
    const { stdout } = await belfry(['tail', '--since', 'start', '--count', '1', ...filters])
    expect(stdout).toMatch(
      /^\d\d:\d\d:\d\d logging +222233334444 ap-southeast-2 stax.io +stax.io +AccountManagement: AccountUpdateEvent data-platform SUCCESS by mei.tanaka@example.com\n$/,
    )
  })

  it('passes numbers on as they were written, live', async () => {
    const { key } = await answer<{ key: string }>('ingest-keys', 'create', 'numbers')
    const following = belfry(['tail', '--json', '--count', '1', '--source', 'shop.orders'])
    const event = `{"version":"0","id":"n-1","detail-type":"Order","source":"shop.orders","account":"${ALPHA}","time":"2026-01-31T08:15:00Z","region":"us-east-1","resources":[],"detail":{"price":1.0,"big":12345678901234567890}}`
    const put = () =>
      fetch(`${hub.url}/ingest/aws`, { method: 'POST', headers: { 'x-api-key': key }, body: event })
    // The follower may not be there yet when the first ones come.
    const timer = setInterval(() => void put(), 200)
    const { stdout } = await following
    clearInterval(timer)
    expect(stdout).toContain('"detail":{"price":1.0,"big":12345678901234567890}')
    expect((await belfry(['ingest-keys', 'delete', 'numbers'])).status).toBe(0)
    expect((await put()).status).toBe(401)
  })

  it('comes back with the id of the last event when the connection breaks', async () => {
    const resumedAfter: (string | undefined)[] = []
    const server = createServer((request, response) => {
      resumedAfter.push(request.headers['last-event-id'] as string | undefined)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`id: ${resumedAfter.length}\r\ndata: {"n":${resumedAfter.length}}\r\n\r\n`)
      setTimeout(() => response.destroy(), 50)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    const done = await belfry(['tail', '--json', '--count', '2', '--url', url])
    server.close()
    expect(done.stdout).toBe('{"n":1}\n{"n":2}\n')
    expect(resumedAfter).toEqual([undefined, '1'])
    expect(done.stderr).toMatch(/is lost: trying until it is back\nconnected again\n/)
    expect(done.status).toBe(0)
  })

  it('ends when the hub takes it back no more', async () => {
    let connections = 0
    const server = createServer((_request, response) => {
      connections += 1
      if (connections === 1) {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.end('data: {"n":1}\n\n')
        return
      }
      response.writeHead(401).end('{"code":"caller.unknown","message":"the session has expired"}')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const done = await belfry(['tail', '--json', '--url', `http://127.0.0.1:${port}`])
    server.close()
    expect(done).toMatchObject({ status: 1, stdout: '{"n":1}\n' })
    expect(done.stderr).toContain('error: the session has expired')
  })

  it('ends without a word when its reader has enough', async () => {
    const command = `"${process.execPath}" belfry.mjs tail --since start | head -n 1; exit \${PIPESTATUS[0]}`
    const child = spawn('bash', ['-c', command], { cwd: ROOT, env: ENV })
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
    expect(stdout.trim().split('\n')).toHaveLength(1)
    expect(stderr).toBe('')
  })
})

describe('people and programs', () => {
  const password = 'correct horse battery staple'

  it('a user made with a password from standard input can log in', async () => {
    const create = ['users', 'create', 'Zoe@Example.com', '--role', 'customer_readonly']
    const created = await belfry([...create, '--password-stdin'], { input: `${password}\n` })
    expect(created.status).toBe(0)
    expect(created.stdout).toContain('zoe@example.com')
    expect(created.stdout + created.stderr).not.toContain(password)

    const login = ['login', 'zoe@example.com', '--password-stdin']
    const { stdout } = await belfry([...login, '--json'], { input: password })
    const { sessionToken, expiresAt } = JSON.parse(stdout) as Record<string, string>
    expect(Number(expiresAt)).toBeGreaterThan(Date.now())

    const env = { BELFRY_SESSION: sessionToken ?? '' }
    expect((await belfry(['whoami'], { env })).stdout).toContain('user/zoe@example.com')
    const refused = await belfry(['accounts', 'update', 'web-shop', '--name', 'x'], { env })
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain(
      'the role "readonly" does not include accounts:Write, which the role admin does',
    )

    const wrong = await belfry(login, { input: 'not the password' })
    expect(wrong).toMatchObject({ status: 1, stdout: '' })
    expect(wrong.stderr).toContain('the e-mail or the password is wrong')
  })

  it('an API token works as the profile that it is shown with, until it is deleted', async () => {
    const create = ['tokens', 'create', 'robot', '--role', 'api_user', '--account', 'web-shop']
    const { stdout } = await belfry(create)
    const section = /\[robot\]\n.*\n.*/.exec(stdout)?.[0] ?? ''
    const own = newDataFolder()
    writeFileSync(join(own, 'credentials'), section.replaceAll(/^ +/gm, ''))
    const whoami = ['whoami', '--data', own, '--url', hub.url, '--profile', 'robot']
    expect((await belfry(whoami)).stdout).toMatch(/account +666677778888/)
    expect((await belfry(['tokens', 'delete', 'robot'])).status).toBe(0)
    expect((await belfry(whoami)).status).toBe(1)
    removeDataFolder(own)
  })
})

describe('an API token that is only for some accounts', () => {
  const own = newDataFolder()
  afterAll(() => removeDataFolder(own))

  it('shows what it may, without what concerns the whole organisation', async () => {
    const create = ['tokens', 'create', 'narrow', '--role', 'api_readonly']
    const { stdout } = await belfry([...create, '--only-accounts', 'payments-prod'])
    const section = /\[narrow\]\n.*\n.*/.exec(stdout)?.[0] ?? ''
    writeFileSync(join(own, 'credentials'), section.replaceAll(/^ +/gm, ''))
    const as = ['--data', own, '--url', hub.url, '--profile', 'narrow']
    const whoami = await belfry(['whoami', ...as])
    expect(whoami).toMatchObject({ status: 0, stderr: '' })
    expect(whoami.stdout).toMatch(/organisation +[0-9a-f-]{36}\n/)
    const accounts = await belfry(['accounts', 'list', ...as])
    expect(accounts).toMatchObject({ status: 0, stderr: '' })
    expect(accounts.stdout).toContain('payments-prod')
    const users = await belfry(['users', 'list', ...as])
    expect(users.stderr).toContain('users:Read concerns the whole organisation')
    expect((await belfry(['tokens', 'delete', 'narrow'])).status).toBe(0)
  })
})

describe('belfry dead-letters', () => {
  it('lists what could not be delivered, and redrives it', async () => {
    expect((await belfry(['dead-letters', 'list'])).stdout).toBe('no dead letters\n')
    let status = 500
    const receiver = await startReceiver((_request, response) => response.writeHead(status).end())
    const client = new EventBridgeClient({
      endpoint: hub.url,
      region: 'us-east-1',
      credentials: await hub.profile('security'),
    })
    const Name = 'pipelines'
    const EventPattern = '{"source":["aws.codepipeline"]}'
    const { RuleArn = '' } = await client.send(new PutRuleCommand({ Name, EventPattern }))
    const RetryPolicy = { MaximumRetryAttempts: 0 }
    const Targets = [{ Id: 'hook', Arn: receiver.url, RetryPolicy }]
    await client.send(new PutTargetsCommand({ Rule: Name, Targets }))
    await belfry(['sample', '--rate', '5000'])

    const letters = await untilStable()
    expect(letters.length).toBeGreaterThan(0)
    const [first] = letters
    expect(first).toMatchObject({ ruleArn: RuleArn, targetId: 'hook', attempts: 1 })
    const shown = await belfry(['dead-letters', 'show', String(first?.id)])
    expect(shown.stdout).toContain('"source": "aws.codepipeline"')

    const redrive = ['dead-letters', 'redrive']
    const none = await belfry([...redrive, '--all', '--target', 'other'])
    expect(none.stdout).toBe('redrove 0 dead letters\n')
    const dry = await belfry([...redrive, '--all', '--rule', RuleArn, '--dry-run'])
    expect(dry.stdout).toMatch(/^ *ID +DIED +ERROR +RULE +TARGET/)
    for (const { id } of letters)
      expect(dry.stdout).toMatch(new RegExp(`^ *${id} .+ pipelines `, 'm'))
    expect(dry.stdout).toContain(`\nwould redrive ${letters.length} dead letters\n`)
    const one = await belfry([...redrive, String(first?.id), '999999', '--dry-run'])
    expect(one.stdout).toContain('\nwould redrive 1 dead letter\n')
    expect(one).toMatchObject({ status: 1, stderr: expect.stringContaining('letters: 999999') })

    status = 200
    const before = receiver.received.length
    expect((await belfry([...redrive, String(first?.id)])).stdout).toBe('redrove 1 dead letter\n')
    const rest = await answer<{ redriven: readonly number[] }>(...redrive, '--all')
    expect(rest.redriven).toEqual(letters.slice(1).map(({ id }) => id))
    await receiver.waitFor(before + letters.length)
    expect(await answer('dead-letters', 'list')).toEqual([])

    const gone = await belfry([...redrive, String(first?.id)])
    expect(gone).toMatchObject({ status: 1 })
    expect(gone.stderr).toContain(`not dead letters: ${first?.id}`)
    await receiver.close()
  })

  interface Letter {
    readonly id: number
    readonly ruleArn: string
  }

  /** All deliveries have been tried when none is pending. */
  async function untilStable(): Promise<readonly Letter[]> {
    for (;;) {
      const { deliveriesPending } = await answer<{ deliveriesPending: number }>('status')
      if (deliveriesPending === 0) return answer<readonly Letter[]>('dead-letters', 'list')
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
})

describe('what goes wrong is said, with an exit status', () => {
  const nowhere = 'http://127.0.0.1:4999'

  it.each([
    [
      'no hub',
      ['whoami', '--url', nowhere],
      1,
      `no hub answers at ${nowhere}: start one with "belfry start"`,
    ],
    [
      'no hub and no folder',
      ['whoami', '--url', nowhere, '--data', '/nowhere'],
      1,
      `no hub answers at ${nowhere}`,
    ],
    ['no account of that name', ['accounts', 'show', 'nobody'], 1, 'there is no account "nobody"'],
    [
      'a refusal',
      ['accounts', 'create', ALPHA, '--name', 'x'],
      1,
      `AWS account "${ALPHA}" is already managed`,
    ],
    [
      'a pattern that is none',
      ['tail', '--pattern', '{"source":1}'],
      2,
      'the event pattern is not valid: ',
    ],
    [
      'a pattern file that is not there',
      ['tail', '--pattern', 'none.json'],
      2,
      '"none.json" is neither JSON',
    ],
    ['a * inside of a name', ['tail', '--source', 'a*b'], 2, '--source takes a whole name'],
    ['an unknown command', ['bells'], 2, "unknown command 'bells'"],
    ['help for one', ['help', 'bells'], 2, "unknown command 'bells'"],
    ['an unknown kind', ['channels', 'create', 'x', '--kind', 'sms'], 2, 'choices are email,'],
    ['a channel that is to stay so', ['channels', 'update', 'x'], 2, 'nothing to change'],
    ['an id that leads elsewhere', ['silences', 'delete', '..'], 2, '".." is not an id'],
    ['nothing to change', ['accounts', 'update', 'web-shop'], 2, 'nothing to change'],
    ['ids and --all', ['dead-letters', 'redrive', '1', '--all'], 2, 'either ids, or --all'],
  ])('%s', async (_what, args, status, message) => {
    const done = await belfry(args)
    expect(done.stderr).toMatch(/^error: /)
    expect(done.stderr).toContain(message)
    expect(done.stderr).not.toContain('    at ')
    expect(done).toMatchObject({ status, stdout: '' })
  })

  it('a session that is set but empty, which is not the operator', async () => {
    for (const BELFRY_SESSION of ['', ' ']) {
      const { status, stdout, stderr } = await belfry(['whoami'], { env: { BELFRY_SESSION } })
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr).toContain('BELFRY_SESSION is set but empty')
    }
    const login = ['login', 'nobody@example.com', '--password-stdin']
    const again = await belfry(login, { input: 'x', env: { BELFRY_SESSION: '' } })
    expect(again.stderr).toContain('the e-mail or the password is wrong')
  })

  it('no credentials: which file, and what to set', async () => {
    const { status, stderr } = await belfry(['whoami', '--url', hub.url, '--data', '/nowhere'])
    expect(status).toBe(1)
    expect(stderr).toContain('"/nowhere/credentials" does not exist')
    expect(stderr).toContain('BELFRY_DATA')
  })

  it('help shows every command and ends well', async () => {
    const { status, stdout } = await belfry(['--help'])
    expect(status).toBe(0)
    for (const command of ['sample', 'tail', 'dead-letters', 'accounts', 'login']) {
      expect(stdout).toContain(`\n  ${command} `)
    }
  })

  it('help says which options must be given', async () => {
    const { stdout } = await belfry(['incidents', 'snooze', '--help'])
    expect(stdout).toMatch(/--hours <hours> +for so long, at most 720 \(required\)\n/)
    expect(stdout).not.toMatch(/--organisation .*required/)
  })
})
