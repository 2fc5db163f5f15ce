import { afterAll, describe, expect, it } from 'vitest'

import { startHttp } from '#src/adapters/outbound/loopback-server.fixture.ts'
import { createOutbound } from '#src/adapters/outbound/undici-outbound.ts'
import { parseAwsResource } from '#src/model/aws-resource.ts'
import type { AwsResource } from '#src/model/aws-resource.ts'
import type { AwsServicesOptions } from './aws-services.ts'
import { createAwsServices } from './aws-services.ts'

const outbound = createOutbound({ allowPrivateTargets: true })
afterAll(() => outbound.close())

const QUEUE = parseAwsResource('arn:aws:sqs:eu-west-1:111111111111:orders') as AwsResource
const ACCESS = { account: '111111111111' }
const KEYS = { accessKeyId: 'first', secretAccessKey: 'SECRET' }

const send = (options: Partial<AwsServicesOptions>) => {
  const clock = { now: () => Date.now() }
  const given = { outbound, clock, credentials: async () => KEYS, ...options }
  const services = createAwsServices(given)
  return () => services.send({ service: 'sqs', to: QUEUE, text: 'hello' }, ACCESS)
}

describe('requests to AWS', () => {
  it('are made once, and told as what came of them', async () => {
    let requests = 0
    await using server = await startHttp((_request, response) => {
      requests += 1
      response.writeHead(500, { 'content-type': 'application/x-amz-json-1.0' }).end('{}')
    })
    expect(await send({ endpoint: server.url })()).toMatchObject({ kind: 'retryable' })
    expect(requests).toBe(1)
  })

  it('keep the id that the other side gave, to be found again there', async () => {
    await using server = await startHttp((_request, response, body) => {
      const { MessageBody } = JSON.parse(body)
      response.end(JSON.stringify({ MessageId: `id of ${MessageBody}` }))
    })
    expect(await send({ endpoint: server.url })()).toEqual({
      kind: 'success',
      answer: { status: 200, body: '{"MessageId":"id of hello"}' },
    })
  })

  it('are signed with credentials that were rotated a minute ago', async () => {
    const seen: (string | undefined)[] = []
    await using server = await startHttp((request, response) => {
      seen.push(/Credential=(\w+)/.exec(request.headers.authorization ?? '')?.[1])
      response.end('{}')
    })
    let accessKeyId = 'first'
    // As if each look at the credentials were a minute ago.
    const clock = { now: () => Date.now() - 60_000 }
    const credentials = async () => ({ ...KEYS, accessKeyId })
    const again = send({ endpoint: server.url, clock, credentials })
    await again()
    accessKeyId = 'second'
    await again()
    expect(seen).toEqual(['first', 'second'])
  })

  it('wait for credentials where there are none, and say what to do without a secret', async () => {
    const credentials = () => Promise.reject(new Error('there are none: set them'))
    expect(await send({ credentials })()).toEqual({
      kind: 'retryable',
      error: { code: 'SDK_CLIENT_ERROR', message: 'there are none: set them' },
    })
  })

  it('go to no private address unless private targets are allowed', async () => {
    const strict = createOutbound({ allowPrivateTargets: false })
    const endpoint = 'http://127.0.0.1:8080'
    expect(await send({ outbound: strict, endpoint })()).toMatchObject({
      kind: 'permanent',
      error: { message: expect.stringContaining('--allow-private-targets') },
    })
    await strict.close()
  })
})
