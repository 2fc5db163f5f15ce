import { temporaryStore } from '#src/pipeline/pipeline.fixture.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import type { Principal } from '#src/model/principal.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import type { Directory } from '#src/ports/directory.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { createTenancy } from '#src/tenancy/tenancy.ts'
import { createVault } from '#src/tenancy/vault.ts'

const OPERATOR: Principal = { arn: 'arn:aws:iam::000000000000:root', id: 'test', role: 'admin' }
const KEY_BYTES = 32

export const ACCOUNT = '444455556666'
export const OTHER_ACCOUNT = '555566667777'
export const FOREIGN_ACCOUNT = '999988887777'

export interface Organisations {
  readonly directory: Directory
  readonly namespace: EventNamespace
  readonly mei: string
  readonly eve: string
  remove(): Promise<void>
}

/** Two organisations on a real store: Mei's with two accounts, and another one, Eve's. */
export async function organisations(): Promise<Organisations> {
  const { store, remove } = await temporaryStore()
  const done = async () => undefined
  const unused = () => Promise.reject(new Error('nothing reaches out here'))
  const wiring = { wireAccount: done, wireOrganisation: done, unwireAccount: done }
  const vault = createVault(Buffer.alloc(KEY_BYTES, 7))
  const namespace = { prefix: 'stax', partner: 'stax.io' }
  const tenancy = createTenancy({
    ...{ state: store.state, clock, ids, vault, wiring },
    namespace,
    busExists: async () => true,
    routed: done,
    awsOrganizations: { read: unused },
    urlRefusal: () => undefined,
    onFault: () => undefined,
    providers: { authorizationUrl: unused, claims: unused },
    onSignIn: () => undefined,
  })
  const organisation = async (alias: string) => {
    const installationRegion = 'ap-southeast-2'
    const given = { name: alias, alias, installationRegion }
    return (await tenancy.organisations.create(OPERATOR, given)).id
  }
  const own = await organisation('own')
  const other = await organisation('other')
  const account = (organisationId: string, awsAccountId: string, name: string) =>
    tenancy.accounts.create(OPERATOR, { organisationId, awsAccountId, name })
  await account(own, ACCOUNT, 'payments-prod')
  await account(own, OTHER_ACCOUNT, 'payments-test')
  await account(other, FOREIGN_ACCOUNT, 'secret-lab')
  const user = (organisationId: string, email: string, names: readonly [string, string]) => {
    const [firstName, lastName] = names
    const role = 'customer_user' as const
    return tenancy.users.create(OPERATOR, { organisationId, email, firstName, lastName, role })
  }
  const mei = await user(own, 'mei@example.com', ['Mei', 'Tanaka'])
  const eve = await user(other, 'eve@other.example', ['Eve', 'Foreign'])
  return { directory: tenancy.directory, namespace, mei: mei.id, eve: eve.id, remove }
}
