import type { BusAccess } from '#src/buses/bus-access.ts'
import type { DescribedBus, EventBuses } from '#src/buses/event-buses.ts'
import { DEFAULT_BUS, busArn } from '#src/model/arn.ts'
import type { EventBus } from '#src/model/event-bus.ts'
import {
  BUS_NAME,
  BUS_NAME_OR_ARN,
  DESCRIPTION,
  EVENT_SOURCE_NAME,
  NOTHING,
  PAGING,
  paged,
  structure,
} from '../operation.ts'
import type { Operations, Paging } from '../operation.ts'
import { UNSUPPORTED, optional, required, unsupported } from '../shapes.ts'
import { LOG_CONFIG, logConfigFrom, wireLogConfig } from '../wire-log-config.ts'
import type { WireLogConfig } from '../wire-log-config.ts'
import { TAGS, tagsFrom } from '../wire-tags.ts'
import type { WireTag } from '../wire-tags.ts'

export interface EventBusOperationPorts {
  readonly access: BusAccess
  readonly eventBuses: EventBuses
}

/**
 * What AWS encrypts a bus with, and the queue for what that key no longer opens, which is all that
 * AWS sends there: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-encryption-event-bus-dlq.html
 */
const NOT_HERE = {
  KmsKeyIdentifier: UNSUPPORTED,
  DeadLetterConfig: optional(
    structure({
      Arn: unsupported(
        'Parameter DeadLetterConfig is not supported by Belfry: the queue of a bus gets what its customer managed key cannot encrypt or decrypt, and Belfry takes no such key. What cannot be delivered goes to the DeadLetterConfig of its target.',
      ),
    }),
  ),
}

interface CreateEventBusInput {
  readonly Name: string
  readonly Description?: string
  readonly EventSourceName?: string
  readonly Tags?: readonly WireTag[]
  readonly LogConfig?: WireLogConfig
}

interface UpdateEventBusInput {
  readonly Name?: string
  readonly Description?: string
  readonly LogConfig?: WireLogConfig
}

export function eventBusOperations({ access, eventBuses }: EventBusOperationPorts): Operations {
  return {
    CreateEventBus: {
      permission: 'events:Write',
      input: structure({
        Name: required(BUS_NAME),
        Description: optional(DESCRIPTION),
        EventSourceName: optional(EVENT_SOURCE_NAME),
        Tags: optional(TAGS),
        LogConfig: optional(LOG_CONFIG),
        ...NOT_HERE,
      }),
      run: async (call, input: CreateEventBusInput) => {
        const { Name: name, Description: description, EventSourceName: eventSourceName } = input
        const tags = tagsFrom(input.Tags ?? [])
        const log = logConfigFrom(input.LogConfig)
        const bus = await eventBuses.create(call, { name, description, eventSourceName, tags, log })
        return { EventBusArn: busArn(bus), ...wireOptions(bus) }
      },
    },
    DescribeEventBus: {
      permission: 'events:Read',
      input: structure({ Name: optional(BUS_NAME_OR_ARN) }),
      run: async (call, { Name }: { Name?: string }) => {
        const address = await access.busFor(call, Name, { action: 'DescribeEventBus' })
        const bus = await eventBuses.describe(address)
        return { ...wireBus(bus), ...wireOptions(bus) }
      },
    },
    UpdateEventBus: {
      permission: 'events:Write',
      input: structure({
        Name: optional(BUS_NAME),
        Description: optional(DESCRIPTION),
        LogConfig: optional(LOG_CONFIG),
        ...NOT_HERE,
      }),
      run: async ({ account, region }, input: UpdateEventBusInput) => {
        const { Name: name = DEFAULT_BUS, Description: description } = input
        const log = logConfigFrom(input.LogConfig)
        const bus = await eventBuses.update({ account, region, name }, { description, log })
        return { Name: bus.name, Arn: busArn(bus), ...wireOptions(bus) }
      },
    },
    DeleteEventBus: {
      permission: 'events:Write',
      input: structure({ Name: required(BUS_NAME) }),
      run: async ({ account, region }, { Name: name }: { Name: string }) => {
        await eventBuses.remove({ account, region, name })
        return NOTHING
      },
    },
    ListEventBuses: {
      permission: 'events:Read',
      input: structure({ NamePrefix: optional(BUS_NAME), ...PAGING }),
      run: async (call, input: { NamePrefix?: string } & Paging) => {
        const { NamePrefix: namePrefix } = input
        const list = `buses ${call.account} ${call.region} ${namePrefix}`
        const { items, next } = await paged(list, input, async (page) =>
          eventBuses.list(call, { namePrefix, ...page }),
        )
        return { EventBuses: items.map(wireBus), ...next }
      },
    },
  }
}

/** What is told of a bus by who makes, changes or describes it. */
function wireOptions({ description, log }: DescribedBus) {
  return {
    ...(description !== undefined && { Description: description }),
    ...(log !== undefined && { LogConfig: wireLogConfig(log) }),
  }
}

function wireBus(bus: EventBus) {
  return {
    Name: bus.name,
    Arn: busArn(bus),
    ...(bus.description !== undefined && { Description: bus.description }),
    ...(bus.policy !== undefined && { Policy: JSON.stringify(bus.policy) }),
    CreationTime: bus.createdAt / 1_000,
    LastModifiedTime: bus.modifiedAt / 1_000,
  }
}
