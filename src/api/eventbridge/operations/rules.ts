import { addressOf } from '#src/buses/event-buses.ts'
import type { Rules } from '#src/buses/rules.ts'
import { AwsError } from '#src/errors.ts'
import { busArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { Rule, RuleState } from '#src/model/event-bus.ts'
import {
  BOOLEAN,
  BUS_NAME_OR_ARN,
  DESCRIPTION,
  EVENT_PATTERN,
  NOTHING,
  PAGING,
  RULE_NAME,
  paged,
  structure,
} from '../operation.ts'
import type { OfBus, Operation, Operations, Paging } from '../operation.ts'
import { UNSUPPORTED, optional, required, string } from '../shapes.ts'

interface PutRuleInput extends OfBus {
  readonly Name: string
  readonly EventPattern?: string
  readonly ScheduleExpression?: string
  readonly State?: string
  readonly Description?: string
}

interface OfRule extends OfBus {
  readonly Name: string
}

const OF_RULE = { Name: required(RULE_NAME), EventBusName: optional(BUS_NAME_OR_ARN) }

export function ruleOperations(rules: Rules): Operations {
  const setState = (state: RuleState): Operation => ({
    permission: 'events:Write',
    input: structure(OF_RULE),
    run: async (call, { Name, EventBusName }: OfRule) => {
      await rules.setState(addressOf(call, EventBusName), Name, state)
      return NOTHING
    },
  })
  return {
    PutRule: {
      permission: 'events:Write',
      input: structure({
        ...OF_RULE,
        EventPattern: optional(EVENT_PATTERN),
        State: optional(
          string({
            enum: ['ENABLED', 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS', 'DISABLED'],
          }),
        ),
        Description: optional(DESCRIPTION),
        RoleArn: UNSUPPORTED,
        ScheduleExpression: optional(string({ max: 256 })),
        Tags: UNSUPPORTED,
      }),
      run: async (call, input: PutRuleInput) => {
        const bus = addressOf(call, input.EventBusName)
        const rule = await rules.put(bus, ruleSettings(input), call.account)
        return { RuleArn: rule.arn }
      },
    },
    DescribeRule: {
      permission: 'events:Read',
      input: structure(OF_RULE),
      run: async (call, { Name, EventBusName }: OfRule) => {
        const bus = addressOf(call, EventBusName)
        const rule = await rules.describe(bus, Name)
        return { ...wireRule(bus, rule), CreatedBy: rule.createdBy }
      },
    },
    ListRules: {
      permission: 'events:Read',
      input: structure({
        NamePrefix: optional(RULE_NAME),
        EventBusName: optional(BUS_NAME_OR_ARN),
        ...PAGING,
      }),
      run: async (call, input: { NamePrefix?: string } & Paging & OfBus) => {
        const { NamePrefix: namePrefix } = input
        const bus = addressOf(call, input.EventBusName)
        const list = `rules ${busArn(bus)} ${namePrefix}`
        const { items, next } = await paged(list, input, async (page) =>
          rules.list(bus, { namePrefix, ...page }),
        )
        return { Rules: items.map((rule) => wireRule(bus, rule)), ...next }
      },
    },
    EnableRule: setState('ENABLED'),
    DisableRule: setState('DISABLED'),
    DeleteRule: {
      permission: 'events:Write',
      input: structure({ ...OF_RULE, Force: optional(BOOLEAN) }),
      run: async (call, input: OfRule & { Force?: boolean }) => {
        await rules.remove(addressOf(call, input.EventBusName), input.Name, input.Force ?? false)
        return NOTHING
      },
    },
  }
}

function ruleSettings(input: PutRuleInput) {
  const { Name: name, State, Description: description } = input
  // An empty text is none.
  const eventPattern = input.EventPattern || undefined
  const scheduleExpression = input.ScheduleExpression || undefined
  if (eventPattern === undefined && scheduleExpression === undefined) {
    throw new AwsError(
      'ValidationException',
      'Parameter(s) EventPattern or ScheduleExpression must be specified.',
    )
  }
  if (State === 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS') {
    throw new AwsError('ValidationException', `State ${State} is not supported by Belfry.`)
  }
  const state = State as RuleState | undefined
  return { name, eventPattern, scheduleExpression, state, description }
}

function wireRule(bus: BusAddress, rule: Rule) {
  return {
    Name: rule.name,
    Arn: rule.arn,
    ...(rule.eventPattern !== undefined && { EventPattern: rule.eventPattern }),
    ...(rule.scheduleExpression !== undefined && { ScheduleExpression: rule.scheduleExpression }),
    State: rule.state,
    ...(rule.description !== undefined && { Description: rule.description }),
    ...(rule.managedBy !== undefined && { ManagedBy: rule.managedBy }),
    EventBusName: bus.name,
  }
}
