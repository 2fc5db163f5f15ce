import { AwsError } from '#src/errors.ts'
import { busArn, parseBusArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { parseConnectionArn } from '#src/model/connection.ts'
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
import {
  TARGET_HTTP_PARAMETERS,
  httpParametersFrom,
  wireHttpParameters,
} from './wire-http-parameters.ts'
import type { WireHttpParameters } from './wire-http-parameters.ts'

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
  HttpParameters: optional(TARGET_HTTP_PARAMETERS),
  RedshiftDataParameters: UNSUPPORTED,
  SageMakerPipelineParameters: UNSUPPORTED,
  AppSyncParameters: UNSUPPORTED,
}
export const TARGET = structure(TARGET_MEMBERS)

export interface WireTarget extends WireInput {
  readonly HttpParameters?: WireHttpParameters | null
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
  const http = wire.HttpParameters ? httpParametersFrom(id, wire.HttpParameters) : undefined
  const to = parseBusArn(arn)
  const destination = parseConnectionArn('api-destination', arn)
  if (destination === undefined && http !== undefined) {
    throw invalid(`HttpParameters is not supported for target ${arn}.`)
  }
  if (to !== undefined && input !== undefined) throw inputNotSupported(id)
  if (to === undefined && place.account !== place.bus.account) {
    throw invalid('Only EventBus targets are allowed on cross-account PutTargets calls.')
  }
  if (to !== undefined) checkBusTarget(place, to, roleArn)
  else if (destination !== undefined) checkApiDestination(place.bus, arn, { destination, roleArn })
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
    ...(http !== undefined && { http }),
  }
}

export function wireTarget({ id, arn, roleArn, retryPolicy, input, http }: Target): WireTarget {
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
    ...(http !== undefined && { HttpParameters: wireHttpParameters(http) }),
  }
}

/** A bus gets events whole. */
function inputNotSupported(id: string): AwsError {
  return invalid(`Modifying the input for target ${id} is not supported`)
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
    throw roleRequired(busArn(to))
  }
  if (roleArn !== undefined) checkRole(caller, roleArn)
}

function checkApiDestination(
  bus: BusAddress,
  arn: string,
  given: { readonly destination: BusAddress; readonly roleArn: string | undefined },
): void {
  const { destination, roleArn } = given
  if (destination.account !== bus.account || destination.region !== bus.region) {
    throw notValid(arn, `the API destination must be one of ${bus.account} in ${bus.region}.`)
  }
  if (roleArn === undefined) throw roleRequired(arn)
  checkRole(bus.account, roleArn)
}

function checkRole(account: AccountId, roleArn: string): void {
  const [, ofAccount] = ROLE_OF_ACCOUNT.exec(roleArn) ?? []
  if (ofAccount !== account) throw notValid(roleArn, `the role must be one of account ${account}.`)
}

function checkUrlTarget(
  { Arn, RoleArn }: WireTarget,
  urlRefusal: (url: string) => string | undefined,
): void {
  if (RoleArn !== undefined) {
    throw invalid(`RoleArn is not supported for target ${Arn}.`)
  }
  const refusal = urlRefusal(Arn)
  if (refusal !== undefined) throw notValid(Arn, refusal)
}

function unsupportedReason(arn: string): string {
  return arn.startsWith('arn:')
    ? 'Belfry does not deliver to this kind of target; it delivers to event buses, API destinations and http(s) URLs.'
    : 'Provided Arn is not in correct format.'
}

function notValid(parameter: string, reason: string): AwsError {
  return invalid(`Parameter ${parameter} is not valid. Reason: ${reason}`)
}

function roleRequired(arn: string): AwsError {
  return invalid(`RoleArn is required for target ${arn}.`)
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message)
}
