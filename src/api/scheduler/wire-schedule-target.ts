import { AwsError } from '#src/errors.ts'
import { parseBusArn } from '#src/model/arn.ts'
import { isFifo, parseAwsResource } from '#src/model/aws-resource.ts'
import type { AwsService } from '#src/model/aws-resource.ts'
import { compactJson, compactObject } from '#src/model/compact-json.ts'
import { parseConnectionArn } from '#src/model/connection.ts'
import {
  EVENT_AGE_SECONDS_DEFAULT,
  EVENT_AGE_SECONDS_MAX,
  EVENT_AGE_SECONDS_MIN,
  RETRY_ATTEMPTS_DEFAULT,
  RETRY_ATTEMPTS_MAX,
} from '#src/model/event-bus.ts'
import { isoSeconds } from '#src/model/event.ts'
import { withContextAttributes } from '#src/model/target-input/scheduled-input.ts'
import { scheduleArn } from '#src/scheduler/documents.ts'
import type { ScheduleAddress, ScheduleTarget } from '#src/scheduler/documents.ts'
import { structure } from '../eventbridge/operation.ts'
import { UNSUPPORTED, optional, required, string, textPattern } from '../eventbridge/shapes.ts'
import { AWS_TARGETS_OFF, mayBeElsewhere, notValid } from '../eventbridge/wire-aws-target.ts'
import { fileRefusal } from '../eventbridge/wire-target.ts'
import type { TargetsAllowed } from '../eventbridge/wire-target.ts'

const EVENT_BRIDGE_PARAMETERS = structure({
  DetailType: required(string({ min: 1, max: 128 })),
  Source: required(
    string({
      min: 1,
      max: 256,
      pattern: textPattern(
        String.raw`^(?=[/\.\-_A-Za-z0-9]+)((?!aws\.).*)|(\$(\.[\w_-]+(\[(\d+|\*)\])*)*)$`,
      ),
    }),
  ),
})

/** Shapes of AWS's service model, version 2021-06-30. */
export const TARGET = structure({
  Arn: required(string({ min: 1, max: 1_600 })),
  RoleArn: required(
    string({
      min: 1,
      max: 1_600,
      pattern: textPattern(String.raw`^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@\/-]+$`),
    }),
  ),
  Input: optional(string({ min: 1 })),
  RetryPolicy: optional(
    structure({
      MaximumEventAgeInSeconds: optional({
        type: 'integer',
        min: EVENT_AGE_SECONDS_MIN,
        max: EVENT_AGE_SECONDS_MAX,
      }),
      MaximumRetryAttempts: optional({ type: 'integer', min: 0, max: RETRY_ATTEMPTS_MAX }),
    }),
  ),
  DeadLetterConfig: optional(
    structure({
      Arn: optional(
        string({
          min: 1,
          max: 1_600,
          pattern: textPattern(String.raw`^arn:aws[a-z-]*:sqs:[a-z0-9\-]+:\d{12}:[a-zA-Z0-9\-_]+$`),
        }),
      ),
    }),
  ),
  EventBridgeParameters: optional(EVENT_BRIDGE_PARAMETERS),
  KinesisParameters: optional(structure({ PartitionKey: required(string({ min: 1, max: 256 })) })),
  SqsParameters: optional(structure({ MessageGroupId: optional(string({ min: 1, max: 128 })) })),
  EcsParameters: UNSUPPORTED,
  EventBridgePutEventsV2Parameters: UNSUPPORTED,
  EventBridgePutRawEventsParameters: UNSUPPORTED,
  SageMakerPipelineParameters: UNSUPPORTED,
})

export interface WireTarget {
  readonly Arn: string
  readonly RoleArn: string
  readonly Input?: string
  readonly RetryPolicy?: {
    readonly MaximumEventAgeInSeconds?: number
    readonly MaximumRetryAttempts?: number
  }
  readonly DeadLetterConfig?: { readonly Arn?: string }
  readonly EventBridgeParameters?: { readonly DetailType: string; readonly Source: string }
  readonly KinesisParameters?: { readonly PartitionKey: string }
  readonly SqsParameters?: { readonly MessageGroupId?: string }
}

/** Kinds of targets by what the checks ask; `url` and `file` are none of AWS's. */
type Kind = AwsService | 'api-destination' | 'url' | 'file'

/** AWS's name for the parameters of a kind. */
const PARAMETERS = {
  EventBridgeParameters: 'events',
  KinesisParameters: 'kinesis',
  SqsParameters: 'sqs',
} as const satisfies Partial<Record<keyof WireTarget, Kind>>

/** What is sent to these is JSON. */
const JSON_KINDS: ReadonlySet<Kind> = new Set(['lambda', 'states', 'url', 'api-destination'])
/** An event that is put, with its input as detail, is no larger. */
const INPUT_BYTES_MAX = 1_048_576

/**
 * The target that a caller gave. An event bus may be one of the hub's or of AWS: who calls looks
 * which.
 * @throws AwsError ValidationException, where there are AWS's words in those
 */
export function targetFrom(
  at: ScheduleAddress,
  wire: WireTarget,
  allowed: TargetsAllowed,
): ScheduleTarget {
  const { Arn: arn, RoleArn: roleArn, Input: input, EventBridgeParameters: event } = wire
  const kind = kindOf(at, arn)
  checkPlace(at, wire, { kind, allowed })
  checkParameters(wire, kind)
  checkInput(at, input, kind)
  if (roleArn.split(':')[4] !== at.account) {
    throw invalid(
      'The execution role you provide must allow AWS EventBridge Scheduler to assume the role.',
    )
  }
  const deadLetterArn = wire.DeadLetterConfig?.Arn
  if (deadLetterArn !== undefined) checkDeadLetterQueue(at, deadLetterArn, allowed)
  const messageGroupId = wire.SqsParameters?.MessageGroupId
  const partitionKey = wire.KinesisParameters?.PartitionKey
  return {
    arn,
    roleArn,
    ...(input !== undefined && { input }),
    retryPolicy: {
      maximumRetryAttempts: wire.RetryPolicy?.MaximumRetryAttempts ?? RETRY_ATTEMPTS_DEFAULT,
      maximumEventAgeInSeconds:
        wire.RetryPolicy?.MaximumEventAgeInSeconds ?? EVENT_AGE_SECONDS_DEFAULT,
    },
    ...(event && { eventBridge: { source: event.Source, detailType: event.DetailType } }),
    ...(messageGroupId !== undefined && { messageGroupId }),
    ...(partitionKey !== undefined && { partitionKey }),
    ...(deadLetterArn !== undefined && { deadLetterArn }),
  }
}

export function wireTarget(target: ScheduleTarget) {
  const { arn, roleArn, input, retryPolicy, eventBridge } = target
  const { messageGroupId, partitionKey, deadLetterArn } = target
  return {
    Arn: arn,
    RoleArn: roleArn,
    ...(input !== undefined && { Input: input }),
    RetryPolicy: {
      MaximumEventAgeInSeconds: retryPolicy.maximumEventAgeInSeconds,
      MaximumRetryAttempts: retryPolicy.maximumRetryAttempts,
    },
    ...(deadLetterArn !== undefined && { DeadLetterConfig: { Arn: deadLetterArn } }),
    ...(eventBridge !== undefined && {
      EventBridgeParameters: { DetailType: eventBridge.detailType, Source: eventBridge.source },
    }),
    ...(partitionKey !== undefined && { KinesisParameters: { PartitionKey: partitionKey } }),
    ...(messageGroupId !== undefined && { SqsParameters: { MessageGroupId: messageGroupId } }),
  }
}

/** By their names in ARNs; the rules' log groups are none of the Scheduler's. */
const SERVICES: ReadonlySet<string> = new Set<AwsService>([
  'events',
  'firehose',
  'kinesis',
  'lambda',
  'sns',
  'sqs',
  'states',
])

function kindOf({ region }: ScheduleAddress, arn: string): Kind {
  if (/^https?:\/\//.test(arn)) return 'url'
  if (arn.startsWith('file:')) return 'file'
  const [prefix, partition = '', service = '', arnRegion, , ...rest] = arn.split(':')
  if (prefix !== 'arn' || !partition.startsWith('aws') || rest.length === 0) throw badFormat()
  if (service === 'scheduler') throw unsupportedUniversal(rest)
  if (!SERVICES.has(service)) throw invalid(`${service} is not a supported service for a target.`)
  if (arnRegion !== region) {
    throw invalid(`The target ARN provided does not match the current region ${region}.`)
  }
  if (parseConnectionArn('api-destination', arn) !== undefined) return 'api-destination'
  const kind = parseAwsResource(arn)?.service
  if (kind === undefined) throw badFormat()
  return kind
}

/** Of `arn:aws:scheduler:::aws-sdk:<service>:<operation>`, as AWS refuses a service it has not. */
function unsupportedUniversal([word, service, operation]: readonly string[]): AwsError {
  if (word !== 'aws-sdk' || service === undefined || operation === undefined) {
    return invalid('scheduler is not a supported service for a target.')
  }
  return invalid(
    `${service} is not a supported service for a target. Belfry has no universal targets: name the queue, function or other resource itself.`,
  )
}

function checkPlace(
  at: ScheduleAddress,
  { Arn: arn }: WireTarget,
  { kind, allowed }: { readonly kind: Kind; readonly allowed: TargetsAllowed },
): void {
  if (kind === 'url' || kind === 'file') {
    const refusal = kind === 'url' ? allowed.urlRefusal(arn) : fileRefusal(arn, allowed)
    if (refusal !== undefined) throw notValid(arn, refusal)
  } else if (kind === 'events') {
    if (parseBusArn(arn)?.name.includes('/') === true) {
      throw notValid(arn, 'only its partner puts events on a partner event bus.')
    }
  } else {
    const isElsewhere = arn.split(':')[4] !== at.account
    if (isElsewhere && (kind === 'api-destination' || !mayBeElsewhere(kind))) {
      throw notValid(arn, `the target must be in account ${at.account}, as its schedule.`)
    }
    if (kind === 'api-destination') return
    if (!allowed.awsTargets) throw notValid(arn, AWS_TARGETS_OFF)
    if (kind === 'sns' && arn.endsWith('.fifo')) {
      throw notValid(arn, 'FIFO topics are not supported.')
    }
  }
}

/** As measured on AWS. */
function checkParameters(wire: WireTarget, kind: Kind): void {
  for (const [name, of] of Object.entries(PARAMETERS)) {
    if (wire[name as keyof typeof PARAMETERS] !== undefined && of !== kind) {
      throw invalid(`Parameters ${name} not supported for the target.`)
    }
  }
  const { Arn, EventBridgeParameters, KinesisParameters, SqsParameters } = wire
  if (kind === 'events' && EventBridgeParameters === undefined) {
    throw unspecified('EventBridgeParameters')
  }
  if (kind === 'kinesis' && KinesisParameters === undefined) throw unspecified('KinesisParameters')
  if (kind !== 'sqs') return
  const hasGroup = SqsParameters?.MessageGroupId !== undefined
  const isOrdered = Arn.endsWith('.fifo')
  if (isOrdered && !hasGroup) throw unspecified('SqsParameters')
  if (!isOrdered && hasGroup) throw invalid('Parameters MessageGroupId not valid for the target.')
}

/** Some of the context attributes make JSON of a text that is none before. */
function checkInput(at: ScheduleAddress, input: string | undefined, kind: Kind): void {
  if (input === undefined) return
  const attempt = { scheduledTime: isoSeconds(0), eventId: '', number: RETRY_ATTEMPTS_MAX }
  const filled = withContextAttributes(input, { scheduleArn: scheduleArn(at), ...attempt })
  if (Buffer.byteLength(filled) > INPUT_BYTES_MAX) {
    throw invalid(`Input is not valid. Reason: it has more than ${INPUT_BYTES_MAX} bytes.`)
  }
  if (JSON_KINDS.has(kind) && compactJson(filled) === undefined) throw badInput()
  if (kind === 'events' && compactObject(filled) === undefined) {
    if (compactJson(filled) === undefined) throw badInput()
    throw invalid('Input is not valid. Reason: the detail of an event is a JSON object.')
  }
}

function checkDeadLetterQueue(
  { region }: ScheduleAddress,
  arn: string,
  { awsTargets }: TargetsAllowed,
): void {
  const queue = parseAwsResource(arn)
  const wrong = (reason: string) => notValid('DeadLetterConfig.Arn', reason)
  if (!awsTargets) throw wrong(AWS_TARGETS_OFF)
  if (queue === undefined || isFifo(queue)) throw wrong(`${arn} is no standard SQS queue.`)
  if (queue.region !== region) throw wrong(`the queue must be in region ${region}.`)
}

function badFormat(): AwsError {
  return invalid('Provided Arn is not in correct format.')
}

function badInput(): AwsError {
  return invalid('JSON syntax error in input for the target.')
}

function unspecified(parameters: string): AwsError {
  return invalid(`Parameters ${parameters} must be specified.`)
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message)
}
