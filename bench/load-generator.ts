/**
 * A process that sends prepared requests over keep-alive connections, one at a time on each, and
 * reports what came back. It does as little as it can, because it shares two cores with what it
 * measures: requests are bytes made beforehand, answers are only counted.
 */
import { connect } from 'node:net'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'

export interface Load {
  readonly port: number
  readonly connections: number
  readonly durationMs: number
  /** Whole HTTP requests; sent in turn. */
  readonly requests: readonly Uint8Array[]
  /** Requests a second over all connections; absent: as fast as answers come. */
  readonly rate?: number
}

export interface LoadReport {
  readonly answered: number
  readonly failed: number
  readonly seconds: number
  readonly latencyMsP50: number
  readonly latencyMsP99: number
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
if (!isMainThread) parentPort?.postMessage(await generate(workerData as Load))

async function generate({ port, connections, durationMs, requests, rate }: Load) {
  const latencies: number[] = []
  const startedAt = performance.now()
  const endsAt = startedAt + durationMs
  let sent = 0
  let failed = 0

  const mayStart = () => {
    if (performance.now() >= endsAt) return false
    return rate === undefined || sent < ((performance.now() - startedAt) / 1_000) * rate
  }

  const runConnection = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      let answer = ''
      let requestedAt = 0
      const next = () => {
        if (performance.now() >= endsAt) {
          socket.end()
          resolve()
          return
        }
        if (!mayStart()) {
          setTimeout(next, 1)
          return
        }
        requestedAt = performance.now()
        socket.write(requests[sent++ % requests.length] as Uint8Array)
      }
      socket.on('connect', next)
      socket.on('error', reject)
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1')
        const headEnd = answer.indexOf('\r\n\r\n')
        if (headEnd === -1) return
        const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0)
        if (answer.length < headEnd + 4 + length) return
        const good = answer.startsWith('HTTP/1.1 200') && !answer.includes('"ErrorCode"')
        if (!good) failed += 1
        answer = ''
        latencies.push(performance.now() - requestedAt)
        next()
      })
    })

  await Promise.all(Array.from({ length: connections }, runConnection))
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)] ?? 0
  return {
    answered: latencies.length,
    failed,
    seconds: (performance.now() - startedAt) / 1_000,
    latencyMsP50: at(0.5),
    latencyMsP99: at(0.99),
  } satisfies LoadReport
}
