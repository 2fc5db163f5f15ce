import type { AccountId, Region } from './event.ts'
import type { Policy } from './resource-policy.ts'

/** An event bus of one account in one region. */
export interface EventBus {
  readonly account: AccountId
  readonly region: Region
  readonly name: string
  readonly description?: string
  /** Set on a partner event bus: the name of its partner event source. */
  readonly eventSourceName?: string
  /** What others may do with it. */
  readonly policy?: Policy
  /** Kept with the bus so that quotas and deletion are decided on one document. */
  readonly ruleCount: number
  /** Of those, the ones whose patterns have wildcards. */
  readonly wildcardRuleCount?: number
  readonly createdAt: number
  readonly modifiedAt: number
}

export type RuleState = 'ENABLED' | 'DISABLED'

/** A rule with its targets: one document, so that a rule and its targets never disagree. */
export interface Rule {
  readonly name: string
  readonly busArn: string
  readonly arn: string
  readonly state: RuleState
  /** A rule has a pattern, a schedule, or both. */
  readonly eventPattern?: string
  readonly scheduleExpression?: string
  readonly description?: string
  /** Set on rules that Belfry itself keeps; others may change them only by force. */
  readonly managedBy?: string
  readonly createdBy: AccountId
  /** The role of targets that have none of their own (`withRoleOfRule`). */
  readonly roleArn?: string
  /** Epoch ms at which its pattern or its state was last changed, if that is known. */
  readonly changedAt?: number
  readonly targets: readonly Target[]
}

export interface RetryPolicy {
  readonly maximumRetryAttempts: number
  readonly maximumEventAgeInSeconds: number
}

/** EventBridge's defaults and edges of a target's retry policy. */
export const RETRY_ATTEMPTS_DEFAULT = 185
export const RETRY_ATTEMPTS_MAX = 185
export const EVENT_AGE_SECONDS_DEFAULT = 86_400
export const EVENT_AGE_SECONDS_MIN = 60
export const EVENT_AGE_SECONDS_MAX = 86_400

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maximumRetryAttempts: RETRY_ATTEMPTS_DEFAULT,
  maximumEventAgeInSeconds: EVENT_AGE_SECONDS_DEFAULT,
}

/**
 * Where a matching event goes: the ARN of an event bus, an API destination or another resource of
 * AWS, the URL of an HTTP endpoint or of a file, or an archive, which only the hub itself makes a
 * target of its managed rule.
 */
export interface Target {
  readonly id: string
  readonly arn: string
  readonly roleArn?: string
  readonly retryPolicy?: RetryPolicy
  /** What it is sent in place of the event. */
  readonly input?: TargetInput
  /** Only of an API destination. */
  readonly http?: HttpTargetParameters
  /** Of a queue: the group of its messages. */
  readonly messageGroupId?: string
  /** Of a stream: where the event has the key that chooses the shard; its id where not given. */
  readonly partitionKeyPath?: string
  /** Of a stream that is the target of a schedule: the key itself. */
  readonly partitionKey?: string
  /** The standard queue that gets the events which could not be delivered. */
  readonly deadLetterArn?: string
  readonly archive?: ArchiveTarget
}

/** Whether what a rule matches goes to an archive, beside routing. */
export function isArchiveRule({ targets }: Pick<Rule, 'targets'>): boolean {
  return targets.some(({ archive }) => archive !== undefined)
}

/** Which archive takes the events of a rule, and from where in the log on. */
export interface ArchiveTarget {
  readonly id: string
  /** Events of this batch of the log and before were accepted before the archive was made. */
  readonly after: number
}

/** What requests carry besides their body; a value that is an event path is read from the event. */
export interface HttpTargetParameters {
  /** In the order of the endpoint's `*`. */
  readonly path: readonly string[]
  readonly header: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
}

/** EventBridge's Input, InputPath and InputTransformer, of which a target has one at most. */
export type TargetInput =
  /** JSON text, the same for every event. */
  | { readonly kind: 'constant'; readonly text: string }
  /** The value that a path finds in the event. */
  | { readonly kind: 'path'; readonly path: string }
  /** Text with `<name>` where the value goes that the path of that name finds. */
  | {
      readonly kind: 'template'
      readonly template: string
      readonly paths?: Readonly<Record<string, string>>
    }
