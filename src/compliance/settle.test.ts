import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { ComplianceAlert } from '#src/model/alert.ts'
import { createTestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { CheckResult } from './check-result.ts'
import { CHECK_RULES, keyOfRule } from './documents.ts'
import { settleDue } from './settle.ts'
import { resultOf, takeInPorts } from './take-in.fixture.ts'
import { takeIn } from './take-in.ts'

let test: TestTenancy
beforeAll(async () => {
  test = await createTestTenancy()
})
afterAll(() => test.close())

describe('a rule that is new', () => {
  it('is told in one summary, and not at all where nothing failed', async () => {
    const settling = { ...takeInPorts(test), settlingMs: 60_000 }
    const of = (ruleId: string, resourceId: string, given: Partial<CheckResult>) =>
      resultOf(resourceId, { ruleId, ...given })
    const { organisationId } = test
    await takeIn(settling, organisationId, [
      of('new', 's-1', { status: 'FAILED', severity: 'HIGH' }),
      of('new', 's-2', { status: 'FAILED' }),
      of('new', 's-3', { status: 'PASSED' }),
      of('new', 's-2', { status: 'PASSED', evaluatedAt: 1 }),
      of('fine', 's-4', { status: 'PASSED' }),
      // An attack does not wait.
      of('attack', 's-5', { status: 'FAILED', incident: 'a', atOnce: true }),
    ])
    const told = async () =>
      (await test.events('ComplianceAlertEvent'))
        .map(({ fields }) => fields)
        .filter(({ ruleId }) => ['new', 'fine', 'attack'].includes(ruleId as string))
        .map(({ ruleId, change, failing, passing, severity }) =>
          change === 'SUMMARY' ? { ruleId, failing, passing, severity } : { ruleId, change },
        )
    await settleDue(settling, test.now() + 59_999)
    const attack = { ruleId: 'attack', change: 'FAILED' }
    expect(await told()).toEqual([attack])
    await settleDue(settling, test.now() + 60_000)
    await settleDue(settling, test.now() + 60_000)
    const summary = { ruleId: 'new', failing: 1, passing: 2, severity: 'HIGH' }
    expect(await told()).toEqual([attack, summary])
    await takeIn(settling, organisationId, [of('new', 's-3', { status: 'FAILED', evaluatedAt: 2 })])
    expect(await told()).toEqual([attack, summary, { ruleId: 'new', change: 'FAILED' }])
  })

  it('names in its summary what fails, the worst first, and tells each end as one of that', async () => {
    const settling = { ...takeInPorts(test), settlingMs: 60_000 }
    const { organisationId } = test
    const place = { awsAccountId: '999988887777', region: 'eu-west-1' }
    const of = (resourceId: string, given: Partial<CheckResult>) =>
      resultOf(resourceId, { ruleId: 'ends', ...place, ...given })
    const take = (...results: readonly CheckResult[]) => takeIn(settling, organisationId, results)
    const told = async () =>
      (await test.events('ComplianceAlertEvent'))
        .map(({ fields }) => fields as unknown as ComplianceAlert)
        .filter(({ ruleId }) => ruleId === 'ends')
    const failed = { status: 'FAILED', reason: 'It is open.' } as const
    await take(
      of('e-1', { ...failed, severity: 'LOW' }),
      of('e-2', { ...failed, severity: 'HIGH' }),
      of('e-3', failed),
      of('e-4', { status: 'FAILED' }),
      of('e-4', { status: 'PASSED', evaluatedAt: 1 }),
    )
    await settleDue(settling, test.now() + 60_000)
    const [summary] = await told()
    expect(summary).toMatchObject({ change: 'SUMMARY', failing: 3, severity: 'HIGH' })
    // All is of one account, as what follows is.
    expect(summary?.awsAccountId).toBe(place.awsAccountId)
    expect(summary?.resources?.[0]).toMatchObject({
      ...{ resourceId: 'e-2', severity: 'HIGH', reason: 'It is open.' },
      ...{ awsAccountId: place.awsAccountId, resourceRegion: place.region },
    })
    expect(summary?.resources).toHaveLength(3)

    await take(of('e-1', { status: 'PASSED', evaluatedAt: 1 }))
    await take(of('e-2', { status: 'NOT_APPLICABLE', evaluatedAt: 1 }))
    // What a summary told ends with it; what fails anew is told by itself, and ends by itself.
    await take(of('e-1', { ...failed, evaluatedAt: 2 }))
    await take(of('e-1', { status: 'PASSED', evaluatedAt: 3 }))
    await take(of('e-3', { status: 'PASSED', evaluatedAt: 1 }))
    const { alertId } = summary as ComplianceAlert
    const ends = (await told()).slice(1)
    expect(ends.map((each) => [each.resourceId, each.change, each.failing])).toEqual([
      ...[
        ['e-1', 'PASSED', 2],
        ['e-2', 'WITHDRAWN', 1],
      ],
      ...[
        ['e-1', 'FAILED', undefined],
        ['e-1', 'PASSED', undefined],
      ],
      ['e-3', 'PASSED', 0],
    ])
    const [first, second, again, , last] = ends
    expect([first, second, last].every((each) => each?.alertId === alertId)).toBe(true)
    expect(again?.alertId).not.toBe(alertId)
    // It reaches whoever heard the summary, however severe the one is that passed.
    expect(first?.severity).toBe('HIGH')
  })

  it('names no more in its summary than an event has room for', async () => {
    const settling = { ...takeInPorts(test), settlingMs: 60_000 }
    const long = Array.from({ length: 60 }, (_, n) =>
      resultOf(`${'é'.repeat(1_500)}${n}`, { ruleId: 'long', status: 'FAILED' }),
    )
    await takeIn(settling, test.organisationId, long)
    await settleDue(settling, test.now() + 60_000)
    const summary = (await test.events('ComplianceAlertEvent')).at(-1)?.fields
    expect(summary).toMatchObject({ ruleId: 'long', failing: 60 })
    expect(Buffer.byteLength(JSON.stringify(summary))).toBeLessThan(40_000)
    expect((summary as unknown as ComplianceAlert).resources?.length).toBeGreaterThan(5)
  })

  it('settles anew where it was disabled and is enabled again', async () => {
    const settling = { ...takeInPorts(test), settlingMs: 60_000 }
    const { organisationId } = test
    const failed = (resourceId: string) =>
      resultOf(resourceId, { ruleId: 'again', status: 'FAILED' })
    const summaries = async () =>
      (await test.events('ComplianceAlertEvent'))
        .filter(({ fields }) => fields['ruleId'] === 'again')
        .map(({ fields }) => fields['failing'])
    await takeIn(settling, organisationId, [failed('again-1')])
    const before = test.now()
    test.move(30_000)
    const key = keyOfRule({ organisationId, checkedBy: 'config', ruleId: 'again' })
    // As withdrawing a rule does.
    await test.state.transact(async (transaction) => transaction.delete(CHECK_RULES, key))
    await takeIn(settling, organisationId, [failed('again-2')])
    await settleDue(settling, before + 60_000)
    expect(await summaries()).toEqual([])
    await settleDue(settling, test.now() + 60_000)
    expect(await summaries()).toEqual([1])
  })
})
