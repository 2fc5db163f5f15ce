import type { OidcSettings } from '#src/model/service-configuration.ts'
import { ROLES, roleOf } from '#src/model/principal.ts'
import type { UserRole } from '#src/model/tenancy.ts'
import type { ProviderClaims } from '#src/ports/identity-provider.ts'

/** What an OpenID provider's claims say of a user. */
export interface ClaimedUser {
  readonly email: string | undefined
  /** undefined: the provider does not say. */
  readonly emailVerified: boolean | undefined
  readonly firstName: string
  readonly lastName: string
  /** undefined: nothing gives the user a role here. */
  readonly role: UserRole | undefined
}

const NAME_CHARACTERS_MAX = 64
const EMAIL = /^[^\s@]+@[^\s@]+$/
const EMAIL_CHARACTERS_MAX = 254

export function claimedUser({ claims }: ProviderClaims, settings: OidcSettings): ClaimedUser {
  const textOf = (name: string) => {
    const value = claims[name]
    return typeof value === 'string' ? value.trim() : ''
  }
  const email = textOf('email').toLowerCase()
  const verified = claims['email_verified']
  const [first = '', ...others] = textOf('name').split(/\s+/)
  const firstName = textOf('given_name') || first
  const lastName = textOf('family_name') || others.join(' ')
  const usable = EMAIL.test(email) && email.length <= EMAIL_CHARACTERS_MAX
  return {
    email: usable ? email : undefined,
    emailVerified: typeof verified === 'boolean' ? verified : undefined,
    firstName: firstName.slice(0, NAME_CHARACTERS_MAX),
    lastName: lastName.slice(0, NAME_CHARACTERS_MAX),
    role: roleFrom(claims, settings),
  }
}

/** The strongest role that a value of the claim maps to, else the default. */
function roleFrom(
  claims: ProviderClaims['claims'],
  { RolesClaim, Roles = {}, DefaultRole }: OidcSettings,
): UserRole | undefined {
  const claim = RolesClaim === undefined ? undefined : claimAt(claims, RolesClaim)
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  const found = values.flatMap((value) =>
    typeof value === 'string' && Object.hasOwn(Roles, value) ? [Roles[value] as UserRole] : [],
  )
  const [strongest] = found.toSorted((one, other) => strengthOf(other) - strengthOf(one))
  return strongest ?? DefaultRole
}

/** A claim by its name, or by a path of names, such as Keycloak's `realm_access.roles`. */
function claimAt(claims: ProviderClaims['claims'], name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let found: unknown = claims
  for (const part of name.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined
    found = (found as Record<string, unknown>)[part]
  }
  return found
}

function strengthOf(role: UserRole): number {
  const known = roleOf(role)
  return known === undefined ? -1 : ROLES.indexOf(known)
}
