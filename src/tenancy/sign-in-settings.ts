import { RestError } from '#src/errors.ts'
import type { Principal } from '#src/model/principal.ts'
import type { OidcSettings, SignInConfiguration } from '#src/model/service-configuration.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import type { StoredUser } from './documents.ts'
import { organisationOf } from './organisations.ts'
import type { OrganisationPorts } from './organisations.ts'
import { putVersion } from './service-documents.ts'
import { modifiedBy, neverConfigured, serviceOf, tellOf } from './service-steps.ts'
import { SIGN_IN_SETTINGS } from './sign-in-documents.ts'
import type { StoredSignInSettings } from './sign-in-documents.ts'
import type { Vault } from './vault.ts'

/** How an organisation's people sign in, as it is shown: whether there is a secret, never which. */
export type SignInSettings = SignInConfiguration & { readonly ClientSecretSet: boolean }

/** Without a secret the one that is there stays, as long as issuer and client do; null drops it. */
export type SignInSettingsChange = SignInConfiguration & {
  readonly ClientSecret?: string | null | undefined
}

export interface SignInSettingsOfOrganisations {
  get(caller: Principal, organisationId: string): Promise<SignInSettings>
  put(
    caller: Principal,
    organisationId: string,
    change: SignInSettingsChange,
  ): Promise<SignInSettings>
}

const DEFAULTS: StoredSignInSettings = {
  configuration: { LOCAL: { Enable: true }, MFA: { Required: false }, OIDC: null },
}
/** Plain HTTP carries tokens past everyone on the way; on this machine there is no way. */
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

export type SignInSettingsPorts = Pick<OrganisationPorts, 'state' | 'actions'> & {
  readonly vault: Vault
  /** Why the hub would not connect to a URL, or undefined. */
  readonly urlRefusal: (url: string) => string | undefined
}

export function createSignInSettings({
  state,
  actions,
  vault,
  urlRefusal,
}: SignInSettingsPorts): SignInSettingsOfOrganisations {
  return {
    get: async (caller, organisationId) => {
      const { id } = await organisationOf(state, caller, organisationId)
      return shown(await settingsOf(state, id))
    },
    put: async (caller, organisationId, { ClientSecret, ...configuration }) => {
      const fault =
        faultOfSettings(configuration, ClientSecret) ?? faultOfPlace(configuration, urlRefusal)
      if (fault !== undefined) throw new RestError(400, 'sign-in.invalid-settings', fault)
      const sealed =
        typeof ClientSecret === 'string'
          ? vault.seal(['openid-client', organisationId], ClientSecret)
          : undefined
      return actions.perform(caller, async (step) => {
        const { transaction } = step
        const organisation = await organisationOf(transaction, caller, organisationId)
        const { id } = organisation
        const before = await settingsOf(transaction, id)
        const kept = keptSecret(before, configuration.OIDC)
        const sealedClientSecret = ClientSecret === undefined ? kept : sealed
        const stored: StoredSignInSettings = {
          configuration,
          ...(sealedClientSecret !== undefined && { sealedClientSecret }),
        }
        transaction.put(SIGN_IN_SETTINGS, id, stored)
        const service = {
          ...neverConfigured(organisation, 'SSO'),
          state: 'ACTIVE' as const,
          configuration,
          ...modifiedBy(caller, step.now),
        }
        tellOf(step, service)
        putVersion(transaction, await serviceOf(transaction, organisation, 'SSO'), service)
        return shown(stored)
      })
    },
  }
}

export async function settingsOf(
  from: Pick<StateTransaction, 'get'>,
  organisationId: string,
): Promise<StoredSignInSettings> {
  return (await from.get(SIGN_IN_SETTINGS, organisationId)) ?? DEFAULTS
}

/** Whether a user's organisation lets it sign in with a password; the hub's own always may. */
export async function passwordsAllowed(
  from: Pick<StateTransaction, 'get'>,
  { organisationId, authOrigin }: StoredUser,
): Promise<boolean> {
  if (organisationId === undefined || authOrigin === 'oidc') return true
  return (await settingsOf(from, organisationId)).configuration.LOCAL.Enable
}

/** Whether a user must set up a second factor before it does anything else. */
export async function secondFactorMissing(
  from: Pick<StateTransaction, 'get'>,
  { organisationId, authOrigin, mfaEnabled }: StoredUser,
): Promise<boolean> {
  if (organisationId === undefined || authOrigin === 'oidc' || mfaEnabled) return false
  return (await settingsOf(from, organisationId)).configuration.MFA.Required
}

function shown({ configuration, sealedClientSecret }: StoredSignInSettings): SignInSettings {
  return { ...configuration, ClientSecretSet: sealedClientSecret !== undefined }
}

function keptSecret(
  { configuration, sealedClientSecret }: StoredSignInSettings,
  now: OidcSettings | null,
): string | undefined {
  const { OIDC: before } = configuration
  // A secret must not go to an issuer that it was not given for.
  const same = before?.Issuer === now?.Issuer && before?.ClientId === now?.ClientId
  return now !== null && same ? sealedClientSecret : undefined
}

function faultOfSettings(
  { LOCAL, OIDC }: SignInConfiguration,
  secret: string | null | undefined,
): string | undefined {
  if (OIDC === null) {
    if (!LOCAL.Enable) {
      return 'without passwords ("LOCAL") nobody could sign in: set "OIDC" too, or leave passwords on'
    }
    return typeof secret === 'string'
      ? 'a "ClientSecret" needs "OIDC", whose client it is'
      : undefined
  }
  const issuer = URL.canParse(OIDC.Issuer) ? new URL(OIDC.Issuer) : undefined
  if (
    issuer === undefined ||
    issuer.search !== '' ||
    issuer.hash !== '' ||
    issuer.username !== ''
  ) {
    return `"${OIDC.Issuer}" is no issuer: it is a URL without query, fragment or user name`
  }
  if (issuer.protocol === 'http:' && !LOOPBACK_HOSTS.has(issuer.hostname)) {
    return `the issuer "${OIDC.Issuer}" must start with https://; http:// is for this machine alone`
  }
  if (OIDC.Roles !== undefined && OIDC.RolesClaim === undefined) {
    return '"Roles" needs "RolesClaim", the claim whose values it maps to roles'
  }
  return OIDC.DefaultRole === undefined && OIDC.Roles === undefined
    ? 'nobody would have a role: set "Roles" with "RolesClaim", or "DefaultRole"'
    : undefined
}

function faultOfPlace(
  { OIDC }: SignInConfiguration,
  urlRefusal: SignInSettingsPorts['urlRefusal'],
): string | undefined {
  const refusal = OIDC === null ? undefined : urlRefusal(OIDC.Issuer)
  if (OIDC === null || refusal === undefined) return undefined
  return `the hub would not connect to the issuer "${OIDC.Issuer}": ${refusal}`
}
