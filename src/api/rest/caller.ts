import type { FastifyRequest } from 'fastify'

import { RestError } from '#src/errors.ts'
import { mayDo } from '#src/model/principal.ts'
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
    const principal = await identify(checkSignature, sessions, request)
    if (permission === undefined || mayDo(principal, permission)) return principal
    throw new RestError(
      403,
      'caller.forbidden',
      `the role "${principal.role}" does not include ${permission}`,
    )
  }
}

async function identify(
  checkSignature: SignatureCheck,
  sessions: Sessions,
  request: FastifyRequest,
): Promise<Principal> {
  const { method, url, headers } = request
  const bearer = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]
  if (bearer !== undefined) {
    const principal = await sessions.principalOf(bearer)
    if (principal !== undefined) return principal
    throw unknownCaller('the session is unknown or has expired: log in again')
  }
  const body = request.rawBody ?? new Uint8Array()
  const signed = await checkSignature({ method, url, headers, body })
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
  return signed.principal
}

function unknownCaller(message: string): RestError {
  return new RestError(401, 'caller.unknown', message)
}
