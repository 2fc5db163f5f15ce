import type { ComplianceScore } from '#src/model/finding.ts'
import type { Page } from '#src/model/page.ts'
import { reaches, reachesAccount } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { State } from '#src/ports/state.ts'
import { listAccepted } from '#src/tenancy/documents.ts'
import type { PageOfCaller } from '#src/tenancy/organisations.ts'
import type { Counting } from './counting.ts'
import { ACCOUNT_COUNTS } from './counts.ts'
import type { AccountCounts, Counts } from './counts.ts'
import type { FindingFilter } from './findings.ts'

export interface ScoreFilter extends Pick<
  FindingFilter,
  'organisationId' | 'awsAccountId' | 'checkedBy'
> {
  readonly bundle?: string | undefined
}

/** How accounts stand by what checks them. */
export interface Scores {
  /** By account; of a part where one is asked for, and then of accounts that have it. */
  list(caller: Principal, asked: PageOfCaller & ScoreFilter): Promise<Page<ComplianceScore>>
}

export interface ScorePorts {
  readonly state: State
  readonly counting: Pick<Counting, 'counted'>
}

export function createScores({ state, counting }: ScorePorts): Scores {
  return {
    list: async (caller, { after, limit, ...filter }) => {
      await counting.counted()
      const found = await listAccepted(state, ACCOUNT_COUNTS, {
        after,
        limit,
        accept: (account) =>
          isVisible(caller, account) &&
          fits(filter, account) &&
          partsOf(account, filter).length > 0,
      })
      return { ...found, items: found.items.map((account) => shown(account, filter)) }
    },
  }
}

function isVisible(caller: Principal, { organisationId, awsAccountId }: AccountCounts): boolean {
  if (!reaches(caller, organisationId)) return false
  if (caller.onlyAccounts === undefined) return true
  return awsAccountId !== undefined && reachesAccount(caller, awsAccountId)
}

function fits(filter: ScoreFilter, { organisationId, awsAccountId }: AccountCounts): boolean {
  return (
    (filter.organisationId ?? organisationId) === organisationId &&
    (filter.awsAccountId ?? awsAccountId) === awsAccountId
  )
}

function partsOf({ parts }: AccountCounts, filter: ScoreFilter): AccountCounts['parts'] {
  return parts.filter(
    ({ checkedBy, bundle }) =>
      (filter.checkedBy ?? checkedBy) === checkedBy && (filter.bundle ?? bundle) === bundle,
  )
}

function shown(account: AccountCounts, filter: ScoreFilter): ComplianceScore {
  const { organisationId, awsAccountId } = account
  const parts = partsOf(account, filter)
  const sum = (name: keyof Counts) => parts.reduce((total, part) => total + part[name], 0)
  return {
    organisationId,
    ...(awsAccountId !== undefined && { awsAccountId }),
    ...scored({ passing: sum('passing'), failed: sum('failed'), excepted: sum('excepted') }),
    parts: parts
      .map(({ checkedBy, bundle, ...counts }) => ({
        checkedBy,
        ...(bundle !== undefined && { bundle }),
        ...scored(counts),
      }))
      .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)),
  }
}

function nameOf({ checkedBy, bundle = '' }: ComplianceScore['parts'][number]): string {
  return `${checkedBy}/${bundle}`
}

/**
 * As AWS Config scores a conformance pack: of all checks of resources, how many passed. What fails
 * under an exception is left out, as Security Hub leaves out what is suppressed; severity weighs nothing.
 */
function scored({ passing, failed, excepted }: Counts) {
  const failing = failed - excepted
  const all = passing + failing
  // Rounded down, so that 100 is said of no account in which something fails.
  const score = all === 0 ? undefined : Math.floor((passing / all) * 1_000) / 10
  return { ...(score !== undefined && { score }), passing, failing, excepted }
}
