import { isDeepStrictEqual } from 'node:util'

import { RestError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Region } from '#src/model/event.ts'
import type { Customer, Organisation } from '#src/model/tenancy.ts'
import type { AccountWiring } from '#src/ports/account-wiring.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { putBuiltInTypes } from './account-type-documents.ts'
import type { Actions } from './actions.ts'
import { CUSTOMERS, ORGANISATIONS, ORGANISATION_ALIASES, listAccepted } from './documents.ts'
import { remember } from './history.ts'

export interface NewOrganisation {
  readonly name: string
  readonly alias: string
  readonly installationRegion: Region
  readonly regions?: readonly Region[] | undefined
  /** An existing customer; or one of that name is made. */
  readonly customerId?: string | undefined
  readonly customerName?: string | undefined
}

export interface OrganisationChange {
  readonly name?: string | undefined
  readonly regions?: readonly Region[] | undefined
}

export interface PageOfCaller {
  readonly after?: string | undefined
  readonly limit: number
}

export interface Organisations {
  create(caller: Principal, given: NewOrganisation): Promise<Organisation>
  get(caller: Principal, id: string): Promise<Organisation>
  list(caller: Principal, page: PageOfCaller): Promise<Page<Organisation>>
  update(caller: Principal, id: string, change: OrganisationChange): Promise<Organisation>
}

/** The regions that are enabled in every new AWS account. */
const DEFAULT_REGIONS: readonly Region[] = [
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ca-central-1',
  'eu-central-1',
  'eu-north-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
]

export interface OrganisationPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly wiring: AccountWiring
  readonly actions: Actions
}

export function createOrganisations(ports: OrganisationPorts): Organisations {
  const { state, clock, ids, wiring, actions } = ports
  return {
    create: async (caller, given) => {
      if (caller.organisationId !== undefined) {
        throw new RestError(
          403,
          'organisation.forbidden',
          'only the operator of the hub creates organisations',
        )
      }
      const regions = checkedRegions(given.regions ?? DEFAULT_REGIONS, given.installationRegion)
      return actions.perform(caller, async (step) => {
        const { transaction, moment, now, tell } = step
        if ((await transaction.get(ORGANISATION_ALIASES, given.alias)) !== undefined) {
          throw new RestError(
            409,
            'organisation.alias-taken',
            `the alias "${given.alias}" belongs to another organisation: choose another`,
          )
        }
        const customer = await customerOf(given)
        if (given.customerId === undefined) {
          transaction.put(CUSTOMERS, customer.id, customer)
          remember(transaction, moment, 'customer', [customer.id, customer])
        }
        const organisation: Organisation = {
          id: ids.timeOrderedUuid(now),
          customerId: customer.id,
          name: given.name,
          alias: given.alias,
          status: 'ACTIVE',
          installationRegion: given.installationRegion,
          regions: [...regions],
          createdAt: now,
        }
        transaction.put(ORGANISATION_ALIASES, organisation.alias, organisation.id)
        transaction.put(ORGANISATIONS, organisation.id, organisation)
        remember(transaction, moment, 'organisation', [organisation.id, organisation])
        putBuiltInTypes(step, ids, organisation.id)
        const { installationRegion } = organisation
        const fields = { installationRegion, regions: organisation.regions }
        tell('OrganisationCreateEvent', { organisationId: organisation.id, fields })
        return organisation
      })
    },
    get: (caller, id) => organisationOf(state, caller, id),
    list: (caller, page) =>
      listAccepted(state, ORGANISATIONS, { ...page, accept: ({ id }) => reaches(caller, id) }),
    update: async (caller, id, change) => {
      const updated = await actions.perform(caller, async ({ transaction, moment, tell }) => {
        const before = await organisationOf(transaction, caller, id)
        const changed = namesOf(change, before)
        if (changed.length === 0) return before
        const fields = { regions: change.regions ?? before.regions, changed }
        tell('OrganisationUpdateEvent', { organisationId: before.id, fields })
        const regions = checkedRegions(change.regions ?? before.regions, before.installationRegion)
        const removed = before.regions.filter((region) => !regions.includes(region))
        if (removed.length > 0) {
          throw new RestError(
            409,
            'organisation.region-in-use',
            `regions cannot be taken away from an organisation, and ${removed.join(', ')} would be: list them too`,
          )
        }
        const after = { ...before, name: change.name ?? before.name, regions: [...regions] }
        transaction.put(ORGANISATIONS, id, after)
        remember(transaction, moment, 'organisation', [id, after, before])
        return after
      })
      await wiring.wireOrganisation(updated)
      return updated
    },
  }

  async function customerOf(given: NewOrganisation): Promise<Customer> {
    const now = clock.now()
    if (given.customerId === undefined) {
      const name = given.customerName ?? given.name
      return { id: ids.timeOrderedUuid(now), name, status: 'ACTIVE', createdAt: now }
    }
    const customer = await state.get(CUSTOMERS, given.customerId)
    if (customer !== undefined) return customer
    throw new RestError(404, 'customer.not-found', `there is no customer "${given.customerId}"`)
  }
}

function checkedRegions(regions: readonly Region[], installationRegion: Region): readonly Region[] {
  if (regions.includes(installationRegion)) return regions
  throw new RestError(
    400,
    'organisation.installation-region-not-enabled',
    `the installation region "${installationRegion}" must be one of the organisation's regions: ${regions.join(', ')}`,
  )
}

/** Names of the fields that a change makes different; null takes a field away. */
export function namesOf(change: object, before: object): readonly string[] {
  const had = new Map<string, unknown>(Object.entries(before))
  return Object.entries(change)
    .filter(
      ([name, value]) =>
        value !== undefined && !isDeepStrictEqual(value ?? undefined, had.get(name)),
    )
    .map(([name]) => name)
}

/** The organisation, where the caller reaches it. @throws RestError organisation.not-found */
export async function organisationOf(
  transaction: Pick<StateTransaction, 'get'>,
  caller: Principal,
  id: string,
): Promise<Organisation> {
  return visible(caller, await transaction.get(ORGANISATIONS, id), id)
}

function visible(
  caller: Principal,
  organisation: Organisation | undefined,
  id: string,
): Organisation {
  if (organisation !== undefined && reaches(caller, organisation.id)) return organisation
  throw new RestError(404, 'organisation.not-found', `there is no organisation "${id}"`)
}
