import { parseAwsResource } from '#src/model/aws-resource.ts'
import type { AwsResource } from '#src/model/aws-resource.ts'
import { retriesOf } from '#src/model/delivery.ts'
import type { DeadLetter } from '#src/model/delivery.ts'
import type { Target } from '#src/model/event-bus.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { JsonValue } from '#src/model/target-input/json-value.ts'
import { executionIdOf, stringAt } from '#src/model/target-input/scheduled-input.ts'
import { inputFor } from '#src/model/target-input/target-input.ts'

/** What a dead-letter queue gets of a delivery. */
export interface LetterMessage {
  readonly text: string
  readonly errorCode: string
  readonly errorMessage: string
  /** Beside those of the error. */
  readonly attributes: Readonly<Record<string, string>>
}

/** A queue takes 1 MiB, attributes included; those of some years ago were made for 256 KiB. */
const BODY_BYTES_MAX = 248 * 1024
/** Where no service of AWS answered. */
const OWN_ERROR_CODE = 'AWS.Scheduler.InternalServerError'

/**
 * The Scheduler's form of a dead letter: the request that failed, and what its attributes tell
 * about it. The hub says why where no service did; AWS has "Unexpected error occurred".
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
 */
export function scheduledLetterOf(
  letter: DeadLetter,
  event: RecordedEvent,
  target: Target,
): LetterMessage {
  const { ruleArn, error, exhausted } = letter
  const retries = retriesOf(letter)
  const input = inputFor({ ruleArn, target, attempts: retries }, event)
  const { targetArn, body } = requestOf(target, event, input.ok ? input.text : '')
  const { text, isTruncated } = cut(body)
  const { awsCode } = error
  const isOfAws = targetArn !== target.arn
  return {
    text,
    errorCode: awsCode ?? (isOfAws ? OWN_ERROR_CODE : error.code),
    // Of a service its own words: the hub puts the code before them.
    errorMessage: awsCode === undefined ? error.message : error.message.replace(/^[\w.]+: /, ''),
    attributes: {
      SCHEDULE_ARN: ruleArn,
      TARGET_ARN: targetArn,
      SCHEDULED_TIME: stringAt(new JsonValue(event.json), 'time'),
      EXECUTION_ID: executionIdOf(event.id, retries + 1),
      RETRY_ATTEMPTS: String(retries),
      IS_PAYLOAD_TRUNCATED: String(isTruncated),
      ...(exhausted !== undefined && { EXHAUSTED_RETRY_CONDITION: exhausted }),
    },
  }
}

interface FailedRequest {
  /** The operation of a service of AWS, or the target's own ARN or URL. */
  readonly targetArn: string
  readonly body: string
}

function requestOf(target: Target, event: RecordedEvent, text: string): FailedRequest {
  const to = parseAwsResource(target.arn)
  const call = to && callOf(to, { target, event, text })
  if (call === undefined) return { targetArn: target.arn, body: text }
  const [operation, input] = call
  return { targetArn: `arn:aws:scheduler:::aws-sdk:${operation}`, body: JSON.stringify(input) }
}

interface Sent {
  readonly target: Target
  readonly event: RecordedEvent
  readonly text: string
}

/** What AWS would be asked, in the names of its API; undefined of a kind that no schedule has. */
function callOf(
  { service, arn, region, account, name }: AwsResource,
  { target, event, text }: Sent,
): readonly [operation: string, input: object] | undefined {
  switch (service) {
    case 'sqs': {
      const QueueUrl = `https://sqs.${region}.${domainOf(arn)}/${account}/${name}`
      const { messageGroupId: MessageGroupId } = target
      return ['sqs:sendMessage', { MessageBody: text, QueueUrl, MessageGroupId }]
    }
    case 'sns':
      return ['sns:publish', { Message: text, TopicArn: arn }]
    case 'lambda':
      return ['lambda:invoke', { FunctionName: arn, InvocationType: 'Event', Payload: text }]
    case 'states':
      return ['sfn:startExecution', { Input: text, StateMachineArn: arn }]
    case 'kinesis': {
      const { partitionKey: PartitionKey } = target
      return ['kinesis:putRecord', { Data: text, PartitionKey, StreamName: name }]
    }
    case 'firehose':
      return ['firehose:putRecord', { DeliveryStreamName: name, Record: { Data: text } }]
    case 'events': {
      const { source: Source, detailType: DetailType } = event
      const entry = { Detail: text, DetailType, EventBusName: arn, Source }
      return ['eventbridge:putEvents', { Entries: [entry] }]
    }
    case 'logs':
      return undefined
    default:
      return service satisfies never
  }
}

function domainOf(arn: string): string {
  return arn.startsWith('arn:aws-cn:') ? 'amazonaws.com.cn' : 'amazonaws.com'
}

function cut(body: string): { readonly text: string; readonly isTruncated: boolean } {
  const bytes = Buffer.from(body)
  if (bytes.length <= BODY_BYTES_MAX) return { text: body, isTruncated: false }
  // A decoder that waits for more keeps back the part of a character that the cut left.
  const text = new TextDecoder().decode(bytes.subarray(0, BODY_BYTES_MAX), { stream: true })
  return { text, isTruncated: true }
}
