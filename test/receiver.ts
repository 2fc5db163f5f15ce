import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly method: string
  readonly path: string
  /** As it came. */
  readonly text: string
  /** What the text says as JSON, or the text where it is none. */
  readonly body: any
  readonly headers: IncomingMessage['headers']
  readonly at: number
}

/** An HTTP target that keeps what it was sent. */
export interface Receiver {
  readonly url: string
  readonly received: Received[]
  /** Resolves when `count` requests that pass the filter have come. */
  waitFor(count: number, accept?: (request: Received) => boolean): Promise<readonly Received[]>
  close(): Promise<void>
}

/** Long, as a busy machine alone must fail no test. */
const WAIT_MS_MAX = 60_000

/** @param answer replies to each request; a plain 200 where not given */
export async function startReceiver(
  answer: (request: Received, response: ServerResponse) => void = (_request, response) =>
    response.end(),
): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const { method = '', url: path = '', headers } = request
      const one = {
        method,
        path,
        headers,
        at: Date.now(),
        text,
        body: bodyOf(text),
      }
      received.push(one)
      answer(one, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    waitFor: async (count, accept = () => true) => {
      const deadline = Date.now() + WAIT_MS_MAX
      for (;;) {
        const found = received.filter(accept)
        if (found.length >= count) return found
        if (Date.now() > deadline) {
          throw new Error(
            `${found.length} of ${count} requests came: ${JSON.stringify(received.slice(-3))}`,
          )
        }
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function bodyOf(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
