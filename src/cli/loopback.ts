import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { CommandFault } from './cli-faults.ts'

/** As long as the hub lets somebody take at the provider. */
const WAIT_MS_MAX = 10 * 60_000

/** Waits on this machine, and for nobody else, for a browser to come by with a code. */
export interface Loopback {
  readonly port: number
  /** @throws CommandFault when none comes in time */
  code(): Promise<string>
  close(): void
}

export async function listenOnLoopback(): Promise<Loopback> {
  const found = Promise.withResolvers<string>()
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://127.0.0.1')
    const code = url.pathname === '/' ? url.searchParams.get('code') : null
    if (request.method !== 'GET' || code === null) {
      answer(response, 404, 'There is nothing here.')
      return
    }
    answer(response, 200, 'Done: go back to the terminal, and close this page.')
    found.resolve(code)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const timer = setTimeout(() => {
    const minutes = WAIT_MS_MAX / 60_000
    found.reject(new CommandFault(`nobody signed in with a browser within ${minutes} minutes`))
  }, WAIT_MS_MAX)
  return {
    port: (server.address() as AddressInfo).port,
    code: () => found.promise,
    close: () => {
      clearTimeout(timer)
      server.close()
      server.closeIdleConnections()
    },
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(`${text}\n`)
}
