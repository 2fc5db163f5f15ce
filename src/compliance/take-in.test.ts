import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { systemIds as ids } from '#src/ports/ids.ts'
import { OPERATOR, createTestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import { createBundles } from './bundles.ts'
import type { CheckResult } from './check-result.ts'
import { CHECK_RULES, findingById, findingIdOf, keyOfRule } from './documents.ts'
import { EXCEPTIONS_PER_ORGANISATION_MAX } from './exception-documents.ts'
import { EXCEPTION_MS_MAX, createExceptions } from './exceptions.ts'
import { checkResource, createOwnChecks } from './own-checks.ts'
import { endExceptions, reviewDue } from './review.ts'
import { resourceOf } from './rules/resource.ts'
import { resultOf, takeInPorts } from './take-in.fixture.ts'
import { takeIn } from './take-in.ts'

let test: TestTenancy
beforeAll(async () => {
  test = await createTestTenancy()
})
afterAll(() => test.close())

const ports = () => takeInPorts(test)
let serial = 0
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
const suppressed = fc.option(fc.boolean(), { nil: undefined })
const history = fc.array(
  fc.record({
    status,
    muted,
    suppressed,
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
          list.map(({ muted: m, suppressed: s, ...rest }) =>
            resultOf(resource, {
              ...rest,
              ...(m !== undefined && { muted: m }),
              ...(s !== undefined && { suppressed: s }),
            }),
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
        const audible = (list: typeof all) =>
          list.map(({ muted: _, suppressed: __, ...rest }) => rest)
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
          if (s === 'NOT_APPLICABLE' && open) expected.push('WITHDRAWN')
        }
        expect(await toldOf(one)).toEqual(expected)
        const told = await toldOf(other)
        expect(told.every((change, at) => (change === 'FAILED') === (at % 2 === 0))).toBe(true)
        expect(told.length).toBeLessThanOrEqual(expected.length)
      }),
      { numRuns: 40 },
    )
  })
})

describe('a finding', () => {
  it('that passes is told as it was told to fail: to those who heard of that', async () => {
    const [viewId, segmentId] = [ids.uuid(), ids.uuid()]
    const view = { viewId, viewNumber: 1, viewName: 'Owners', viewVersion: 1 }
    const segmentsOf = async (_organisationId: string, { tags }: { tags: object }) => [
      { ...view, segmentId, segmentNumber: 1, segmentTitle: JSON.stringify(tags) },
    ]
    const take = (given: Partial<CheckResult>) =>
      takeIn({ ...ports(), segments: { segmentsOf } }, test.organisationId, [
        resultOf('owned', { status: 'FAILED', ...given }),
      ])
    await take({ severity: 'HIGH', evaluatedAt: 1 })
    await take({ severity: 'HIGH', evaluatedAt: 2, tags: { owner: 'ana' } })
    // As Security Hub has it.
    const passed = { status: 'PASSED', severity: 'INFORMATIONAL', tags: { owner: 'bob' } } as const
    await take({ ...passed, evaluatedAt: 3 })
    await take({ severity: 'LOW', evaluatedAt: 4, tags: { owner: 'bob' } })
    const told = (await test.events('ComplianceAlertEvent'))
      .map(({ fields }) => fields as any)
      .filter(({ resourceId }) => resourceId === 'owned')
    expect(
      told.map(({ change, severity, segments, resourceTags }) => [
        ...[change, severity, segments[0].segmentTitle, resourceTags.owner],
      ]),
    ).toEqual([
      ['FAILED', 'HIGH', '{}', undefined],
      ['PASSED', 'HIGH', '{}', 'bob'],
      ['FAILED', 'LOW', '{"owner":"bob"}', 'bob'],
    ])
  })

  it('that is muted is not told, and over where it was, until it no longer is', async () => {
    const of = (given: Partial<CheckResult>) => resultOf('muted', { status: 'FAILED', ...given })
    await takenIn([of({ muted: 'SUPPRESSED', evaluatedAt: 1 })])
    expect(await toldOf('muted')).toEqual([])
    // Security Hub leaves the time of the check as it was when the workflow changes.
    await takenIn([of({ evaluatedAt: 1, sentAt: 2 })])
    expect(await toldOf('muted')).toEqual(['FAILED'])
    // So Security Hub does when a resource is gone.
    await takenIn([of({ muted: 'ARCHIVED', evaluatedAt: 1, sentAt: 3 })])
    await takenIn([of({ muted: 'ARCHIVED', status: 'PASSED', evaluatedAt: 2 })])
    expect(await toldOf('muted')).toEqual(['FAILED', 'WITHDRAWN'])
    await takenIn([of({ evaluatedAt: 3 })])
    expect(await toldOf('muted')).toEqual(['FAILED', 'WITHDRAWN', 'FAILED'])
  })

  it('that is suppressed in Security Hub stays so, whatever its own service tells of it, until it no longer is there', async () => {
    const of = (given: Partial<CheckResult>) => resultOf('attack', { status: 'FAILED', ...given })
    await takenIn([of({ suppressed: false, evaluatedAt: 1, sentAt: 1 })])
    await takenIn([of({ suppressed: true, evaluatedAt: 1, sentAt: 2 })])
    expect(await toldOf('attack')).toEqual(['FAILED', 'WITHDRAWN'])
    await takenIn([of({ evaluatedAt: 5, sentAt: 5 })])
    expect(await stored(of({}))).toMatchObject({ muted: 'SUPPRESSED', evaluatedAt: 5 })
    expect(await toldOf('attack')).toEqual(['FAILED', 'WITHDRAWN'])
    // Of an older state of the finding, and Security Hub's last word all the same.
    await takenIn([of({ suppressed: false, evaluatedAt: 4, sentAt: 6 })])
    expect(await toldOf('attack')).toEqual(['FAILED', 'WITHDRAWN', 'FAILED'])
    expect(await stored(of({}))).toMatchObject({ evaluatedAt: 5 })
  })

  it('that was told is over when its resource is gone, or its rule is not about it any more', async () => {
    const fails = { status: 'FAILED', reason: 'It is bare.' } as const
    const over = { status: 'NOT_APPLICABLE', evaluatedAt: 1 } as const
    await takenIn([
      ...[resultOf('gone', fails), resultOf('gone', { ...over, resourceDeleted: true })],
      ...[resultOf('outgrown', fails), resultOf('outgrown', { ...over, endsOnly: true })],
      ...[resultOf('never-failed', {}), resultOf('never-failed', over)],
      resultOf('unheard-of', { ...over, endsOnly: true }),
    ])
    const withdrawals = async (resourceId: string) =>
      (await test.events('ComplianceAlertEvent'))
        .filter(({ fields }) => fields['resourceId'] === resourceId)
        .map(({ fields: { change, withdrawal, reason } }) => [change, withdrawal, reason])
    const failed = ['FAILED', undefined, 'It is bare.']
    expect(await withdrawals('gone')).toEqual([
      failed,
      ['WITHDRAWN', 'RESOURCE_DELETED', undefined],
    ])
    expect(await withdrawals('outgrown')).toEqual([
      failed,
      ['WITHDRAWN', 'NOT_APPLICABLE', undefined],
    ])
    expect(await toldOf('never-failed')).toEqual([])
    expect(await stored(resultOf('unheard-of', {}))).toBeUndefined()
    await takenIn([resultOf('outgrown', { ...fails, evaluatedAt: 2 })])
    expect(await toldOf('outgrown')).toEqual(['FAILED', 'WITHDRAWN', 'FAILED'])
  })

  it('of what happened twice to a resource is two', async () => {
    const attack = resultOf('i-1', { status: 'FAILED', incident: 'one', atOnce: true })
    await takenIn([attack, { ...attack, incident: 'two' }, { ...attack, evaluatedAt: 5 }])
    expect(await toldOf('i-1')).toEqual(['FAILED', 'FAILED'])
  })
})

describe('an exception', () => {
  const HOUR = 3_600_000
  const create = (scope: object, reason = 'accepted') =>
    exceptions().create(OPERATOR, {
      ...{ organisationId: test.organisationId, scope, reason },
      until: test.now() + HOUR,
    })
  const exceptions = () =>
    createExceptions({ ...test, clock: { now: test.now }, ids, actions: test.tenancy.actions })
  const lookAgain = async () => {
    await endExceptions(ports(), test.now())
    await reviewDue(ports())
  }
  const fails = (resourceId: string, given: Partial<CheckResult> = {}) =>
    takenIn([resultOf(resourceId, { status: 'FAILED', ...given })])

  it('keeps a failure from being told, and lets it out when it is over', async () => {
    const { id } = await create({ ruleId: 'r', resourceId: 'over' })
    await fails('over')
    await lookAgain()
    expect(await toldOf('over')).toEqual([])
    test.move(HOUR)
    await lookAgain()
    expect(await toldOf('over')).toEqual(['FAILED'])
    await lookAgain()
    expect(await toldOf('over')).toEqual(['FAILED'])
    const [expired] = (await test.events('ComplianceExceptionExpireEvent')).slice(-1)
    expect(expired?.fields).toMatchObject({ exceptionId: id, reason: 'accepted' })
    await expect(exceptions().get(OPERATOR, id)).rejects.toMatchObject({ status: 404 })
  })

  it('lets out what still fails when it is deleted, and nothing that passed', async () => {
    const { id } = await create({ tag: { key: 'stage', value: 'test' } })
    const tags = { stage: 'test' }
    await fails('deleted', { tags })
    await fails('mended', { tags })
    await fails('another', { tags: { stage: 'prod' } })
    await takenIn([resultOf('mended', { status: 'PASSED', tags, evaluatedAt: 1 })])
    await exceptions().remove(OPERATOR, id)
    await lookAgain()
    expect(await toldOf('deleted')).toEqual(['FAILED'])
    expect(await toldOf('mended')).toEqual([])
    expect(await toldOf('another')).toEqual(['FAILED'])
  })

  it('takes nothing from a failure that was told: its end is told too', async () => {
    await fails('told')
    await create({ resourceId: 'told' })
    await fails('told', { evaluatedAt: 1 })
    await takenIn([resultOf('told', { status: 'PASSED', evaluatedAt: 2 })])
    expect(await toldOf('told')).toEqual(['FAILED', 'PASSED'])
  })

  it('ends within two years, and there is room for so many', async () => {
    const given = { organisationId: test.organisationId, scope: { ruleId: 'r' }, reason: 'x' }
    const bad = { status: 400, code: 'compliance-exception.bad-end' }
    for (const until of [test.now(), test.now() + EXCEPTION_MS_MAX + 1]) {
      const refused = exceptions().create(OPERATOR, { ...given, until })
      await expect(refused).rejects.toMatchObject(bad)
    }
    const there = (await exceptions().list(OPERATOR, { limit: 1_000 })).items.length
    for (let n = there; n < EXCEPTIONS_PER_ORGANISATION_MAX; n += 1) {
      await create({ ruleId: `other-${n}` })
    }
    const tooMany = { status: 409, code: 'compliance-exception.too-many' }
    await expect(create({ ruleId: 'one-more' })).rejects.toMatchObject(tooMany)
  })
})

describe('what a rule of the hub’s own said', () => {
  const enable = async (enabled: boolean, given: { rules?: readonly object[] } = {}) => {
    const bundles = createBundles({ state: test.state, actions: test.tenancy.actions })
    const { organisationId } = test
    const rule = { id: 'r', title: 'R', severity: 'LOW', assert: 'false' }
    const { rules = [rule] } = given
    const version = `1.${(serial += 1)}.0`
    test.move(1)
    const text = JSON.stringify({ bundle: 'late', version, rules })
    await bundles.upload(OPERATOR, { organisationId, text })
    await bundles.set(OPERATOR, 'late', { organisationId, enabled })
  }
  const saidOf = async (resourceId: string) => {
    const resource = resourceOf({ resourceType: 'T', resourceId })
    const rules = await createOwnChecks(test.state).rulesOf(test.organisationId)
    if (typeof resource === 'string') throw new Error(resource)
    return checkResource(rules, resource, { now: test.now(), turns: async () => undefined })
  }
  const other = { id: 'other', title: 'O', severity: 'LOW', assert: 'false' }

  it.each<[what: string, change: () => Promise<void>]>([
    ['disabled', () => enable(false)],
    ['left out of the next version', () => enable(true, { rules: [other] })],
    [
      'about other types by now',
      () =>
        enable(true, { rules: [{ ...other, id: 'r', appliesTo: { resourceType: ['Other'] } }] }),
    ],
  ])('is not stored once the rule is %s', async (what, change) => {
    await enable(true)
    const results = await saidOf(what)
    expect(results).toHaveLength(1)
    await change()
    await takenIn(results)
    expect(await toldOf(what)).toEqual([])
    expect(await stored(results[0] ?? resultOf(what, {}))).toBeUndefined()
  })

  it('is stored where the rule was enabled anew meanwhile', async () => {
    await enable(true)
    const results = await saidOf('anew')
    await enable(true)
    await takenIn(results)
    expect(await toldOf('anew')).toEqual(['FAILED'])
    await enable(false)
  })
})

describe('what a service found and Security Hub has under another name', () => {
  const of = (resourceId: string, given: Partial<CheckResult>) =>
    resultOf(resourceId, { checkedBy: 'access-analyzer', status: 'FAILED', ...given })
  const own = (account: string, resourceId: string) =>
    of(resourceId, {
      incident: `own of ${resourceId}`,
      teller: { account, region: 'eu-west-1' },
    })
  const hubs = (account: string, resourceId: string, given: Partial<CheckResult> = {}) =>
    of(resourceId, {
      ...{ incident: `${account}/${resourceId}`, ruleId: 'other-name', ...given },
      teller: { account, region: 'eu-west-1', isSecondHand: true },
    })

  it('is told by the service alone once it has told of anything itself there', async () => {
    for (const resource of ['aa-1', 'aa-2', 'aa-3']) {
      const together = resource === 'aa-1'
      await takenIn([own('1', resource), hubs('1', resource)], together)
      expect(await toldOf(resource)).toEqual(['FAILED'])
      expect(await stored(hubs('1', resource))).toBeUndefined()
    }
    // Of another account, region or service nothing is known by that.
    const elsewhere = { account: '1', region: 'us-east-1', isSecondHand: true } as const
    await takenIn([
      hubs('2', 'aa-6'),
      { ...hubs('1', 'aa-7'), teller: elsewhere },
      hubs('1', 'aa-8', { checkedBy: 'config' }),
    ])
    for (const resource of ['aa-6', 'aa-7', 'aa-8']) {
      expect(await toldOf(resource)).toEqual(['FAILED'])
    }
  })

  it('is told where the service tells of nothing, to its end', async () => {
    await takenIn([hubs('3', 'aa-4')])
    expect(await toldOf('aa-4')).toEqual(['FAILED'])
    await takenIn([own('3', 'aa-5'), hubs('3', 'aa-5')])
    expect(await toldOf('aa-5')).toEqual(['FAILED'])
    await takenIn([hubs('3', 'aa-4', { muted: 'ARCHIVED', evaluatedAt: 1 })])
    expect(await toldOf('aa-4')).toEqual(['FAILED', 'WITHDRAWN'])
  })
})

it('an incident whose kind two services call differently is counted of the newest one', async () => {
  const of = (ruleId: string, given: Partial<CheckResult>) =>
    resultOf('i', { ruleId, incident: 'two-kinds', atOnce: true, ...given })
  const { organisationId } = test
  const countsOf = async (ruleId: string) => {
    const key = keyOfRule({ organisationId, checkedBy: 'config', ruleId })
    const { failed, failing, passing } = (await test.state.get(CHECK_RULES, key)) ?? {}
    return { failed, failing, passing }
  }
  await takeIn(ports(), organisationId, [
    of('kind-1', { status: 'FAILED', evaluatedAt: 1 }),
    of('kind-2', { status: 'FAILED', evaluatedAt: 2 }),
  ])
  expect(await countsOf('kind-1')).toEqual({ failed: 0, failing: 0, passing: 0 })
  expect(await countsOf('kind-2')).toEqual({ failed: 1, failing: 1, passing: 0 })
  await takeIn(ports(), organisationId, [of('kind-1', { status: 'PASSED', evaluatedAt: 3 })])
  expect(await countsOf('kind-1')).toEqual({ failed: 0, failing: 0, passing: 1 })
  expect(await countsOf('kind-2')).toEqual({ failed: 0, failing: 0, passing: 0 })
})
