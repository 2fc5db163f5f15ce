import { Option } from 'commander'
import type { Command } from 'commander'

import type { AccountType } from '#src/model/tenancy.ts'
import { action, givenOnly } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { createDescribed, withDescription } from './create-described.ts'
import type { DescribedOptions } from './create-described.ts'
import { addListCommand } from './list-command.ts'
import { fields } from './output.ts'
import type { Column } from './output.ts'
import { accountTypeBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

const STATUSES = ['ACTIVE', 'DISABLED']

export function addAccountTypes(program: Command): void {
  const types = program
    .command('account-types')
    .description('list, show, create, update, delete kinds of accounts')

  addListCommand<AccountType>(types, {
    path: '/account-types',
    description: 'list account types',
    none: 'no account types',
    columns: COLUMNS,
    lastColumns: [TEXT_COLUMN],
  })

  types
    .command('show')
    .description('show an account type')
    .argument('<type>', 'name or id')
    .action(
      action(async ({ hub, output }, reference: string) => {
        const type = await accountTypeBy(hub, reference)
        await output.show(type, () => shown(type))
      }),
    )

  const create = types
    .command('create')
    .description('create an account type')
    .argument('<name>', 'up to 64 letters, digits, dots, dashes and underscores; it stays')
  withDescription(create, 'what such accounts are for').action(
    action<DescribedOptions>(async (call, name: string) => {
      const type = await createDescribed<AccountType>(call, '/account-types', name)
      await call.output.show(type, () => shown(type))
    }),
  )

  types
    .command('update')
    .description('describe an account type anew, or disable it')
    .argument('<type>', 'name or id')
    .option('--description <text>', 'what such accounts are for')
    .addOption(
      new Option('--status <status>', 'DISABLED: no further account may take it').choices(STATUSES),
    )
    .action(
      action<{ description?: string; status?: string }>(
        async ({ hub, output, options }, reference: string) => {
          const { description, status } = options
          if (description === undefined && status === undefined) {
            throw new UsageFault('nothing to change: give --description or --status')
          }
          const { id } = await accountTypeBy(hub, reference)
          const change = givenOnly({ description, status })
          const type = await hub.patch<AccountType>(`/account-types/${id}`, change)
          await output.show(type, () => shown(type))
        },
      ),
    )

  types
    .command('delete')
    .description('delete an account type that no account has')
    .argument('<type>', 'name or id')
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, name } = await accountTypeBy(hub, reference)
        await hub.delete(`/account-types/${id}`)
        await output.show({ deleted: id }, () => `deleted the account type "${name}"`)
      }),
    )
}

const COLUMNS: readonly Column<AccountType>[] = [
  { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'STATUS', text: ({ status }) => status, style: ({ status }) => colourOf(status) },
  { title: 'ACCOUNTS', text: ({ accountCount }) => String(accountCount), align: 'right' },
  { title: 'BUILT IN', text: ({ builtIn }) => (builtIn ? 'yes' : ''), optional: true },
]
const TEXT_COLUMN: Column<AccountType> = {
  title: 'DESCRIPTION',
  text: ({ description = '' }) => description,
  optional: true,
}

function colourOf(status: AccountType['status']) {
  return status === 'ACTIVE' ? 'green' : 'yellow'
}

function shown(type: AccountType): string {
  return fields(
    {
      'account type': type.name,
      description: type.description,
      status: type.status,
      accounts: String(type.accountCount),
      'built in': type.builtIn ? 'yes: it can be neither disabled nor deleted' : 'no',
      id: type.id,
      organisation: type.organisationId,
      created: localMoment(type.createdAt),
    },
    { 'account type': 'cyan' },
  )
}
