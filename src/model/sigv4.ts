import { createHmac, createSecretKey, hash } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

import { percentEncoded } from './percent-encoding.ts'

/**
 * AWS Signature Version 4, the arithmetic that a caller and a server share.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export const ALGORITHM = 'AWS4-HMAC-SHA256'

/** What a signature covers. */
export interface SignedParts {
  readonly method: string
  /** Path and query as sent. */
  readonly url: string
  readonly signedHeaders: readonly string[]
  /** Value of a header by its lower-case name. */
  readonly headerOf: (name: string) => string | undefined
  readonly payloadHash: string
}

/** Where and when a signature is valid. */
export interface CredentialScope {
  /** YYYYMMDD */
  readonly date: string
  readonly region: string
  readonly service: string
}

export function sha256Hex(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex')
}

/** YYYYMMDDTHHMMSSZ */
export function amzDate(epochMs: number): string {
  return new Date(epochMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
}

/** The key that signs for one day, region and service; worth keeping, it takes four HMACs. */
export function signingKey(secretAccessKey: string, scope: CredentialScope): KeyObject {
  const date = hmac(`AWS4${secretAccessKey}`, scope.date)
  const key = hmac(hmac(hmac(date, scope.region), scope.service), 'aws4_request')
  // A key object signs six times as fast as the bytes, which node would import each time.
  return createSecretKey(key)
}

/** @param at the request's time, YYYYMMDDTHHMMSSZ */
export function signature(
  key: KeyObject,
  at: string,
  scope: CredentialScope,
  parts: SignedParts,
): string {
  const text = [ALGORITHM, at, scopeText(scope), sha256Hex(canonicalRequest(parts))].join('\n')
  return createHmac('sha256', key).update(text).digest('hex')
}

export function scopeText({ date, region, service }: CredentialScope): string {
  return `${date}/${region}/${service}/aws4_request`
}

/** The headers that sign a request of this body; `host` must be among `headers`. */
export function signedHeaders(
  request: {
    readonly method: string
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: string | Uint8Array
  },
  caller: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly region: string
    readonly service: string
    readonly now: number
  },
): Record<string, string> {
  const at = amzDate(caller.now)
  const scope = { date: at.slice(0, 8), region: caller.region, service: caller.service }
  const headers: Record<string, string> = { ...request.headers, 'x-amz-date': at }
  const names = Object.keys(headers).toSorted()
  const signed = signature(signingKey(caller.secretAccessKey, scope), at, scope, {
    method: request.method,
    url: request.url,
    signedHeaders: names,
    headerOf: (name) => headers[name],
    payloadHash: sha256Hex(request.body),
  })
  const credential = `${caller.accessKeyId}/${scopeText(scope)}`
  headers['authorization'] =
    `${ALGORITHM} Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signed}`
  return headers
}

function canonicalRequest(parts: SignedParts): string {
  const [path = '/', query = ''] = splitOnce(parts.url, '?')
  const headers = parts.signedHeaders.map(
    (name) => `${name}:${(parts.headerOf(name) ?? '').trim().replaceAll(/\s+/g, ' ')}\n`,
  )
  return [
    parts.method,
    canonicalPath(path),
    canonicalQuery(query),
    headers.join(''),
    parts.signedHeaders.join(';'),
    parts.payloadHash,
  ].join('\n')
}

/** Each segment is encoded once more than it was sent, for every service but S3. */
function canonicalPath(path: string): string {
  return path
    .split('/')
    .map((segment) => percentEncoded(segment))
    .join('/')
}

function canonicalQuery(query: string): string {
  if (query === '') return ''
  return query
    .split('&')
    .map((pair) => {
      const [name, value = ''] = splitOnce(pair, '=')
      return [percentEncoded(decode(name ?? '')), percentEncoded(decode(value))]
    })
    .toSorted(([a = '', x = ''], [b = '', y = '']) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&')
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
