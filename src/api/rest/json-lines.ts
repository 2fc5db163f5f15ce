import { once } from 'node:events'
import type { FastifyReply } from 'fastify'

export interface LinePorts {
  /** Aborts when the hub stops. */
  readonly stopping: AbortSignal
  readonly onFault: (error: unknown) => void
}

/** An answer that is written line by line. */
export interface Lines {
  /** Waits while the reader does not keep up. */
  readonly write: (text: string) => Promise<void>
  /** Aborts when the reader is gone or the hub stops. */
  readonly signal: AbortSignal
}

/**
 * Answers with lines of JSON, no faster than they are read. A fault is the last one: an object with
 * `type` "fault" and a `message`.
 */
export async function streamLines(
  reply: FastifyReply,
  { stopping, onFault }: LinePorts,
  produce: (lines: Lines) => Promise<void>,
): Promise<void> {
  const { raw } = reply.hijack()
  const gone = new AbortController()
  raw.on('close', () => gone.abort())
  raw.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
  const write = async (text: string) => {
    if (raw.write(text) || gone.signal.aborted) return
    await once(raw, 'drain', { signal: gone.signal }).catch((error: unknown) => {
      if (!gone.signal.aborted) throw error
    })
  }
  try {
    await produce({ write, signal: AbortSignal.any([gone.signal, stopping]) })
  } catch (error) {
    if (!gone.signal.aborted && !stopping.aborted) onFault(error)
    const message = error instanceof Error ? error.message : String(error)
    await write(`${JSON.stringify({ type: 'fault', message })}\n`)
  }
  // Not kept alive: a hub that stops waits for its connections.
  raw.end(() => raw.socket?.destroy())
}
