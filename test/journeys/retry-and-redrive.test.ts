import { afterAll, beforeAll, expect, it } from 'vitest'

import { Putter } from '../crash/putter.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

const folder = newDataFolder()
let hub: HubProcess
let receiver: Receiver
let putter: Putter
let healthy = false

beforeAll(async () => {
  hub = await startHubProcess(folder)
  await createOrganisation(hub)
  putter = new Putter(await hub.profile('member'))
  receiver = await startReceiver((_request, response) => {
    response.statusCode = healthy ? 200 : 503
    response.end()
  })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)
})

const put = async (n: number, source: string) => {
  const Detail = JSON.stringify({ n })
  const Entries = [{ Source: source, DetailType: 'd', Detail }]
  return (await putter.call(hub.url, 'PutEvents', { Entries })).Entries[0].EventId as string
}

const addRule = async (name: string, retryPolicy?: object) => {
  const EventPattern = JSON.stringify({ source: [name] })
  await putter.call(hub.url, 'PutRule', { Name: name, EventPattern })
  const target = { Id: 't', Arn: `${receiver.url}/${name}`, RetryPolicy: retryPolicy }
  await putter.call(hub.url, 'PutTargets', { Rule: name, Targets: [target] })
}

it('a delivery that waits for its retry survives a restart and is made then', async () => {
  await addRule('retried')
  const id = await put(1, 'retried')
  await receiver.waitFor(1, ({ path }) => path === '/retried')
  await hub.kill('SIGTERM')
  hub = await startHubProcess(folder)
  const before = receiver.received.length
  healthy = true
  await receiver.waitFor(1, (request) => receiver.received.indexOf(request) >= before)
  const bodies = receiver.received.filter(({ path }) => path === '/retried')
  expect(bodies.length).toBeGreaterThan(1)
  expect(new Set(bodies.map(({ body }) => body.id))).toEqual(new Set([id]))
  healthy = false
})

it('after its last retry an event is kept as a dead letter, and can be redriven', async () => {
  await addRule('limited', { MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 60 })
  const id = await put(2, 'limited')
  const letter = await deadLetter(id)
  expect(letter).toMatchObject({
    eventId: id,
    targetId: 't',
    targetArn: `${receiver.url}/limited`,
    attempts: 2,
    errorCode: 'ERROR_FROM_TARGET',
    errorMessage: 'the target answered 503',
    exhaustedRetryCondition: 'MaximumRetryAttempts',
    event: { id, source: 'limited', detail: { n: 2 } },
  })
  expect(receiver.received.filter(({ path }) => path === '/limited')).toHaveLength(2)

  healthy = true
  const redriven = await hub.rest('POST', '/dead-letters/redrive', { ids: [letter.id] })
  expect(redriven.body).toEqual({ redriven: [letter.id], more: false })
  await receiver.waitFor(3, ({ path }) => path === '/limited')
  const left = await hub.rest('GET', `/dead-letters?eventId=${id}`)
  expect(left.body.items).toEqual([])
})

async function deadLetter(eventId: string): Promise<any> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { body } = await hub.rest('GET', `/dead-letters?eventId=${eventId}`)
    if (body.items.length > 0) return body.items[0]
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('no dead letter')
}
