/**
 * A process with the targets of a benchmark: it answers what is sent to `/fine/...` at once and
 * what is sent to `/hanging/...` never. To its parent it tells how many events it answered, and
 * when the probes among them came.
 */
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'

import { preciseNow } from './probes.ts'

export interface TargetReport {
  readonly answered: number
  /** By the number of the probe: epoch ms. */
  readonly probes: readonly (readonly [number: number, at: number])[]
}

let answered = 0
const probes: [number, number][] = []

const server = createServer((request: IncomingMessage, response) => {
  const { url = '' } = request
  if (url.startsWith('/hanging')) {
    request.resume()
    return
  }
  let text = ''
  request.on('data', (chunk: Buffer) => {
    if (url === '/probe') text += chunk.toString()
  })
  request.on('end', () => {
    answered += 1
    if (url === '/probe') {
      const { detail } = JSON.parse(text) as { detail: { n: number } }
      probes.push([detail.n, preciseNow()])
    }
    response.end()
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.(typeof address === 'object' ? address?.port : undefined)
})
process.on('message', () => process.send?.({ answered, probes } satisfies TargetReport))
process.on('disconnect', () => process.exit())
