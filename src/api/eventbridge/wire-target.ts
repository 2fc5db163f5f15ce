import { AwsError } from '#src/errors.ts'
import { busArn, parseBusArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import {
  EVENT_AGE_SECONDS_DEFAULT,
  EVENT_AGE_SECONDS_MAX,
  EVENT_AGE_SECONDS_MIN,
  RETRY_ATTEMPTS_DEFAULT,
  RETRY_ATTEMPTS_MAX,
} from '#src/model/event-bus.ts'
import type { Target } from '#src/model/event-bus.ts'
import type { AccountId } from '#src/model/event.ts'
import { ROLE_ARN, structure } from './operation.ts'
import { UNSUPPORTED, optional, required, string } from './shapes.ts'
import { INPUT_MEMBERS, inputFrom, wireInput } from './wire-input.ts'
import type { WireInput } from './wire-input.ts'

export const TARGET_ID = string({ min: 1, max: 64, pattern: /^[.\-_A-Za-z0-9]+$/ })

/** What a target has on the wire. */
export const TARGET_MEMBERS = {
  Id: required(TARGET_ID),
  Arn: required(string({ min: 1, max: 1600 })),
  RoleArn: optional(ROLE_ARN),
  RetryPolicy: optional(
    structure({
      MaximumRetryAttempts: optional({ type: 'integer', min: 0, max: RETRY_ATTEMPTS_MAX }),
      MaximumEventAgeInSeconds: optional({
        type: 'integer',
        min: EVENT_AGE_SECONDS_MIN,
        max: EVENT_AGE_SECONDS_MAX,
      }),
    }),
  ),
  ...INPUT_MEMBERS,
  DeadLetterConfig: UNSUPPORTED,
  KinesisParameters: UNSUPPORTED,
  RunCommandParameters: UNSUPPORTED,
  EcsParameters: UNSUPPORTED,
  BatchParameters: UNSUPPORTED,
  SqsParameters: UNSUPPORTED,
  HttpParameters: UNSUPPORTED,
  RedshiftDataParameters: UNSUPPORTED,
  SageMakerPipelineParameters: UNSUPPORTED,
  AppSyncParameters: UNSUPPORTED,
}
export const TARGET = structure(TARGET_MEMBERS)

export interface WireTarget extends WireInput {
  readonly Id: string
  readonly Arn: string
  readonly RoleArn?: string
  readonly RetryPolicy?: {
    readonly MaximumRetryAttempts?: number
    readonly MaximumEventAgeInSeconds?: number
  }
}

const ROLE_OF_ACCOUNT = /^arn:aws[a-z-]*:iam::(\d{12}):role\/[\w+=,.@/-]+$/

/** The bus of the rule that gets a target, and the account of who gives it. */
interface TargetPlace {
  readonly bus: BusAddress
  readonly account: AccountId
}

/**
 * The target that a caller gave, if Belfry delivers to its kind.
 * @param urlRefusal why a URL may not be a target, or undefined
 * @throws AwsError ValidationException
 */
export function targetFrom(
  place: TargetPlace,
  wire: WireTarget,
  urlRefusal: (url: string) => string | undefined,
): Target {
  const { Id: id, Arn: arn, RoleArn: roleArn, RetryPolicy: retry } = wire
  const input = inputFrom(id, wire)
  const to = parseBusArn(arn)
  if (to !== undefined && input !== undefined) throw inputNotSupported(id)
  if (to === undefined && place.account !== place.bus.account) {
    throw new AwsError(
      'ValidationException',
      'Only EventBus targets are allowed on cross-account PutTargets calls.',
    )
  }
  if (to !== undefined) checkBusTarget(place, to, roleArn)
  else if (/^https?:\/\//.test(arn)) checkUrlTarget(wire, urlRefusal)
  else throw notValid(arn, unsupportedReason(arn))
  return {
    id,
    arn,
    ...(roleArn !== undefined && { roleArn }),
    ...(retry !== undefined && {
      retryPolicy: {
        maximumRetryAttempts: retry.MaximumRetryAttempts ?? RETRY_ATTEMPTS_DEFAULT,
        maximumEventAgeInSeconds: retry.MaximumEventAgeInSeconds ?? EVENT_AGE_SECONDS_DEFAULT,
      },
    }),
    ...(input !== undefined && { input }),
  }
}

export function wireTarget({ id, arn, roleArn, retryPolicy, input }: Target): WireTarget {
  return {
    Id: id,
    Arn: arn,
    ...(roleArn !== undefined && { RoleArn: roleArn }),
    ...(retryPolicy !== undefined && {
      RetryPolicy: {
        MaximumRetryAttempts: retryPolicy.maximumRetryAttempts,
        MaximumEventAgeInSeconds: retryPolicy.maximumEventAgeInSeconds,
      },
    }),
    ...(input !== undefined && wireInput(input)),
  }
}

/** A bus gets events whole. */
function inputNotSupported(id: string): AwsError {
  return new AwsError(
    'ValidationException',
    `Modifying the input for target ${id} is not supported`,
  )
}

function checkBusTarget(
  { bus, account: caller }: TargetPlace,
  to: BusAddress,
  roleArn: string | undefined,
): void {
  if (to.name.includes('/')) {
    throw notValid(busArn(to), 'only its partner puts events on a partner event bus.')
  }
  // Of who puts a target on another's rule the role tells on whose behalf it acts from then on.
  const elsewhere = to.account !== bus.account || to.region !== bus.region || caller !== bus.account
  if (elsewhere && roleArn === undefined) {
    throw new AwsError('ValidationException', `RoleArn is required for target ${busArn(to)}.`)
  }
  if (roleArn === undefined) return
  const [, account] = ROLE_OF_ACCOUNT.exec(roleArn) ?? []
  if (account !== caller) {
    throw notValid(roleArn, `the role must be one of account ${caller}.`)
  }
}

function checkUrlTarget(
  { Arn, RoleArn }: WireTarget,
  urlRefusal: (url: string) => string | undefined,
): void {
  if (RoleArn !== undefined) {
    throw new AwsError('ValidationException', `RoleArn is not supported for target ${Arn}.`)
  }
  const refusal = urlRefusal(Arn)
  if (refusal !== undefined) throw notValid(Arn, refusal)
}

function unsupportedReason(arn: string): string {
  return arn.startsWith('arn:')
    ? 'Belfry does not deliver to this kind of target; it delivers to event buses and to http(s) URLs.'
    : 'Provided Arn is not in correct format.'
}

function notValid(parameter: string, reason: string): AwsError {
  return new AwsError(
    'ValidationException',
    `Parameter ${parameter} is not valid. Reason: ${reason}`,
  )
}
