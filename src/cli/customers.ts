import type { Command } from 'commander'

import type { Customer } from '#src/model/tenancy.ts'
import { action } from './call.ts'
import { fields, table } from './output.ts'
import type { Column } from './output.ts'
import { customerBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

const REFERENCE = 'name or id; may be left out where there is only one'

export function addCustomers(program: Command): void {
  const customers = program
    .command('customers')
    .description('list, show, update owners of organisations')

  customers
    .command('list')
    .description('list customers')
    .action(
      action(async ({ hub, output }) => {
        const all = await hub.listAll<Customer>('/customers')
        await output.show(all, () =>
          all.length === 0
            ? 'no customers: one is made with its first organisation, "belfry organisations create"'
            : table(all, COLUMNS, output.width),
        )
      }),
    )

  customers
    .command('show')
    .description('show a customer')
    .argument('[customer]', REFERENCE)
    .action(
      action(async ({ hub, output }, reference?: string) => {
        const customer = await customerBy(hub, reference)
        await output.show(customer, () => shown(customer))
      }),
    )

  customers
    .command('update')
    .description('rename a customer')
    .argument('[customer]', REFERENCE)
    .requiredOption('--name <name>', 'new name')
    .action(
      action<{ name: string }>(async ({ hub, output, options }, reference?: string) => {
        const { id } = await customerBy(hub, reference)
        const customer = await hub.patch<Customer>(`/customers/${id}`, { name: options.name })
        await output.show(customer, () => shown(customer))
      }),
    )
}

const COLUMNS: readonly Column<Customer>[] = [
  { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'STATUS', text: ({ status }) => status, style: () => 'green' },
  { title: 'ID', text: ({ id }) => id, style: () => 'dim' },
]

function shown({ id, name, status, createdAt }: Customer): string {
  return fields({ name, status, id, created: localMoment(createdAt) }, { name: 'cyan' })
}
