import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'

/** A connection that the canary saw. */
export interface Hit {
  /** The address that was dialled, and its port. */
  readonly address: string
  readonly port: number
  /** Of an HTTP request, once it came. */
  path?: string
}

/** Listens on every address of this machine and keeps who came; it must stay silent. */
export interface Canary {
  readonly port: number
  /** Connections so far, those included that the system has and this process has yet to see. */
  heard(): Promise<readonly Hit[]>
  /** Whether a request for this path has come. */
  was(path: string): boolean
  close(): Promise<void>
}

/** What every caller can make something of: it is an OAuth token too. */
const BODY = '{"access_token":"canary","token_type":"Bearer"}'
const ANSWER = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`

/** @param morePorts listened on beside a free one */
export async function startCanary(morePorts: readonly number[] = []): Promise<Canary> {
  const hits: Hit[] = []
  const first = await listen(0, hits)
  const servers = [first, ...(await Promise.all(morePorts.map((port) => listen(port, hits))))]
  return {
    port: portOf(first),
    heard: async () => {
      // Connections are taken in their order, so those before this one have been seen after it.
      await Promise.all(servers.map((server) => call(portOf(server))))
      return [...hits]
    },
    was: (path) => hits.some((hit) => hit.path === path),
    close: async () => {
      await Promise.all(servers.map(async (server) => once(server.close(), 'close')))
    },
  }
}

/** What the test itself says to the canary. */
const OWN_CALL = 'are you there?'

async function listen(port: number, hits: Hit[]): Promise<Server> {
  const server = createServer((socket) => {
    const { localAddress = '', localPort = 0 } = socket
    const hit: Hit = { address: localAddress.replace(/^::ffff:(?=\d+\.)/, ''), port: localPort }
    hits.push(hit)
    socket.on('error', () => undefined)
    socket.once('data', (data) => {
      const text = data.toString('latin1')
      if (text === OWN_CALL) {
        hits.splice(hits.indexOf(hit), 1)
        return socket.end()
      }
      // A handshake of TLS is answered with the end of the connection.
      const path = /^[A-Z]+ (\S+) HTTP\/1\.1\r\n/.exec(text)?.[1]
      if (path === undefined) return socket.destroy()
      hit.path = path
      return socket.end(ANSWER)
    })
  })
  server.listen(port, '::')
  await once(server, 'listening')
  return server
}

async function call(port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.write(OWN_CALL)
  socket.resume()
  await once(socket, 'close')
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
