import { addressOf } from '#src/buses/event-buses.ts'
import type { EventBuses, Place } from '#src/buses/event-buses.ts'
import { parsePattern } from '#src/buses/rules.ts'
import type { Rules } from '#src/buses/rules.ts'
import { AwsError } from '#src/errors.ts'
import { busArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { EventBus, Rule, RuleState } from '#src/model/event-bus.ts'
import type { Permission } from '#src/model/principal.ts'
import type { PutEventsPorts } from '#src/pipeline/1-accept/put-events.ts'
import type { OperationName } from './inputs.ts'
import { afterOf, pageToken } from './page-token.ts'
import { putEventsOperation } from './put-events.ts'
import { targetFrom, wireTarget } from './targets.ts'
import type { WireTarget } from './targets.ts'
import { testEventPattern } from './test-event-pattern.ts'

export interface OperationPorts extends PutEventsPorts {
  readonly eventBuses: EventBuses
  readonly rules: Rules
  /** Why a URL may not be a target, or undefined. */
  readonly urlRefusal: (url: string) => string | undefined
}

/** An operation: what it needs of the caller's role, and what it does with a checked input. */
export interface Operation {
  readonly permission: Permission
  // oxlint-disable-next-line typescript/no-explicit-any -- each input has been checked against its shape
  readonly run: (place: Place, input: any) => Promise<object>
}

const LIST_LIMIT_DEFAULT = 100
const NOTHING = {}

interface Paging {
  readonly NamePrefix?: string
  readonly NextToken?: string
  readonly Limit?: number
}

interface CreateEventBusInput {
  readonly Name: string
  readonly Description?: string
  readonly EventSourceName?: string
}

interface OfBus {
  readonly EventBusName?: string
}

export function createOperations(
  ports: OperationPorts,
): Readonly<Record<OperationName, Operation>> {
  return {
    PutEvents: {
      permission: 'events:Put',
      run: (place, input) => putEventsOperation(ports, place, input),
    },
    TestEventPattern: {
      permission: 'events:Read',
      run: async (_place, input) => testEventPattern(input),
    },
    ...busOperations(ports),
    ...ruleOperations(ports),
    ...targetOperations(ports),
  }
}

function busOperations({ eventBuses }: OperationPorts) {
  return {
    CreateEventBus: {
      permission: 'events:Write',
      run: async (place, input: CreateEventBusInput) => {
        const { Name: name, Description: description, EventSourceName: eventSourceName } = input
        const bus = await eventBuses.create(place, { name, description, eventSourceName })
        return {
          EventBusArn: busArn(bus),
          ...(bus.description !== undefined && { Description: bus.description }),
        }
      },
    },
    DescribeEventBus: {
      permission: 'events:Read',
      run: async (place, { Name }: { Name?: string }) =>
        wireBus(await eventBuses.describe(addressOf(place, Name))),
    },
    DeleteEventBus: {
      permission: 'events:Write',
      run: async (place, { Name }: { Name: string }) => {
        await eventBuses.remove(addressOf(place, Name))
        return NOTHING
      },
    },
    ListEventBuses: {
      permission: 'events:Read',
      run: async (place, { NamePrefix, NextToken, Limit = LIST_LIMIT_DEFAULT }: Paging) => {
        const list = `buses ${place.account} ${place.region} ${NamePrefix}`
        const after = afterOf(list, NextToken)
        const page = await eventBuses.list(place, { namePrefix: NamePrefix, after, limit: Limit })
        return { EventBuses: page.items.map(wireBus), ...nextToken(list, page.last) }
      },
    },
  } satisfies Partial<Record<OperationName, Operation>>
}

function ruleOperations({ rules }: OperationPorts) {
  const setState = (state: RuleState): Operation => ({
    permission: 'events:Write',
    run: async (place, { Name, EventBusName }: { Name: string } & OfBus) => {
      await rules.setState(addressOf(place, EventBusName), Name, state)
      return NOTHING
    },
  })
  return {
    PutRule: {
      permission: 'events:Write',
      run: async (place, input: PutRuleInput) => {
        const bus = addressOf(place, input.EventBusName)
        const rule = await rules.put(bus, ruleSettings(input), place.account)
        return { RuleArn: rule.arn }
      },
    },
    DescribeRule: {
      permission: 'events:Read',
      run: async (place, { Name, EventBusName }: { Name: string } & OfBus) => {
        const bus = addressOf(place, EventBusName)
        const rule = await rules.describe(bus, Name)
        return { ...wireRule(bus, rule), CreatedBy: rule.createdBy }
      },
    },
    ListRules: {
      permission: 'events:Read',
      run: async (place, input: Paging & OfBus) => {
        const { NamePrefix, NextToken, Limit = LIST_LIMIT_DEFAULT } = input
        const bus = addressOf(place, input.EventBusName)
        const list = `rules ${busArn(bus)} ${NamePrefix}`
        const after = afterOf(list, NextToken)
        const page = await rules.list(bus, { namePrefix: NamePrefix, after, limit: Limit })
        return {
          Rules: page.items.map((rule) => wireRule(bus, rule)),
          ...nextToken(list, page.last),
        }
      },
    },
    EnableRule: setState('ENABLED'),
    DisableRule: setState('DISABLED'),
    DeleteRule: {
      permission: 'events:Write',
      run: async (place, input: { Name: string; Force?: boolean } & OfBus) => {
        await rules.remove(addressOf(place, input.EventBusName), input.Name, input.Force ?? false)
        return NOTHING
      },
    },
  } satisfies Partial<Record<OperationName, Operation>>
}

function targetOperations({ rules, urlRefusal }: OperationPorts) {
  return {
    PutTargets: {
      permission: 'events:Write',
      run: async (place, input: { Rule: string; Targets: readonly WireTarget[] } & OfBus) => {
        const bus = addressOf(place, input.EventBusName)
        const targets = input.Targets.map((target) => targetFrom(bus, target, urlRefusal))
        await rules.putTargets(bus, input.Rule, targets)
        return { FailedEntryCount: 0, FailedEntries: [] }
      },
    },
    ListTargetsByRule: {
      permission: 'events:Read',
      run: async (place, input: { Rule: string } & OfBus & Paging) => {
        const bus = addressOf(place, input.EventBusName)
        const { targets, arn } = await rules.describe(bus, input.Rule)
        const list = `targets ${arn}`
        const after = afterOf(list, input.NextToken)
        const start = after === undefined ? 0 : targets.findIndex(({ id }) => id === after) + 1
        const shown = targets.slice(start, start + (input.Limit ?? LIST_LIMIT_DEFAULT))
        const more = start + shown.length < targets.length
        return {
          Targets: shown.map(wireTarget),
          ...nextToken(list, more ? shown.at(-1)?.id : undefined),
        }
      },
    },
    RemoveTargets: {
      permission: 'events:Write',
      run: async (
        place,
        input: { Rule: string; Ids: readonly string[]; Force?: boolean } & OfBus,
      ) => {
        const bus = addressOf(place, input.EventBusName)
        const { Ids: ids, Force: force = false } = input
        await rules.removeTargets(bus, input.Rule, { ids, force })
        return { FailedEntryCount: 0, FailedEntries: [] }
      },
    },
  } satisfies Partial<Record<OperationName, Operation>>
}

interface PutRuleInput extends OfBus {
  readonly Name: string
  readonly EventPattern?: string
  readonly State?: string
  readonly Description?: string
}

function ruleSettings(input: PutRuleInput) {
  const { Name: name, EventPattern, State, Description: description } = input
  if (EventPattern === undefined || EventPattern === '') {
    throw new AwsError(
      'ValidationException',
      'Parameter(s) EventPattern or ScheduleExpression must be specified.',
    )
  }
  if (State === 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS') {
    throw new AwsError('ValidationException', `State ${State} is not supported by Belfry.`)
  }
  parsePattern(EventPattern)
  const state = State as RuleState | undefined
  return { name, eventPattern: EventPattern, state, description }
}

function wireBus(bus: EventBus) {
  return {
    Name: bus.name,
    Arn: busArn(bus),
    ...(bus.description !== undefined && { Description: bus.description }),
    CreationTime: bus.createdAt / 1_000,
    LastModifiedTime: bus.modifiedAt / 1_000,
  }
}

function wireRule(bus: BusAddress, rule: Rule) {
  return {
    Name: rule.name,
    Arn: rule.arn,
    EventPattern: rule.eventPattern,
    State: rule.state,
    ...(rule.description !== undefined && { Description: rule.description }),
    ...(rule.managedBy !== undefined && { ManagedBy: rule.managedBy }),
    EventBusName: bus.name,
  }
}

function nextToken(list: string, last: string | undefined) {
  const token = pageToken(list, last)
  return token === undefined ? {} : { NextToken: token }
}
