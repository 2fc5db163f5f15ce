import { afterAll, beforeAll, expect, it } from 'vitest'

import { createTestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { CheckResult } from './check-result.ts'
import {
  CHECK_RULES,
  FINDINGS_PER_ORGANISATION_MAX,
  FINDING_COUNTS,
  findingById,
  findingIdOf,
  keyOfRule,
} from './documents.ts'
import { PASSED_KEPT_MS, createRetention } from './retention.ts'
import { resultOf, takeInPorts } from './take-in.fixture.ts'
import { takeIn } from './take-in.ts'

let test: TestTenancy
beforeAll(async () => {
  test = await createTestTenancy()
})
afterAll(() => test.close())

const OURS = '111122223333'
const LEFT = '444455556666'
const closed = new Set<string>()
const closedAccounts = {
  of: async () => closed,
  get changes() {
    return closed.size
  },
}
const gone = { closed: 0, passed: 0 }
const retention = () =>
  createRetention({
    ...{ state: test.state, actions: test.tenancy.actions, closedAccounts },
    segments: { segmentsOf: async () => [] },
    observer: {
      findingsGone: (counts) => {
        gone.closed += counts.closed
        gone.passed += counts.passed
      },
    },
  })
const take = (...results: readonly CheckResult[]) =>
  takeIn({ ...takeInPorts(test), closedAccounts }, test.organisationId, results)
const result = (resourceId: string, given: Partial<CheckResult> = {}) => {
  const [evaluatedAt, sentAt] = [test.now(), test.now()]
  return resultOf(resourceId, { awsAccountId: OURS, evaluatedAt, sentAt, ...given })
}
const isThere = async (resourceId: string, given: Partial<CheckResult> = {}) => {
  const id = findingIdOf(test.organisationId, result(resourceId, given))
  return (await findingById(test.state, id)) !== undefined
}
const ruleOf = () =>
  test.state.get(
    CHECK_RULES,
    keyOfRule({ organisationId: test.organisationId, checkedBy: 'config', ruleId: 'r' }),
  )
const count = () => test.state.get(FINDING_COUNTS, test.organisationId)
const told = async () => (await test.events('ComplianceAlertEvent')).map(({ fields }) => fields)
const toldOf = async () => (await told()).length

it('forgets what passed 90 days after it was last heard of, and no failure', async () => {
  await take(
    result('passes'),
    result('heard-of'),
    result('deleted', { status: 'NOT_APPLICABLE' }),
    result('fails', { status: 'FAILED' }),
  )
  const before = await toldOf()
  test.move(PASSED_KEPT_MS)
  await take(result('heard-of'))
  await retention().apply(test.now())
  expect(await isThere('passes')).toBe(true)
  test.move(1)
  const kept = retention()
  await kept.apply(test.now())
  expect(
    await Promise.all(['passes', 'deleted', 'heard-of', 'fails'].map((id) => isThere(id))),
  ).toEqual([false, false, true, true])
  expect(gone).toEqual({ closed: 0, passed: 2 })
  expect(await count()).toBe(2)
  expect(await ruleOf()).toMatchObject({ failing: 1, passing: 1 })
  expect(await toldOf()).toBe(before)
})

it('ends the findings of a closed account at once, and takes no others in', async () => {
  const left = { awsAccountId: LEFT }
  await take(result('theirs', left), result('bad', { ...left, status: 'FAILED' }))
  const before = await toldOf()
  const kept = retention()
  await kept.apply(test.now())
  expect(await isThere('bad', left)).toBe(true)
  closed.add(LEFT)
  await kept.apply(test.now())
  expect(await isThere('bad', left)).toBe(false)
  expect(await isThere('theirs', left)).toBe(false)
  expect(gone.closed).toBe(2)
  expect(await ruleOf()).toMatchObject({ failing: 1, passing: 1 })
  const again = await take(result('late', { ...left, status: 'FAILED' }), result('ours'))
  expect(again).toMatchObject({ changed: 1, closed: 1, told: 0 })
  expect(await isThere('late', left)).toBe(false)
  // What was told as failed is over, and nothing is told of what was not.
  expect((await told()).slice(before)).toMatchObject([
    { resourceId: 'bad', change: 'WITHDRAWN', withdrawal: 'ACCOUNT_CLOSED' },
  ])
})

it('forgets an attack 90 days after it was last heard of, as AWS does, and says that it is over', async () => {
  const attack = { checkedBy: 'guardduty', status: 'FAILED', atOnce: true } as const
  const [old, repeated] = ['old', 'repeated'].map((incident) => ({ ...attack, incident }))
  await take(result('old', old), result('repeated', repeated))
  const before = await toldOf()
  test.move(PASSED_KEPT_MS)
  await take(result('repeated', repeated))
  await retention().apply(test.now())
  expect(await isThere('old', old)).toBe(true)
  test.move(1)
  await retention().apply(test.now())
  expect([await isThere('old', old), await isThere('repeated', repeated)]).toEqual([false, true])
  expect((await told()).slice(before)).toMatchObject([{ resourceId: 'old', change: 'WITHDRAWN' }])
})

it('forgets what is archived where it was found, and not what is suppressed', async () => {
  const fails = { checkedBy: 'securityhub', status: 'FAILED' } as const
  const [archived, suppressed] = [
    { ...fails, muted: 'ARCHIVED' } as const,
    { ...fails, muted: 'SUPPRESSED' } as const,
  ]
  await take(result('instance', fails))
  test.move(1)
  await take(result('instance', archived), result('accepted', suppressed))
  const changes = async () =>
    (await told())
      .filter(({ resourceId }) => resourceId === 'instance')
      .map(({ change, withdrawal }) => [change, withdrawal])
  test.move(PASSED_KEPT_MS)
  await retention().apply(test.now())
  expect(await isThere('instance', archived)).toBe(true)
  test.move(1)
  await retention().apply(test.now())
  expect(await isThere('instance', archived)).toBe(false)
  expect(await isThere('accepted', suppressed)).toBe(true)
  const over = ['WITHDRAWN', 'ARCHIVED']
  expect(await changes()).toEqual([['FAILED', undefined], over])
})

it('has room for so many findings of an organisation, and says what it refused', async () => {
  await test.state.transact(async (transaction) => {
    transaction.put(FINDING_COUNTS, test.organisationId, FINDINGS_PER_ORGANISATION_MAX - 1)
  })
  const taken = await take(result('last'), result('too-many', { status: 'FAILED' }))
  expect(taken).toMatchObject({ changed: 1, refused: 1, told: 0 })
  expect(await isThere('too-many')).toBe(false)
  // What is there goes on being told.
  const failed = result('last', { status: 'FAILED', evaluatedAt: test.now() + 1 })
  expect(await take(failed)).toMatchObject({ changed: 1, refused: 0, told: 1 })
  expect(await count()).toBe(FINDINGS_PER_ORGANISATION_MAX)
})
