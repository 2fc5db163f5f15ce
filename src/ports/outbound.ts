import type { Socket } from 'node:net'

/** One HTTP request of the hub to somewhere else. The seam sets `Host` itself. */
export interface OutboundRequest {
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Covers everything: waiting for a free connection, connecting, sending, the whole answer. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /**
   * Asks for the body of the answer as bytes, so many at most; without it the body is a text that
   * is cut where it would be too long for a log.
   */
  readonly responseBytesMax?: number
}

/** What became of a request. No message holds a body, a header, a path or a query string. */
export type OutboundOutcome =
  | {
      readonly kind: 'answered'
      /** Any final status; a 3xx is an answer like the others, redirects are never followed. */
      readonly status: number
      /** Names in lower case; values of a repeated header are joined with ", ". */
      readonly headers: Readonly<Record<string, string>>
      /** The first bytes as UTF-8; an encoded (compressed) body is not decoded. */
      readonly body: string
      /** The body as it came, where `responseBytesMax` asked for it; `body` is empty then. */
      readonly bytes?: Uint8Array
      readonly bodyTruncated: boolean
      readonly durationMs: number
    }
  /** The policy forbids it, or HTTP cannot express it: not sent, and a retry changes nothing. */
  | { readonly kind: 'refused'; readonly message: string }
  /** Unknown whether the other side has seen it, so a retry may deliver it twice. */
  | {
      readonly kind: 'failed'
      /** 'timeout' is the request's own limit; a connect that takes too long is a failed one. */
      readonly reason: 'timeout' | 'connection-failed' | 'aborted'
      readonly message: string
      readonly durationMs: number
    }

/** A server of the operator's own choice, which speaks something else than HTTP: mail. */
export interface OperatorsServer {
  readonly host: string
  readonly port: number
  /** Until the connection is open, the look-up of the name included. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export type Connecting =
  | { readonly kind: 'connected'; readonly socket: Socket }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string }

/** The one way out: every connection that the hub makes passes here and through its policy. */
export interface Outbound {
  /** Sends one request; every expected outcome is a value, nothing is thrown. */
  request(request: OutboundRequest): Promise<OutboundOutcome>
  /** Why a URL would be refused, judged without DNS: for the moment when a target is saved. */
  refusalOf(url: string): string | undefined
  /** Takes no more requests, lets the running ones end and then drops every connection. */
  close(): Promise<void>
}

/** The same way out for what is not HTTP. */
export interface OutboundConnections {
  /**
   * Opens a bare connection; every expected outcome is a value, nothing is thrown. The operator
   * named the server, so it may be a private one; a metadata service is none of anybody's.
   */
  connect(to: OperatorsServer): Promise<Connecting>
}
