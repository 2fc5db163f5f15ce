import type { AccountWiring } from '#src/ports/account-wiring.ts'
import type { Directory } from '#src/ports/directory.ts'
import type { IdentityProviders } from '#src/ports/identity-provider.ts'
import { createActions } from './actions.ts'
import type { OnSignIn } from './authentication-event.ts'
import { createAccounts } from './accounts.ts'
import type { Accounts } from './accounts.ts'
import { createApiTokens } from './api-tokens.ts'
import type { ApiTokens } from './api-tokens.ts'
import { createCredentials } from './credentials.ts'
import type { CredentialPorts, Credentials } from './credentials.ts'
import { createDirectory } from './directory.ts'
import { createFederation } from './federation.ts'
import type { Federation } from './federation.ts'
import { createFirstAdmin } from './first-admin.ts'
import type { FirstAdmin } from './first-admin.ts'
import { createIngestKeys } from './ingest-keys.ts'
import type { IngestKeys } from './ingest-keys.ts'
import { createOrganisations } from './organisations.ts'
import type { Organisations } from './organisations.ts'
import { createOwnPassword } from './own-password.ts'
import type { OwnPassword } from './own-password.ts'
import { createPasswordSignIn } from './password-sign-in.ts'
import type { PasswordSignIn } from './password-sign-in.ts'
import { createSecondFactors } from './second-factors.ts'
import type { SecondFactors } from './second-factors.ts'
import { createSessions } from './sessions.ts'
import type { Sessions } from './sessions.ts'
import { createSignInSettings } from './sign-in-settings.ts'
import type { SignInSettingsOfOrganisations } from './sign-in-settings.ts'
import { createSourceLimiter } from './source-limiter.ts'
import { createSessionTokens } from './user-sessions.ts'
import { createUsers } from './users.ts'
import type { Users } from './users.ts'

/** Who there is: actions on it become tenancy events. */
export interface Tenancy {
  readonly organisations: Organisations
  readonly accounts: Accounts
  readonly users: Users
  readonly sessions: Sessions
  readonly passwordSignIn: PasswordSignIn
  readonly ownPassword: OwnPassword
  readonly federation: Federation
  readonly secondFactors: SecondFactors
  readonly signInSettings: SignInSettingsOfOrganisations
  readonly firstAdmin: FirstAdmin
  readonly apiTokens: ApiTokens
  readonly ingestKeys: IngestKeys
  readonly credentials: Credentials
  readonly directory: Directory
}

export function createTenancy(
  given: CredentialPorts & {
    readonly wiring: AccountWiring
    readonly providers: IdentityProviders
    readonly onSignIn: OnSignIn
  },
): Tenancy {
  const ports = {
    ...given,
    actions: createActions(given),
    tokens: createSessionTokens(given.vault, given.ids),
    limiter: createSourceLimiter(given.clock),
  }
  return {
    organisations: createOrganisations(ports),
    accounts: createAccounts(ports),
    users: createUsers(ports),
    sessions: createSessions(ports),
    passwordSignIn: createPasswordSignIn(ports),
    ownPassword: createOwnPassword(ports),
    federation: createFederation(ports),
    secondFactors: createSecondFactors(ports, ports.vault),
    signInSettings: createSignInSettings(ports, ports.vault),
    firstAdmin: createFirstAdmin(ports),
    apiTokens: createApiTokens(ports, ports.vault),
    ingestKeys: createIngestKeys(ports),
    credentials: createCredentials(ports),
    directory: createDirectory(ports.state),
  }
}
