import type { BusAccess } from '#src/buses/bus-access.ts'
import { parsePattern } from '#src/buses/rules.ts'
import type { Rules } from '#src/buses/rules.ts'
import { AwsError } from '#src/errors.ts'
import { busArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { Rule, RuleState } from '#src/model/event-bus.ts'
import { ANY_VALUE } from '#src/model/resource-policy.ts'
import type { Context } from '#src/model/resource-policy.ts'
import {
  BOOLEAN,
  BUS_NAME_OR_ARN,
  DESCRIPTION,
  EVENT_PATTERN,
  NOTHING,
  PAGING,
  ROLE_ARN,
  RULE_NAME,
  paged,
  structure,
} from '../operation.ts'
import type { Call, OfBus, Operation, Operations, Paging } from '../operation.ts'
import { optional, required, string } from '../shapes.ts'
import { checkRole, notValid } from '../wire-aws-target.ts'
import { TAGS, tagsFrom } from '../wire-tags.ts'
import type { WireTag } from '../wire-tags.ts'

export interface RuleOperationPorts {
  readonly access: BusAccess
  readonly rules: Rules
}

interface PutRuleInput extends OfBus {
  readonly Name: string
  readonly EventPattern?: string
  readonly ScheduleExpression?: string
  readonly State?: string
  readonly Description?: string
  readonly RoleArn?: string
  readonly Tags?: readonly WireTag[]
}

interface OfRule extends OfBus {
  readonly Name: string
}

const OF_RULE = { Name: required(RULE_NAME), EventBusName: optional(BUS_NAME_OR_ARN) }

export function ruleOperations({ access, rules }: RuleOperationPorts): Operations {
  const setState = (action: 'EnableRule' | 'DisableRule', state: RuleState): Operation => ({
    permission: 'events:Write',
    input: structure(OF_RULE),
    run: async (call, { Name, EventBusName }: OfRule) => {
      const bus = await access.busFor(call, EventBusName, { action, rule: Name })
      await rules.setState(bus, Name, state)
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
        RoleArn: optional(ROLE_ARN),
        ScheduleExpression: optional(string({ max: 256 })),
        Tags: optional(TAGS),
      }),
      run: async (call, input: PutRuleInput) => {
        const settings = ruleSettings(input)
        const bus = await access.busFor(call, input.EventBusName, {
          action: 'PutRule',
          rule: input.Name,
          context: patternContext(settings.eventPattern),
        })
        checkRoleOfRule(call, bus, settings.roleArn)
        const rule = await rules.put(bus, settings, call.account)
        return { RuleArn: rule.arn }
      },
    },
    DescribeRule: {
      permission: 'events:Read',
      input: structure(OF_RULE),
      run: async (call, { Name, EventBusName }: OfRule) => {
        const bus = await access.busFor(call, EventBusName, { action: 'DescribeRule', rule: Name })
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
        const bus = await access.busFor(call, input.EventBusName, { action: 'ListRules' })
        const list = `rules ${busArn(bus)} ${namePrefix}`
        const { items, next } = await paged(list, input, async (page) =>
          rules.list(bus, { namePrefix, ...page }),
        )
        return { Rules: items.map((rule) => wireRule(bus, rule)), ...next }
      },
    },
    ListRuleNamesByTarget: {
      permission: 'events:Read',
      input: structure({
        TargetArn: required(string({ min: 1, max: 1600 })),
        EventBusName: optional(BUS_NAME_OR_ARN),
        ...PAGING,
      }),
      run: async (call, input: { TargetArn: string } & Paging & OfBus) => {
        const { TargetArn: targetArn } = input
        const bus = await access.busFor(call, input.EventBusName, {
          action: 'ListRuleNamesByTarget',
          context: { 'events:TargetArn': [targetArn] },
        })
        const list = `rule names ${busArn(bus)} ${targetArn}`
        const { items, next } = await paged(list, input, async (page) =>
          rules.listByTarget(bus, targetArn, page),
        )
        return { RuleNames: items.map(({ name }) => name), ...next }
      },
    },
    EnableRule: setState('EnableRule', 'ENABLED'),
    DisableRule: setState('DisableRule', 'DISABLED'),
    DeleteRule: {
      permission: 'events:Write',
      input: structure({ ...OF_RULE, Force: optional(BOOLEAN) }),
      run: async (call, input: OfRule & { Force?: boolean }) => {
        const { Name: rule, Force: force = false } = input
        const bus = await access.busFor(call, input.EventBusName, { action: 'DeleteRule', rule })
        await rules.remove(bus, rule, force)
        return NOTHING
      },
    },
  }
}

function ruleSettings(input: PutRuleInput) {
  const { Name: name, State, Description: description, RoleArn: roleArn, Tags = [] } = input
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
  const given = { name, eventPattern, scheduleExpression, state, description, roleArn }
  return { ...given, tags: tagsFrom(Tags) }
}

/**
 * In the role of the rule targets are reached that others put on it later: it is the bus owner's
 * to give, and the owner's own.
 * @throws AwsError ValidationException
 */
function checkRoleOfRule(call: Call, bus: BusAddress, roleArn: string | undefined): void {
  if (roleArn === undefined) return
  if (call.account !== bus.account) {
    const reason = "the role of a rule is its own account's to choose: give RoleArn to its targets."
    throw notValid(roleArn, reason)
  }
  checkRole(bus.account, roleArn)
}

/** Fields of an event pattern that conditions of a policy may ask about. */
const PATTERN_FIELDS = [
  'source',
  'detail-type',
  'detail.eventTypeCode',
  'detail.service',
  'detail.userIdentity.principalId',
]

function patternContext(eventPattern: string | undefined): Context {
  if (eventPattern === undefined) return {}
  const pattern = parsePattern(eventPattern)
  return Object.fromEntries(
    PATTERN_FIELDS.map((field) => [
      `events:${field}`,
      pattern.textsOf(field).map((text) => text ?? ANY_VALUE),
    ]),
  )
}

function wireRule(bus: BusAddress, rule: Rule) {
  return {
    Name: rule.name,
    Arn: rule.arn,
    ...(rule.eventPattern !== undefined && { EventPattern: rule.eventPattern }),
    ...(rule.scheduleExpression !== undefined && { ScheduleExpression: rule.scheduleExpression }),
    State: rule.state,
    ...(rule.description !== undefined && { Description: rule.description }),
    ...(rule.roleArn !== undefined && { RoleArn: rule.roleArn }),
    ...(rule.managedBy !== undefined && { ManagedBy: rule.managedBy }),
    EventBusName: bus.name,
  }
}
