import type { AccountWiring } from '#src/ports/account-wiring.ts'
import type { AwsOrganizations } from '#src/ports/aws-organization.ts'
import type { Directory } from '#src/ports/directory.ts'
import { createAccountClosing } from './account-closing.ts'
import { createAccountSync } from './account-sync.ts'
import { createAccountTypes } from './account-types.ts'
import type { AccountTypes } from './account-types.ts'
import type { IdentityProviders } from '#src/ports/identity-provider.ts'
import type { WebhookSigner } from '#src/ports/webhook-signer.ts'
import { createActions } from './actions.ts'
import type { Actions } from './actions.ts'
import type { OnSignIn } from './authentication-event.ts'
import { createAccounts } from './accounts.ts'
import type { Accounts } from './accounts.ts'
import { createApiTokens } from './api-tokens.ts'
import type { ApiTokens } from './api-tokens.ts'
import { createCredentials } from './credentials.ts'
import type { CredentialPorts, Credentials } from './credentials.ts'
import { createCustomers } from './customers.ts'
import type { Customers } from './customers.ts'
import { createDirectory } from './directory.ts'
import { createEventSources } from './event-sources.ts'
import type { EventSourcePorts, EventSources } from './event-sources.ts'
import { createEmittedEvents } from './emitted-events.ts'
import type { EmittedEvents } from './emitted-events.ts'
import { createDiscovery } from './discovery.ts'
import type { Discovery } from './discovery.ts'
import { createGroupMembers } from './group-members.ts'
import type { GroupMembers } from './group-members.ts'
import { createGroups } from './groups.ts'
import type { Groups } from './groups.ts'
import { createFederation } from './federation.ts'
import type { Federation } from './federation.ts'
import { createFirstAdmin } from './first-admin.ts'
import type { FirstAdmin } from './first-admin.ts'
import { createIngestKeys } from './ingest-keys.ts'
import type { IngestKeys } from './ingest-keys.ts'
import { createOrganisationalUnits } from './organisational-units.ts'
import type { OrganisationalUnits } from './organisational-units.ts'
import { createOrganisations } from './organisations.ts'
import type { Organisations } from './organisations.ts'
import { createRegionEnabling } from './region-enabling.ts'
import { createServices } from './services.ts'
import type { Services } from './services.ts'
import { createTokenUses } from './token-use.ts'
import type { TokenUses } from './token-use.ts'
import { runTasks } from './task-runner.ts'
import { createTasks } from './tasks.ts'
import type { Tasks } from './tasks.ts'
import { createOwnPassword } from './own-password.ts'
import type { OwnPassword } from './own-password.ts'
import { createPasswords } from './passwords.ts'
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
import { createWithSignInState } from './user-sign-in-states.ts'
import type { WithSignInState } from './user-sign-in-states.ts'
import { createUsers } from './users.ts'
import type { Users } from './users.ts'
import { createWebhookSecrets } from './webhook-secrets.ts'
import type { WebhookSecrets } from './webhook-secrets.ts'
import { createWebhookSigner } from './webhook-signer.ts'

/** Who there is: actions on it become tenancy events. */
export interface Tenancy {
  /** For other parts that organisations act on. */
  readonly actions: Actions
  readonly customers: Customers
  readonly organisations: Organisations
  readonly organisationalUnits: OrganisationalUnits
  readonly accountTypes: AccountTypes
  readonly accounts: Accounts
  readonly users: Users
  readonly withSignInState: WithSignInState
  readonly groups: Groups
  readonly groupMembers: GroupMembers
  readonly services: Services
  readonly tasks: Tasks
  readonly discovery: Discovery
  readonly sessions: Sessions
  readonly passwordSignIn: PasswordSignIn
  readonly ownPassword: OwnPassword
  readonly federation: Federation
  readonly secondFactors: SecondFactors
  readonly signInSettings: SignInSettingsOfOrganisations
  readonly firstAdmin: FirstAdmin
  readonly apiTokens: ApiTokens
  readonly ingestKeys: IngestKeys
  readonly eventSources: EventSources
  readonly webhookSecrets: WebhookSecrets
  readonly webhookSigner: WebhookSigner
  readonly emittedEvents: EmittedEvents
  readonly credentials: Credentials
  readonly tokenUses: TokenUses
  readonly directory: Directory
  /** Does what takes longer than a call, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

export interface TenancyPorts
  extends CredentialPorts, Pick<EventSourcePorts, 'namespace' | 'busExists'> {
  readonly wiring: AccountWiring
  /** Resolves once all events recorded so far have met the rules of their buses. */
  readonly routed: (signal: AbortSignal) => Promise<void>
  readonly awsOrganizations: AwsOrganizations
  /** Why the hub would not connect to a URL. */
  readonly urlRefusal: (url: string) => string | undefined
  readonly providers: IdentityProviders
  readonly onSignIn: OnSignIn
  readonly onFault: (error: unknown) => void
}

export function createTenancy(given: TenancyPorts): Tenancy {
  const ports = {
    ...given,
    actions: createActions(given),
    tokens: createSessionTokens(given.vault, given.ids),
    limiter: createSourceLimiter(given.clock),
    passwords: createPasswords(),
  }
  const organisationalUnits = createOrganisationalUnits(ports)
  const tasks = {
    CLOSE_ACCOUNT: createAccountClosing(ports),
    ENABLE_REGIONS: createRegionEnabling(ports),
    SYNC_ACCOUNTS: createAccountSync({ ...ports, units: organisationalUnits.kept }),
  }
  const discovery = createDiscovery(ports)
  const signInSettings = createSignInSettings(ports)
  return {
    actions: ports.actions,
    customers: createCustomers(ports),
    organisations: createOrganisations(ports),
    organisationalUnits,
    accountTypes: createAccountTypes(ports),
    accounts: createAccounts(ports),
    users: createUsers(ports),
    withSignInState: createWithSignInState(ports),
    groups: createGroups(ports),
    groupMembers: createGroupMembers(ports),
    services: createServices(ports, signInSettings),
    tasks: createTasks(ports.state),
    discovery,
    sessions: createSessions(ports),
    passwordSignIn: createPasswordSignIn(ports),
    ownPassword: createOwnPassword(ports),
    federation: createFederation(ports),
    secondFactors: createSecondFactors(ports, ports.vault),
    signInSettings,
    firstAdmin: createFirstAdmin(ports),
    apiTokens: createApiTokens(ports, ports.vault),
    ingestKeys: createIngestKeys(ports),
    eventSources: createEventSources(ports),
    webhookSecrets: createWebhookSecrets(ports),
    webhookSigner: createWebhookSigner(ports),
    emittedEvents: createEmittedEvents(ports),
    credentials: createCredentials(ports),
    tokenUses: createTokenUses(ports),
    directory: createDirectory(ports.state),
    run: async (signal) => {
      await Promise.all([runTasks(ports, tasks, signal), discovery.keepStarting(signal)])
    },
  }
}
