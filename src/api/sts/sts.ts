import type { FastifyReply, FastifyRequest } from 'fastify'

import { AwsError, OverloadedFault } from '#src/errors.ts'
import { NO_ACCOUNT } from '#src/tenancy/credentials.ts'
import type { Credentials } from '#src/tenancy/credentials.ts'
import type { Principal } from '#src/model/principal.ts'
import type { SignatureCheck, SignatureFaultKind } from '../signature/signature-check.ts'

export interface StsPorts {
  readonly checkSignature: SignatureCheck
  readonly credentials: Credentials
  readonly onFault: (error: unknown) => void
}

const VERSION = '2011-06-15'
const NAMESPACE = `https://sts.amazonaws.com/doc/${VERSION}/`
const SERVICE = 'sts'

/** STS answers AWS's common errors with 403. */
const FAULT_CODES: Readonly<Record<SignatureFaultKind, string>> = {
  missing: 'MissingAuthenticationToken',
  incomplete: 'IncompleteSignature',
  'unknown-key': 'InvalidClientTokenId',
  'expired-session': 'ExpiredToken',
  mismatch: 'SignatureDoesNotMatch',
}
const FORBIDDEN = 403

const DURATION_SECONDS_MIN = 900
const DURATION_SECONDS_MAX = 43_200
const DURATION_SECONDS_DEFAULT = 3_600
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/

/** STS's query protocol: GetCallerIdentity and AssumeRole. */
export function createSts(ports: StsPorts) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<string> => {
    void reply.header('content-type', 'text/xml').header('x-amzn-requestid', request.id)
    try {
      return await answer(ports, request)
    } catch (error) {
      const { code, message, status } = stsErrorOf(error, ports.onFault)
      void reply.code(status)
      return (
        `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type>` +
        `<Code>${code}</Code><Message>${xml(message)}</Message></Error>` +
        `<RequestId>${request.id}</RequestId></ErrorResponse>`
      )
    }
  }
}

async function answer(ports: StsPorts, request: FastifyRequest): Promise<string> {
  const body = request.body instanceof Uint8Array ? request.body : Buffer.alloc(0)
  const { method, url, headers } = request
  const sourceIp = request.ip
  const signed = await ports.checkSignature({ method, url, headers, body, sourceIp })
  if (!signed.ok) throw new AwsError(FAULT_CODES[signed.kind], signed.message, FORBIDDEN)
  if (signed.service !== SERVICE) {
    throw new AwsError(
      'SignatureDoesNotMatch',
      `Credential should be scoped to correct service: '${SERVICE}'. `,
      FORBIDDEN,
    )
  }
  const parameters = new URLSearchParams(new TextDecoder().decode(body))
  const action = parameters.get('Action') ?? ''
  switch (action) {
    case 'GetCallerIdentity':
      return response(request.id, action, callerIdentity(signed.principal))
    case 'AssumeRole':
      return response(request.id, action, await assumeRole(ports, signed.principal, parameters))
    default:
      throw new AwsError(
        'InvalidAction',
        `Could not find operation ${action} for version ${parameters.get('Version') ?? VERSION}`,
      )
  }
}

function callerIdentity({ arn, id, awsAccountId }: Principal): string {
  return `<Arn>${xml(arn)}</Arn><UserId>${xml(id)}</UserId><Account>${awsAccountId ?? NO_ACCOUNT}</Account>`
}

async function assumeRole(
  { credentials }: StsPorts,
  caller: Principal,
  parameters: URLSearchParams,
): Promise<string> {
  const roleArn = requiredParameter(parameters, 'RoleArn')
  const sessionName = requiredParameter(parameters, 'RoleSessionName')
  const seconds = Number(parameters.get('DurationSeconds') ?? DURATION_SECONDS_DEFAULT)
  if (!SESSION_NAME.test(sessionName)) {
    throw invalid(
      sessionName,
      'roleSessionName',
      'Member must satisfy regular expression pattern: [\\w+=,.@-]*',
    )
  }
  if (!(seconds >= DURATION_SECONDS_MIN)) throw outOfRange(seconds, 'greater', DURATION_SECONDS_MIN)
  if (seconds > DURATION_SECONDS_MAX) throw outOfRange(seconds, 'less', DURATION_SECONDS_MAX)
  for (const name of ['Policy', 'PolicyArns.member.1.arn', 'SerialNumber', 'TokenCode']) {
    if (parameters.has(name)) {
      throw new AwsError('ValidationError', `Parameter ${name} is not supported by Belfry.`)
    }
  }
  const request = { roleArn, sessionName, durationMs: seconds * 1_000 }
  const assumed = await credentials.assumeRole(caller, request)
  if (assumed === undefined) {
    throw new AwsError(
      'AccessDenied',
      `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
      FORBIDDEN,
    )
  }
  const expiration = new Date(assumed.expiresAt).toISOString()
  const { principal } = assumed
  return (
    `<Credentials><AccessKeyId>${assumed.accessKeyId}</AccessKeyId>` +
    `<SecretAccessKey>${assumed.secretAccessKey}</SecretAccessKey>` +
    `<SessionToken>${assumed.sessionToken}</SessionToken><Expiration>${expiration}</Expiration></Credentials>` +
    `<AssumedRoleUser><AssumedRoleId>${xml(principal.id)}</AssumedRoleId><Arn>${xml(principal.arn)}</Arn></AssumedRoleUser>`
  )
}

function requiredParameter(parameters: URLSearchParams, name: string): string {
  const value = parameters.get(name)
  if (value) return value
  const path = name.charAt(0).toLowerCase() + name.slice(1)
  throw new AwsError(
    'ValidationError',
    `1 validation error detected: Value null at '${path}' failed to satisfy constraint: Member must not be null`,
  )
}

function invalid(value: string, path: string, constraint: string): AwsError {
  return new AwsError(
    'ValidationError',
    `1 validation error detected: Value '${value}' at '${path}' failed to satisfy constraint: ${constraint}`,
  )
}

function outOfRange(seconds: number, than: 'greater' | 'less', limit: number): AwsError {
  const constraint = `Member must have value ${than} than or equal to ${limit}`
  return invalid(String(seconds), 'durationSeconds', constraint)
}

function response(requestId: string, action: string, result: string): string {
  return (
    `<${action}Response xmlns="${NAMESPACE}"><${action}Result>${result}</${action}Result>` +
    `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>`
  )
}

function stsErrorOf(error: unknown, onFault: (error: unknown) => void): AwsError {
  if (error instanceof AwsError) return error
  if (error instanceof OverloadedFault) {
    return new AwsError('Throttling', `Rate exceeded: ${error.message}`)
  }
  onFault(error)
  return new AwsError('InternalFailure', 'the hub failed; its log says why', 500)
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
