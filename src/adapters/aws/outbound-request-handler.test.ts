import { afterAll, describe, expect, it } from 'vitest'

import { startHttp } from '#src/adapters/outbound/loopback-server.fixture.ts'
import { createOutbound } from '#src/adapters/outbound/undici-outbound.ts'
import { createOutboundRequestHandler } from './outbound-request-handler.ts'

const outbound = createOutbound({ allowPrivateTargets: true })
afterAll(() => outbound.close())

const request = (port: number, given: object = {}) => ({
  ...{ method: 'GET', protocol: 'http:', hostname: '127.0.0.1', port, path: '/', headers: {} },
  ...given,
})

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('the request handler of AWS clients', () => {
  it('sends what a client built, escaped as its signature has it, and answers as HTTP did', async () => {
    const seen: unknown[] = []
    await using server = await startHttp((incoming, response, body) => {
      seen.push([incoming.method, incoming.url, incoming.headers['x-amz-a'], body])
      response.writeHead(404, { 'x-b': 'c' }).end('<Error/>')
    })
    const { response } = await createOutboundRequestHandler(outbound).handle(
      request(server.port, {
        method: 'PUT',
        path: '/a%20b/c%3Dd',
        query: { flag: null, 'list-type': '2', prefix: "a b/*('!')", tag: ['x', 'y'] },
        headers: { 'x-amz-a': '1', Host: 'elsewhere.test', Expect: '100-continue' },
        body: new TextEncoder().encode('bytes'),
      }),
    )
    const query = 'flag&list-type=2&prefix=a%20b%2F%2A%28%27%21%27%29&tag=x&tag=y'
    expect(seen).toEqual([['PUT', `/a%20b/c%3Dd?${query}`, '1', 'bytes']])
    expect(response).toMatchObject({ statusCode: 404, headers: { 'x-b': 'c' } })
    expect(await textOf(response.body)).toBe('<Error/>')
  })

  it('tells faults by the names that clients judge them by', async () => {
    await using silent = await startHttp(() => undefined)
    const handler = createOutboundRequestHandler(outbound, { timeoutMs: 50 })
    const late = handler.handle(request(silent.port))
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError' })
    const aborted = handler.handle(request(silent.port), { abortSignal: AbortSignal.abort() })
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
    const stopped = createOutboundRequestHandler(outbound, { signal: AbortSignal.timeout(20) })
    const hanging = stopped.handle(request(silent.port))
    await expect(hanging).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('refuses what the policy of the seam refuses, and the client does not try again', async () => {
    const strict = createOutbound({ allowPrivateTargets: false })
    const refused = createOutboundRequestHandler(strict).handle(request(8080))
    await expect(refused).rejects.toMatchObject({ name: 'Error', message: /allow-private-targets/ })
    await strict.close()
  })

  it('refuses a stream as a body, and an answer that is too long', async () => {
    await using server = await startHttp((_incoming, response) => response.end('12345'))
    const handler = createOutboundRequestHandler(outbound, { responseBytesMax: 4 })
    await expect(handler.handle(request(server.port, { body: {} }))).rejects.toThrow('a stream')
    await expect(handler.handle(request(server.port))).rejects.toMatchObject({
      name: 'AnswerTooLargeFault',
    })
  })
})
