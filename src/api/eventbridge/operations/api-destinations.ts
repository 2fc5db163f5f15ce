import type { ApiDestinations, ShownApiDestination } from '#src/connections/api-destinations.ts'
import { HTTP_METHODS } from '#src/model/connection.ts'
import type { HttpMethod } from '#src/model/connection.ts'
import { NOTHING, PAGING, given, paged, structure } from '../operation.ts'
import type { Call, Operations, Paging } from '../operation.ts'
import { optional, required, string, textPattern } from '../shapes.ts'
import { HTTPS_ENDPOINT } from '../wire-connection.ts'

const DESTINATION_NAME = string({
  min: 1,
  max: 64,
  pattern: textPattern(String.raw`[\.\-_A-Za-z0-9]+`),
})
const CONNECTION_ARN = string({
  min: 1,
  max: 1600,
  pattern: textPattern(
    String.raw`^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:([0-9]{12})?:connection\/[\.\-_A-Za-z0-9]+\/[\-A-Za-z0-9]+$`,
  ),
})
const HTTP_METHOD = string({ enum: HTTP_METHODS })
const OF_DESTINATION = { Name: required(DESTINATION_NAME) }
const SETTINGS = {
  ...OF_DESTINATION,
  Description: optional(string({ max: 512, pattern: textPattern('.*') })),
  InvocationRateLimitPerSecond: optional({ type: 'integer', min: 1 }),
} as const

interface OfDestination {
  readonly Name: string
}

interface DestinationInput extends OfDestination {
  readonly Description?: string
  readonly ConnectionArn?: string
  readonly InvocationEndpoint?: string
  readonly HttpMethod?: HttpMethod
  readonly InvocationRateLimitPerSecond?: number
}

type NewDestinationInput = DestinationInput &
  Required<Pick<DestinationInput, 'ConnectionArn' | 'InvocationEndpoint' | 'HttpMethod'>>

interface ListInput extends Paging {
  readonly NamePrefix?: string
  readonly ConnectionArn?: string
}

export function apiDestinationOperations(apiDestinations: ApiDestinations): Operations {
  return {
    CreateApiDestination: {
      permission: 'events:Write',
      input: structure({
        ...SETTINGS,
        ConnectionArn: required(CONNECTION_ARN),
        InvocationEndpoint: required(HTTPS_ENDPOINT),
        HttpMethod: required(HTTP_METHOD),
      }),
      run: async (call, input: NewDestinationInput) => {
        const { ConnectionArn: connectionArn, InvocationEndpoint: endpoint } = input
        const destination = { connectionArn, endpoint, method: input.HttpMethod }
        return wireState(
          await apiDestinations.create(addressOf(call, input), {
            ...changeFrom(input),
            ...destination,
          }),
        )
      },
    },
    UpdateApiDestination: {
      permission: 'events:Write',
      input: structure({
        ...SETTINGS,
        ConnectionArn: optional(CONNECTION_ARN),
        InvocationEndpoint: optional(HTTPS_ENDPOINT),
        HttpMethod: optional(HTTP_METHOD),
      }),
      run: async (call, input: DestinationInput) =>
        wireState(await apiDestinations.update(addressOf(call, input), changeFrom(input))),
    },
    DescribeApiDestination: {
      permission: 'events:Read',
      input: structure(OF_DESTINATION),
      run: async (call, input: OfDestination) => {
        const destination = await apiDestinations.describe(addressOf(call, input))
        return {
          ...wireDestination(destination),
          ...given({ Description: destination.description }),
        }
      },
    },
    DeleteApiDestination: {
      permission: 'events:Write',
      input: structure(OF_DESTINATION),
      run: async (call, input: OfDestination) => {
        await apiDestinations.remove(addressOf(call, input))
        return NOTHING
      },
    },
    ListApiDestinations: {
      permission: 'events:Read',
      input: structure({
        NamePrefix: optional(DESTINATION_NAME),
        ConnectionArn: optional(CONNECTION_ARN),
        ...PAGING,
      }),
      run: async (call, input: ListInput) => {
        const { NamePrefix: namePrefix, ConnectionArn: connectionArn } = input
        const list = `api-destinations ${call.account} ${call.region} ${namePrefix} ${connectionArn}`
        const { items, next } = await paged(list, input, async (page) =>
          apiDestinations.list(call, { ...given({ namePrefix, connectionArn }), ...page }),
        )
        return { ApiDestinations: items.map(wireDestination), ...next }
      },
    },
  }
}

function addressOf({ account, region }: Call, { Name: name }: OfDestination) {
  return { account, region, name }
}

function changeFrom(input: DestinationInput) {
  return given({
    description: input.Description,
    connectionArn: input.ConnectionArn,
    endpoint: input.InvocationEndpoint,
    method: input.HttpMethod,
    ratePerSecond: input.InvocationRateLimitPerSecond,
  })
}

function wireDestination(destination: ShownApiDestination) {
  return {
    ...wireState(destination),
    Name: destination.name,
    ConnectionArn: destination.connectionArn,
    InvocationEndpoint: destination.endpoint,
    HttpMethod: destination.method,
    InvocationRateLimitPerSecond: destination.ratePerSecond,
  }
}

function wireState({ arn, isActive, createdAt, modifiedAt }: ShownApiDestination) {
  return {
    ApiDestinationArn: arn,
    ApiDestinationState: isActive ? 'ACTIVE' : 'INACTIVE',
    CreationTime: createdAt / 1_000,
    LastModifiedTime: modifiedAt / 1_000,
  }
}
