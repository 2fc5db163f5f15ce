import { StringDecoder } from 'node:string_decoder'
import type { Dispatcher } from 'undici'
import type { OutboundOutcome, OutboundRequest } from '#src/ports/outbound.ts'
import { outcomeOfError } from './failure-outcome.ts'

/** Enough for an error page or a reply that goes into a log; who needs more asks for bytes. */
const BODY_KEPT_BYTES_MAX = 65_536

type Controller = Dispatcher.DispatchController
type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/**
 * One request and its answer, from dispatch to outcome. It speaks undici's handler protocol
 * itself because `undici.request` makes a stream per answer and cannot give up on a request that
 * still waits for a connection.
 *
 * WAITING: no connection yet. → RUNNING when undici starts to write, → SETTLED on timeout, abort
 *   or a failed connect.
 * RUNNING: written, being answered. → SETTLED on the end of the answer, on more body than is
 *   kept, on timeout, abort or error.
 * SETTLED: the outcome is out, once; timer and signal are let go. Whatever undici still reports
 *   is ignored, and if the request is started only now it is dropped unsent.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: OutboundRequest
  readonly #origin: string
  readonly #resolve: (outcome: OutboundOutcome) => void
  readonly #startedAtMs = performance.now()
  readonly #timer: NodeJS.Timeout
  readonly #keptBytesMax: number
  #controller: Controller | undefined
  #settled = false
  #status = 0
  #headers: Headers = {}
  #chunks: Buffer[] = []
  #keptBytes = 0

  constructor(
    request: OutboundRequest,
    origin: string,
    resolve: (outcome: OutboundOutcome) => void,
  ) {
    this.#request = request
    this.#origin = origin
    this.#resolve = resolve
    this.#keptBytesMax = request.responseBytesMax ?? BODY_KEPT_BYTES_MAX
    this.#timer = setTimeout(expire, request.timeoutMs, this)
    request.signal?.addEventListener('abort', this)
  }

  /** EventListener of the signal. */
  handleEvent(): void {
    this.#giveUp('aborted', `gave up on "${this.#origin}" because the hub asked to`)
  }

  expire(): void {
    const { timeoutMs } = this.#request
    const found = this.#controller ? 'no complete answer' : 'no connection'
    this.#giveUp('timeout', `${found} from "${this.#origin}" within ${timeoutMs} ms`)
  }

  onRequestStart(controller: Controller): void {
    // Throwing drops the request alone; `controller.abort` would close the connection with it.
    if (this.#settled) throw new Error('given up before a connection was free')
    this.#controller = controller
  }

  onResponseStart(_controller: Controller, status: number, headers: Headers): void {
    // An interim answer (1xx) comes by here too and is overwritten by the final one.
    this.#status = status
    this.#headers = headers
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#settled) return
    const roomBytes = this.#keptBytesMax - this.#keptBytes
    this.#chunks.push(chunk.length > roomBytes ? chunk.subarray(0, roomBytes) : chunk)
    this.#keptBytes += chunk.length
    if (chunk.length <= roomBytes) return
    this.#answer(true)
    // The rest may be endless; closing is the only way to stop it in HTTP/1.1.
    controller.abort(new Error('more body than is kept'))
  }

  onResponseEnd(): void {
    this.#answer(false)
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    this.#settle(outcomeOfError(error, this.#origin, this.#elapsedMs()))
  }

  #answer(bodyTruncated: boolean): void {
    if (this.#settled) return
    const asBytes = this.#request.responseBytesMax !== undefined
    this.#settle({
      kind: 'answered',
      status: this.#status,
      headers: joinRepeated(this.#headers),
      body: asBytes ? '' : decode(this.#chunks, bodyTruncated),
      ...(asBytes && { bytes: Buffer.concat(this.#chunks) }),
      bodyTruncated,
      durationMs: this.#elapsedMs(),
    })
  }

  #giveUp(reason: 'timeout' | 'aborted', message: string): void {
    this.#settle({ kind: 'failed', reason, message, durationMs: this.#elapsedMs() })
    this.#controller?.abort(new Error(message))
  }

  #settle(outcome: OutboundOutcome): void {
    if (this.#settled) return
    this.#settled = true
    clearTimeout(this.#timer)
    this.#request.signal?.removeEventListener('abort', this)
    this.#chunks = []
    this.#resolve(outcome)
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedAtMs
  }
}

function expire(exchange: Exchange): void {
  exchange.expire()
}

/** Joins in place: undici made the object for this answer alone. */
function joinRepeated(headers: Headers): Record<string, string> {
  for (const name in headers) {
    const value = headers[name]
    if (Array.isArray(value)) headers[name] = value.join(', ')
  }
  return headers as Record<string, string>
}

function decode(chunks: readonly Buffer[], truncated: boolean): string {
  const [first] = chunks
  if (first === undefined) return ''
  const bytes = chunks.length === 1 ? first : Buffer.concat(chunks)
  // A cut may fall inside a character; the decoder holds the half back.
  return truncated ? new StringDecoder('utf8').write(bytes) : bytes.toString('utf8')
}
