import type { LookupAddress } from 'node:dns'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { OutboundRequest } from '#src/ports/outbound.ts'
import type { Resolve } from './guarded-connector.ts'
import { startCanary, startHttp } from './loopback-server.fixture.ts'
import type { LoopbackServer } from './loopback-server.fixture.ts'
import { createOutbound } from './undici-outbound.ts'
import type { OutboundOptions } from './undici-outbound.ts'

const LOOPBACK: LookupAddress = { address: '127.0.0.1', family: 4 }
const METADATA: LookupAddress = { address: '169.254.169.254', family: 4 }
const PUBLIC: LookupAddress = { address: '8.8.8.8', family: 4 }

/** Long enough for a connection over loopback to be noticed. */
const CANARY_WAIT_MS = 5

let canary: LoopbackServer

beforeEach(async () => {
  canary = await startCanary()
})

afterEach(() => canary[Symbol.asyncDispose]())

const resolveTo =
  (...addresses: LookupAddress[]): Resolve =>
  async () =>
    addresses

/** Sends, closes and then, when nothing is under way any more, looks at the canary. */
async function send(options: OutboundOptions, ...requests: Partial<OutboundRequest>[]) {
  const outbound = createOutbound(options)
  const outcomes = []
  for (const request of requests) {
    const base = { url: '', method: 'POST', headers: {}, body: 'SECRET', timeoutMs: 1_000 } as const
    outcomes.push(await outbound.request({ ...base, ...request }))
  }
  await outbound.close()
  await delay(CANARY_WAIT_MS)
  expect(canary.sockets).toHaveLength(0)
  return outcomes
}

describe('a URL that leads to the hub itself is refused', () => {
  it.each([
    'http://127.0.0.1:PORT/',
    'http://127.1:PORT/',
    'http://2130706433:PORT/',
    'http://0x7f.1:PORT/',
    'http://0177.0.0.1:PORT/',
    'http://0:PORT/',
    'http://0.0.0.0:PORT/',
    'http://127。0。0。1:PORT/',
    'http://[::1]:PORT/',
    'http://[::]:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://[::ffff:7f00:1]:PORT/',
    'http://[::127.0.0.1]:PORT/',
    'http://[64:ff9b::7f00:1]:PORT/',
    'http://localhost:PORT/',
    'http://localhost.:PORT/',
    'http://a.localhost:PORT/',
    'http://8.8.8.8@127.0.0.1:PORT/',
    'http://8.8.8.8:80\\@127.0.0.1:PORT/',
    'https://127.0.0.1:PORT/',
    'ws://127.0.0.1:PORT/',
  ])('%s', async (pattern) => {
    const url = pattern.replace('PORT', String(canary.port))
    const [outcome] = await send({ allowPrivateTargets: false }, { url })
    expect(outcome?.kind).toBe('refused')
    const outbound = createOutbound({ allowPrivateTargets: false })
    expect(outbound.refusalOf(url)).toBe(outcome?.kind === 'refused' ? outcome.message : '')
    await outbound.close()
  })
})

describe('a name is refused', () => {
  it.each([
    ['to loopback', [LOOPBACK]],
    ['to a mapped address', [{ address: '::ffff:127.0.0.1', family: 6 }]],
    ['to public and loopback', [PUBLIC, LOOPBACK]],
    ['to loopback and public', [LOOPBACK, PUBLIC]],
    ['to IPv6 loopback and public', [{ address: '::1', family: 6 }, PUBLIC]],
  ])('that resolves %s', async (_name, addresses) => {
    const resolve = resolveTo(...addresses)
    const url = `http://hook.test:${canary.port}/SECRET?key=SECRET`
    const [outcome] = await send({ allowPrivateTargets: false, resolve }, { url })
    expect(outcome).toEqual({
      kind: 'refused',
      message: expect.stringMatching(
        /^refused to connect to "hook\.test" \(loopback address behind the name\); start/,
      ),
    })
    expect(JSON.stringify(outcome)).not.toContain('SECRET')
  })

  it('that resolves to a metadata service, whatever is allowed', async () => {
    const resolve = resolveTo(LOOPBACK, METADATA)
    const url = `http://hook.test:${canary.port}/`
    const [outcome] = await send({ allowPrivateTargets: true, resolve }, { url })
    expect(outcome).toMatchObject({ kind: 'refused' })
  })
})

describe('a name that changes its address', () => {
  it('is judged anew for each connection, and what was judged is what is dialled', async () => {
    await using server = await startHttp((_request, response) => {
      response.writeHead(200, { Connection: 'close' }).end('ok')
    })
    const answers = [[LOOPBACK], [METADATA], [LOOPBACK]]
    const resolve = vi.fn<Resolve>(async () => answers.shift() ?? [])
    const url = `http://rebind.test:${server.port}/`
    const outcomes = await send({ allowPrivateTargets: true, resolve }, { url }, { url }, { url })
    expect(outcomes.map(({ kind }) => kind)).toEqual(['answered', 'refused', 'answered'])
    expect(resolve).toHaveBeenCalledTimes(3)
    expect(server.requests).toHaveLength(2)
  })
})

describe('headers are refused', () => {
  it.each([
    ['that name another host', { Host: 'SECRET.test' }],
    ['that break the line', { 'X-A': 'SECRET\r\nX-B: 1' }],
    ['with a name that is none', { 'X A': 'SECRET' }],
    ['that change the framing', { 'Transfer-Encoding': 'chunked' }],
    ['that change the protocol', { Upgrade: 'SECRET' }],
    ['that wait for consent', { Expect: '100-continue' }],
    ['with a length that is none', { 'Content-Length': 'SECRET' }],
  ])('%s', async (_name, headers: Record<string, string>) => {
    const options = { allowPrivateTargets: true }
    const [outcome] = await send(options, { url: canary.url, headers })
    expect(outcome).toMatchObject({ kind: 'refused' })
    expect(JSON.stringify(outcome)).not.toContain('SECRET')
  })
})

it('a length that is not that of the body is refused before anything is written', async () => {
  await using server = await startCanary()
  const headers = { 'Content-Length': '3' }
  const [outcome] = await send({ allowPrivateTargets: true }, { url: server.url, headers })
  expect(outcome).toMatchObject({ kind: 'refused' })
  expect(server.bytesReceived()).toBe(0)
})
