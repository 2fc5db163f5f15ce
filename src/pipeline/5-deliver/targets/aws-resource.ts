import { accountIn, parseBusArn, parseRuleArn } from '#src/model/arn.ts'
import { isFifo, parseAwsResource } from '#src/model/aws-resource.ts'
import type { AwsResource } from '#src/model/aws-resource.ts'
import type { DeadLetterCode, Delivery } from '#src/model/delivery.ts'
import { derivedUuid } from '#src/model/derived-uuid.ts'
import type { Target } from '#src/model/event-bus.ts'
import type { AccountId, RecordedEvent } from '#src/model/event.ts'
import { membersOf } from '#src/model/json-text.ts'
import { textAt } from '#src/model/target-input/event-path.ts'
import { JsonValue } from '#src/model/target-input/json-value.ts'
import { inputFor } from '#src/model/target-input/target-input.ts'
import type { AwsAccess, AwsRequest, AwsServices } from '#src/ports/aws-services.ts'
import type { TargetKind } from '../dispatcher.ts'
import type { AttemptOutcome } from '../retry-schedule.ts'
import { logEventOf } from './log-event.ts'

const ATTEMPTS_PER_TARGET_MAX = 16
/** Of an execution of Step Functions. */
const EXECUTION_NAME_CHARACTERS_MAX = 80

/** A target that is a resource of AWS itself. */
export function createAwsTarget(aws: AwsServices | undefined): TargetKind {
  return {
    concurrency: ATTEMPTS_PER_TARGET_MAX,
    attempt: async (delivery, event) => {
      const { arn } = delivery.target
      const to = parseAwsResource(arn)
      if (to === undefined) return refused('INVALID_PARAMETER', `"${arn}" takes no events`)
      if (aws === undefined) {
        return refused(
          'NO_PERMISSIONS',
          'targets in AWS are off: start the hub with --aws-targets on',
        )
      }
      const input = inputFor(delivery, event)
      if (!input.ok) return { kind: 'permanent', error: input.error }
      const made = requestFor(to, { delivery, event, text: input.text })
      return 'service' in made ? aws.send(made, accessOf(delivery)) : made
    },
  }
}

interface BusTargets {
  /** A bus of this hub. */
  readonly here: TargetKind
  /** Absent: nothing in AWS may be a target. */
  readonly inAws: TargetKind | undefined
  readonly hasBusesOf: (account: AccountId) => Promise<boolean>
}

/** A target that is an event bus: one of this hub where the hub has its account, else one in AWS. */
export function createBusTarget({ here, inAws, hasBusesOf }: BusTargets): TargetKind {
  if (inAws === undefined) return here
  return {
    concurrency: here.concurrency,
    attempt: async (delivery, event) => {
      const account = parseBusArn(delivery.target.arn)?.account ?? ''
      const isOwn = account === accountIn(delivery.ruleArn)
      return isOwn || delivery.managed || (await hasBusesOf(account))
        ? here.attempt(delivery, event)
        : inAws.attempt(delivery, event)
    },
  }
}

/** On whose behalf the target of a rule or a schedule is sent something. */
export function accessOf({ ruleArn, target }: Pick<Delivery, 'ruleArn' | 'target'>): AwsAccess {
  const { roleArn } = target
  return { account: accountIn(ruleArn), ...(roleArn !== undefined && { roleArn }) }
}

interface Sent {
  readonly delivery: Delivery
  readonly event: RecordedEvent
  readonly text: string
}

function requestFor(to: AwsResource, sent: Sent): AwsRequest | AttemptOutcome {
  const { delivery, event, text } = sent
  const { target } = delivery
  const trace = event.traceHeader !== undefined && { traceHeader: event.traceHeader }
  switch (to.service) {
    case 'firehose':
    case 'lambda':
    case 'sns':
      return { service: to.service, to, text }
    case 'sqs': {
      const { messageGroupId } = target
      const group = messageGroupId !== undefined && { messageGroupId }
      const fifo = isFifo(to) && { deduplicationId: idOf(delivery, event) }
      return { service: to.service, to, text, ...group, ...fifo, ...trace }
    }
    case 'states': {
      const name = `${event.id}_${idOf(delivery, event)}`
      const executionName = name.slice(-EXECUTION_NAME_CHARACTERS_MAX)
      return { service: to.service, to, text, executionName, ...trace }
    }
    case 'kinesis': {
      const partitionKey = partitionKeyOf(target, event)
      if (partitionKey !== undefined) return { service: to.service, to, text, partitionKey }
      const reason = `the partition key path ${target.partitionKeyPath} finds nothing in the event`
      return refused('INVALID_PARAMETER', reason)
    }
    case 'logs': {
      const entry = logEventOf(text, target.input === undefined)
      if (!entry.ok) return refused('INVALID_PARAMETER', entry.reason)
      const { timestamp, message } = entry
      return { service: to.service, to, stream: streamOf(delivery), timestamp, message }
    }
    case 'events': {
      const { source, detailType, scheduled } = event
      const parts = { ...partsOf(event), ...(scheduled !== undefined && { detail: text }) }
      return { service: to.service, to, source, detailType, ...parts, ...trace }
    }
    default:
      return to.service satisfies never
  }
}

/**
 * The same for all attempts of a delivery, and another once it is redriven. A time of a schedule
 * that a crash made fire again is two deliveries of one event: these have the same too.
 */
function idOf({ ruleArn, target, id, startedAt }: Delivery, event: RecordedEvent): string {
  const isFirst = event.scheduled !== undefined && startedAt === event.acceptedAt
  return derivedUuid(`${ruleArn} ${target.id} ${isFirst ? event.id : `${id} ${startedAt}`}`)
}

function partitionKeyOf(
  { partitionKey, partitionKeyPath: path }: Target,
  event: RecordedEvent,
): string | undefined {
  if (partitionKey !== undefined) return partitionKey
  if (path === undefined) return event.id
  const text = textAt(new JsonValue(event.json), path)
  return text?.startsWith('"') ? String(JSON.parse(text)) : text
}

/** A stream of a log group for each target: its rules may share the group. */
function streamOf({ ruleArn, target }: Delivery): string {
  const { bus, rule } = parseRuleArn(ruleArn) ?? { bus: { name: '' }, rule: '' }
  return `${bus.name}/${rule}/${target.id}`
}

/** What PutEvents takes of an event beside its source and detail type, detail as it was written. */
function partsOf({ json }: RecordedEvent) {
  const parts = new Map(membersOf(json).map(({ key, value }) => [key, value]))
  return {
    detail: parts.get('detail') ?? '{}',
    resources: JSON.parse(parts.get('resources') ?? '[]') as readonly string[],
    time: Date.parse(JSON.parse(parts.get('time') ?? '""') as string),
  }
}

function refused(code: DeadLetterCode, message: string): AttemptOutcome {
  return { kind: 'permanent', error: { code, message } }
}
