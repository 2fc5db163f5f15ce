import { signedHeaders } from '#src/model/sigv4.ts'
import type { HubProcess } from './hub-process.ts'

/** An API token's key, a session, or no proof at all. */
export type Caller =
  | { readonly accessKeyId: string; readonly secretAccessKey: string }
  | { readonly sessionToken: string }
  | undefined

export interface RestAnswer {
  readonly status: number
  readonly body: any
}

/** The headers that prove who calls. */
export function proofOf(
  hub: HubProcess,
  caller: Caller,
  request: { readonly method: string; readonly path: string; readonly body?: string },
): Record<string, string> {
  if (caller === undefined) return {}
  if ('sessionToken' in caller) return { authorization: `Bearer ${caller.sessionToken}` }
  const { method, path, body = '' } = request
  return signedHeaders(
    { method, url: `/api/v1${path}`, headers: { host: new URL(hub.url).host }, body },
    { ...caller, region: 'us-east-1', service: 'belfry', now: Date.now() },
  )
}

/** A call of the REST API by anyone. */
export async function restAs(
  hub: HubProcess,
  caller: Caller,
  call: readonly [method: string, path: string, body?: unknown],
): Promise<RestAnswer> {
  const [method, path, given] = call
  const body = given === undefined ? undefined : JSON.stringify(given)
  const response = await fetch(`${hub.url}/api/v1${path}`, {
    method,
    headers: {
      ...proofOf(hub, caller, { method, path, ...(body !== undefined && { body }) }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
  })
  const text = await response.text()
  const type = response.headers.get('content-type') ?? ''
  const answer = type.startsWith('text/plain') ? text : text && parsed(type, text)
  return { status: response.status, body: answer || undefined }
}

function parsed(type: string, text: string): unknown {
  if (!type.startsWith('application/x-ndjson')) return JSON.parse(text)
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}
