import type { FastifyRequest } from 'fastify'

import { RestError } from '#src/errors.ts'
import { PERMISSIONS, mayDo } from '#src/model/principal.ts'
import type { Permission, Principal } from '#src/model/principal.ts'
import type { Sessions } from '#src/tenancy/sessions.ts'
import type { SignatureCheck } from '../signature/signature-check.ts'

/** The service in the credential scope of signed REST calls. */
const REST_SERVICE = 'belfry'

export type CallerOf = (request: FastifyRequest, permission?: Permission) => Promise<Principal>

/**
 * Who calls the REST API: a session (`Authorization: Bearer`) or an API token (Signature Version 4
 * for the service `belfry`).
 * @throws RestError 401 caller.unknown, 403 caller.forbidden
 */
export function createCallerOf(checkSignature: SignatureCheck, sessions: Sessions): CallerOf {
  return async (request, permission) => {
    const principal = traced(request, await identify(checkSignature, sessions, request))
    if (permission === undefined || mayDo(principal, permission)) return principal
    if (principal.mustEnrol) throw mustEnrol()
    throw new RestError(
      403,
      'caller.forbidden',
      PERMISSIONS[permission].some((role) => role === principal.role)
        ? `${permission} concerns the whole organisation, and this API token is only for the accounts ${principal.onlyAccounts?.join(', ')}`
        : `the role "${principal.role}" does not include ${permission}, which ${rolesWith(permission)}: see "belfry roles"`,
    )
  }
}

function rolesWith(permission: Permission): string {
  const roles = PERMISSIONS[permission]
  return roles.length === 1 ? `the role ${roles[0]} does` : `the roles ${roles.join(', ')} do`
}

export type StillCalls = (request: FastifyRequest, permission: Permission) => Promise<boolean>

/**
 * Whether who made a request that has been going on for long could still make it: whether the
 * session, or the secret of the API token behind the signature, is good still and may do it.
 */
export function createStillCalls(checkSignature: SignatureCheck, sessions: Sessions): StillCalls {
  return async (request, permission) => {
    const { method, url, headers, caller } = request
    const bearer = bearerOf(headers.authorization)
    if (bearer !== undefined) {
      const principal = await sessions.principalOf(bearer)
      return principal !== undefined && sameScope(caller, principal, permission)
    }
    const body = bodyOf(request)
    const signed = await checkSignature({ method, url, headers, body, goesOn: true })
    return signed.ok && sameScope(caller, signed.principal, permission)
  }
}

/** Who may do less than when the request began must begin again, to be shown no more than that. */
function sameScope(before: Principal | undefined, now: Principal, permission: Permission): boolean {
  const accountsOf = ({ onlyAccounts }: Principal) => onlyAccounts?.toSorted().join()
  const same = before?.role === now.role && accountsOf(before) === accountsOf(now)
  return same && mayDo(now, permission)
}

function bearerOf(authorization: string | undefined): string | undefined {
  return /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
}

/** Longer headers are somebody's mistake, and would travel with every event. */
const TRACE_HEADER_CHARACTERS_MAX = 512

function traced({ headers }: FastifyRequest, principal: Principal): Principal {
  const headerOf = (name: string) => {
    const value = headers[name]
    return typeof value === 'string' && value.length <= TRACE_HEADER_CHARACTERS_MAX
      ? value
      : undefined
  }
  const traceparent = headerOf('traceparent')
  const hc = headerOf('x-honeycomb-trace')
  if (traceparent === undefined && hc === undefined) return principal
  const traceContext = {
    ...(traceparent !== undefined && { traceparent }),
    ...(hc !== undefined && { hc }),
  }
  return { ...principal, traceContext }
}

async function identify(
  checkSignature: SignatureCheck,
  sessions: Sessions,
  request: FastifyRequest,
): Promise<Principal> {
  const { method, url, headers } = request
  const bearer = bearerOf(headers.authorization)
  if (bearer !== undefined) {
    const principal = await sessions.principalOf(bearer)
    if (principal !== undefined) return principal
    throw unknownCaller('the session is unknown or has expired: log in again')
  }
  const body = bodyOf(request)
  const signed = await checkSignature({ method, url, headers, body, sourceIp: request.ip })
  if (!signed.ok) {
    throw unknownCaller(
      signed.kind === 'missing'
        ? 'the call is neither signed nor made in a session: sign it with an API token (Signature Version 4, service "belfry") or log in'
        : signed.message,
    )
  }
  if (signed.service !== REST_SERVICE) {
    throw unknownCaller(`the signature must be scoped to the service "${REST_SERVICE}"`)
  }
  return { ...signed.principal, region: signed.region }
}

function bodyOf({ rawBody }: FastifyRequest): Uint8Array {
  return rawBody ?? new Uint8Array()
}

function mustEnrol(): RestError {
  return new RestError(
    403,
    'caller.second-factor-required',
    'the organisation asks for a second factor and this user has none: set one up with POST /second-factor or "belfry second-factor enable"',
  )
}

function unknownCaller(message: string): RestError {
  return new RestError(401, 'caller.unknown', message)
}
