import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import type { Store } from '#src/adapters/sqlite/store.ts'
import type { Principal } from '#src/model/principal.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import type { IdentityProviders } from '#src/ports/identity-provider.ts'
import type { State } from '#src/ports/state.ts'
import type { SignInOutcome } from './authentication-event.ts'
import { OUTBOX } from './documents.ts'
import { createTenancy } from './tenancy.ts'
import type { Tenancy } from './tenancy.ts'
import type { TenancyEvent } from './tenancy-events.ts'
import { MASTER_KEY_BYTES, createVault } from './vault.ts'

export const OPERATOR: Principal = {
  ...{ arn: 'arn:aws:iam::000000000000:root', id: 'test', role: 'admin' },
}
export const PASSWORD = 'a password of some length'
export const FROM = { sourceAddress: '203.0.113.7' }

export const testVault = createVault(Buffer.alloc(MASTER_KEY_BYTES, 7))

/** A tenancy over a real store, with a clock that stands until it is moved. */
export interface TestTenancy {
  readonly tenancy: Tenancy
  readonly state: State
  /** Which the state is of. */
  readonly store: Store
  readonly organisationId: string
  /** A user of the organisation with PASSWORD, and its e-mail. */
  readonly newUser: (role?: 'customer_user' | 'customer_admin') => Promise<{
    readonly id: string
    readonly email: string
  }>
  readonly signIns: SignInOutcome[]
  now: () => number
  move: (ms: number) => void
  /** As a restart of the hub: the same store, nothing in memory. */
  restarted: () => Tenancy
  events: (name: string) => Promise<readonly TenancyEvent[]>
  close: () => Promise<void>
}

const done = async () => undefined
const unreachable = async () => {
  throw new Error('nothing reaches out here')
}

export async function createTestTenancy(
  providers: IdentityProviders = { authorizationUrl: unreachable, claims: unreachable },
): Promise<TestTenancy> {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-tenancy-'))
  const store = await openSqliteStore({ folder })
  const { state } = store
  let now = 1_750_000_000_000
  const signIns: SignInOutcome[] = []
  const restarted = () =>
    createTenancy({
      ...{ state, clock: { now: () => now }, ids, vault: testVault },
      wiring: { wireAccount: done, wireOrganisation: done, unwireAccount: done },
      namespace: { prefix: 'stax', partner: 'stax.io' },
      busExists: async () => true,
      routed: done,
      awsOrganizations: { read: unreachable },
      urlRefusal: () => undefined,
      onFault: () => undefined,
      providers,
      onSignIn: (outcome) => signIns.push(outcome),
    })
  const tenancy = restarted()
  const region = 'ap-southeast-2'
  const { id: organisationId } = await tenancy.organisations.create(OPERATOR, {
    ...{ name: 'Test', alias: 'test', installationRegion: region, regions: [region] },
  })
  let serial = 0
  return {
    ...{ tenancy, state, store, organisationId, signIns, restarted },
    newUser: (role = 'customer_user') =>
      tenancy.users.create(OPERATOR, {
        ...{ organisationId, email: `user${(serial += 1)}@example.com` },
        ...{ firstName: 'Ada', lastName: 'L', role, password: PASSWORD },
      }),
    now: () => now,
    move: (ms) => (now += ms),
    events: async (name) =>
      (await state.list(OUTBOX, { limit: 1_000 }))
        .map(({ value }) => value)
        .filter((event) => event.name === name),
    close: async () => {
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
