import type { AccountId, Region } from './event.ts'

export const ROLES = ['readonly', 'costadmin', 'user', 'operations', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Who calls, once the signature or session has been checked. */
export interface Principal {
  /** As AWS writes callers. */
  readonly arn: string
  /** STS's UserId. */
  readonly id: string
  readonly role: Role
  /** Absent: the operator of the hub, who acts for every organisation. */
  readonly organisationId?: string
  /** The AWS account that calls act in. */
  readonly awsAccountId?: AccountId
  /** The only accounts that an API token is for; absent: all that the organisation has. */
  readonly onlyAccounts?: readonly AccountId[]
  /** The signed-in user behind a session. */
  readonly userId?: string
  /** The session behind the call, and when its token expires (epoch ms). */
  readonly session?: { readonly id: string; readonly expiresAt: number; readonly endsAt: number }
  /**
   * The user's organisation asks for a second factor and the user has none: may set one up and
   * sign out, and do nothing that needs a permission.
   */
  readonly mustEnrol?: true
  /** The API token behind the call: its access key. */
  readonly accessKeyId?: string
  /** The region that the call's signature names. */
  readonly region?: Region
  /** What the call's trace headers say, to be passed on with the events that it causes. */
  readonly traceContext?: TraceContext
}

/** Headers of distributed tracing as they came: W3C's, and the one that the reference system passes on. */
export interface TraceContext {
  readonly traceparent?: string
  /** Honeycomb's. */
  readonly hc?: string
}

const EVERYONE: readonly Role[] = ROLES
const PUTTERS: readonly Role[] = ['user', 'operations', 'admin']
const OPERATORS: readonly Role[] = ['operations', 'admin']
const ADMINS: readonly Role[] = ['admin']
/** The reference system's: who may edit what concerns costs and compliance. */
const COST_ADMINS: readonly Role[] = ['costadmin', 'admin']
/** Who says what alerts there are, and who says where events go. */
const ALERT_ADMINS: readonly Role[] = ['costadmin', 'operations', 'admin']

/** Each permission with the roles that have it. */
export const PERMISSIONS = {
  'organisations:Read': EVERYONE,
  'organisations:Write': ADMINS,
  'organisational-units:Read': EVERYONE,
  'organisational-units:Write': ADMINS,
  'account-types:Read': EVERYONE,
  'account-types:Write': ADMINS,
  'accounts:Read': EVERYONE,
  'accounts:Write': ADMINS,
  'users:Read': EVERYONE,
  'users:Write': ADMINS,
  'groups:Read': EVERYONE,
  'groups:Write': ADMINS,
  'api-tokens:Read': EVERYONE,
  'api-tokens:Write': ADMINS,
  'ingest-keys:Read': EVERYONE,
  'ingest-keys:Write': ADMINS,
  'services:Read': EVERYONE,
  'services:Write': ADMINS,
  // The reference system's events:CreateEventSource and its siblings: Admin and Operations.
  'event-sources:Read': EVERYONE,
  'event-sources:Write': OPERATORS,
  // Whoever says where events go says how that is signed.
  'webhook-secrets:Read': EVERYONE,
  'webhook-secrets:Write': OPERATORS,
  // The reference system lets Admin and Cost & Compliance Admin edit views.
  'views:Read': EVERYONE,
  'views:Write': COST_ADMINS,
  'budgets:Read': EVERYONE,
  'budgets:Write': COST_ADMINS,
  'spike-detectors:Read': EVERYONE,
  'spike-detectors:Write': COST_ADMINS,
  'notifications:Read': EVERYONE,
  'notifications:Write': ALERT_ADMINS,
  'incidents:Read': EVERYONE,
  // Whoever is told of something may see to it.
  'incidents:Write': ['costadmin', 'user', 'operations', 'admin'],
  'channels:Read': EVERYONE,
  'channels:Write': ALERT_ADMINS,
  // The reference system's "Admin or Cost & Compliance Admin".
  'costs:Read': EVERYONE,
  'costs:Write': COST_ADMINS,
  'tasks:Read': EVERYONE,
  'catalogue:Read': EVERYONE,
  'findings:Read': EVERYONE,
  'compliance:Read': EVERYONE,
  // Who keeps to the budget keeps to the rules.
  'compliance:Write': COST_ADMINS,
  // Who may say what happened in the tenancy could also make it up.
  'tenancy-events:Emit': OPERATORS,
  'trail:Read': EVERYONE,
  'events:Read': EVERYONE,
  'events:Put': PUTTERS,
  'events:Write': OPERATORS,
  'schemas:Read': EVERYONE,
  'schemas:Write': OPERATORS,
  'deliveries:Read': EVERYONE,
  'deliveries:Redrive': OPERATORS,
} as const satisfies Record<string, readonly Role[]>
export type Permission = keyof typeof PERMISSIONS

/**
 * What an API token that is only for some accounts may still do; everything else concerns the
 * organisation as a whole, such as an event source, which takes the events of all accounts. Whoever
 * does one of these keeps to `reachesAccount`.
 */
const WITHIN_ACCOUNTS: ReadonlySet<Permission> = new Set([
  'accounts:Read',
  'event-sources:Read',
  'webhook-secrets:Read',
  'webhook-secrets:Write',
  'catalogue:Read',
  'findings:Read',
  'tenancy-events:Emit',
  'events:Read',
  'events:Put',
  'events:Write',
  'schemas:Read',
  'schemas:Write',
  'deliveries:Read',
  'deliveries:Redrive',
])

export function mayDo(principal: Principal, permission: Permission): boolean {
  if (principal.mustEnrol) return false
  const roles: readonly Role[] = PERMISSIONS[permission]
  if (!roles.includes(principal.role)) return false
  return principal.onlyAccounts === undefined || WITHIN_ACCOUNTS.has(permission)
}

/** Whether everything that `other` may do is also `role`'s to do, and so its to give. */
export function includes(role: Role, other: Role): boolean {
  return Object.values<readonly Role[]>(PERMISSIONS).every(
    (roles) => !roles.includes(other) || roles.includes(role),
  )
}

/** The reference system's names: of people's roles, and of API tokens'. */
export const ROLE_NAMES: Readonly<Record<string, Role>> = {
  customer_admin: 'admin',
  customer_operations: 'operations',
  customer_user: 'user',
  customer_costadmin: 'costadmin',
  customer_readonly: 'readonly',
  api_admin: 'admin',
  api_operations: 'operations',
  api_user: 'user',
  api_readonly: 'readonly',
}

/** `api_admin` and `customer_admin` are both the role `admin`. */
export function roleOf(roleName: string): Role | undefined {
  return Object.hasOwn(ROLE_NAMES, roleName) ? ROLE_NAMES[roleName] : undefined
}

/** The name that people know a caller by: of a user, an API token, or a session with its role. */
export function callerName(arn: string): string {
  const [, user] = /:user\/(.+)$/.exec(arn) ?? []
  const [, role, session] = /:assumed-role\/([^/]+)\/(.+)$/.exec(arn) ?? []
  return user ?? (session === undefined ? arn : `${session} (${role})`)
}

/** Whether a caller may see and change things of an organisation. */
export function reaches(principal: Principal, organisationId: string): boolean {
  return principal.organisationId === undefined || principal.organisationId === organisationId
}

/** Whether a caller may see and change things of one account of an organisation that it reaches. */
export function reachesAccount(principal: Principal, awsAccountId: AccountId): boolean {
  return principal.onlyAccounts === undefined || principal.onlyAccounts.includes(awsAccountId)
}
