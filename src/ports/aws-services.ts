import type { AttemptError, TargetAnswer } from '#src/model/delivery.ts'
import type { AwsResource, AwsService } from '#src/model/aws-resource.ts'
import type { AccountId } from '#src/model/event.ts'

/** On whose behalf AWS is asked. */
export interface AwsAccess {
  /** The account of the rule: a role is assumed with it as the external id. */
  readonly account: AccountId
  /** Assumed for the request; the hub's own credentials where not given. */
  readonly roleArn?: string
}

/** What each service is sent, beside whom it is for. */
interface AwsPayloads {
  events: {
    readonly source: string
    readonly detailType: string
    /** JSON text. */
    readonly detail: string
    readonly resources: readonly string[]
    /** Epoch ms. */
    readonly time: number
    readonly traceHeader?: string
  }
  firehose: { readonly text: string }
  kinesis: { readonly text: string; readonly partitionKey: string }
  lambda: { readonly text: string }
  logs: {
    readonly stream: string
    /** Epoch ms. */
    readonly timestamp: number
    readonly message: string
  }
  sns: { readonly text: string }
  sqs: {
    readonly text: string
    readonly messageGroupId?: string
    /** Of a FIFO queue: what comes again with the same is dropped there. */
    readonly deduplicationId?: string
    readonly attributes?: Readonly<Record<string, string>>
    readonly traceHeader?: string
  }
  states: {
    readonly text: string
    /** What is started again under the same name is started once. */
    readonly executionName: string
    readonly traceHeader?: string
  }
}

export type AwsRequestTo<S extends AwsService> = AwsPayloads[S] & {
  readonly service: S
  readonly to: AwsResource
}

/** Something for a resource of AWS. */
export type AwsRequest = { [S in AwsService]: AwsRequestTo<S> }[AwsService]

/** What became of a request. */
export type AwsOutcome = { readonly answer?: TargetAnswer } & (
  | { readonly kind: 'success' }
  | { readonly kind: 'retryable' | 'permanent'; readonly error: AttemptError }
)

/** AWS, or what speaks like it, as a place for events. */
export interface AwsServices {
  /** Asks once, in bounded time; every expected outcome is a value. */
  send(request: AwsRequest, access: AwsAccess): Promise<AwsOutcome>
}
