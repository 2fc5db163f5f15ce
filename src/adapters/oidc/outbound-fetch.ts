import type { CustomFetch } from 'openid-client'

import type { Outbound, OutboundRequest } from '#src/ports/outbound.ts'

/** A provider that takes longer keeps somebody waiting before a white page. */
const TIMEOUT_MS = 10_000
/** Statuses whose answer may have no body, not even an empty one. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

/** `fetch` as openid-client calls it, through the one way out. */
export function createOutboundFetch(outbound: Outbound): CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const outcome = await outbound.request({
      url,
      method: method as OutboundRequest['method'],
      headers,
      timeoutMs: TIMEOUT_MS,
      ...(body !== null && body !== undefined && { body: bodyOf(body) }),
      ...(signal !== undefined && { signal }),
    })
    if (outcome.kind !== 'answered') throw new Error(outcome.message)
    if (outcome.bodyTruncated) throw new Error(`the answer of "${new URL(url).origin}" is too long`)
    const { status, body: text } = outcome
    return new Response(BODILESS.has(status) ? null : text, { status, headers: outcome.headers })
  }
}

function bodyOf(body: unknown): string | Uint8Array {
  if (typeof body === 'string' || body instanceof Uint8Array) return body
  if (body instanceof URLSearchParams) return body.toString()
  throw new Error('openid-client sent a body of a kind that it did not before')
}
