import type { State } from '#src/ports/state.ts'
import { ACCOUNTS, listAll } from '#src/tenancy/documents.ts'
import { textAt } from './observed/foreign.ts'

/** The AWS accounts that are an organisation's no more. */
export interface ClosedAccounts {
  of(organisationId: string): Promise<ReadonlySet<string>>
  /** How often accounts were closed since the hub started. */
  readonly changes: number
}

const NONE: ReadonlySet<string> = new Set()

/** Reads accounts when they are needed, and again once they have changed. */
export function createClosedAccounts(state: State): ClosedAccounts {
  let known: Promise<ReadonlyMap<string, ReadonlySet<string>>> | undefined
  let changes = 0
  state.watch((committed) => {
    const ofAccounts = committed.filter(({ collection }) => collection === ACCOUNTS.name)
    if (ofAccounts.length === 0) return
    known = undefined
    if (ofAccounts.some(({ value }) => textAt(value, 'status') === 'CLOSED')) changes += 1
  })
  const read = async () => {
    const all = await listAll(state, ACCOUNTS)
    const byOrganisation = Map.groupBy(all, ({ organisationId }) => organisationId)
    return new Map(
      [...byOrganisation].map(([organisationId, accounts]) => {
        // An account that was closed may have been onboarded again, which makes another of it.
        const open = accounts.filter(({ status }) => status !== 'CLOSED')
        const closed = new Set(accounts.map(({ awsAccountId }) => awsAccountId))
        for (const { awsAccountId } of open) closed.delete(awsAccountId)
        return [organisationId, closed] as const
      }),
    )
  }
  return {
    get changes() {
      return changes
    },
    of: async (organisationId) => {
      known ??= read()
      try {
        return (await known).get(organisationId) ?? NONE
      } catch (error) {
        known = undefined
        throw error
      }
    },
  }
}
