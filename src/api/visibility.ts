import { reaches, reachesAccount } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { AccountId } from '#src/model/event.ts'
import type { Directory } from '#src/ports/directory.ts'

/** Something that happened in an account, by epoch ms. */
interface Happening {
  readonly account: AccountId
  readonly at: number
}

/**
 * Whether a caller may see what happened in an account: the organisation that managed the account
 * at that time must be the caller's, whoever manages it now.
 */
export async function maySee(
  directory: Directory,
  caller: Principal,
  { account, at }: Happening,
): Promise<boolean> {
  if (!reachesAccount(caller, account)) return false
  if (caller.organisationId === undefined) return true
  const then = await directory.accountAt(account, at)
  return then !== undefined && reaches(caller, then.organisationId)
}
