import { describe, expect, it } from 'vitest'

import { OutboundFault } from './outbound-request-handler.ts'
import {
  AssumeRoleFault,
  CredentialsFault,
  EntryRefusedFault,
  outcomeOfFault,
} from './request-outcome.ts'

/** As a client of AWS throws it. */
function answered(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error('why'), { name, $metadata: { httpStatusCode } })
}

describe('an error of a service', () => {
  it.each([
    ['ThrottlingException', 400, 'retryable', 'THROTTLING'],
    ['ProvisionedThroughputExceededException', 400, 'retryable', 'THROTTLING'],
    ['RequestThrottled', 403, 'retryable', 'THROTTLING'],
    ['TooManyRequestsException', 429, 'retryable', 'THROTTLING'],
    ['SomethingElse', 429, 'retryable', 'THROTTLING'],
    ['LimitExceededException', 400, 'retryable', 'RESOURCE_LIMIT_EXCEEDED'],
    ['ExecutionLimitExceeded', 400, 'retryable', 'RESOURCE_LIMIT_EXCEEDED'],
    ['InternalFailure', 500, 'retryable', 'ERROR_FROM_TARGET'],
    ['InternalError', 400, 'retryable', 'ERROR_FROM_TARGET'],
    ['ServiceUnavailableException', 503, 'retryable', 'ERROR_FROM_TARGET'],
    ['UnknownError', 502, 'retryable', 'ERROR_FROM_TARGET'],
    ['EC2UnexpectedException', 502, 'retryable', 'ERROR_FROM_TARGET'],
    ['ResourceConflictException', 409, 'retryable', 'ERROR_FROM_TARGET'],
    ['ExpiredToken', 403, 'retryable', 'NO_PERMISSIONS'],
    ['ExpiredTokenException', 400, 'retryable', 'NO_PERMISSIONS'],
    ['AccessDenied', 403, 'permanent', 'NO_PERMISSIONS'],
    ['AccessDeniedException', 400, 'permanent', 'NO_PERMISSIONS'],
    ['AuthorizationErrorException', 403, 'permanent', 'NO_PERMISSIONS'],
    ['InvalidClientTokenId', 403, 'permanent', 'NO_PERMISSIONS'],
    ['UnrecognizedClientException', 400, 'permanent', 'NO_PERMISSIONS'],
    ['UnknownError', 403, 'permanent', 'NO_PERMISSIONS'],
    ['ResourceNotFoundException', 400, 'permanent', 'NO_RESOURCE'],
    ['QueueDoesNotExist', 400, 'permanent', 'NO_RESOURCE'],
    ['AWS.SimpleQueueService.NonExistentQueue', 400, 'permanent', 'NO_RESOURCE'],
    ['NotFoundException', 404, 'permanent', 'NO_RESOURCE'],
    ['StateMachineDoesNotExist', 400, 'permanent', 'NO_RESOURCE'],
    ['UnknownError', 404, 'permanent', 'NO_RESOURCE'],
    ['InvalidParameterException', 400, 'permanent', 'INVALID_PARAMETER'],
    ['ValidationException', 400, 'permanent', 'INVALID_PARAMETER'],
    ['RequestTooLargeException', 413, 'permanent', 'INVALID_PARAMETER'],
    ['toString', 400, 'permanent', 'INVALID_PARAMETER'],
  ])('%s (%i) is %s, %s', (name, status, kind, code) => {
    expect(outcomeOfFault(answered(name, status))).toEqual({
      ...{ kind, error: { code, message: `${name}: why`, awsCode: name } },
      answer: { status, body: '' },
    })
  })

  it('has the name that its service gives it, where the client has another', () => {
    const fault = Object.assign(answered('QueueDoesNotExist', 400), { Code: 'Aws.NonExistent' })
    expect(outcomeOfFault(fault)).toMatchObject({
      error: { message: 'QueueDoesNotExist: why', awsCode: 'Aws.NonExistent' },
    })
  })

  it.each([
    ['ThrottlingException', 'retryable', 'THROTTLING'],
    ['InternalFailure', 'retryable', 'ERROR_FROM_TARGET'],
    ['NotAuthorizedForSourceException', 'permanent', 'NO_PERMISSIONS'],
    ['MalformedDetail', 'permanent', 'INVALID_PARAMETER'],
  ])('%s in an answer of success is %s, %s', (name, kind, code) => {
    const error = { code, message: `${name}: why`, awsCode: name }
    expect(outcomeOfFault(new EntryRefusedFault(name, 'why'))).toEqual({ kind, error })
  })
})

describe('a request without an answer', () => {
  it.each([
    ['timeout', 'retryable', 'TIMEOUT'],
    ['connection-failed', 'retryable', 'CONNECTION_FAILURE'],
    ['aborted', 'retryable', 'CONNECTION_FAILURE'],
    ['refused', 'permanent', 'INVALID_PARAMETER'],
  ] as const)('for the reason "%s" is %s, %s', (reason, kind, code) => {
    const error = { code, message: 'why' }
    expect(outcomeOfFault(new OutboundFault(reason, 'why'))).toEqual({ kind, error })
  })

  it('for want of credentials waits for the operator', () => {
    expect(outcomeOfFault(new CredentialsFault('there are none'))).toEqual({
      ...{ kind: 'retryable', error: { code: 'SDK_CLIENT_ERROR', message: 'there are none' } },
    })
  })

  it('for a fault of the hub itself is one', () => {
    const fault = new TypeError('a slip')
    expect(() => outcomeOfFault(fault)).toThrow(fault)
    const $metadata = { attempts: 1 }
    expect(() => outcomeOfFault(Object.assign(fault, { $metadata }))).toThrow(fault)
  })
})

describe('a role that cannot be assumed', () => {
  it.each([
    [answered('AccessDenied', 403), 'permanent', 'FAILED_TO_ASSUME_ROLE', 'AccessDenied: why'],
    [answered('ValidationError', 400), 'permanent', 'FAILED_TO_ASSUME_ROLE', 'ValidationError'],
    [answered('Throttling', 400), 'retryable', 'TRANSIENT_ASSUME_ROLE', 'Throttling: why'],
    [answered('InternalFailure', 500), 'retryable', 'TRANSIENT_ASSUME_ROLE', 'InternalFailure'],
    [new OutboundFault('timeout', 'late'), 'retryable', 'TRANSIENT_ASSUME_ROLE', 'late'],
    [new CredentialsFault('none'), 'retryable', 'TRANSIENT_ASSUME_ROLE', 'none'],
  ])('for %s is %s, %s', (cause, kind, code, message) => {
    const outcome = outcomeOfFault(new AssumeRoleFault('role r cannot be assumed', { cause }))
    expect(outcome).toMatchObject({ kind, error: { code } })
    expect(outcome).toMatchObject({
      error: { message: expect.stringContaining(`role r cannot be assumed: ${message}`) },
    })
  })
})
