import type { Connections } from '#src/connections/connections.ts'
import { AwsError } from '#src/errors.ts'
import type { AuthorizationType, Connection } from '#src/model/connection.ts'
import { PAGING, given, paged, structure } from '../operation.ts'
import type { Call, Operation, Operations, Paging } from '../operation.ts'
import { UNSUPPORTED, optional, required, string, textPattern } from '../shapes.ts'
import {
  AUTHORIZATION_TYPE,
  CHANGED_AUTH_PARAMETERS,
  NEW_AUTH_PARAMETERS,
  credentialsFrom,
  wireAuthParameters,
} from '../wire-connection.ts'
import type { WireAuthParameters } from '../wire-connection.ts'

export interface ConnectionOperationPorts {
  readonly connections: Connections
  /** Why requests may not go to a URL, or undefined. */
  readonly endpointRefusal: (url: string) => string | undefined
}

const CONNECTION_NAME = string({
  min: 1,
  max: 64,
  pattern: textPattern(String.raw`[\.\-_A-Za-z0-9]+`),
})
const CONNECTION_STATE = string({
  enum: [
    'CREATING',
    'UPDATING',
    'DELETING',
    'AUTHORIZED',
    'DEAUTHORIZED',
    'AUTHORIZING',
    'DEAUTHORIZING',
    'ACTIVE',
    'FAILED_CONNECTIVITY',
  ],
})
const SETTINGS = {
  Name: required(CONNECTION_NAME),
  Description: optional(string({ max: 512, pattern: textPattern('.*') })),
  InvocationConnectivityParameters: UNSUPPORTED,
  KmsKeyIdentifier: UNSUPPORTED,
}

interface OfConnection {
  readonly Name: string
}

interface ConnectionInput extends OfConnection {
  readonly Description?: string
  readonly AuthorizationType?: AuthorizationType
  readonly AuthParameters?: WireAuthParameters
}

interface ListInput extends Paging {
  readonly NamePrefix?: string
  readonly ConnectionState?: string
}

export function connectionOperations(ports: ConnectionOperationPorts): Operations {
  const { connections, endpointRefusal } = ports
  return {
    CreateConnection: {
      permission: 'events:Write',
      input: structure({
        ...SETTINGS,
        AuthorizationType: required(AUTHORIZATION_TYPE),
        AuthParameters: required(NEW_AUTH_PARAMETERS),
      }),
      run: async (call, input: ConnectionInput & { AuthorizationType: AuthorizationType }) => {
        const { AuthorizationType: authorizationType } = input
        checkEndpoint(input, endpointRefusal)
        const change = { ...changeFrom(input), authorizationType }
        const { authorizedAt: _, ...created } = await connections.create(
          addressOf(call, input),
          change,
        )
        return wireState(created)
      },
    },
    UpdateConnection: {
      permission: 'events:Write',
      input: structure({
        ...SETTINGS,
        AuthorizationType: optional(AUTHORIZATION_TYPE),
        AuthParameters: optional(CHANGED_AUTH_PARAMETERS),
      }),
      run: async (call, input: ConnectionInput) => {
        checkEndpoint(input, endpointRefusal)
        return wireState(await connections.update(addressOf(call, input), changeFrom(input)))
      },
    },
    DescribeConnection: ofConnection('events:Read', async (address) => {
      const connection = await connections.describe(address)
      const { name, description, secretArn, shown } = connection
      return {
        ...wireState(connection),
        Name: name,
        AuthorizationType: connection.authorizationType,
        SecretArn: secretArn,
        ...given({
          Description: description,
          StateReason: connection.stateReason,
          AuthParameters: shown && wireAuthParameters(shown),
        }),
      }
    }),
    DeauthorizeConnection: ofConnection('events:Write', async (address) =>
      wireState(await connections.deauthorize(address)),
    ),
    // It is gone at once; Terraform asks until it is.
    DeleteConnection: ofConnection('events:Write', async (address) => ({
      ...wireState(await connections.remove(address)),
      ConnectionState: 'DELETING',
    })),
    ListConnections: {
      permission: 'events:Read',
      input: structure({
        NamePrefix: optional(CONNECTION_NAME),
        ConnectionState: optional(CONNECTION_STATE),
        ...PAGING,
      }),
      run: async (call, input: ListInput) => {
        const { NamePrefix: namePrefix, ConnectionState: state } = input
        const list = `connections ${call.account} ${call.region} ${namePrefix} ${state}`
        const { items, next } = await paged(list, input, async (page) =>
          connections.list(call, { ...given({ namePrefix, state }), ...page }),
        )
        const shown = items.map((connection) => ({
          ...wireState(connection),
          Name: connection.name,
          AuthorizationType: connection.authorizationType,
          ...given({ StateReason: connection.stateReason }),
        }))
        return { Connections: shown, ...next }
      },
    },
  }
}

function ofConnection(
  permission: Operation['permission'],
  run: (address: ReturnType<typeof addressOf>) => Promise<object>,
): Operation {
  return {
    permission,
    input: structure({ Name: required(CONNECTION_NAME) }),
    run: async (call, input: OfConnection) => run(addressOf(call, input)),
  }
}

function addressOf({ account, region }: Call, { Name: name }: OfConnection) {
  return { account, region, name }
}

function changeFrom({
  Description: description,
  AuthorizationType,
  AuthParameters,
}: ConnectionInput) {
  return { ...given({ description }), ...credentialsFrom(AuthorizationType, AuthParameters) }
}

function checkEndpoint(
  { AuthParameters }: ConnectionInput,
  endpointRefusal: ConnectionOperationPorts['endpointRefusal'],
): void {
  const endpoint = AuthParameters?.OAuthParameters?.AuthorizationEndpoint
  const refusal = endpoint ? endpointRefusal(endpoint) : undefined
  if (refusal === undefined) return
  throw new AwsError(
    'ValidationException',
    `Parameter AuthParameters.OAuthParameters.AuthorizationEndpoint is not valid. Reason: ${refusal}`,
  )
}

function wireState({ arn, state, createdAt, modifiedAt, authorizedAt }: Connection) {
  return {
    ConnectionArn: arn,
    ConnectionState: state,
    CreationTime: createdAt / 1_000,
    LastModifiedTime: modifiedAt / 1_000,
    ...(authorizedAt !== undefined && { LastAuthorizedTime: authorizedAt / 1_000 }),
  }
}
