import { AwsError } from '#src/errors.ts'
import { busArn, parseBusArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { parseConnectionArn } from '#src/model/connection.ts'
import { parseAwsResource } from '#src/model/aws-resource.ts'
import { parseFileTarget } from '#src/model/event-file.ts'
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
import { UNSUPPORTED, optional, required, string, textPattern } from './shapes.ts'
import {
  AWS_MEMBERS,
  AWS_TARGETS_OFF,
  awsPartsFrom,
  checkAwsTarget,
  checkRole,
  notValid,
  wireAwsParts,
} from './wire-aws-target.ts'
import type { WireAwsParts } from './wire-aws-target.ts'
import { INPUT_MEMBERS, inputFrom, wireInput } from './wire-input.ts'
import type { WireInput } from './wire-input.ts'
import {
  TARGET_HTTP_PARAMETERS,
  httpParametersFrom,
  wireHttpParameters,
} from './wire-http-parameters.ts'
import type { WireHttpParameters } from './wire-http-parameters.ts'

export const TARGET_ID = string({
  min: 1,
  max: 64,
  pattern: textPattern(String.raw`[\.\-_A-Za-z0-9]+`),
})

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
  ...AWS_MEMBERS,
  RunCommandParameters: UNSUPPORTED,
  EcsParameters: UNSUPPORTED,
  BatchParameters: UNSUPPORTED,
  HttpParameters: optional(TARGET_HTTP_PARAMETERS),
  RedshiftDataParameters: UNSUPPORTED,
  SageMakerPipelineParameters: UNSUPPORTED,
  AppSyncParameters: UNSUPPORTED,
}
export const TARGET = structure(TARGET_MEMBERS)

export interface WireTarget extends WireInput, WireAwsParts {
  readonly HttpParameters?: WireHttpParameters
  readonly Id: string
  readonly Arn: string
  readonly RoleArn?: string
  readonly RetryPolicy?: {
    readonly MaximumRetryAttempts?: number
    readonly MaximumEventAgeInSeconds?: number
  }
}

/** Where this hub delivers to. */
export interface TargetsAllowed {
  /** Why a URL may not be a target, or undefined. */
  readonly urlRefusal: (url: string) => string | undefined
  /** Whether resources of AWS may be targets and dead-letter queues. */
  readonly awsTargets: boolean
  readonly fileTargets: boolean
}

/** The bus of the rule that gets a target, and the account of who gives it. */
interface TargetPlace {
  readonly bus: BusAddress
  readonly account: AccountId
}

/**
 * The target that a caller gave, if Belfry delivers to its kind. Whether it has the role that it
 * needs, of its own or of its rule, is for the rule to say.
 * @throws AwsError ValidationException
 */
export function targetFrom(place: TargetPlace, wire: WireTarget, allowed: TargetsAllowed): Target {
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
  const { bus } = place
  const resource = parseAwsResource(arn)
  if (to !== undefined) checkBusTarget(place, to, roleArn)
  else if (destination !== undefined) checkApiDestination(bus, arn, { destination, roleArn })
  else if (resource !== undefined) {
    if (!allowed.awsTargets) throw notValid(arn, AWS_TARGETS_OFF)
    checkAwsTarget(bus, resource, wire)
  } else if (/^https?:\/\//.test(arn)) checkUrlTarget(wire, allowed.urlRefusal(arn))
  else if (arn.startsWith('file:')) checkUrlTarget(wire, fileRefusal(arn, allowed))
  else throw notValid(arn, unsupportedReason(arn))
  const { awsTargets } = allowed
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
    ...awsPartsFrom(bus, wire, { resource, awsTargets }),
  }
}

export function wireTarget(target: Target): WireTarget {
  const { id, arn, roleArn, retryPolicy, input, http, ...rest } = target
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
    ...wireAwsParts(rest),
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
  checkRole(bus.account, roleArn)
}

function checkUrlTarget({ Arn, RoleArn }: WireTarget, refusal: string | undefined): void {
  if (RoleArn !== undefined) {
    throw invalid(`RoleArn is not supported for target ${Arn}.`)
  }
  if (refusal !== undefined) throw notValid(Arn, refusal)
}

/** Why a URL may not be a file that is a target, or undefined. */
export function fileRefusal(url: string, { fileTargets }: TargetsAllowed): string | undefined {
  if (!fileTargets) return 'files are off: start the hub with --file-targets FOLDER.'
  if (parseFileTarget(url) !== undefined) return undefined
  return 'a file is named as in file:///shop/orders.ndjson, by letters, digits, ".", "_" and "-".'
}

const AWS_KINDS =
  'SQS queues, SNS topics, Kinesis data streams, Lambda functions, Firehose streams, log groups, state machines'

function unsupportedReason(arn: string): string {
  return arn.startsWith('arn:')
    ? `Belfry does not deliver to this kind of target; it delivers to event buses, API destinations, ${AWS_KINDS}, http(s) URLs and files.`
    : 'Provided Arn is not in correct format.'
}

function roleRequired(arn: string): AwsError {
  return invalid(`RoleArn is required for target ${arn}.`)
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message)
}
