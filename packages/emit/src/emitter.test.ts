import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'

import type { EmitFault, EmitterOptions } from './emit.ts'
import { createEmitter } from './emit.ts'

type Sent = readonly { readonly id: string; readonly name: string; readonly fields: any }[]

const VPC = { resourceId: '0194f0e2-5a3c-7b11-9d0e-8b9c0d1e2f3a', status: 'SUCCESS' } as const
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const takeAll = (events: Sent, response: ServerResponse) =>
  response.end(JSON.stringify({ results: events.map(({ id }) => ({ eventId: id })) }))
const fail =
  (status: number, answer: object | string) => (_events: Sent, response: ServerResponse) =>
    response.writeHead(status).end(typeof answer === 'string' ? answer : JSON.stringify(answer))
const fault = { code: 'hub.failed', message: 'it failed', requestId: '1' }

/** A hub that answers as told, then takes everything. */
async function startHub(
  ...answers: readonly ((events: Sent, response: ServerResponse) => unknown)[]
) {
  const requests: Sent[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      const { events } = JSON.parse(text) as { events: Sent }
      const answer = answers[requests.push(events) - 1] ?? takeAll
      answer(events, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { requests, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

function emitterFor(url: string, more: Partial<EmitterOptions> = {}) {
  const faults: EmitFault[] = []
  const onFault = (told: EmitFault) => faults.push(told)
  const emitter = createEmitter({ url, accessKeyId: 'a', secretAccessKey: 's', onFault, ...more })
  closers.push(() => emitter.close(0))
  return { emitter, faults }
}

describe('an emitter', () => {
  it('sends in batches, in order', async () => {
    const { url, requests } = await startHub()
    const { emitter } = emitterFor(url, { batchEventsMax: 40 })
    const emitted = Array.from({ length: 100 }, () => emitter.emit('VpcCreateEvent', VPC))
    await emitter.flush()
    expect(requests.map((events) => events.length)).toEqual([40, 40, 20])
    expect(requests.flat().map(({ id }) => id)).toEqual(await Promise.all(emitted))
  })

  it.each([
    ['is overloaded', fail(429, fault)],
    ['fails', fail(503, fault)],
    ['is hidden by a proxy that fails', fail(502, '<html>')],
    ['breaks the connection', (_events: Sent, response: ServerResponse) => response.destroy()],
    ['does not answer', () => undefined],
  ])('sends again with the same ids when the hub %s', async (_what, answer) => {
    const { url, requests } = await startHub(answer)
    const { emitter, faults } = emitterFor(url, { requestTimeoutMs: 300 })
    const id = await emitter.emit('VpcCreateEvent', VPC)
    expect(requests.map((events) => events.map((event) => event.id))).toEqual([[id], [id]])
    expect(requests[1]).toEqual(requests[0])
    expect(faults).toEqual([])
  })

  it('tells of each event that was refused, and not of the others', async () => {
    const refusal = { code: 'tenancy-event.invalid', message: '"resourceName" must be string' }
    const { url } = await startHub((events, response) =>
      response
        .writeHead(207)
        .end(JSON.stringify({ results: [refusal, { eventId: events[1]?.id }] })),
    )
    const { emitter, faults } = emitterFor(url)
    const [first, second] = await Promise.allSettled([
      emitter.emit('VpcCreateEvent', { ...VPC, resourceName: 7 as never }),
      emitter.emit('VpcCreateEvent', VPC),
    ])
    expect(second.status).toBe('fulfilled')
    expect(first).toMatchObject({ reason: { ...refusal, eventName: 'VpcCreateEvent' } })
    expect(faults).toEqual([(first as PromiseRejectedResult).reason])
  })

  it.each([
    [403, { ...fault, code: 'caller.forbidden' }, 'caller.forbidden'],
    [200, '<html>', 'hub.unknown-answer'],
    [200, { results: [] }, 'hub.unknown-answer'],
    [200, { results: [null] }, 'hub.unknown-answer'],
  ])('gives up at once on the answer %i %j', async (status, answer, code) => {
    const { url, requests } = await startHub(fail(status, answer))
    const { emitter, faults } = emitterFor(url)
    await expect(emitter.emit('VpcCreateEvent', VPC)).rejects.toMatchObject({ code })
    expect(requests).toHaveLength(1)
    expect(faults).toHaveLength(1)
  })

  it('gives up in the end, when no hub answers', async () => {
    const { url } = await startHub()
    await closers.pop()?.()
    const { emitter } = emitterFor(url, { giveUpAfterMs: 500 })
    const emitted = emitter.emit('VpcCreateEvent', VPC)
    await expect(emitted).rejects.toMatchObject({
      code: 'hub.unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('keeps so many events and no more while the hub does not answer', async () => {
    const { url } = await startHub(() => undefined)
    const { emitter, faults } = emitterFor(url, { queueEventsMax: 3 })
    for (let count = 0; count < 5; count += 1) void emitter.emit('VpcCreateEvent', VPC)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(faults.map(({ code }) => code)).toEqual(['queue.full', 'queue.full'])
    await emitter.close(0)
    expect(faults.map(({ code }) => code)).toEqual([
      ...['queue.full', 'queue.full'],
      ...['emitter.closed', 'emitter.closed', 'emitter.closed'],
    ])
    await expect(emitter.emit('VpcCreateEvent', VPC)).rejects.toMatchObject({
      code: 'emitter.closed',
    })
  })

  it('refuses what is no JSON, and takes fields as they are when they are emitted', async () => {
    const { url, requests } = await startHub()
    const { emitter } = emitterFor(url)
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    await expect(emitter.emit('VpcCreateEvent', circular as never)).rejects.toMatchObject({
      code: 'event.not-json',
    })
    const fields = { ...VPC, resourceName: 'before' }
    const emitted = emitter.emit('VpcCreateEvent', fields)
    fields.resourceName = 'after'
    await emitted
    expect(requests[0]?.[0]?.fields.resourceName).toBe('before')
  })

  it.each([
    [{ url: 'hub' }, 'url must start with http:// or https://, not "hub"'],
    [{ secretAccessKey: '' }, 'secretAccessKey must be a text that is not empty'],
    [{ batchEventsMax: 501 }, 'batchEventsMax must be a whole number from 1 to 500, not 501'],
    [{ batchDelayMs: 0.5 }, 'batchDelayMs must be a whole number'],
  ])('cannot be made with %j', (wrong, message) => {
    const options = { url: 'http://h', accessKeyId: 'a', secretAccessKey: 's', ...wrong }
    expect(() => createEmitter(options)).toThrow(message)
  })
})
