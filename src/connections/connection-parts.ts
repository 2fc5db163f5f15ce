import type { Invocation } from '#src/model/invocation.ts'
import type { Quotas } from '#src/model/quotas.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import { createApiDestinations } from './api-destinations.ts'
import type { ApiDestinations } from './api-destinations.ts'
import { authorizeConnections } from './authorizer.ts'
import { createConnections } from './connections.ts'
import type { ConnectionPorts, Connections } from './connections.ts'
import { createInvocations } from './invocations.ts'
import { createOAuthTokens } from './oauth-tokens.ts'

export interface ConnectionPartsPorts extends Omit<ConnectionPorts, 'quotas'> {
  readonly outbound: Outbound
  readonly onFault: (error: unknown) => void
}

export interface ConnectionSettings {
  readonly quotas: Quotas
  readonly allowPrivateTargets: boolean
}

/** What there is of connections, for the door and for deliveries. */
export interface ConnectionParts {
  readonly connections: Connections
  readonly apiDestinations: ApiDestinations
  /** What the API destination of an ARN is asked with; undefined where there is none. */
  readonly invocationOf: (arn: string) => Promise<Invocation | undefined>
  /** Why requests with credentials may not go to a URL, or undefined. */
  readonly endpointRefusal: (url: string) => string | undefined
  /** Authorises connections until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

export function createConnectionParts(
  ports: ConnectionPartsPorts,
  { quotas, allowPrivateTargets }: ConnectionSettings,
): ConnectionParts {
  const { outbound } = ports
  const endpointRefusal = (url: string) => {
    // Credentials go over TLS alone, but where all is on one machine for development.
    if (allowPrivateTargets || /^https:/i.test(url)) return outbound.refusalOf(url)
    return 'the endpoint must be an "https:" URL; start the hub with --allow-private-targets to allow "http:"'
  }
  const tokens = createOAuthTokens({ ...ports, endpointRefusal })
  return {
    connections: createConnections({ ...ports, quotas }),
    apiDestinations: createApiDestinations({ ...ports, quotas, endpointRefusal }),
    invocationOf: createInvocations({ ...ports, tokens }),
    endpointRefusal,
    run: (signal) => authorizeConnections({ ...ports, tokens }, signal),
  }
}
