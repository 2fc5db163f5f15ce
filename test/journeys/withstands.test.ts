import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { signedHeaders } from '#src/model/sigv4.ts'
import { Putter } from '../crash/putter.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { REGION, createOrganisation } from '../organisation.ts'

describe('bad requests at the front door', () => {
  const folder = newDataFolder()
  let hub: HubProcess
  let caller: { accessKeyId: string; secretAccessKey: string }

  beforeAll(async () => {
    hub = await startHubProcess(folder)
    await createOrganisation(hub)
    caller = await hub.profile('member')
  })
  afterAll(async () => {
    await hub.kill('SIGTERM')
    removeDataFolder(folder)
  })

  const post = async (
    body: string,
    headers: Record<string, string> = {},
    scope: { service?: string } = {},
  ) => {
    const signed = signedHeaders(
      {
        method: 'POST',
        url: '/',
        headers: {
          host: new URL(hub.url).host,
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'AWSEvents.PutEvents',
          ...headers,
        },
        body,
      },
      { ...caller, region: REGION, service: scope.service ?? 'events', now: Date.now() },
    )
    const response = await fetch(hub.url, { method: 'POST', headers: signed, body })
    return { status: response.status, body: (await response.json()) as any, response }
  }

  it.each([
    ['malformed JSON', '{"Entries": [', {}, 400, 'SerializationException'],
    ['a wrong type', '{"Entries": "x"}', {}, 400, 'SerializationException'],
    [
      'more entries than there may be, none of which is one',
      JSON.stringify({ Entries: Array.from({ length: 11 }, () => null) }),
      {},
      400,
      'SerializationException',
    ],
    [
      'entries that cannot be made a text',
      JSON.stringify({ Entries: Array.from({ length: 11 }, () => ({ Source: { toString: 1 } })) }),
      {},
      400,
      'SerializationException',
    ],
    ['invalid UTF-16 text is fine, but no entries are not', '{}', {}, 400, 'ValidationException'],
    ['a wrong content type', '{}', { 'content-type': 'text/plain' }, 400, 'SerializationException'],
    [
      'an unknown operation',
      '{}',
      { 'x-amz-target': 'AWSEvents.Nonsense' },
      400,
      'UnknownOperationException',
    ],
    [
      'a name from the prototype',
      '{}',
      { 'x-amz-target': 'AWSEvents.constructor' },
      400,
      'UnknownOperationException',
    ],
    [
      'a body over the limit',
      `"${'x'.repeat(8 * 1024 * 1024)}"`,
      {},
      413,
      'RequestEntityTooLargeException',
    ],
  ])('%s gets a clear error', async (_name, body, headers, status, type) => {
    const answer = await post(body, headers)
    expect(answer.status).toBe(status)
    expect(answer.body.__type).toBe(type)
    expect(answer.body.message).toMatch(/\w/)
    expect((await post('{"Entries":[{"Source":"s","DetailType":"d","Detail":"{}"}]}')).status).toBe(
      200,
    )
  })

  it('a signature for another service or of another body is refused', async () => {
    const other = await post('{}', {}, { service: 'sqs' })
    expect(other.body).toEqual({
      __type: 'InvalidSignatureException',
      message: "Credential should be scoped to correct service: 'events'. ",
    })
    const hash = await post('{}', { 'x-amz-content-sha256': 'f'.repeat(64) })
    expect(hash.body.__type).toBe('InvalidSignatureException')
  })

  it('an unsigned call is refused', async () => {
    const response = await fetch(hub.url, {
      method: 'POST',
      headers: {
        'x-amz-target': 'AWSEvents.ListRules',
        'content-type': 'application/x-amz-json-1.1',
      },
      body: '{}',
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      __type: 'MissingAuthenticationTokenException',
      message: 'Missing Authentication Token',
    })
    expect(response.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it.each([
    ['nothing but noise', 'NOISE\r\n\r\n'],
    ['a request cut off', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"a":'],
    [
      'contradicting lengths',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('%s on the wire leaves the hub working', async (_name, bytes) => {
    const { port } = new URL(hub.url)
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(bytes)
        setTimeout(() => socket.destroy(), 50)
      })
      socket.on('error', () => socket.destroy())
      socket.on('close', () => resolve())
    })
    const response = await fetch(`${hub.url}/healthz`)
    expect(await response.json()).toEqual({ status: 'ok' })
  })

  it('answers health, readiness and metrics', async () => {
    expect((await fetch(`${hub.url}/readyz`)).status).toBe(200)
    const metrics = await (await fetch(`${hub.url}/metrics`)).text()
    expect(metrics).toMatch(/^belfry_events_accepted_total\{door="put-events"\} [1-9]/m)
    expect(metrics).toMatch(/^belfry_deliveries_stored\{state="pending"\} \d/m)
  })
})

describe('a full store', () => {
  const folder = newDataFolder()
  afterAll(() => removeDataFolder(folder))

  it('refuses new events, keeps the acknowledged ones, answers reads, and goes on after', async () => {
    let hub = await startHubProcess(folder, ['--max-store-bytes', String(4 * 1024 * 1024)])
    await createOrganisation(hub)
    const putter = new Putter(await hub.profile('member'))
    const Detail = JSON.stringify({ fill: 'x'.repeat(50_000) })
    const Entries = Array.from({ length: 10 }, () => ({ Source: 's', DetailType: 'd', Detail }))
    let acknowledged = 0
    let refusal = ''
    for (let tries = 0; tries < 50 && refusal === ''; tries += 1) {
      await putter.call(hub.url, 'PutEvents', { Entries }).then(
        () => (acknowledged += 10),
        (error: Error) => (refusal = error.message),
      )
    }
    expect(acknowledged).toBeGreaterThan(0)
    expect(refusal).toMatch(/500 .*InternalException.*the store is full/)
    expect((await putter.call(hub.url, 'ListEventBuses', {})).EventBuses).toHaveLength(1)
    const user = { email: 'a@example.com', firstName: 'A', lastName: 'B', role: 'customer_user' }
    const organisations = await hub.rest('GET', '/organisations')
    const organisationId = organisations.body.items[0].id as string
    const rest = await hub.rest('POST', '/users', {
      ...user,
      organisationId,
      firstName: 'x'.repeat(64),
    })
    expect([201, 507]).toContain(rest.status)
    expect((await fetch(`${hub.url}/healthz`)).status).toBe(200)
    const ready = await fetch(`${hub.url}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({
      reason: expect.stringMatching(/^the store is full/),
    })
    await hub.kill('SIGTERM')

    hub = await startHubProcess(folder)
    const answer = await putter.call(hub.url, 'PutEvents', { Entries })
    expect(answer.FailedEntryCount).toBe(0)
    await hub.kill('SIGTERM')
  })
})
