import { setImmediate as nextTurn } from 'node:timers/promises'

import type { Observer } from '#src/ports/observer.ts'
import type { State } from '#src/ports/state.ts'
import type { ClosedAccounts } from './closed-accounts.ts'
import { FINDINGS, findingById } from './documents.ts'
import type { StoredFinding } from './documents.ts'
import { withdrawFinding } from './take-in.ts'
import type { TakeInPorts } from './take-in.ts'

/**
 * Findings go in two ways. Where a failure was told that did not end before, its end is told, but not
 * as something that anybody repaired.
 *
 *   CLOSED   its account is the organisation's no more, whatever its status
 *   PASSED   it passed, its resource is gone, it is archived where it was found, or it is an incident
 *            that AWS has forgotten, and nothing was heard of it for 90 days
 */
type Gone = 'CLOSED' | 'PASSED'

export interface RetentionPorts extends Pick<TakeInPorts, 'actions' | 'segments'> {
  readonly state: State
  readonly closedAccounts: ClosedAccounts
  readonly observer: Pick<Observer, 'findingsGone'>
}

/**
 * These services keep what they find for 90 days, and tell nothing of its end: attacks, data that were
 * found, and anomalies of costs would fail for ever.
 */
const FORGOTTEN_BY_AWS: ReadonlySet<string> = new Set(['ce', 'guardduty', 'macie'])
const MS_PER_DAY = 86_400_000
export const PASSED_KEPT_MS = 90 * MS_PER_DAY
/** All findings are looked at, so not more often than this; but at once when an account is closed. */
const LOOK_EVERY_MS = 3_600_000
const FINDINGS_PER_TRANSACTION_MAX = 250

export interface Retention {
  /** Takes away the findings that are to go, where it is time to look. */
  apply(now: number): Promise<void>
}

const WITHDRAWALS = { CLOSED: 'ACCOUNT_CLOSED', PASSED: 'NOT_APPLICABLE' } as const

function isOver({ status, muted, incident, checkedBy }: StoredFinding): boolean {
  if (status === 'PASSED' || status === 'NOT_APPLICABLE') return true
  // So Security Hub leaves what failed of a resource that is gone.
  if (muted === 'ARCHIVED') return true
  return incident !== undefined && FORGOTTEN_BY_AWS.has(checkedBy)
}

export function createRetention(ports: RetentionPorts): Retention {
  const { state, actions, segments, closedAccounts, observer } = ports
  let looked: { readonly at: number; readonly changes: number } | undefined
  const goneOf = async (finding: StoredFinding, now: number): Promise<Gone | undefined> => {
    const { organisationId, awsAccountId, evaluatedAt, changedAt } = finding
    const closed = await closedAccounts.of(organisationId)
    if (awsAccountId !== undefined && closed.has(awsAccountId)) return 'CLOSED'
    if (!isOver(finding)) return undefined
    return Math.max(evaluatedAt, changedAt) < now - PASSED_KEPT_MS ? 'PASSED' : undefined
  }
  const remove = (ids: readonly string[], now: number) =>
    actions.perform(undefined, async (step) => {
      const counts = { CLOSED: 0, PASSED: 0 }
      for (const id of ids) {
        const finding = await findingById(step.transaction, id)
        if (finding === undefined) continue
        const gone = await goneOf(finding, now)
        // Heard of again meanwhile.
        if (gone === undefined) continue
        await withdrawFinding(step, segments, { finding, withdrawal: WITHDRAWALS[gone] })
        counts[gone] += 1
      }
      return counts
    })
  return {
    apply: async (now) => {
      const { changes } = closedAccounts
      if (looked !== undefined && looked.changes === changes && now < looked.at + LOOK_EVERY_MS) {
        return
      }
      let after: string | undefined
      for (;;) {
        const page = await state.list(FINDINGS, {
          limit: FINDINGS_PER_TRANSACTION_MAX,
          ...(after !== undefined && { after }),
        })
        const ids: string[] = []
        for (const { value } of page) {
          if ((await goneOf(value, now)) !== undefined) ids.push(value.id)
        }
        if (ids.length > 0) {
          const { CLOSED: closed, PASSED: passed } = await remove(ids, now)
          observer.findingsGone({ closed, passed })
        }
        if (page.length < FINDINGS_PER_TRANSACTION_MAX) break
        after = page.at(-1)?.key
        await nextTurn()
      }
      looked = { at: now, changes }
    },
  }
}
