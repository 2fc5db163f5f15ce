import { addressOf } from '#src/buses/event-buses.ts'
import type { EventBuses } from '#src/buses/event-buses.ts'
import { busArn } from '#src/model/arn.ts'
import type { EventBus } from '#src/model/event-bus.ts'
import {
  BUS_NAME,
  BUS_NAME_OR_ARN,
  DESCRIPTION,
  NOTHING,
  PAGING,
  paged,
  structure,
} from '../operation.ts'
import type { Operations, Paging } from '../operation.ts'
import { UNSUPPORTED, optional, required, string } from '../shapes.ts'

const EVENT_SOURCE_NAME = string({
  min: 1,
  max: 256,
  pattern: /^aws\.partner(\/[.\-_A-Za-z0-9]+){2,}$/,
})

interface CreateEventBusInput {
  readonly Name: string
  readonly Description?: string
  readonly EventSourceName?: string
}

export function eventBusOperations(eventBuses: EventBuses): Operations {
  return {
    CreateEventBus: {
      permission: 'events:Write',
      input: structure({
        Name: required(BUS_NAME),
        Description: optional(DESCRIPTION),
        EventSourceName: optional(EVENT_SOURCE_NAME),
        KmsKeyIdentifier: UNSUPPORTED,
        DeadLetterConfig: UNSUPPORTED,
        LogConfig: UNSUPPORTED,
        Tags: UNSUPPORTED,
      }),
      run: async (call, input: CreateEventBusInput) => {
        const { Name: name, Description: description, EventSourceName: eventSourceName } = input
        const bus = await eventBuses.create(call, { name, description, eventSourceName })
        return {
          EventBusArn: busArn(bus),
          ...(bus.description !== undefined && { Description: bus.description }),
        }
      },
    },
    DescribeEventBus: {
      permission: 'events:Read',
      input: structure({ Name: optional(BUS_NAME_OR_ARN) }),
      run: async (call, { Name }: { Name?: string }) =>
        wireBus(await eventBuses.describe(addressOf(call, Name))),
    },
    DeleteEventBus: {
      permission: 'events:Write',
      input: structure({ Name: required(BUS_NAME) }),
      run: async (call, { Name }: { Name: string }) => {
        await eventBuses.remove(addressOf(call, Name))
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

function wireBus(bus: EventBus) {
  return {
    Name: bus.name,
    Arn: busArn(bus),
    ...(bus.description !== undefined && { Description: bus.description }),
    CreationTime: bus.createdAt / 1_000,
    LastModifiedTime: bus.modifiedAt / 1_000,
  }
}
