import { AwsError } from '#src/errors.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { isFifo, parseAwsResource } from '#src/model/aws-resource.ts'
import type { AwsResource, AwsService } from '#src/model/aws-resource.ts'
import type { Target } from '#src/model/event-bus.ts'
import { isEventPath } from '#src/model/target-input/event-path.ts'
import { structure } from './operation.ts'
import { optional, required, string } from './shapes.ts'
import type { WireInput } from './wire-input.ts'

/** The members of a target that are for resources of AWS, and its dead-letter queue. */
export const AWS_MEMBERS = {
  DeadLetterConfig: optional(structure({ Arn: optional(string({ min: 1, max: 1600 })) })),
  KinesisParameters: optional(structure({ PartitionKeyPath: required(string({ max: 256 })) })),
  SqsParameters: optional(structure({ MessageGroupId: optional(string({ max: 100 })) })),
}

export interface WireAwsParts {
  readonly DeadLetterConfig?: { readonly Arn?: string }
  readonly KinesisParameters?: { readonly PartitionKeyPath: string }
  readonly SqsParameters?: { readonly MessageGroupId?: string }
}

/** What of a wire target the checks of a resource of AWS look at. */
interface WireAwsTarget extends WireAwsParts, WireInput {
  readonly Id: string
  readonly Arn: string
  readonly RoleArn?: string
}

type AwsParts = Pick<Target, 'messageGroupId' | 'partitionKeyPath' | 'deadLetterArn'>

/** Why a bus's targets may not be in AWS. */
export const AWS_TARGETS_OFF = 'targets in AWS are off: start the hub with --aws-targets on.'

/** Others must be the rule's own account's. */
const ACROSS_ACCOUNTS: ReadonlySet<AwsService> = new Set(['kinesis', 'lambda', 'sns', 'sqs'])

const ROLE_OF_ACCOUNT = /^arn:aws[a-z-]*:iam::(\d{12}):role\/[\w+=,.@/-]+$/

/** Whether a target may be another account's; of other services it is the rule's own account's. */
export function mayBeElsewhere(service: AwsService): boolean {
  return ACROSS_ACCOUNTS.has(service)
}

/**
 * @param resource what the target's ARN names
 * @throws AwsError ValidationException
 */
export function checkAwsTarget(bus: BusAddress, resource: AwsResource, wire: WireAwsTarget): void {
  const { Id, Arn, RoleArn, Input, InputPath } = wire
  const { service, region, account } = resource
  if (region !== bus.region) {
    throw notValid(Arn, `the target must be in region ${bus.region}, as its rule.`)
  }
  if (account !== bus.account && !mayBeElsewhere(service)) {
    throw notValid(Arn, `the target must be in account ${bus.account}, as its rule.`)
  }
  if (service === 'sns' && isFifo(resource)) {
    throw notValid(Arn, 'FIFO topics are not supported.')
  }
  if (service === 'logs') {
    if (RoleArn !== undefined) throw invalid(`RoleArn is not supported for target ${Arn}.`)
    if ((Input ?? InputPath) !== undefined) {
      throw invalid(
        `Input and InputPath are not valid forms of input for target ${Id}. The only valid form of input is InputTransformer.`,
      )
    }
  }
  checkRole(bus.account, RoleArn)
}

/**
 * A role is assumed for rules of its own account only, as PassRole has it on AWS.
 * @throws AwsError ValidationException
 */
export function checkRole(account: string, roleArn: string | undefined): void {
  if (roleArn === undefined || ROLE_OF_ACCOUNT.exec(roleArn)?.[1] === account) return
  throw notValid(roleArn, `the role must be one of account ${account}.`)
}

/**
 * What a target says for a queue, a stream, and its dead letters.
 * @param resource what the target's ARN names; undefined where that is nothing of AWS
 * @throws AwsError ValidationException
 */
export function awsPartsFrom(
  bus: BusAddress,
  wire: WireAwsTarget,
  { resource, awsTargets }: { resource: AwsResource | undefined; awsTargets: boolean },
): AwsParts {
  const { Id, DeadLetterConfig, KinesisParameters, SqsParameters } = wire
  const { service } = resource ?? {}
  if (SqsParameters && service !== 'sqs') {
    throw notValid('SqsParameters', `target ${Id} is no SQS queue.`)
  }
  if (KinesisParameters && service !== 'kinesis') {
    throw notValid('KinesisParameters', `target ${Id} is no Kinesis data stream.`)
  }
  const messageGroupId = SqsParameters?.MessageGroupId || undefined
  if (resource?.service === 'sqs' && isFifo(resource) && messageGroupId === undefined) {
    throw invalid(`Parameter(s) MessageGroupId must be specified for target ${Id}.`)
  }
  const partitionKeyPath = KinesisParameters?.PartitionKeyPath
  if (partitionKeyPath !== undefined && !isEventPath(partitionKeyPath)) {
    throw notValid(
      'PartitionKeyPath',
      `"${partitionKeyPath}" is no path such as $.detail.name or $.resources[0].`,
    )
  }
  const deadLetterArn = DeadLetterConfig?.Arn
  if (deadLetterArn !== undefined) {
    if (!awsTargets) throw notValid('DeadLetterConfig.Arn', AWS_TARGETS_OFF)
    checkDeadLetterQueue(bus, deadLetterArn)
  }
  return {
    ...(messageGroupId !== undefined && { messageGroupId }),
    ...(partitionKeyPath !== undefined && { partitionKeyPath }),
    ...(deadLetterArn !== undefined && { deadLetterArn }),
  }
}

function checkDeadLetterQueue(bus: BusAddress, arn: string): void {
  const queue = parseAwsResource(arn)
  const wrong = (reason: string) => notValid('DeadLetterConfig.Arn', reason)
  if (queue?.service !== 'sqs') throw wrong(`${arn} is no SQS queue.`)
  if (isFifo(queue)) throw wrong('a FIFO queue cannot be a dead-letter queue.')
  if (queue.region !== bus.region) {
    throw wrong(`the queue must be in region ${bus.region}, as its rule.`)
  }
}

/** The members as they were given. */
export function wireAwsParts({ messageGroupId, partitionKeyPath, deadLetterArn }: AwsParts) {
  return {
    ...(messageGroupId !== undefined && { SqsParameters: { MessageGroupId: messageGroupId } }),
    ...(partitionKeyPath !== undefined && {
      KinesisParameters: { PartitionKeyPath: partitionKeyPath },
    }),
    ...(deadLetterArn !== undefined && { DeadLetterConfig: { Arn: deadLetterArn } }),
  }
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message)
}

export function notValid(parameter: string, reason: string): AwsError {
  return invalid(`Parameter ${parameter} is not valid. Reason: ${reason}`)
}
