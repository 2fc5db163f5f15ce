import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { Putter } from '../crash/putter.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'

const EVENTS = 300
const folder = newDataFolder()
const hanging = new Set<Socket>()
let hangsEnded = 0
let hub: HubProcess
let good: Receiver
let failing: Receiver
let redirecting: Receiver
let putter: Putter
const blackHole = createServer((socket) => {
  hanging.add(socket)
  socket.on('error', () => socket.destroy())
  socket.on('close', () => (hangsEnded += 1))
})

beforeAll(async () => {
  hub = await startHubProcess(folder)
  await createOrganisation(hub)
  putter = new Putter(await hub.profile('member'))
  good = await startReceiver()
  failing = await startReceiver((_request, response) => {
    response.statusCode = 500
    response.end()
  })
  redirecting = await startReceiver((_request, response) => {
    response.writeHead(302, { location: `${good.url}/redirected` }).end()
  })
  await new Promise<void>((resolve) => {
    blackHole.listen(0, '127.0.0.1', resolve)
  })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  for (const socket of hanging) socket.destroy()
  blackHole.close()
  await Promise.all([good.close(), failing.close(), redirecting.close()])
  removeDataFolder(folder)
})

it('a target that hangs, refuses, redirects or answers 500 does not hold up the others', async () => {
  const closed = await closedPort()
  const urls = {
    hangs: `http://127.0.0.1:${(blackHole.address() as AddressInfo).port}/`,
    refuses: `http://127.0.0.1:${closed}/`,
    redirects: `${redirecting.url}/`,
    fails: `${failing.url}/`,
  }
  for (const [name, url] of Object.entries(urls)) await addRule(name, url)
  await addRule('good', `${good.url}/good`)

  for (let sent = 0; sent < EVENTS; sent += 10) {
    const Entries = Array.from({ length: 10 }, (_, index) => ({
      Source: 'isolation',
      DetailType: 'd',
      Detail: JSON.stringify({ n: sent + index }),
    }))
    await putter.call(hub.url, 'PutEvents', { Entries })
  }
  const received = await good.waitFor(EVENTS, ({ path }) => path === '/good')
  // Not even the first hanging attempt is over: nothing has waited behind one.
  expect(hanging.size).toBeGreaterThan(0)
  expect(hangsEnded).toBe(0)
  expect(new Set(received.map(({ body }) => body.detail.n)).size).toBe(EVENTS)
  expect(good.received.filter(({ path }) => path === '/redirected')).toEqual([])
  // What fails is tried again with ever longer pauses, not hammered.
  expect(failing.received.length).toBeLessThan(EVENTS)

  const dead = await hub.rest('GET', '/dead-letters?limit=1000')
  const redirected = dead.body.items.filter((letter: any) => letter.targetArn === urls.redirects)
  expect(redirected.length).toBeGreaterThan(0)
  expect(redirected[0].errorMessage).toBe('the target answered 302; redirects are not followed')
})

async function addRule(name: string, url: string): Promise<void> {
  const EventPattern = '{"source":["isolation"]}'
  await putter.call(hub.url, 'PutRule', { Name: name, EventPattern })
  await putter.call(hub.url, 'PutTargets', { Rule: name, Targets: [{ Id: 't', Arn: url }] })
}

async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return port
}
