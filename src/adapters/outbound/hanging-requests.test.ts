import { expect, it, vi } from 'vitest'

import { startHttp } from './loopback-server.fixture.ts'
import { createOutbound } from './undici-outbound.ts'

const HANGING = 300

it('requests that hang leave connections of their server to others', async () => {
  let hanging = 0
  await using server = await startHttp((request, response) => {
    if (request.url === '/fine') response.end()
    else hanging += 1
  })
  const outbound = createOutbound({ allowPrivateTargets: true })
  const get = { method: 'GET', headers: {} } as const
  const stop = new AbortController()
  const hang = { ...get, url: `${server.url}/hangs`, timeoutMs: 60_000, signal: stop.signal }
  const hung = Array.from({ length: HANGING }, async () => outbound.request(hang))
  const fine = await outbound.request({ ...get, url: `${server.url}/fine`, timeoutMs: 30_000 })
  expect(fine).toMatchObject({ kind: 'answered', status: 200 })
  await vi.waitFor(() => expect(hanging).toBe(HANGING), 30_000)
  stop.abort()
  for (const outcome of await Promise.all(hung))
    expect(outcome).toMatchObject({ reason: 'aborted' })
  await outbound.close()
})
