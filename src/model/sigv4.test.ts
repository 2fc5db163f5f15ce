import { createHash, createHmac } from 'node:crypto'
import type { Hash, Hmac } from 'node:crypto'

import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { amzDate, sha256Hex, signature, signedHeaders, signingKey } from './sigv4.ts'

/** The SDK brings no hash of its own. */
class Sha256 {
  readonly #secret: string | Uint8Array | undefined
  #hash: Hash | Hmac
  constructor(secret?: unknown) {
    this.#secret = secret as string | Uint8Array | undefined
    this.#hash = this.#start()
  }
  update(data: Uint8Array | string): void {
    this.#hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  reset(): void {
    this.#hash = this.#start()
  }
  #start(): Hash | Hmac {
    const secret = this.#secret
    return secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  }
}

const characters = fc.constantFrom(
  ...['a', 'Z', '7', '-', '_', '.', '~', '!', "'", '(', ')', '*', '+', ' ', '%', '&', '=', '/'],
  ...['?', '#', ':', '@', ',', ';', '$', '[', 'é', '日', '𐀀', '"', '<', '|'],
)
const text = fc.string({ unit: characters, maxLength: 8 })
/** Empty and dot segments never arrive: URL parsers resolve them before a request is sent. */
const segment = text.filter((one) => !['', '.', '..'].includes(one)).map(encodeURIComponent)
const headerName = fc
  .stringMatching(/^x-[a-z][a-z0-9-]{0,10}$/)
  .filter((name) => !name.startsWith('x-amz'))
const headerValue = fc.string({
  unit: fc.constantFrom('a', 'B', ' ', '  ', '\t', ';', ','),
  maxLength: 8,
})

const requests = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'),
  path: fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`),
  query: fc.dictionary(
    text.filter((name) => name !== ''),
    fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })),
    { maxKeys: 4, noNullPrototype: true },
  ),
  headers: fc.dictionary(headerName, headerValue, { maxKeys: 4, noNullPrototype: true }),
  body: fc.string({ unit: characters, maxLength: 40 }),
})
const callers = fc.record({
  accessKeyId: fc.stringMatching(/^[A-Za-z0-9-]{1,36}$/),
  secretAccessKey: text.filter((secret) => secret !== ''),
  region: fc.constantFrom('ap-southeast-2', 'us-east-1'),
  service: fc.constantFrom('events', 'belfry', 'sts'),
  now: fc.integer({ min: 1_500_000_000_000, max: 1_900_000_000_000 }),
})

/** The URL as an SDK sends it: names and values escaped, in no particular order. */
function urlOf(path: string, query: Readonly<Record<string, string | string[]>>): string {
  const pairs = Object.entries(query).flatMap(([name, values]) =>
    [values].flat().map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
  )
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
}

describe('a signature', () => {
  it('is the one that the AWS SDK makes, for any request', async () => {
    await fc.assert(
      fc.asyncProperty(
        requests,
        callers,
        async ({ method, path, query, headers, body }, caller) => {
          const { region, service, now, ...credentials } = caller
          const signer = new SignatureV4({ credentials, region, service, sha256: Sha256 })
          const { headers: signed } = await signer.sign(
            {
              ...{ method, path, query, body, protocol: 'https:', hostname: 'hub.example' },
              headers: { ...headers, host: 'hub.example' },
            },
            { signingDate: new Date(now) },
          )
          const [, names, expected] =
            /SignedHeaders=([^,]*), Signature=([0-9a-f]{64})$/.exec(
              signed['authorization'] ?? '',
            ) ?? []
          const at = amzDate(now)
          const scope = { date: at.slice(0, 8), region, service }
          const ours = signature(signingKey(caller.secretAccessKey, scope), at, scope, {
            method,
            url: urlOf(path, query),
            signedHeaders: names?.split(';') ?? [],
            headerOf: (name) => signed[name],
            payloadHash: sha256Hex(body),
          })
          expect(ours).toBe(expected)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('does not depend on the order of the query, but on all else', () => {
    const scope = { date: '20260131', region: 'us-east-1', service: 'events' }
    const at = '20260131T081500Z'
    const base = {
      ...{ method: 'POST', url: '/a?x=1&y=2', signedHeaders: ['host'] },
      ...{ headerOf: () => 'hub.example', payloadHash: sha256Hex('{}') },
    }
    const sign = (change: object = {}, secret = 'secret', on = scope, when = at) =>
      signature(signingKey(secret, on), when, on, { ...base, ...change })
    expect(sign({ url: '/a?y=2&x=1' })).toBe(sign())
    const others = [
      sign({ method: 'PUT' }),
      sign({ url: '/b?x=1&y=2' }),
      sign({ url: '/a?x=1&y=3' }),
      sign({ headerOf: () => 'other.example' }),
      sign({ signedHeaders: ['host', 'x-a'] }),
      sign({ payloadHash: sha256Hex('{ }') }),
      sign({}, 'other'),
      sign({}, 'secret', { ...scope, region: 'us-east-2' }),
      sign({}, 'secret', { ...scope, service: 'sts' }),
      sign({}, 'secret', { ...scope, date: '20260201' }),
      sign({}, 'secret', scope, '20260131T081501Z'),
    ]
    expect(new Set([sign(), ...others]).size).toBe(others.length + 1)
  })

  it('in the headers of a request covers all of them', async () => {
    const now = Date.parse('2026-01-31T08:15:00Z')
    const caller = { accessKeyId: 'key', secretAccessKey: 'secret', region: 'us-east-1' }
    const request = { method: 'POST', url: '/p', headers: { host: 'h', 'x-b': '1' }, body: '{}' }
    const headers = signedHeaders(request, { ...caller, service: 'belfry', now })
    expect(headers).toMatchObject({ host: 'h', 'x-b': '1', 'x-amz-date': '20260131T081500Z' })
    const { region } = caller
    const signer = new SignatureV4({
      ...{ credentials: caller, region, service: 'belfry', sha256: Sha256, applyChecksum: false },
    })
    const signed = await signer.sign(
      {
        ...{ method: 'POST', path: '/p', query: {}, body: '{}', protocol: 'https:' },
        ...{ hostname: 'h', headers: request.headers },
      },
      { signingDate: new Date(now) },
    )
    expect(headers['authorization']).toBe(signed.headers['authorization'])
  })
})

describe('amzDate', () => {
  it('is the basic form of ISO 8601', () => {
    expect(amzDate(Date.parse('2026-01-31T08:15:09.999Z'))).toBe('20260131T081509Z')
  })
})
