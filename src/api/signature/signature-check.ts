import { timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

import type { Principal } from '#src/model/principal.ts'
import {
  ALGORITHM,
  amzDate,
  scopeText,
  sha256Hex,
  signature,
  signingKey,
} from '#src/model/sigv4.ts'
import type { CredentialScope } from '#src/model/sigv4.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Credential, Credentials } from '#src/tenancy/credentials.ts'
import type { TokenUses } from '#src/tenancy/token-use.ts'

export interface SignedRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
  /** The address that the call came from. */
  readonly sourceIp?: string
  /**
   * The call was let in before and goes on: whether its key would still sign it counts, not when
   * it was signed, and it is no new use of the key.
   */
  readonly goesOn?: true
}

/** Who signed, and for which region and service. */
export interface Signed {
  readonly ok: true
  readonly principal: Principal
  readonly region: string
  readonly service: string
}

/** AWS's reasons; each protocol has its own code for them. */
export type SignatureFaultKind =
  | 'missing'
  | 'incomplete'
  | 'unknown-key'
  | 'expired-session'
  | 'mismatch'

export interface SignatureFault {
  readonly ok: false
  readonly kind: SignatureFaultKind
  readonly message: string
}

export type SignatureCheck = (request: SignedRequest) => Promise<Signed | SignatureFault>

/** AWS's: five minutes either way. */
const CLOCK_SKEW_MS_MAX = 5 * 60_000
const SIGNING_KEYS_MAX = 10_000
/** Headers without which a signature could be moved to another request. */
const REQUIRED_SIGNED_HEADERS = ['host', 'x-amz-date']

/** Verifies Signature Version 4 in the Authorization header: signature, time, scope, payload. */
export function createSignatureCheck(
  credentials: Credentials,
  clock: Clock,
  tokenUses: TokenUses,
): SignatureCheck {
  const keys = new Map<string, KeyObject>()
  const keyOf = (secret: string, scope: CredentialScope): KeyObject => {
    const name = `${secret} ${scopeText(scope)}`
    const known = keys.get(name)
    if (known !== undefined) return known
    if (keys.size >= SIGNING_KEYS_MAX) keys.clear()
    const key = signingKey(secret, scope)
    keys.set(name, key)
    return key
  }

  return async ({ method, url, headers, body, sourceIp, goesOn = false }) => {
    if (headers.authorization === undefined) {
      return fault('missing', 'Missing Authentication Token')
    }
    const given = parseAuthorization(headers.authorization, headers)
    if (!given.ok) return given
    const { accessKeyId, scope, at } = given
    const late = goesOn ? undefined : skewFault(at, scope, clock.now())
    if (late !== undefined) return late
    const payloadHash = sha256Hex(body)
    const claimed = headers['x-amz-content-sha256']
    if (claimed !== undefined && claimed !== payloadHash) {
      return fault(
        'mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      )
    }
    const found = await credentials.find(accessKeyId, one(headers['x-amz-security-token']))
    if (found === undefined) {
      return fault('unknown-key', 'The security token included in the request is invalid.')
    }
    const isSignedWith = (secret: string) => {
      const expected = signature(keyOf(secret, scope), at, scope, {
        method,
        url,
        signedHeaders: given.signedHeaders,
        headerOf: (name) => one(headers[name]),
        payloadHash,
      })
      return sameText(expected, given.signature)
    }
    const { principal } = found
    const refused = async (why: SignatureFault, errorCode: string) => {
      if (goesOn) return why
      await tokenUses.note(principal, { ok: false, errorCode, message: why.message }, sourceIp)
      return why
    }
    if (!secretsOf(found, clock.now()).some(isSignedWith)) {
      const why = fault(
        'mismatch',
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
      )
      return refused(why, 'SignatureDoesNotMatch')
    }
    if (found.expiresAt !== undefined && found.expiresAt <= clock.now()) {
      const why = fault('expired-session', 'The security token included in the request is expired')
      return refused(why, 'ExpiredToken')
    }
    const noted = goesOn ? undefined : tokenUses.note(principal, { ok: true }, sourceIp)
    if (noted !== undefined) await noted
    const { region, service } = scope
    return { ok: true, principal, region, service }
  }
}

function secretsOf({ secretAccessKey, previous }: Credential, now: number): readonly string[] {
  const before = previous !== undefined && now < previous.until ? [previous.secretAccessKey] : []
  return [secretAccessKey, ...before]
}

interface Authorization {
  readonly ok: true
  readonly accessKeyId: string
  readonly scope: CredentialScope
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly at: string
}

function parseAuthorization(
  text: string,
  headers: IncomingHttpHeaders,
): Authorization | SignatureFault {
  if (!text.startsWith(`${ALGORITHM} `)) {
    return fault('incomplete', `Authorization header must start with '${ALGORITHM}'.`)
  }
  const fields = new Map(
    text
      .slice(ALGORITHM.length)
      .split(',')
      .map((field) => field.trim().split('=', 2) as [string, string]),
  )
  const missing = ['Credential', 'SignedHeaders', 'Signature']
    .filter((name) => !fields.get(name))
    .map((name) => `Authorization header requires '${name}' parameter.`)
  const at = one(headers['x-amz-date'])
  if (at === undefined) {
    missing.push(
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    )
  }
  if (missing.length > 0 || at === undefined) return fault('incomplete', missing.join(' '))
  const parts = (fields.get('Credential') ?? '').split('/')
  const [terminator, service, region, date] = parts.toReversed()
  const accessKeyId = parts.slice(0, -4).join('/')
  if (!accessKeyId || !date || !region || !service || terminator !== 'aws4_request') {
    return fault(
      'incomplete',
      'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.',
    )
  }
  const signedHeaders = (fields.get('SignedHeaders') ?? '').split(';')
  const unsigned = REQUIRED_SIGNED_HEADERS.filter((name) => !signedHeaders.includes(name))
  if (unsigned.length > 0) {
    return fault(
      'mismatch',
      `'${unsigned.join("', '")}' must be a 'SignedHeader' in the AWS Authorization.`,
    )
  }
  const scope = { date, region, service }
  const signed = fields.get('Signature') ?? ''
  return { ok: true, accessKeyId, scope, signedHeaders, signature: signed, at }
}

function skewFault(at: string, scope: CredentialScope, now: number): SignatureFault | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(at) ?? []
  const signedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(signedAt)) {
    return fault('incomplete', `Date must be in ISO-8601 'basic format'. Got '${at}'.`)
  }
  if (!at.startsWith(scope.date)) {
    return fault(
      'mismatch',
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.date}' != '${at.slice(0, 8)}', from '${at}'.`,
    )
  }
  if (signedAt < now - CLOCK_SKEW_MS_MAX) {
    const limit = amzDate(now - CLOCK_SKEW_MS_MAX)
    return fault(
      'mismatch',
      `Signature expired: ${at} is now earlier than ${limit} (${amzDate(now)} - 5 min.)`,
    )
  }
  if (signedAt > now + CLOCK_SKEW_MS_MAX) {
    const limit = amzDate(now + CLOCK_SKEW_MS_MAX)
    return fault(
      'mismatch',
      `Signature not yet current: ${at} is still later than ${limit} (${amzDate(now)} + 5 min.)`,
    )
  }
  return undefined
}

function fault(kind: SignatureFaultKind, message: string): SignatureFault {
  return { ok: false, kind, message }
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}
