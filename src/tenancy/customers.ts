import { RestError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Customer, Organisation } from '#src/model/tenancy.ts'
import type { State } from '#src/ports/state.ts'
import { CUSTOMERS, ORGANISATIONS, listAccepted, listAll } from './documents.ts'
import { remember } from './history.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'

export interface Customers {
  get(caller: Principal, id: string): Promise<Customer>
  list(caller: Principal, page: PageOfCaller): Promise<Page<Customer>>
  rename(caller: Principal, id: string, name: string): Promise<Customer>
}

export function createCustomers({
  state,
  actions,
}: Pick<OrganisationPorts, 'state' | 'actions'>): Customers {
  /** Customers are seen by who reaches one of their organisations; by the operator all. */
  const seenBy = async (caller: Principal): Promise<(id: string) => boolean> => {
    if (caller.organisationId === undefined) return () => true
    const own = await state.get(ORGANISATIONS, caller.organisationId)
    return (id) => id === own?.customerId
  }
  const visible = async (caller: Principal, customer: Customer | undefined, id: string) => {
    const seen = await seenBy(caller)
    if (customer !== undefined && seen(id)) return customer
    throw new RestError(404, 'customer.not-found', `there is no customer "${id}"`)
  }

  return {
    get: async (caller, id) => visible(caller, await state.get(CUSTOMERS, id), id),
    list: async (caller, page) => {
      const seen = await seenBy(caller)
      return listAccepted(state, CUSTOMERS, { ...page, accept: ({ id }) => seen(id) })
    },
    rename: (caller, id, name) =>
      actions.perform(caller, async ({ transaction, moment, tell }) => {
        const before = await visible(caller, await transaction.get(CUSTOMERS, id), id)
        const organisations = await organisationsOf(state, id)
        if (!organisations.every((organisation) => reaches(caller, organisation.id))) {
          throw new RestError(
            403,
            'customer.forbidden',
            `the customer "${before.name}" has other organisations too: only the operator of the hub renames it`,
          )
        }
        if (name === before.name) return before
        for (const organisation of organisations) {
          const fields = { customerId: id, customerName: name }
          tell('CustomerUpdateEvent', { organisationId: organisation.id, fields })
        }
        const after = { ...before, name }
        transaction.put(CUSTOMERS, id, after)
        remember(transaction, moment, 'customer', [id, after, before])
        return after
      }),
  }
}

function organisationsOf(state: State, customerId: string): Promise<readonly Organisation[]> {
  return listAll(state, ORGANISATIONS, (organisation) => organisation.customerId === customerId)
}
