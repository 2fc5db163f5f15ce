import type { FastifyReply, FastifyRequest } from 'fastify'

import { AwsError, OverloadedFault, StoreFullFault } from '#src/errors.ts'
import { mayDo } from '#src/model/principal.ts'
import type { SignatureCheck, SignatureFaultKind, Signed } from '../signature/signature-check.ts'
import type { Call, Operation, Operations } from './operation.ts'
import { checkInput } from './shapes.ts'

export interface FrontDoorPorts {
  readonly checkSignature: SignatureCheck
  readonly operations: Operations
  /** Whether the account has a default bus in the region. */
  readonly regionEnabled: (account: string, region: string) => Promise<boolean>
  readonly onFault: (error: unknown) => void
}

export const JSON_1_1 = 'application/x-amz-json-1.1'
const SERVICE = 'events'
const UTF8 = new TextDecoder('utf-8', { fatal: true })
const TARGET_PREFIX = 'AWSEvents.'

const FAULT_CODES: Readonly<Record<SignatureFaultKind, string>> = {
  missing: 'MissingAuthenticationTokenException',
  incomplete: 'IncompleteSignatureException',
  'unknown-key': 'UnrecognizedClientException',
  'expired-session': 'ExpiredTokenException',
  mismatch: 'InvalidSignatureException',
}

/** EventBridge's AWS JSON 1.1 protocol: `POST /` with `X-Amz-Target: AWSEvents.<Operation>`. */
export function createFrontDoor(ports: FrontDoorPorts) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<string> => {
    void reply.header('content-type', JSON_1_1).header('x-amzn-requestid', request.id)
    try {
      return JSON.stringify(await answer(ports, request))
    } catch (error) {
      const { code, status, message } = awsErrorOf(error, ports.onFault)
      void reply.code(status).header('x-amzn-errortype', code)
      return JSON.stringify({ __type: code, message })
    }
  }
}

async function answer(ports: FrontDoorPorts, request: FastifyRequest): Promise<object> {
  const body = request.body instanceof Uint8Array ? request.body : Buffer.alloc(0)
  const { method, url, headers } = request
  const sourceIp = request.ip
  const signed = await ports.checkSignature({ method, url, headers, body, sourceIp })
  if (!signed.ok) throw new AwsError(FAULT_CODES[signed.kind], signed.message)
  const { operation, name } = operationOf(ports, headers['x-amz-target'])
  const call = await callOf(ports, signed)
  const contentType = headers['content-type'] ?? ''
  if (!contentType.startsWith(JSON_1_1)) {
    throw new AwsError(
      'SerializationException',
      `the content type must be "${JSON_1_1}", not "${contentType}"`,
    )
  }
  authorize(call, name, operation)
  const input = parsedBody(body)
  checkInput(operation.input, input)
  return operation.run(call, input)
}

function operationOf({ operations }: FrontDoorPorts, header: string | string[] | undefined) {
  const target = String(header ?? '')
  const name = target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : ''
  if (!Object.hasOwn(operations, name)) {
    throw new AwsError(
      'UnknownOperationException',
      target === ''
        ? 'the X-Amz-Target header names no operation'
        : `the operation "${target}" is not supported`,
    )
  }
  return { operation: operations[name] as Operation, name }
}

async function callOf({ regionEnabled }: FrontDoorPorts, signed: Signed): Promise<Call> {
  const { principal, region, service } = signed
  if (service !== SERVICE) {
    throw new AwsError(
      'InvalidSignatureException',
      `Credential should be scoped to correct service: '${SERVICE}'. `,
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

function authorize(call: Call, name: string, { permission }: Operation): void {
  const { principal, account, region } = call
  if (mayDo(principal, permission)) return
  throw new AwsError(
    'AccessDeniedException',
    `User: ${principal.arn} is not authorized to perform: events:${name} on resource: arn:aws:events:${region}:${account}:* because no identity-based policy allows the events:${name} action`,
  )
}

function parsedBody(body: Uint8Array): unknown {
  if (body.byteLength === 0) return {}
  try {
    return JSON.parse(UTF8.decode(body))
  } catch {
    throw new AwsError('SerializationException', 'the request body is not valid JSON')
  }
}

/** Every error as AWS would name it; what has no name there is an internal failure. */
function awsErrorOf(error: unknown, onFault: (error: unknown) => void): AwsError {
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
