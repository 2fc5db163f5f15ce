import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer } from 'node:net'

/** A server of a test: what it saw, and the end of it with `await using`. */
export interface LoopbackServer extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** Every connection that was ever opened. */
  readonly sockets: readonly Socket[]
  /** Method and path of every request, in order. */
  readonly requests: readonly string[]
  bytesReceived(): number
}

type Listener = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** Real HTTP on 127.0.0.1; the listener is called when the request is complete. */
export function startHttp(listener: Listener): Promise<LoopbackServer> {
  const requests: string[] = []
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      requests.push(`${request.method} ${request.url}`)
      listener(request, response, Buffer.concat(chunks).toString())
    })
  })
  return start(server, requests)
}

/** A TCP server on 127.0.0.1 that says what a proper HTTP server would not. */
export function startTcp(listener: (socket: Socket) => void): Promise<LoopbackServer> {
  return start(createServer(listener), [])
}

/** Must not hear of anything. */
export function startCanary(): Promise<LoopbackServer> {
  return startHttp((_request, response) => response.end('canary'))
}

async function start(server: Server, requests: string[]): Promise<LoopbackServer> {
  const sockets: Socket[] = []
  server.on('connection', (socket) => {
    socket.on('error', () => undefined)
    sockets.push(socket)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    sockets,
    requests,
    bytesReceived: () => sockets.reduce((sum, socket) => sum + socket.bytesRead, 0),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((closed) => server.close(closed))
    },
  }
}
