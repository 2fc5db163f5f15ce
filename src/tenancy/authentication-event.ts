import type { State } from '#src/ports/state.ts'
import type { Step } from './actions.ts'
import { ACCOUNTS, FOUNDATION_ACCOUNTS, ORGANISATIONS, foundationKey } from './documents.ts'
import type { StoredUser } from './documents.ts'
import type { LoginType } from './sign-in-documents.ts'

/** How a user came, or tried to. */
export interface Authentication {
  readonly authMethod: 'Login' | 'RefreshToken'
  /** With the method Login. */
  readonly loginType?: LoginType
  /** Why it was refused; absent: it was not. */
  readonly refusal?: string
  readonly sourceIp?: string
}

/** What became of a sign-in, for the log and the metrics of the hub. */
export interface SignInOutcome {
  readonly ok: boolean
  readonly authMethod: Authentication['authMethod']
  /** Absent: nobody that the hub knows. */
  readonly userId?: string
  readonly organisationId?: string
}
export type OnSignIn = (outcome: SignInOutcome) => void

/** Tells that a user signed in or was refused; of a user without organisation only the log tells. */
export async function tellAuthentication(
  { transaction, tell }: Step,
  state: State,
  user: StoredUser,
  { refusal, ...how }: Authentication,
): Promise<void> {
  if (user.organisationId === undefined) return
  const organisation = await transaction.get(ORGANISATIONS, user.organisationId)
  if (organisation === undefined) throw new Error(`user ${user.id} has no organisation`)
  const securityKey = foundationKey(organisation.id, 'SECURITY')
  const accountId = await state.get(FOUNDATION_ACCOUNTS, securityKey)
  const account = accountId === undefined ? undefined : await state.get(ACCOUNTS, accountId)
  const region = organisation.installationRegion
  tell('UserAuthenticationEvent', {
    organisationId: organisation.id,
    userId: user.id,
    // Users sign in at the identity service, which is the security account's.
    ...(account !== undefined && { aws: { accountId: account.awsAccountId, region } }),
    fields: {
      userID: user.id,
      status: refusal === undefined ? 'SUCCESS' : 'FAILED',
      ...how,
      ...(refusal !== undefined && { message: refusal }),
    },
  })
}

/** Nothing has ended, nothing is told. */
export function tellSignOut({ tell }: Step, user: StoredUser, sessions: number): void {
  const { id: userID, organisationId } = user
  if (organisationId === undefined || sessions === 0) return
  tell('UserSignOutEvent', { organisationId, fields: { userID, sessions } })
}
