import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createTestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { CheckResult } from './check-result.ts'
import { findingById, findingIdOf } from './documents.ts'
import { takeIn } from './take-in.ts'

let test: TestTenancy
beforeAll(async () => {
  test = await createTestTenancy()
})
afterAll(() => test.close())

const ports = () => ({
  actions: test.tenancy.actions,
  segments: { segmentsOf: () => [] },
  settlingMs: 0,
})
let serial = 0
const resultOf = (resourceId: string, given: Partial<CheckResult>): CheckResult => ({
  ...{ checkedBy: 'config', ruleId: 'r', ruleName: 'R', severity: 'LOW', status: 'PASSED' },
  ...{ resourceId, tags: {}, frameworks: [], evaluatedAt: 0, sentAt: 0 },
  ...given,
})
const stored = (result: CheckResult) =>
  findingById(test.state, findingIdOf(test.organisationId, result))
const toldOf = async (resourceId: string) =>
  (await test.events('ComplianceAlertEvent'))
    .filter(({ fields }) => fields['resourceId'] === resourceId)
    .map(({ fields }) => fields['change'])
/** Takes results in, each on its own, and forgets what earlier runs told. */
const takenIn = async (results: readonly CheckResult[], together = false) => {
  if (together) return takeIn(ports(), test.organisationId, results)
  for (const result of results) await takeIn(ports(), test.organisationId, [result])
  return undefined
}

const status = fc.constantFrom('PASSED', 'FAILED', 'UNKNOWN', 'NOT_APPLICABLE')
const muted = fc.option(fc.constantFrom('SUPPRESSED', 'ARCHIVED'), { nil: undefined })
const history = fc.array(
  fc.record({
    status,
    muted,
    evaluatedAt: fc.integer({ min: 1, max: 4 }),
    sentAt: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 6 },
)
const shuffledWithRepeats = history.chain((all) =>
  fc.tuple(
    fc.constant(all),
    fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 }),
    fc.boolean(),
  ),
)

describe('results in any order, each any number of times', () => {
  it('make the same finding: that of the newest', async () => {
    await fc.assert(
      fc.asyncProperty(shuffledWithRepeats, async ([all, shuffled, together]) => {
        const [one, other] = [`a-${(serial += 1)}`, `b-${serial}`]
        const of = (resource: string, list: typeof all) =>
          list.map(({ muted: m, ...rest }) =>
            resultOf(resource, { ...rest, ...(m !== undefined && { muted: m }) }),
          )
        const [first] = of(one, all)
        await takenIn(of(one, all))
        await takenIn(of(other, shuffled), together)
        const same = async (result: CheckResult) => {
          const { status: s, muted: m, evaluatedAt, sentAt } = (await stored(result)) ?? {}
          return { s, m, evaluatedAt, sentAt }
        }
        const [again] = of(other, shuffled)
        if (first !== undefined && again !== undefined) {
          expect(await same(again)).toEqual(await same(first))
        }
      }),
      { numRuns: 40 },
    )
  })

  it('tell each change in turn, and no more changes than in order; in order, all of them', async () => {
    await fc.assert(
      fc.asyncProperty(shuffledWithRepeats, async ([all, shuffled, together]) => {
        const [one, other] = [`c-${(serial += 1)}`, `d-${serial}`]
        const audible = (list: typeof all) => list.map(({ muted: _, ...rest }) => rest)
        // One result a time: what is of one time is told of by the newest only where it comes last.
        const ordered = [...new Map(audible(all).map((each) => [each.evaluatedAt, each])).values()]
        const inOrder = ordered.toSorted((a, b) => a.evaluatedAt - b.evaluatedAt)
        const kept = audible(shuffled).filter((each) =>
          ordered.some((o) => JSON.stringify(o) === JSON.stringify(each)),
        )
        await takenIn(
          inOrder.flatMap((each) => [each, each]).map((each) => resultOf(one, each)),
          together,
        )
        await takenIn(
          kept.map((each) => resultOf(other, each)),
          together,
        )
        const expected: string[] = []
        for (const { status: s } of inOrder) {
          const open = expected.at(-1) === 'FAILED'
          if (s === 'FAILED' && !open) expected.push('FAILED')
          if (s === 'PASSED' && open) expected.push('PASSED')
        }
        expect(await toldOf(one)).toEqual(expected)
        const told = await toldOf(other)
        expect(told.every((change, at) => change === (at % 2 === 0 ? 'FAILED' : 'PASSED'))).toBe(
          true,
        )
        expect(told.length).toBeLessThanOrEqual(expected.length)
      }),
      { numRuns: 40 },
    )
  })
})

describe('a finding', () => {
  it('that is muted is not told until it no longer is', async () => {
    const of = (given: Partial<CheckResult>) => resultOf('muted', { status: 'FAILED', ...given })
    await takenIn([of({ muted: 'SUPPRESSED', evaluatedAt: 1 })])
    expect(await toldOf('muted')).toEqual([])
    // Security Hub leaves the time of the check as it was when the workflow changes.
    await takenIn([of({ evaluatedAt: 1, sentAt: 2 })])
    expect(await toldOf('muted')).toEqual(['FAILED'])
  })

  it('of what happened twice to a resource is two', async () => {
    const attack = resultOf('i-1', { status: 'FAILED', incident: 'one', atOnce: true })
    await takenIn([attack, { ...attack, incident: 'two' }, { ...attack, evaluatedAt: 5 }])
    expect(await toldOf('i-1')).toEqual(['FAILED', 'FAILED'])
  })
})
