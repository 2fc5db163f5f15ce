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

const MS_PER_SECOND = 1_000

/**
 * The same of many happenings: what holds for an account is looked up once a second of theirs, for
 * an account that changes hands takes no events in between.
 */
export function createSight(
  directory: Directory,
  caller: Principal,
): (happening: Happening) => Promise<boolean> {
  const seconds = new Map<AccountId, { readonly second: number; readonly seen: Promise<boolean> }>()
  return async ({ account, at }) => {
    const second = Math.floor(at / MS_PER_SECOND)
    const known = seconds.get(account)
    if (known?.second === second) return known.seen
    const seen = maySee(directory, caller, { account, at })
    seconds.set(account, { second, seen })
    return seen
  }
}
