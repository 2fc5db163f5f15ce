import type { LookupAddress } from 'node:dns'
import type { Socket } from 'node:net'
import { expect, it, vi } from 'vitest'
import { createGuardedConnector, TargetRefusedFault } from './guarded-connector.ts'
import type { GuardedConnectorOptions, Resolve } from './guarded-connector.ts'
import { startCanary } from './loopback-server.fixture.ts'

const LOOPBACK = { address: '127.0.0.1', family: 4 }
const PUBLIC = { address: '8.8.8.8', family: 4 }
/** Loopback too, but the servers here do not listen on it. */
const SILENT = { address: '127.0.0.2', family: 4 }
const METADATA = { address: '169.254.169.254', family: 4 }

const resolveTo =
  (...addresses: LookupAddress[]): Resolve =>
  async () =>
    addresses

function open(options: GuardedConnectorOptions, hostname: string, port: number): Promise<Socket> {
  const connect = createGuardedConnector(options)
  const target = { hostname, host: `${hostname}:${port}`, protocol: 'http:', port: `${port}` }
  return new Promise((resolve, reject) => {
    connect(target, (error, socket) => (error ? reject(error) : resolve(socket)))
  })
}

it('a socket that is open to a refused address is closed before a byte is written', async () => {
  await using canary = await startCanary()
  const resolve = vi.fn<Resolve>()
  // An address never reaches the resolver; this is the way past the look-up.
  const opened = open({ allowPrivateTargets: false, resolve }, '127.0.0.1', canary.port)
  await expect(opened).rejects.toThrow(TargetRefusedFault)
  await expect(opened).rejects.toThrow('"127.0.0.1" (loopback address at the other end)')
  await vi.waitFor(() => expect(canary.sockets[0]?.destroyed).toBe(true))
  expect(canary.sockets).toHaveLength(1)
  expect(canary.bytesReceived()).toBe(0)
  expect(resolve).not.toHaveBeenCalled()
})

it('a name is dialled when every address of it is allowed', async () => {
  await using canary = await startCanary()
  const resolve = vi.fn<Resolve>(async () => [LOOPBACK])
  const socket = await open({ allowPrivateTargets: true, resolve }, 'a.test', canary.port)
  expect(socket.remoteAddress).toBe('127.0.0.1')
  expect(resolve.mock.calls).toEqual([['a.test']])
  socket.destroy()
})

it('the second address is tried when the first does not answer', async () => {
  await using canary = await startCanary()
  const resolve = resolveTo(SILENT, LOOPBACK)
  const socket = await open({ allowPrivateTargets: true, resolve }, 'a.test', canary.port)
  expect(socket.remoteAddress).toBe('127.0.0.1')
  socket.destroy()
})

it.each([
  ['loopback', [LOOPBACK]],
  ['public, then loopback', [PUBLIC, LOOPBACK]],
  ['loopback, then public', [LOOPBACK, PUBLIC]],
  ['public, then mapped loopback', [PUBLIC, { address: '::ffff:127.0.0.1', family: 6 }]],
  ['text that is no address', [{ address: '127.1', family: 4 }]],
])('an answer of %s opens no connection', async (_name, addresses) => {
  await using canary = await startCanary()
  const resolve = resolveTo(...addresses)
  const opened = open({ allowPrivateTargets: false, resolve }, 'a.test', canary.port)
  await expect(opened).rejects.toThrow(
    /^refused to connect to "a\.test" \([a-zA-Z ]+ behind the name\)/,
  )
  expect(canary.sockets).toHaveLength(0)
})

it('metadata addresses stay refused when private targets are allowed', async () => {
  const resolve = resolveTo(LOOPBACK, METADATA)
  const opened = open({ allowPrivateTargets: true, resolve }, 'a.test', 80)
  await expect(opened).rejects.toThrow(
    '(cloud metadata address behind the name); it is never allowed',
  )
})

it('a name without addresses is a failure, not a refusal', async () => {
  const opened = open({ allowPrivateTargets: true, resolve: resolveTo() }, 'a.test', 80)
  await expect(opened).rejects.toMatchObject({ code: 'ENOTFOUND' })
})

it('the connect limit covers a resolver that never answers', async () => {
  const { promise: never } = Promise.withResolvers<[]>()
  const options = { allowPrivateTargets: true, connectTimeoutMs: 50, resolve: () => never }
  const opened = open(options, 'a.test', 80)
  await expect(opened).rejects.toMatchObject({ code: 'UND_ERR_CONNECT_TIMEOUT' })
})

it('the system resolver is the default and is judged like any other', async () => {
  await using canary = await startCanary()
  const opened = open({ allowPrivateTargets: false }, 'localhost', canary.port)
  await expect(opened).rejects.toThrow(TargetRefusedFault)
  expect(canary.sockets).toHaveLength(0)
})
