import { describe, expect, it } from 'vitest'

import {
  SOURCE_FAILURES_MAX,
  SOURCE_WINDOW_MS,
  createSourceLimiter,
  sourceOf,
} from './source-limiter.ts'

describe('the limit of a source address', () => {
  const tooMany = expect.objectContaining({ status: 429, code: 'session.too-many-attempts' })

  it('stops failures, for the window, and nobody else', () => {
    let now = 0
    const limiter = createSourceLimiter({ now: () => now })
    for (let tries = 0; tries < SOURCE_FAILURES_MAX; tries += 1) limiter.begin('203.0.113.7')
    expect(() => limiter.begin('203.0.113.7')).toThrow(tooMany)
    expect(() => limiter.begin('::ffff:203.0.113.7')).toThrow(tooMany)
    expect(() => limiter.begin('203.0.113.8')).not.toThrow()
    now = SOURCE_WINDOW_MS
    expect(() => limiter.begin('203.0.113.7')).not.toThrow()
  })

  it('does not count sign-ins that succeed', () => {
    const limiter = createSourceLimiter({ now: () => 0 })
    for (let tries = 0; tries < 3 * SOURCE_FAILURES_MAX; tries += 1) {
      limiter.begin('203.0.113.7')
      limiter.takeBack('203.0.113.7')
    }
    expect(() => limiter.begin('203.0.113.7')).not.toThrow()
  })

  it.each([
    ['2001:db8:0:7::1', '2001:db8:0:7'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:0DB8:0000:0007:1:2:3:4', '2001:db8:0:7'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['192.0.2.1', '192.0.2.1'],
  ])('takes %s for %s', (address, source) => {
    expect(sourceOf(address)).toBe(source)
  })
})
