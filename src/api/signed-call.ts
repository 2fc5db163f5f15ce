import type { FastifyRequest } from 'fastify'

import { AwsError, OverloadedFault, StoreFullFault } from '#src/errors.ts'
import { mayDo } from '#src/model/principal.ts'
import type { Call, Operation } from './eventbridge/operation.ts'
import type { SignatureCheck, SignatureFaultKind } from './signature/signature-check.ts'

/** What every AWS service that knows accounts and regions asks about a call. */
export interface SignedCallPorts {
  readonly checkSignature: SignatureCheck
  /** Whether the account has a default bus in the region. */
  readonly regionEnabled: (account: string, region: string) => Promise<boolean>
  readonly onFault: (error: unknown) => void
}

/** Codes of a signature that does not hold, in AWS's JSON protocols. */
export const SIGNATURE_FAULT_CODES: Readonly<Record<SignatureFaultKind, string>> = {
  missing: 'MissingAuthenticationTokenException',
  incomplete: 'IncompleteSignatureException',
  'unknown-key': 'UnrecognizedClientException',
  'expired-session': 'ExpiredTokenException',
  mismatch: 'InvalidSignatureException',
}
const UTF8 = new TextDecoder('utf-8', { fatal: true })

export function bodyOf({ body }: FastifyRequest): Uint8Array {
  return body instanceof Uint8Array ? body : Buffer.alloc(0)
}

/**
 * Who calls a service, and the account and region that the call acts in.
 * @throws AwsError
 */
export async function callOf(
  { checkSignature, regionEnabled }: SignedCallPorts,
  request: FastifyRequest,
  service: string,
): Promise<Call> {
  const { method, url, headers } = request
  const body = bodyOf(request)
  const signed = await checkSignature({ method, url, headers, body, sourceIp: request.ip })
  if (!signed.ok) throw new AwsError(SIGNATURE_FAULT_CODES[signed.kind], signed.message)
  const { principal, region } = signed
  if (signed.service !== service) {
    throw new AwsError(
      'InvalidSignatureException',
      `Credential should be scoped to correct service: '${service}'. `,
    )
  }
  const account = principal.awsAccountId
  if (account === undefined) {
    throw new AwsError(
      'AccessDeniedException',
      `User: ${principal.arn} acts in no account: assume a role in one, such as arn:aws:iam::<account>:role/api_operations, or use a profile of an account.`,
    )
  }
  if (!(await regionEnabled(account, region))) {
    throw new AwsError(
      'InvalidSignatureException',
      `Credential should be scoped to a valid region. Region '${region}' is not enabled for account ${account}.`,
    )
  }
  return { account, region, principal }
}

/**
 * @param action as IAM writes it, such as `events:PutRule`
 * @throws AwsError AccessDeniedException where the caller's role does not include the operation
 */
export function authorize(call: Call, action: string, { permission }: Operation): void {
  const { principal, account, region } = call
  if (mayDo(principal, permission)) return
  const [service] = action.split(':')
  throw new AwsError(
    'AccessDeniedException',
    `User: ${principal.arn} is not authorized to perform: ${action} on resource: arn:aws:${service}:${region}:${account}:* because no identity-based policy allows the ${action} action`,
  )
}

/** @throws AwsError SerializationException */
export function parsedBody(body: Uint8Array): unknown {
  if (body.byteLength === 0) return {}
  try {
    return JSON.parse(UTF8.decode(body))
  } catch {
    throw new AwsError('SerializationException', 'the request body is not valid JSON')
  }
}

/** Every error as AWS would name it; what has no name there is an internal failure. */
export function awsErrorOf(error: unknown, onFault: (error: unknown) => void): AwsError {
  if (error instanceof AwsError) return error
  if (error instanceof OverloadedFault) {
    return new AwsError('ThrottlingException', `Rate exceeded: ${error.message}`)
  }
  onFault(error)
  if (error instanceof StoreFullFault) {
    return new AwsError('InternalException', error.message, 500)
  }
  return new AwsError('InternalException', 'the hub failed; its log says why', 500)
}
