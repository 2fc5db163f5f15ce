import { parseBusArn } from './arn.ts'
import type { BusAddress } from './arn.ts'
import { parseAwsResource } from './aws-resource.ts'
import type { AwsService } from './aws-resource.ts'
import { parseConnectionArn } from './connection.ts'
import type { Target } from './event-bus.ts'
import type { AccountId } from './event.ts'

/** AWS has no resource-based policies for these that would let EventBridge in. */
const NEEDS_ROLE: ReadonlySet<AwsService> = new Set(['firehose', 'kinesis', 'states'])

/**
 * A target of a rule with the role in which it is sent events: its own, or else the rule's. Event
 * buses have only their own, as AWS's documentation of PutRule has it; log groups, URLs and files
 * are sent events in none.
 */
export function withRoleOfRule(target: Target, ruleRoleArn: string | undefined): Target {
  if (target.roleArn !== undefined || ruleRoleArn === undefined) return target
  return takesRole(target) ? { ...target, roleArn: ruleRoleArn } : target
}

/**
 * What of a target only a role lets the hub reach, where the target has none, of its own or of its
 * rule. Event buses are judged where they are put: they need one of their own.
 * @param bus of its rule
 */
export function missingRole(
  bus: BusAddress,
  target: Target,
): 'target' | 'dead-letter-queue' | undefined {
  if (target.roleArn !== undefined) return undefined
  const service = serviceOf(target)
  const isDestination = parseConnectionArn('api-destination', target.arn) !== undefined
  const isReached = service === undefined || !isElsewhere(bus.account, target.arn)
  if (isDestination || !isReached || (service !== undefined && NEEDS_ROLE.has(service))) {
    return 'target'
  }
  return isElsewhere(bus.account, target.deadLetterArn) ? 'dead-letter-queue' : undefined
}

function takesRole(target: Target): boolean {
  if (parseConnectionArn('api-destination', target.arn) !== undefined) return true
  const service = serviceOf(target)
  return service !== undefined && service !== 'logs'
}

/** Of a resource in AWS that is no event bus. */
function serviceOf({ arn }: Target): AwsService | undefined {
  return parseBusArn(arn) === undefined ? parseAwsResource(arn)?.service : undefined
}

/** The hub's own credentials reach for what is the rule's own account's, and nobody else's. */
function isElsewhere(account: AccountId, arn: string | undefined): boolean {
  const resource = arn === undefined ? undefined : parseAwsResource(arn)
  return resource !== undefined && resource.account !== account
}
