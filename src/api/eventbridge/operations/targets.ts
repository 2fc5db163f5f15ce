import type { BusAccess } from '#src/buses/bus-access.ts'
import type { Rules } from '#src/buses/rules.ts'
import { parseBusArn } from '#src/model/arn.ts'
import type { AccountId } from '#src/model/event.ts'
import { pageOfAll } from '#src/model/page.ts'
import { BOOLEAN, BUS_NAME_OR_ARN, PAGING, RULE_NAME, paged, structure } from '../operation.ts'
import type { OfBus, Operations, Paging } from '../operation.ts'
import { optional, required } from '../shapes.ts'
import { TARGET, TARGET_ID, targetFrom, wireTarget } from '../wire-target.ts'
import { AWS_TARGETS_OFF, notValid } from '../wire-aws-target.ts'
import type { TargetsAllowed, WireTarget } from '../wire-target.ts'

export interface TargetOperationPorts {
  readonly access: BusAccess
  readonly rules: Rules
  readonly targetsAllowed: TargetsAllowed
  /** Whether the hub itself has the event buses of an account. */
  readonly hasBusesOf: (account: AccountId) => Promise<boolean>
}

interface OfRule extends OfBus {
  readonly Rule: string
}

const OF_RULE = { Rule: required(RULE_NAME), EventBusName: optional(BUS_NAME_OR_ARN) }
const MEMBERS_MAX = 100
const NONE_FAILED = { FailedEntryCount: 0, FailedEntries: [] }

export function targetOperations(ports: TargetOperationPorts): Operations {
  const { access, rules, targetsAllowed } = ports
  return {
    PutTargets: {
      permission: 'events:Write',
      input: structure({
        ...OF_RULE,
        Targets: required({ type: 'list', member: TARGET, min: 1, max: MEMBERS_MAX }),
      }),
      run: async (call, input: OfRule & { Targets: readonly WireTarget[] }) => {
        const bus = await access.busFor(call, input.EventBusName, {
          action: 'PutTargets',
          rule: input.Rule,
          context: { 'events:TargetArn': input.Targets.map(({ Arn }) => Arn) },
        })
        const place = { bus, account: call.account }
        const targets = input.Targets.map((target) => targetFrom(place, target, targetsAllowed))
        for (const { arn } of targets) await checkBusElsewhere(ports, arn)
        await rules.putTargets(bus, input.Rule, targets)
        return NONE_FAILED
      },
    },
    ListTargetsByRule: {
      permission: 'events:Read',
      input: structure({ ...OF_RULE, ...PAGING }),
      run: async (call, input: OfRule & Paging) => {
        const bus = await access.busFor(call, input.EventBusName, {
          action: 'ListTargetsByRule',
          rule: input.Rule,
        })
        const { targets, arn } = await rules.describe(bus, input.Rule)
        // In the order of their ids: where the one that a token names is gone, its place is not.
        const { items, next } = await paged(`targets ${arn}`, input, async (page) =>
          pageOfAll(targets, ({ id }) => id, page),
        )
        return { Targets: items.map(wireTarget), ...next }
      },
    },
    RemoveTargets: {
      permission: 'events:Write',
      input: structure({
        ...OF_RULE,
        Ids: required({ type: 'list', member: TARGET_ID, min: 1, max: MEMBERS_MAX }),
        Force: optional(BOOLEAN),
      }),
      run: async (call, input: OfRule & { Ids: readonly string[]; Force?: boolean }) => {
        const bus = await access.busFor(call, input.EventBusName, {
          action: 'RemoveTargets',
          rule: input.Rule,
        })
        const { Ids: ids, Force: force = false } = input
        await rules.removeTargets(bus, input.Rule, { ids, force })
        return NONE_FAILED
      },
    },
  }
}

/**
 * An event bus of an account that the hub does not have is one in AWS.
 * @throws AwsError ValidationException where that may not be a target
 */
export async function checkBusElsewhere(
  { targetsAllowed, hasBusesOf }: Pick<TargetOperationPorts, 'targetsAllowed' | 'hasBusesOf'>,
  arn: string,
): Promise<void> {
  const account = parseBusArn(arn)?.account
  if (account === undefined || targetsAllowed.awsTargets || (await hasBusesOf(account))) return
  throw notValid(arn, `the hub has no account ${account}, and ${AWS_TARGETS_OFF}`)
}
