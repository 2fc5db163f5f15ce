import { Readable } from 'node:stream'

import { percentEncoded } from '#src/model/percent-encoding.ts'
import type { Outbound, OutboundRequest } from '#src/ports/outbound.ts'

/** What an AWS client asks to send; the parts of Smithy's HttpRequest that matter. */
interface AwsRequest {
  readonly method: string
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

interface AwsResponse {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Readable
}

interface HandlingOptions {
  readonly abortSignal?: unknown
  readonly requestTimeout?: number
}

/** The `requestHandler` of any AWS client. */
export interface OutboundRequestHandler {
  readonly metadata: { readonly handlerProtocol: string }
  handle(request: AwsRequest, options?: HandlingOptions): Promise<{ response: AwsResponse }>
  updateHttpClientConfig(): void
  httpHandlerConfigs(): object
}

export interface OutboundRequestHandlerOptions {
  /** Answers with a longer body are a fault. */
  readonly responseBytesMax?: number
  readonly timeoutMs?: number
  /** Ends every request, for a hub that stops. */
  readonly signal?: AbortSignal
}

/** A page of a list or a description; who reads objects asks for more. */
const RESPONSE_BYTES_MAX = 8 * 1024 * 1024
const REQUEST_TIMEOUT_MS = 30_000

/** The seam sets the host from the URL; undici sends no `expect`; both know the length. */
const NOT_SENT: ReadonlySet<string> = new Set(['host', 'expect', 'content-length'])

/** Sends the requests of an AWS client through the hub's one way out, and so by its policy. */
export function createOutboundRequestHandler(
  outbound: Outbound,
  options: OutboundRequestHandlerOptions = {},
): OutboundRequestHandler {
  const { responseBytesMax = RESPONSE_BYTES_MAX, timeoutMs = REQUEST_TIMEOUT_MS } = options
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    // Clients pass settings of node's own handler on; there is nothing here to set.
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    handle: async (request, { abortSignal, requestTimeout } = {}) => {
      const signals = [abortSignal, options.signal].filter((one) => one instanceof AbortSignal)
      const outcome = await outbound.request({
        url: urlOf(request),
        method: request.method as OutboundRequest['method'],
        headers: Object.fromEntries(
          Object.entries(request.headers).filter(([name]) => !NOT_SENT.has(name.toLowerCase())),
        ),
        ...bodyOf(request.body),
        timeoutMs: requestTimeout || timeoutMs,
        responseBytesMax,
        ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
      })
      if (outcome.kind === 'refused') throw new OutboundFault('refused', outcome.message)
      if (outcome.kind === 'failed') throw new OutboundFault(outcome.reason, outcome.message)
      if (outcome.bodyTruncated) {
        const { origin } = new URL(urlOf(request))
        throw new AnswerTooLargeFault(origin, responseBytesMax)
      }
      const body = Readable.from(Buffer.from(outcome.bytes ?? []), { objectMode: false })
      const { status: statusCode, headers } = outcome
      return { response: { statusCode, headers: { ...headers }, body } }
    },
  }
}

/** A request that got no answer. */
export class OutboundFault extends Error {
  readonly reason: 'refused' | 'timeout' | 'connection-failed' | 'aborted'
  constructor(reason: OutboundFault['reason'], message: string) {
    super(message)
    this.reason = reason
    // By these names AWS clients know what is worth another try.
    if (reason === 'aborted') this.name = 'AbortError'
    else if (reason !== 'refused') this.name = 'TimeoutError'
  }
}

/** The answer was longer than the handler was made for. */
export class AnswerTooLargeFault extends Error {
  override readonly name = 'AnswerTooLargeFault'
  constructor(origin: string, bytesMax: number) {
    super(`the answer from "${origin}" has more than ${bytesMax} bytes`)
  }
}

function urlOf({ protocol, hostname, port, path, query }: AwsRequest): string {
  const host = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname
  const origin = `${protocol}//${host}${port === undefined ? '' : `:${port}`}`
  const parts = Object.entries(query ?? {}).flatMap(([name, value]) => {
    if (value === null) return [percentEncoded(name)]
    const values = typeof value === 'string' ? [value] : value
    return values.map((one) => `${percentEncoded(name)}=${percentEncoded(one)}`)
  })
  return `${origin}${path}${parts.length === 0 ? '' : `?${parts.join('&')}`}`
}

function bodyOf(body: unknown): { readonly body?: string | Uint8Array } {
  if (body === undefined || body === null) return {}
  if (typeof body === 'string' || body instanceof Uint8Array) return { body }
  throw new TypeError('an AWS request was given a stream as its body: give it bytes or text')
}
