import type { AccountId, Region } from './event.ts'

/** The services of AWS that take events, by their names in ARNs. */
export type AwsService =
  | 'events'
  | 'firehose'
  | 'kinesis'
  | 'lambda'
  | 'logs'
  | 'sns'
  | 'sqs'
  | 'states'

/** A resource of AWS that takes events. */
export interface AwsResource {
  readonly service: AwsService
  readonly arn: string
  readonly region: Region
  readonly account: AccountId
  /** Without the word for its kind: `orders` of `stream/orders`. */
  readonly name: string
}

/** Of the partitions whose endpoints are known. */
const ARN = /^arn:aws(?:-cn|-us-gov)?:([a-z]+):([a-z]{2,}(?:-[a-z]+)+-\d+):(\d{12}):(.+)$/

/** What follows the account in an ARN; the group is the name. */
const RESOURCE: Readonly<Record<AwsService, RegExp>> = {
  events: /^event-bus\/([/.\-_A-Za-z0-9]{1,256})$/,
  firehose: /^deliverystream\/([\w.-]{1,64})$/,
  kinesis: /^stream\/([\w.-]{1,128})$/,
  lambda: /^function:([\w-]{1,64}(?::[\w$-]{1,128})?)$/,
  logs: /^log-group:([\w./#-]{1,512})(?::\*)?$/,
  sns: /^([\w-]{1,256}(?:\.fifo)?)$/,
  sqs: /^([\w-]{1,80}(?:\.fifo)?)$/,
  states: /^stateMachine:([\w-]{1,80}(?::[\w-]{1,80})?)$/,
}

/** The resource that an ARN names, or undefined where Belfry sends no events to such. */
export function parseAwsResource(arn: string): AwsResource | undefined {
  const [, service = '', region = '', account = '', rest = ''] = ARN.exec(arn) ?? []
  if (!isAwsService(service)) return undefined
  const name = RESOURCE[service].exec(rest)?.[1]
  return name === undefined ? undefined : { service, arn, region, account, name }
}

function isAwsService(service: string): service is AwsService {
  return Object.hasOwn(RESOURCE, service)
}

/** Queues and topics that keep an order have names that end so. */
export function isFifo({ name }: AwsResource): boolean {
  return name.endsWith('.fifo')
}
