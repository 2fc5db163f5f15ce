import { afterAll, beforeAll, expect, it } from 'vitest'

import type { CheckRule } from '#src/model/finding.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import type { Collection, State } from '#src/ports/state.ts'
import { OPERATOR, createTestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { CheckResult } from './check-result.ts'
import { createCounting } from './counting.ts'
import { ACCOUNT_COUNTS } from './counts.ts'
import { CHECK_RULES, FINDINGS, FINDING_COUNTS } from './documents.ts'
import type { StoredFinding } from './documents.ts'
import { createExceptions } from './exceptions.ts'
import { reviewDue } from './review.ts'
import { SUMMARIES } from './summaries.ts'
import { takeInPorts } from './take-in.fixture.ts'
import { takeIn } from './take-in.ts'

let test: TestTenancy
beforeAll(async () => {
  test = await createTestTenancy()
})
afterAll(() => test.close())

const ports = () => ({ ...takeInPorts(test), ids, settlingMs: 60_000 })

const ACCOUNTS = ['111122223333', '444455556666'] as const
const RULES = 300
/** More than one transaction is about, of rules and of findings. */
const results = Array.from({ length: RULES * 2 }, (_, n): CheckResult => {
  const own = n % 3 === 0
  return {
    ...{ checkedBy: own ? 'belfry' : 'config', ruleId: `${own ? 'b/' : ''}r${n % RULES}` },
    ...{ ruleName: 'R', severity: 'LOW', status: n % 2 === 0 ? 'FAILED' : 'PASSED' },
    ...{ resourceId: `r-${n}`, tags: n % 10 === 0 ? { old: '' } : {}, frameworks: [] },
    ...{ awsAccountId: ACCOUNTS[n % 5 === 0 ? 0 : 1], evaluatedAt: 1, sentAt: 1 },
  }
})

const all = async <T>(from: Collection<T>) =>
  (await test.state.list(from, { limit: 10_000 })).map(({ key, value }) => ({ key, value }))
const counts = async () => ({
  rules: await all(CHECK_RULES),
  summaries: await all(SUMMARIES),
  organisations: await all(FINDING_COUNTS),
  accounts: (await all(ACCOUNT_COUNTS)).map(({ key, value }) => ({
    key,
    ...value,
    parts: value.parts.toSorted((a, b) => (a.checkedBy < b.checkedBy ? -1 : 1)),
  })),
})

/** As the versions wrote it that counted failures told and what passed, by rule alone. */
async function makeOlder(): Promise<void> {
  const [rules, findings, accounts] = [
    await all(CHECK_RULES),
    await all(FINDINGS),
    await all(ACCOUNT_COUNTS),
  ]
  await test.state.transact(async (transaction) => {
    for (const { key, value } of rules) {
      const { failed: _, excepted: __, ...older } = value
      transaction.put(CHECK_RULES, key, older as CheckRule)
    }
    for (const { key, value } of findings) {
      const { excepted: _, ...older }: StoredFinding = value
      transaction.put(FINDINGS, key, older)
    }
    // A store that ran a later version for a while: what changed since was counted.
    const [first, ...others] = accounts
    if (first === undefined) throw new Error('an account has counts')
    transaction.put(ACCOUNT_COUNTS, first.key, { ...first.value, parts: [] })
    for (const { key } of others) transaction.delete(ACCOUNT_COUNTS, key)
    transaction.delete(FINDING_COUNTS, test.organisationId)
  })
}

/** A state whose process ends after so many commits. */
function endingAfter(commits: number, ending: AbortController): State {
  let left = commits
  return {
    ...test.state,
    transact: async (body) => {
      const result = await test.state.transact(body)
      left -= 1
      if (left === 0) ending.abort()
      return result
    },
  }
}

it('counts what an older version stored, and goes on where it was cut off', async () => {
  await takeIn(ports(), test.organisationId, results)
  await createExceptions(ports()).create(OPERATOR, {
    organisationId: test.organisationId,
    scope: { tag: { key: 'old' } },
    reason: 'They are taken down in March.',
    until: test.now() + 1_000,
  })
  await reviewDue(ports())
  const right = await counts()
  expect(right.accounts).toHaveLength(2)
  await makeOlder()
  expect(await counts()).not.toEqual(right)

  let starts = 0
  for (let isDone = false; !isDone; starts += 1) {
    const life = new AbortController()
    const counting = createCounting(endingAfter(1, life))
    await counting.run((error) => expect.unreachable(String(error)), life.signal)
    isDone = await counting.counted().then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ status: 503, code: 'compliance.counting' })
        return false
      },
    )
  }
  // Each went on: had one begun again, none would have come to the end.
  expect(starts).toBeGreaterThan(results.length / 250 + RULES / 250)
  await reviewDue(ports())
  expect(await counts()).toEqual(right)
})
