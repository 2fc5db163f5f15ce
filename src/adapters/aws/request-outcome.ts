import type { DeadLetterCode } from '#src/model/delivery.ts'
import type { AwsOutcome } from '#src/ports/aws-services.ts'
import { OutboundFault } from './outbound-request-handler.ts'

/** There were no credentials to ask with, or none that can be read: for the operator to mend. */
export class CredentialsFault extends Error {
  override readonly name = 'CredentialsFault'
}

/** The role of a target could not be assumed, for the reason in `cause`. */
export class AssumeRoleFault extends Error {
  override readonly name = 'AssumeRoleFault'
}

/** AWS answered with success, and refused the one thing that it was sent. */
export class EntryRefusedFault extends Error {
  /** @param code AWS's, such as `ThrottlingException` */
  constructor(code: string, message: string) {
    super(message)
    this.name = code
  }
}

type Judgement = readonly [kind: 'retryable' | 'permanent', code: DeadLetterCode]

const THROTTLED: Judgement = ['retryable', 'THROTTLING']
const FULL: Judgement = ['retryable', 'RESOURCE_LIMIT_EXCEEDED']
const FAULTY: Judgement = ['retryable', 'ERROR_FROM_TARGET']
const FORBIDDEN: Judgement = ['permanent', 'NO_PERMISSIONS']
/** Credentials that ran out are renewed by whoever keeps them. */
const RAN_OUT: Judgement = ['retryable', 'NO_PERMISSIONS']
const MISSING: Judgement = ['permanent', 'NO_RESOURCE']
const WRONG: Judgement = ['permanent', 'INVALID_PARAMETER']

/** Error codes of the services whose status does not say it: most have 400. */
const BY_NAME: ReadonlyMap<string, Judgement> = new Map(
  Object.entries({
    BandwidthLimitExceeded: THROTTLED,
    EC2ThrottledException: THROTTLED,
    KMSThrottlingException: THROTTLED,
    KmsThrottled: THROTTLED,
    ProvisionedThroughputExceededException: THROTTLED,
    RequestLimitExceeded: THROTTLED,
    RequestThrottled: THROTTLED,
    RequestThrottledException: THROTTLED,
    Throttled: THROTTLED,
    ThrottledException: THROTTLED,
    Throttling: THROTTLED,
    ThrottlingException: THROTTLED,
    TooManyRequestsException: THROTTLED,

    ExecutionLimitExceeded: FULL,
    LimitExceededException: FULL,
    OverLimit: FULL,
    ServiceQuotaExceededException: FULL,

    InternalError: FAULTY,
    InternalException: FAULTY,
    InternalFailure: FAULTY,
    InternalFailureException: FAULTY,
    InternalServerError: FAULTY,
    ServiceUnavailable: FAULTY,
    ServiceUnavailableException: FAULTY,
    // A function that changes or is being made ready.
    ResourceConflictException: FAULTY,
    ResourceNotReadyException: FAULTY,
    // The clock of this machine or of the other side is off.
    RequestExpired: FAULTY,
    RequestTimeTooSkewed: FAULTY,

    ExpiredToken: RAN_OUT,
    ExpiredTokenException: RAN_OUT,

    AccessDenied: FORBIDDEN,
    AccessDeniedException: FORBIDDEN,
    AuthorizationError: FORBIDDEN,
    AuthorizationErrorException: FORBIDDEN,
    IncompleteSignature: FORBIDDEN,
    InvalidClientTokenId: FORBIDDEN,
    InvalidSecurity: FORBIDDEN,
    InvalidSignatureException: FORBIDDEN,
    KMSAccessDeniedException: FORBIDDEN,
    KmsAccessDenied: FORBIDDEN,
    MissingAuthenticationToken: FORBIDDEN,
    NotAuthorized: FORBIDDEN,
    NotAuthorizedForDetailTypeException: FORBIDDEN,
    NotAuthorizedForSourceException: FORBIDDEN,
    OptInRequired: FORBIDDEN,
    SignatureDoesNotMatch: FORBIDDEN,
    UnrecognizedClientException: FORBIDDEN,

    'AWS.SimpleQueueService.NonExistentQueue': MISSING,
    KMSNotFoundException: MISSING,
    KmsNotFound: MISSING,
    NonExistentQueue: MISSING,
    NotFound: MISSING,
    NotFoundException: MISSING,
    QueueDeletedRecently: MISSING,
    QueueDoesNotExist: MISSING,
    ResourceNotFoundException: MISSING,
    StateMachineDeleting: MISSING,
    StateMachineDoesNotExist: MISSING,
  }),
)

/** Of an error that has another name. */
function byStatus(status: number | undefined): Judgement {
  if (status === undefined) return WRONG
  if (status >= 500) return FAULTY
  if (status === 429) return THROTTLED
  if (status === 401 || status === 403) return FORBIDDEN
  return status === 404 ? MISSING : WRONG
}

/**
 * What a request to AWS came to that threw.
 * @throws the fault, if it is none of AWS's nor of the way there
 */
export function outcomeOfFault(fault: unknown): AwsOutcome {
  if (fault instanceof AssumeRoleFault) return outcomeOfAssumeRole(fault)
  if (fault instanceof CredentialsFault) {
    return { kind: 'retryable', error: { code: 'SDK_CLIENT_ERROR', message: fault.message } }
  }
  if (fault instanceof OutboundFault) return outcomeOfNoAnswer(fault)
  if (!(fault instanceof Error) || !isAnswer(fault)) throw fault
  const status = fault.$metadata?.httpStatusCode
  const [kind, code] = BY_NAME.get(fault.name) ?? byStatus(status)
  const { name, message, Code: awsCode = name } = fault
  return {
    kind,
    error: { code, message: `${name}: ${message}`, awsCode },
    ...(status !== undefined && { answer: { status, body: '' } }),
  }
}

interface Answer {
  readonly $metadata?: { readonly httpStatusCode?: number }
  /** Of services that have spoken XML before: their name for it, where the client has another. */
  readonly Code?: string
}

function isAnswer(fault: Error): fault is Error & Answer {
  // Of what fails before it is sent a client knows no status.
  const { $metadata } = fault as Answer
  return fault instanceof EntryRefusedFault || $metadata?.httpStatusCode !== undefined
}

function outcomeOfAssumeRole({ message, cause }: AssumeRoleFault): AwsOutcome {
  const { kind, ...rest } = outcomeOfFault(cause)
  const error = 'error' in rest ? rest.error : undefined
  const reason = error === undefined ? '' : `: ${error.message}`
  const code = kind === 'retryable' ? 'TRANSIENT_ASSUME_ROLE' : 'FAILED_TO_ASSUME_ROLE'
  return {
    ...rest,
    kind: kind === 'retryable' ? kind : 'permanent',
    error: { ...error, code, message: `${message}${reason}` },
  }
}

function outcomeOfNoAnswer({ reason, message }: OutboundFault): AwsOutcome {
  switch (reason) {
    case 'refused':
      return { kind: 'permanent', error: { code: 'INVALID_PARAMETER', message } }
    case 'timeout':
      return { kind: 'retryable', error: { code: 'TIMEOUT', message } }
    case 'connection-failed':
    case 'aborted':
      return { kind: 'retryable', error: { code: 'CONNECTION_FAILURE', message } }
    default:
      return reason satisfies never
  }
}
