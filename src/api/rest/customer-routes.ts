import { Type } from 'typebox'

import { Customer, Name } from '#src/model/tenancy.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { addList } from './list-route.ts'
import { IdParams, ref } from './route.ts'
import type { AddRoute } from './route.ts'

export function addCustomerRoutes(add: AddRoute, { customers }: Tenancy): void {
  const tag = 'customers'
  addList(add, {
    url: '/customers',
    tag,
    summary: 'List customers',
    permission: 'organisations:Read',
    item: Customer,
    list: (caller, asked) => customers.list(caller, asked),
  })
  add({
    method: 'GET',
    url: '/customers/:id',
    tag,
    summary: 'Show a customer',
    permission: 'organisations:Read',
    params: IdParams,
    answer: [200, ref(Customer)],
    run: (caller, { params }) => customers.get(caller, params.id),
  })
  add({
    method: 'PATCH',
    url: '/customers/:id',
    tag,
    summary: 'Rename a customer',
    permission: 'organisations:Write',
    params: IdParams,
    body: Type.Object({ name: Name }),
    answer: [200, ref(Customer)],
    run: (caller, { params, body }) => customers.rename(caller, params.id, body.name),
  })
}
