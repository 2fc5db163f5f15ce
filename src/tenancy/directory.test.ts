import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { enrichedDetail } from '#src/pipeline/3-enrich/enriched-detail.ts'
import { temporaryStore } from '#src/pipeline/pipeline.fixture.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Account } from '#src/model/tenancy.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { createAccountClosing } from './account-closing.ts'
import { addDiscovered } from './account-steps.ts'
import { createActions } from './actions.ts'
import { createAccounts } from './accounts.ts'
import { createDirectory } from './directory.ts'
import { OUTBOX } from './documents.ts'
import { knownAt, knownLast, remember } from './history.ts'
import { createOrganisations } from './organisations.ts'
import type { OrganisationPorts } from './organisations.ts'
import type { TenancyEvent } from './tenancy-events.ts'
import { createPasswords } from './passwords.ts'
import { createUsers } from './users.ts'

const OPERATOR: Principal = { arn: 'arn:aws:iam::000000000000:root', id: 'test', role: 'admin' }
const REGION = 'ap-southeast-2'
const RUNS = 60

let opened: Awaited<ReturnType<typeof temporaryStore>>
let now = 1_750_000_000_000
let ports: OrganisationPorts
let serial = 0

beforeAll(async () => {
  opened = await temporaryStore()
  const given = { state: opened.store.state, clock: { now: () => now }, ids }
  const done = async () => undefined
  const wiring = { wireAccount: done, wireOrganisation: done, unwireAccount: done }
  ports = { ...given, wiring, actions: createActions(given) }
})
afterAll(() => opened.remove())

it('answers what was so at a moment, whatever the order of asking', async () => {
  const { state } = ports
  const directory = createDirectory(state)
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 12 }),
      fc.array(fc.integer({ min: 0, max: 1_001 }), { minLength: 1, maxLength: 12 }),
      async (changes, asked) => {
        const id = `user-${(serial += 1)}`
        for (const moment of changes) {
          await state.transact(async (transaction) =>
            remember(transaction, moment, 'user', [id, { email: `at-${moment}` }]),
          )
          const so = await directory.attributesAt('user', id, moment)
          expect(so).toEqual({ email: `at-${moment}` })
        }
        const sorted = changes.toSorted((a, b) => a - b)
        for (const moment of asked) {
          const wanted = sorted.findLast((each) => each <= moment) ?? sorted[0]
          const attributes = { email: `at-${wanted}` }
          expect(await directory.attributesAt('user', id, moment)).toEqual(attributes)
          expect(await knownAt(state, ['user', id], moment)).toEqual({ from: wanted, attributes })
        }
      },
    ),
    { numRuns: RUNS },
  )
})

it('of something that was never known answers nothing', async () => {
  const directory = createDirectory(ports.state)
  expect(await directory.attributesAt('user', 'nobody', 5)).toBeUndefined()
  expect(await directory.attributesAt('account', 'nothing', 5)).toBeUndefined()
})

it('knows an AWS account by whom it is managed, not by who finds it in theirs', async () => {
  const directory = createDirectory(ports.state)
  const accounts = createAccounts(ports)
  const awsAccountId = '888888888888'
  const [owner, finder] = await Promise.all(
    ['owner', 'finder'].map(async (alias) =>
      createOrganisations(ports).create(OPERATOR, {
        ...{ name: alias, alias, installationRegion: REGION, regions: [REGION] },
      }),
    ),
  )
  const given = { organisationId: owner?.id ?? '', awsAccountId, name: 'owned' }
  const { id } = await accounts.create(OPERATOR, given)
  await accounts.update(OPERATOR, id, { tags: { only: 'a tag' } })
  const tagged = await knownLast(ports.state, ['aws-account', awsAccountId])
  now += 1_000
  await accounts.close(OPERATOR, id)
  const nothing = () => undefined
  await createAccountClosing({ ...ports, routed: async () => undefined })({
    ...{ id: 'task', organisationId: given.organisationId, input: { accountId: id } },
    ...{ initiator: undefined, log: nothing, report: nothing, complete: nothing },
    signal: AbortSignal.timeout(60_000),
  })
  const found: Account = {
    ...(await accounts.get(OPERATOR, id)),
    ...{ id: ids.uuid(), organisationId: finder?.id ?? '', name: 'found', status: 'DISCOVERED' },
  }
  await ports.actions.perform(undefined, (step) => addDiscovered(step, found))
  const known = { name: 'owned', organisationId: owner?.id }
  expect(await directory.accountAt(awsAccountId, now)).toMatchObject(known)
  // Neither a tag nor the end is another name.
  expect(await knownLast(ports.state, ['aws-account', awsAccountId])).toEqual(tagged)
  now += 1_000
  await accounts.onboard(OPERATOR, found.id, {})
  expect(await directory.accountAt(awsAccountId, now)).toMatchObject({
    ...{ name: 'found', organisationId: finder?.id },
  })
})

/** One thing that happens: a rename of the user or of the account, an event of either, time. */
const happening = fc.oneof(
  fc.record({ kind: fc.constantFrom('user', 'account', 'organisation'), name: name() }),
  fc.record({ kind: fc.constant('event') }),
  fc.record({ kind: fc.constant('time'), ms: fc.integer({ min: 1, max: 3_600_000 }) }),
)
function name() {
  return fc.stringMatching(/^[A-Za-z]{1,12}$/)
}

it('gives each event the names of its own time, however late it is enriched', async () => {
  const { state, actions } = ports
  const directory = createDirectory(state)
  const [organisations, users, accounts] = [
    createOrganisations(ports),
    createUsers({ ...ports, passwords: createPasswords() }),
    createAccounts(ports),
  ]
  const run = async (story: readonly any[]) => {
    serial += 1
    const organisation = await organisations.create(OPERATOR, {
      ...{ name: 'First', alias: `story-${serial}`, installationRegion: REGION },
      regions: [REGION],
    })
    const organisationId = organisation.id
    const user = await users.create(OPERATOR, {
      ...{ organisationId, email: `user${serial}@example.com`, role: 'customer_user' },
      ...{ firstName: 'First', lastName: 'L' },
    })
    const awsAccountId = String(serial).padStart(12, '0')
    const account = await accounts.create(OPERATOR, {
      ...{ organisationId, awsAccountId, name: 'First' },
    })
    const so = { user: 'First', account: 'First', organisation: 'First' }
    const expected = new Map<string, typeof so>()
    for (const step of story) {
      if (step.kind === 'time') now += step.ms
      if (step.kind === 'user') await users.update(OPERATOR, user.id, { firstName: step.name })
      if (step.kind === 'account') await accounts.update(OPERATOR, account.id, { name: step.name })
      if (step.kind === 'organisation') {
        await organisations.update(OPERATOR, organisationId, { name: step.name })
      }
      if (step.kind in so) so[step.kind as keyof typeof so] = step.name
      if (step.kind !== 'event') continue
      const id = ids.uuid()
      expected.set(id, { ...so })
      await actions.perform(undefined, async ({ tell }) => {
        const aws = { accountId: awsAccountId, region: REGION }
        const fields = { userID: user.id, authMethod: 'Login' }
        tell('UserAuthenticationEvent', { organisationId, id, aws, fields })
      })
    }
    // Long after, and in any order: the outbox may have waited for a logging account.
    const waiting = (await state.list(OUTBOX, { limit: 10_000 })).map(({ value }) => value)
    for (const event of waiting.toReversed()) {
      const names = expected.get(event.id)
      if (names !== undefined) expect(await namesIn(event)).toEqual(names)
    }
  }
  const namesIn = async (event: TenancyEvent) => {
    const meta = { organization: { id: event.organisationId }, aws: event.aws }
    const { detail, unresolvedIds } = await enrichedDetail(
      directory,
      { meta, ...event.fields },
      { eventName: event.name, moment: event.publishedAt },
    )
    expect(unresolvedIds).toBe(0)
    const enriched = detail as any
    return {
      user: enriched.firstName,
      account: enriched.meta.aws.accountName,
      organisation: enriched.meta.organization.name,
    }
  }
  await fc.assert(fc.asyncProperty(fc.array(happening, { maxLength: 15 }), run), { numRuns: 25 })
})
