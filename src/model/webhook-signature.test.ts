import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import {
  WEBHOOK_SECRET_PREFIX,
  isWebhookSecret,
  webhookSignatureHeaders,
} from './webhook-signature.ts'

/** Epoch seconds. */
const NOW = 1_769_847_300

const secretOf = (bytes: Uint8Array) =>
  WEBHOOK_SECRET_PREFIX + Buffer.from(bytes).toString('base64')
/** To HMAC a key with zeros at its end is the same as without. */
const secrets = fc.uint8Array({ minLength: 24, maxLength: 64, min: 1 }).map(secretOf)
const ids = fc.stringMatching(/^[\w-]{1,80}$/)
const bodies = fc.oneof(fc.string({ unit: 'binary' }), fc.json())

// The library believes the machine's clock.
beforeEach(() => void vi.setSystemTime(NOW * 1_000))
afterEach(() => void vi.useRealTimers())

const signed = (id: string, body: string | Uint8Array, ...by: readonly string[]) =>
  webhookSignatureHeaders({ id, timestamp: NOW, body }, by)
/** @throws where the library refuses */
const verify = (secret: string, body: string, headers: Readonly<Record<string, string>>) =>
  void new Webhook(secret).verify(body, { ...headers }, { jsonParse: false })

describe('the headers of a signed message', () => {
  it('are those that the official library makes and takes, whatever is sent', () => {
    fc.assert(
      fc.property(ids, bodies, secrets, (id, body, secret) => {
        const headers = signed(id, body, secret)
        expect(headers).toEqual({
          'webhook-id': id,
          'webhook-timestamp': String(NOW),
          'webhook-signature': new Webhook(secret).sign(id, new Date(NOW * 1_000), body),
        })
        verify(secret, body, headers)
        expect(signed(id, Buffer.from(body), secret)).toEqual(headers)
      }),
    )
  })

  it('satisfy each of several secrets, and no other', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(secrets, { minLength: 2, maxLength: 5 }),
        bodies,
        ([stranger = '', ...known], body) => {
          const headers = signed('id', body, ...known)
          for (const secret of known) verify(secret, body, headers)
          expect(() => verify(stranger, body, headers)).toThrow('No matching signature')
        },
      ),
    )
  })

  it.each([
    ['body', 'other', {}],
    ['id', 'body', { 'webhook-id': 'other' }],
    ['time', 'body', { 'webhook-timestamp': String(NOW + 1) }],
  ])('do not hold for another %s', (_what, body, others) => {
    const secret = secretOf(Buffer.alloc(32, 1))
    const headers = { ...signed('id', 'body', secret), ...others }
    expect(() => verify(secret, body, headers)).toThrow('No matching signature')
  })

  it('are not made for an id with a dot, which could pass for the start of the time', () => {
    expect(() => signed('a.b', 'body', secretOf(Buffer.alloc(32)))).toThrow('has a dot')
  })
})

describe('a webhook secret', () => {
  it.each([
    [23, false],
    [24, true],
    [64, true],
    [65, false],
  ])('of %i bytes: %s', (length, is) => {
    expect(isWebhookSecret(secretOf(Buffer.alloc(length, 0xfb)))).toBe(is)
  })

  it('is written in one way, which every library reads', () => {
    const secret = secretOf(Buffer.alloc(25, 0xfb))
    expect(isWebhookSecret(secret)).toBe(true)
    const others = [
      secret.replace('whsec_', ''),
      secret.replace('whsec_', 'WHSEC_'),
      secret.replace(/=+$/, ''),
      secret.replaceAll('+', '-'),
      ` ${secret}`,
      `${secret}\n`,
      `${secret}!`,
    ]
    expect(others.filter((text) => isWebhookSecret(text))).toEqual([])
  })
})
