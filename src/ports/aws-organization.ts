import type { AccountId } from '#src/model/event.ts'
import type { Tags } from '#src/model/tenancy.ts'

/** An organizational unit of AWS Organizations. */
export interface AwsUnit {
  /** Such as `ou-examplerootid111-exampleouid111`. */
  readonly id: string
  readonly name: string
  /** Absent: directly below the root. */
  readonly parentId?: string
}

export interface AwsAccount {
  readonly awsAccountId: AccountId
  readonly name: string
  /** AWS's word for it. */
  readonly state: 'PENDING_ACTIVATION' | 'ACTIVE' | 'SUSPENDED' | 'PENDING_CLOSURE' | 'CLOSED'
  /** Absent: directly below the root. */
  readonly unitId?: string
  readonly tags: Tags
}

/** All that AWS Organizations lists of one organization. */
export interface AwsOrganization {
  readonly id: string
  readonly managementAccountId: AccountId
  /** Parents before their children. */
  readonly units: readonly AwsUnit[]
  readonly accounts: readonly AwsAccount[]
}

export type AwsCredentialsChoice =
  | { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Of the shared credentials file. */
  | { readonly profile: string }
  /** AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the hub. */
  | { readonly environment: true }

export interface AwsOrganizationAccess {
  readonly region: string
  /** Of something that speaks AWS Organizations' API; AWS's own where not given. */
  readonly endpoint?: string | undefined
  readonly credentials: AwsCredentialsChoice
}

/** Reads an organization from AWS Organizations. */
export interface AwsOrganizations {
  /** @throws AwsOrganizationFault that says what AWS refused, or why it cannot be reached. */
  read(access: AwsOrganizationAccess, signal: AbortSignal): Promise<AwsOrganization>
}

export class AwsOrganizationFault extends Error {
  override readonly name = 'AwsOrganizationFault'
}
