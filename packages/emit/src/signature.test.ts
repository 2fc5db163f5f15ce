import fc from 'fast-check'
import { expect, test } from 'vitest'

import { signedHeaders } from '#src/model/sigv4.ts'
import { signedPost } from './signature.ts'

test('a signature is the one that the hub expects, for any address and body', () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme-ascii' })
  fc.assert(
    fc.property(
      fc.record({
        path: fc.webPath(),
        port: fc.integer({ min: 1, max: 65_535 }),
        body: fc.string({ unit: 'grapheme' }),
        accessKeyId: fc.uuid(),
        secretAccessKey: text,
        region: fc.constantFrom('global', 'eu-west-1'),
        at: fc.integer({ min: 0, max: 4_102_444_800_000 }),
      }),
      ({ path, port, body, at, ...key }) => {
        const url = new URL(`https://hub.example.com:${port}${path}`)
        const { host: _, ...expected } = signedHeaders(
          {
            method: 'POST',
            url: url.pathname,
            headers: { host: url.host, 'content-type': 'application/json' },
            body,
          },
          { ...key, service: 'belfry', now: at },
        )
        expect(signedPost(url, body, { ...key, at })).toEqual(expected)
      },
    ),
  )
})
