import type { AccountWiring } from '#src/ports/account-wiring.ts'
import type { Directory } from '#src/ports/directory.ts'
import { createActions } from './actions.ts'
import { createAccounts } from './accounts.ts'
import type { Accounts } from './accounts.ts'
import { createApiTokens } from './api-tokens.ts'
import type { ApiTokens } from './api-tokens.ts'
import { createCredentials } from './credentials.ts'
import type { CredentialPorts, Credentials } from './credentials.ts'
import { createDirectory } from './directory.ts'
import { createEventSources } from './event-sources.ts'
import type { EventSourcePorts, EventSources } from './event-sources.ts'
import { createEmittedEvents } from './emitted-events.ts'
import type { EmittedEvents } from './emitted-events.ts'
import { createIngestKeys } from './ingest-keys.ts'
import type { IngestKeys } from './ingest-keys.ts'
import { createOrganisations } from './organisations.ts'
import type { Organisations } from './organisations.ts'
import { createSessions } from './sessions.ts'
import type { Sessions } from './sessions.ts'
import { createTokenUses } from './token-use.ts'
import type { TokenUses } from './token-use.ts'
import { createUsers } from './users.ts'
import type { Users } from './users.ts'

/** Who there is: actions on it become tenancy events. */
export interface Tenancy {
  readonly organisations: Organisations
  readonly accounts: Accounts
  readonly users: Users
  readonly sessions: Sessions
  readonly apiTokens: ApiTokens
  readonly ingestKeys: IngestKeys
  readonly eventSources: EventSources
  readonly emittedEvents: EmittedEvents
  readonly credentials: Credentials
  readonly tokenUses: TokenUses
  readonly directory: Directory
}

export function createTenancy(
  given: CredentialPorts &
    Pick<EventSourcePorts, 'namespace' | 'busExists'> & { readonly wiring: AccountWiring },
): Tenancy {
  const ports = { ...given, actions: createActions(given) }
  return {
    organisations: createOrganisations(ports),
    accounts: createAccounts(ports),
    users: createUsers(ports),
    sessions: createSessions(ports),
    apiTokens: createApiTokens(ports, ports.vault),
    ingestKeys: createIngestKeys(ports),
    eventSources: createEventSources(ports),
    emittedEvents: createEmittedEvents(ports),
    credentials: createCredentials(ports),
    tokenUses: createTokenUses(ports),
    directory: createDirectory(ports.state),
  }
}
