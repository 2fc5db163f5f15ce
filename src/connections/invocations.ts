import type { Invocation } from '#src/model/invocation.ts'
import type { State } from '#src/ports/state.ts'
import type { Vault } from '#src/tenancy/vault.ts'
import { apiDestinationOfArn } from './api-destinations.ts'
import { connectionOfArn } from './connections.ts'
import { opened } from './documents.ts'
import { tokenHolder } from './oauth-tokens.ts'
import type { OAuthTokens } from './oauth-tokens.ts'

export interface InvocationPorts {
  readonly state: State
  readonly vault: Vault
  readonly tokens: OAuthTokens
}

/** What the API destination of an ARN is asked with; undefined where there is none. */
export function createInvocations({ state, vault, tokens }: InvocationPorts) {
  return async (arn: string): Promise<Invocation | undefined> => {
    const destination = await apiDestinationOfArn(state, arn)
    if (destination === undefined) return undefined
    const connection = await connectionOfArn(state, destination.connectionArn)
    if (connection === undefined) {
      const none = { token: async () => undefined, tokenRefused: () => undefined }
      return { destination, connectionState: 'DEAUTHORIZED', ...none }
    }
    const credentials = opened(vault, connection)
    const holder = tokenHolder(connection)
    return {
      destination,
      connectionState: connection.state,
      ...(credentials !== undefined && { credentials }),
      token: async () => {
        if (credentials?.authorization.type !== 'OAUTH_CLIENT_CREDENTIALS') return undefined
        return tokens.tokenFor(holder, credentials.authorization)
      },
      tokenRefused: (token) => tokens.refused(holder, token),
    }
  }
}
