import { getEventListeners } from 'node:events'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Outbound, OutboundOutcome, OutboundRequest } from '#src/ports/outbound.ts'
import { startHttp, startTcp } from './loopback-server.fixture.ts'
import { createOutbound } from './undici-outbound.ts'
import type { OutboundOptions } from './undici-outbound.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const SWITCH = 'HTTP/1.1 101 Switching\r\nUpgrade: SECRET\r\nConnection: Upgrade\r\n\r\n'

const opened: Outbound[] = []

function outboundWith(options: Partial<OutboundOptions> = {}): Outbound {
  const outbound = createOutbound({ allowPrivateTargets: true, ...options })
  opened.push(outbound)
  return outbound
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((outbound) => outbound.close()))
})

function get(url: string, rest: Partial<OutboundRequest> = {}): OutboundRequest {
  return { url, method: 'GET', headers: {}, timeoutMs: 3_000, ...rest }
}

function answered(outcome: OutboundOutcome): OutboundOutcome & { kind: 'answered' } {
  if (outcome.kind !== 'answered') throw new Error(`${outcome.kind}: ${outcome.message}`)
  return outcome
}

/** The message of a request that must fail, with secrets wherever a message must not look. */
async function failureOf(
  reason: 'timeout' | 'connection-failed',
  url: string,
  options: Partial<OutboundOptions> = {},
): Promise<string> {
  const outcome = await outboundWith(options).request({
    url: `${url}/SECRET?key=SECRET`,
    method: 'POST',
    headers: { authorization: 'SECRET' },
    body: 'SECRET',
    timeoutMs: reason === 'timeout' ? 150 : 3_000,
  })
  expect(outcome).toMatchObject({ kind: 'failed', reason })
  if (outcome.kind !== 'failed') return ''
  expect(outcome.durationMs).toBeGreaterThan(reason === 'timeout' ? 140 : 0)
  expect(outcome.durationMs).toBeLessThan(1_500)
  expect(outcome.message).not.toContain('SECRET')
  expect(outcome.message).toContain(`"${new URL(url).origin}"`)
  return outcome.message
}

describe('an answer', () => {
  it('is the reply to exactly what was asked for', async () => {
    const seen: unknown[] = []
    await using server = await startHttp((request, response, body) => {
      const { host, 'x-key': key, 'content-length': length } = request.headers
      seen.push([request.method, request.url, host, key, length, body])
      response.writeHead(418, { 'X-Reply': 'yes', 'Set-Cookie': ['a=1', 'b=2'] }).end('grüße')
    })
    const outcome = await outboundWith().request({
      url: `${server.url}/a%20b/ü?q=1&q=2`,
      method: 'POST',
      headers: { 'X-Key': 'k' },
      body: '{"ö":1}',
      timeoutMs: 3_000,
    })
    const host = `127.0.0.1:${server.port}`
    expect(seen).toEqual([['POST', '/a%20b/%C3%BC?q=1&q=2', host, 'k', '8', '{"ö":1}']])
    expect(outcome).toMatchObject({ kind: 'answered', status: 418, body: 'grüße' })
    const { headers, durationMs, bodyTruncated } = answered(outcome)
    expect(headers).toMatchObject({ 'x-reply': 'yes', 'set-cookie': 'a=1, b=2' })
    expect(bodyTruncated).toBe(false)
    expect(durationMs).toBeGreaterThan(0)
    expect(durationMs).toBeLessThan(3_000)
  })

  it('carries a binary body from a view of a larger buffer', async () => {
    await using server = await startHttp((_request, response, body) => response.end(body))
    const body = new TextEncoder().encode('..payload..').subarray(2, 9)
    const outcome = await outboundWith().request(get(server.url, { method: 'PUT', body }))
    expect(answered(outcome).body).toBe('payload')
  })

  it.each(['HEAD', 'DELETE', 'PATCH', 'OPTIONS'] as const)('comes to a %s', async (method) => {
    await using server = await startHttp((_request, response) => response.writeHead(204).end())
    const outcome = answered(await outboundWith().request(get(server.url, { method })))
    expect([outcome.status, outcome.body]).toEqual([204, ''])
    expect(server.requests).toEqual([`${method} /`])
  })

  it.each([301, 302, 303, 307, 308])('of status %i leads nowhere else', async (status) => {
    await using elsewhere = await startHttp((_request, response) => response.end('elsewhere'))
    await using server = await startHttp((_request, response) => {
      response.writeHead(status, { Location: elsewhere.url }).end('moved')
    })
    const outcome = answered(await outboundWith().request(get(server.url)))
    expect([outcome.status, outcome.body]).toEqual([status, 'moved'])
    expect(outcome.headers['location']).toBe(elsewhere.url)
    expect(elsewhere.sockets).toHaveLength(0)
  })

  it('is the final one, not an interim one', async () => {
    await using server = await startHttp((_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' })
      response.writeHead(201, { 'X-Final': 'yes' }).end('done')
    })
    const outcome = answered(await outboundWith().request(get(server.url)))
    expect(outcome).toMatchObject({ status: 201, body: 'done', headers: { 'x-final': 'yes' } })
    expect(outcome.headers['link']).toBeUndefined()
  })

  it('is never asked to be compressed, and a compressed one is not inflated', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000))
    let asked: string | string[] | undefined
    await using server = await startHttp((request, response) => {
      asked = request.headers['accept-encoding']
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(bomb)
    })
    const outcome = answered(await outboundWith().request(get(server.url)))
    expect(asked).toBeUndefined()
    expect(outcome.body.length).toBeLessThan(bomb.length + 1)
  })
})

describe('the body that is kept', () => {
  it('is whole up to 64 KiB', async () => {
    await using server = await startHttp((_request, response) => response.end('a'.repeat(65_536)))
    const outcome = answered(await outboundWith().request(get(server.url)))
    expect([outcome.body.length, outcome.bodyTruncated]).toEqual([65_536, false])
  })

  it('is cut after 64 KiB, not inside a character', async () => {
    const text = `aa${'€'.repeat(30_000)}`
    await using server = await startHttp((_request, response) => response.end(text))
    const outcome = answered(await outboundWith().request(get(server.url)))
    expect(outcome.bodyTruncated).toBe(true)
    expect(outcome.body).toBe(`aa${'€'.repeat(21_844)}`)
  })

  it('ends an answer that has no end', async () => {
    await using server = await startHttp((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
      }
      response.on('drain', more)
      more()
    })
    const outcome = answered(await outboundWith().request(get(server.url)))
    expect([outcome.body.length, outcome.bodyTruncated]).toEqual([65_536, true])
    expect(outcome.durationMs).toBeLessThan(2_000)
    await vi.waitFor(() => expect(server.sockets[0]?.destroyed).toBe(true))
  })
})

describe('a body that is asked for as bytes', () => {
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7) % 256))

  it('comes as it was sent, beyond what a text is cut at', async () => {
    await using server = await startHttp((_request, response) => response.end(bytes))
    const request = get(server.url, { responseBytesMax: bytes.length })
    const outcome = answered(await outboundWith().request(request))
    expect(Buffer.from(outcome.bytes ?? []).equals(bytes)).toBe(true)
    expect([outcome.body, outcome.bodyTruncated]).toEqual(['', false])
  })

  it('is cut at its limit, and says so', async () => {
    await using server = await startHttp((_request, response) => response.end(bytes))
    const request = get(server.url, { responseBytesMax: bytes.length - 1 })
    const outcome = answered(await outboundWith().request(request))
    expect(outcome.bytes).toHaveLength(bytes.length - 1)
    expect(outcome.bodyTruncated).toBe(true)
  })

  it('is empty where there is none, and absent where nobody asked', async () => {
    await using server = await startHttp((_request, response) => response.writeHead(204).end())
    const outbound = outboundWith()
    const asked = answered(await outbound.request(get(server.url, { responseBytesMax: 10 })))
    expect(asked.bytes).toHaveLength(0)
    expect(answered(await outbound.request(get(server.url))).bytes).toBeUndefined()
  })
})

describe('connections', () => {
  it('are kept and used again', async () => {
    await using server = await startHttp((_request, response) => response.end('ok'))
    const outbound = outboundWith()
    for (let sent = 0; sent < 20; sent += 1) answered(await outbound.request(get(server.url)))
    expect(server.requests).toHaveLength(20)
    // undici rests a connection for one turn of the event loop, so two take turns.
    expect(server.sockets.length).toBeLessThanOrEqual(2)
  })

  it('to one origin are bounded, and requests above the bound wait', async () => {
    await using server = await startHttp((_request, response) => {
      setTimeout(() => response.end('ok'), 20)
    })
    const outbound = outboundWith({ connectionsPerOrigin: 3 })
    const requests = Array.from({ length: 12 }, () => outbound.request(get(server.url)))
    for (const outcome of await Promise.all(requests)) answered(outcome)
    expect(server.requests).toHaveLength(12)
    expect(server.sockets).toHaveLength(3)
  })

  it('carry one request at a time', async () => {
    let running = 0
    let peak = 0
    await using server = await startHttp((_request, response) => {
      running += 1
      peak = Math.max(peak, running)
      setTimeout(() => {
        running -= 1
        response.end('ok')
      }, 10)
    })
    const outbound = outboundWith({ connectionsPerOrigin: 1 })
    await Promise.all(Array.from({ length: 5 }, () => outbound.request(get(server.url))))
    expect(peak).toBe(1)
  })

  it('survive a request that was given up while it waited for them', async () => {
    const held: (() => void)[] = []
    await using server = await startHttp((_request, response) => {
      held.push(() => response.end('ok'))
    })
    const outbound = outboundWith({ connectionsPerOrigin: 1 })
    const first = outbound.request(get(`${server.url}/first`))
    const waiting = await outbound.request(get(`${server.url}/waiting`, { timeoutMs: 50 }))
    expect(waiting).toMatchObject({ kind: 'failed', reason: 'timeout' })
    await vi.waitFor(() => expect(held).toHaveLength(1))
    held[0]?.()
    answered(await first)
    const last = outbound.request(get(`${server.url}/last`))
    await vi.waitFor(() => expect(held).toHaveLength(2))
    held[1]?.()
    answered(await last)
    expect(server.requests).toEqual(['GET /first', 'GET /last'])
    expect(server.sockets).toHaveLength(1)
  })

  it('do not go through a proxy of the environment', async () => {
    await using proxy = await startHttp((_request, response) => response.end('proxied'))
    await using server = await startHttp((_request, response) => response.end('direct'))
    for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY']) vi.stubEnv(name, proxy.url)
    const outcome = answered(await outboundWith().request(get(server.url)))
    vi.unstubAllEnvs()
    expect(outcome.body).toBe('direct')
    expect(proxy.sockets).toHaveLength(0)
  })
})

describe('the time limit', () => {
  it('ends a server that never answers, and the connection with it', async () => {
    await using server = await startHttp(() => undefined)
    expect(await failureOf('timeout', server.url)).toContain('no complete answer')
    await vi.waitFor(() => expect(server.sockets[0]?.destroyed).toBe(true))
  })

  it('ends headers that arrive drop by drop', async () => {
    await using server = await startTcp((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      const drip = setInterval(() => socket.write('X-Drip: 1\r\n'), 10)
      socket.on('close', () => clearInterval(drip))
    })
    expect(await failureOf('timeout', server.url)).toContain('no complete answer')
  })

  it('ends a body that arrives drop by drop', async () => {
    await using server = await startHttp((_request, response) => {
      const drip = setInterval(() => response.write('x'), 10)
      response.on('close', () => clearInterval(drip))
    })
    expect(await failureOf('timeout', server.url)).toContain('no complete answer')
  })

  it('ends interim answers without a final one', async () => {
    await using server = await startTcp((socket) => {
      const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'
      const drip = setInterval(() => socket.write(hint), 10)
      socket.on('close', () => clearInterval(drip))
    })
    expect(await failureOf('timeout', server.url)).toContain('no complete answer')
  })

  it('ends a name that is not resolved', async () => {
    const { promise: never } = Promise.withResolvers<[]>()
    const options = { resolve: () => never }
    const message = await failureOf('timeout', 'http://slow.test:8080', options)
    expect(message).toBe('no connection from "http://slow.test:8080" within 150 ms')
  })
})

describe('a failed connection', () => {
  it('is told when nothing listens', async () => {
    const server = await startHttp(() => undefined)
    await server[Symbol.asyncDispose]()
    expect(await failureOf('connection-failed', server.url)).toContain(
      'ECONNREFUSED: nothing listens there',
    )
  })

  it('is told when the other side resets', async () => {
    await using server = await startTcp((socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    expect(await failureOf('connection-failed', server.url)).toMatch(/ECONNRESET|UND_ERR_SOCKET/)
  })

  it('is told when the other side closes without an answer', async () => {
    await using server = await startTcp((socket) => {
      socket.once('data', () => socket.end())
    })
    expect(await failureOf('connection-failed', server.url)).toContain('UND_ERR_SOCKET')
  })

  it('is told when the answer breaks off', async () => {
    await using server = await startTcp((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'))
    })
    expect(await failureOf('connection-failed', server.url)).toMatch(/UND_ERR_\w+/)
  })

  it.each([
    ['another protocol', 'SSH-2.0-SECRET\r\n', 'not valid HTTP'],
    ['a bad chunk', `${OK}Transfer-Encoding: chunked\r\n\r\nSECRET\r\n`, 'not valid HTTP'],
    ['of two lengths', `${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nSECRET`, 'MISMATCH'],
    ['a switch of protocol', SWITCH, 'UND_ERR_SOCKET'],
  ])('is told when the answer is %s', async (_name, answer, reason) => {
    await using server = await startTcp((socket) => {
      socket.once('data', () => socket.write(answer))
    })
    expect(await failureOf('connection-failed', server.url)).toContain(reason)
  })

  it('is told when the headers of the answer are too large', async () => {
    await using server = await startTcp((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      const header = `X-Fill: ${'SECRET'.repeat(100)}\r\n`
      socket.once('data', () => socket.write(`${header.repeat(40)}\r\n`))
    })
    expect(await failureOf('connection-failed', server.url)).toContain('UND_ERR_HEADERS_OVERFLOW')
  })

  it('is told when the name does not resolve', async () => {
    const missing = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
    const resolve = () => Promise.reject(missing)
    expect(await failureOf('connection-failed', 'http://gone.test:8080', { resolve })).toContain(
      'has no address',
    )
  })

  it('is told when TLS meets plain HTTP, which hears nothing of the request', async () => {
    await using server = await startTcp((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    })
    expect(await failureOf('connection-failed', `https://127.0.0.1:${server.port}`)).toContain(
      'ERR_SSL',
    )
  })

  it('is told when connecting takes too long', async () => {
    const { promise: never } = Promise.withResolvers<[]>()
    const options = { resolve: () => never, connectTimeoutMs: 50 }
    expect(await failureOf('connection-failed', 'http://slow.test:8080', options)).toContain(
      'not opened in time',
    )
  })

  it('does not keep the next request from a new connection', async () => {
    let connections = 0
    await using server = await startTcp((socket) => {
      connections += 1
      if (connections === 1) socket.resetAndDestroy()
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    })
    const outbound = outboundWith({ connectionsPerOrigin: 1 })
    const first = await outbound.request(get(server.url))
    expect(first).toMatchObject({ kind: 'failed', reason: 'connection-failed' })
    expect(answered(await outbound.request(get(server.url))).status).toBe(200)
  })
})

describe('the signal', () => {
  it('stops a running request and its connection', async () => {
    await using server = await startHttp(() => undefined)
    const controller = new AbortController()
    const outcome = outboundWith().request(get(server.url, { signal: controller.signal }))
    await vi.waitFor(() => expect(server.requests).toHaveLength(1))
    controller.abort()
    expect(await outcome).toMatchObject({ kind: 'failed', reason: 'aborted' })
    await vi.waitFor(() => expect(server.sockets[0]?.destroyed).toBe(true))
  })

  it('stops a request before it is sent', async () => {
    await using server = await startHttp((_request, response) => response.end())
    const outcome = await outboundWith().request(get(server.url, { signal: AbortSignal.abort() }))
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'aborted' })
    expect(server.sockets).toHaveLength(0)
  })

  it('holds on to nothing when the requests are over', async () => {
    await using server = await startHttp((_request, response) => response.end())
    const { signal } = new AbortController()
    const outbound = outboundWith()
    const requests = Array.from({ length: 30 }, () => outbound.request(get(server.url, { signal })))
    expect(getEventListeners(signal, 'abort')).toHaveLength(30)
    await Promise.all(requests)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })
})

describe('close', () => {
  it('lets running requests end, takes no more and drops every connection', async () => {
    let finish: (() => void) | undefined
    await using server = await startHttp((_request, response) => {
      finish = () => response.end('finished')
    })
    const outbound = outboundWith()
    const running = outbound.request(get(server.url))
    await vi.waitFor(() => expect(finish).toBeDefined())
    const closed = outbound.close()
    const late = await outbound.request(get(server.url))
    expect(late).toMatchObject({ kind: 'failed', reason: 'aborted' })
    finish?.()
    expect(answered(await running).body).toBe('finished')
    await closed
    await vi.waitFor(() => expect(server.sockets[0]?.destroyed).toBe(true))
    expect(server.requests).toHaveLength(1)
  })

  it('does not wait for a connect whose request is over', async () => {
    const { promise: never } = Promise.withResolvers<[]>()
    const outbound = outboundWith({ resolve: () => never })
    await outbound.request(get('http://slow.test:8080', { timeoutMs: 20 }))
    const startedAt = performance.now()
    await outbound.close()
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })
})
