import { Agent } from 'undici'
import type {
  Outbound,
  OutboundConnections,
  OutboundOutcome,
  OutboundRequest,
} from '#src/ports/outbound.ts'
import { createBareConnections } from './bare-connections.ts'
import { Exchange } from './exchange.ts'
import { createGuardedConnector } from './guarded-connector.ts'
import type { GuardedConnectorOptions } from './guarded-connector.ts'
import { checkUrl } from './url-policy.ts'

/** `allowPrivateTargets` opens loopback, private and link-local targets, never metadata services. */
export interface OutboundOptions extends GuardedConnectorOptions {
  readonly connectionsPerOrigin?: number
}

/**
 * Targets at one origin share its connections, so there are enough that those which hang leave
 * some: a target that hangs holds two at first and then one.
 */
const CONNECTIONS_PER_ORIGIN = 1_024

/** All headers of an answer together; node's own default for a message. */
const RESPONSE_HEADERS_BYTES_MAX = 16_384

/** Below the 5 s after which node and many others close; a Keep-Alive hint of the server wins. */
const KEEP_ALIVE_MS = 4_000

/** Creates the way out over undici: one pool per origin, HTTP/1.1, keep-alive, no pipelining. */
export function createOutbound(options: OutboundOptions): Outbound & OutboundConnections {
  const { allowPrivateTargets } = options
  const agent = createAgent(options)
  const bare = createBareConnections(options)
  let running = 0
  let closing: PromiseWithResolvers<void> | undefined

  function dispatch(request: OutboundRequest, url: URL): Promise<OutboundOutcome> {
    return new Promise((settle) => {
      running += 1
      const exchange = new Exchange(request, url.origin, (outcome) => {
        running -= 1
        if (running === 0) closing?.resolve()
        settle(outcome)
      })
      const { method, headers, body = null } = request
      const path = url.pathname + url.search
      agent.dispatch({ origin: url.origin, path, method, headers, body }, exchange)
    })
  }

  return {
    request(request) {
      const verdict = checkUrl(request.url, allowPrivateTargets)
      if (!verdict.ok) return Promise.resolve({ kind: 'refused', message: verdict.message })
      const { origin } = verdict.url
      if (setsHost(request.headers)) return Promise.resolve(refusedHostHeader(origin))
      if (closing || request.signal?.aborted) return Promise.resolve(notStarted(origin))
      return dispatch(request, verdict.url)
    },

    connect: (to) => bare.connect(to),

    refusalOf(url) {
      const verdict = checkUrl(url, allowPrivateTargets)
      return verdict.ok ? undefined : verdict.message
    },

    async close() {
      closing ??= Promise.withResolvers()
      if (running === 0) closing.resolve()
      await closing.promise
      bare.close()
      await agent.destroy()
    },
  }
}

function createAgent(options: OutboundOptions): Agent {
  return new Agent({
    connect: createGuardedConnector(options),
    connections: options.connectionsPerOrigin ?? CONNECTIONS_PER_ORIGIN,
    pipelining: 1,
    allowH2: false,
    maxHeaderSize: RESPONSE_HEADERS_BYTES_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // The exchange bounds the whole request with one exact timer; these two would be coarse.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}

/** undici would send it and take the TLS server name from it: a way around the checked host. */
function setsHost(headers: OutboundRequest['headers']): boolean {
  for (const name in headers) {
    if (name.length === 4 && name.toLowerCase() === 'host') return true
  }
  return false
}

function refusedHostHeader(origin: string): OutboundOutcome {
  const message = `refused to send to "${origin}" (own "Host" header); it comes from the URL`
  return { kind: 'refused', message }
}

function notStarted(origin: string): OutboundOutcome {
  const message = `did not send to "${origin}" because the hub is stopping or gave up`
  return { kind: 'failed', reason: 'aborted', message, durationMs: 0 }
}
