import type { AccountId } from './event.ts'

/** What a caller may do grows from left to right. */
export const ROLES = ['readonly', 'user', 'operations', 'admin'] as const
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
  /** The signed-in user behind a session. */
  readonly userId?: string
  /** The API token behind the call: its access key. */
  readonly accessKeyId?: string
}

/** Each permission with the least role that has it. */
export const PERMISSIONS = {
  'tenancy:Read': 'readonly',
  'tenancy:Write': 'admin',
  'events:Read': 'readonly',
  'events:Put': 'user',
  'events:Write': 'operations',
  'deliveries:Read': 'readonly',
  'deliveries:Redrive': 'operations',
  'trail:Read': 'readonly',
} as const satisfies Record<string, Role>
export type Permission = keyof typeof PERMISSIONS

export function mayDo(principal: Principal, permission: Permission): boolean {
  return atLeast(principal.role, PERMISSIONS[permission])
}

export function atLeast(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least)
}

/** `api_admin` and `customer_admin` are both the role `admin`. */
export function roleOf(roleName: string): Role | undefined {
  const role = roleName.replace(/^(api|customer)_/, '')
  return ROLES.find((known) => known === role)
}

/** Whether a caller may see and change things of an organisation. */
export function reaches(principal: Principal, organisationId: string): boolean {
  return principal.organisationId === undefined || principal.organisationId === organisationId
}
