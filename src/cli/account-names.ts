import type { Account } from '#src/model/tenancy.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import type { HubClient } from './hub-client.ts'

/** The names of accounts by their AWS account ids, as the hub knows them. */
export interface AccountNames {
  nameOf(awsAccountId: string): Promise<string | undefined>
  /** A name that the hub has told by the way. */
  learn(awsAccountId: string, name: string): void
}

/** An unknown account is asked for again no sooner. */
const ASK_EVERY_MS = 5_000

export function createAccountNames(hub: HubClient): AccountNames {
  const names = new Map<string, string>()
  let askedAt = Number.NEGATIVE_INFINITY
  return {
    nameOf: async (awsAccountId) => {
      if (!names.has(awsAccountId) && clock.now() - askedAt >= ASK_EVERY_MS) {
        askedAt = clock.now()
        for (const account of await hub.listAll<Account>('/accounts')) {
          names.set(account.awsAccountId, account.name)
        }
      }
      return names.get(awsAccountId)
    },
    learn: (awsAccountId, name) => void names.set(awsAccountId, name),
  }
}
