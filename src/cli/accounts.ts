import { Option } from 'commander'
import type { Command } from 'commander'

import type { Account } from '#src/model/tenancy.ts'
import { action, givenOnly } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { fields, table } from './output.ts'
import type { Column } from './output.ts'
import { accountBy, organisationBy, organisationColumns, organisationFilter } from './references.ts'
import { localMoment } from './terminal-text.ts'

const ROLES = ['MANAGEMENT', 'SECURITY', 'LOGGING', 'MEMBER']
const REFERENCE = 'AWS account id, name or id'

export function addAccounts(program: Command): void {
  const accounts = program
    .command('accounts')
    .description('list, show, create, update AWS accounts')

  accounts
    .command('list')
    .description('list accounts')
    .option('--organisation <organisation>', 'only of this one: id or alias')
    .action(
      action<{ organisation?: string }>(async ({ hub, output, options }) => {
        const organisationId = await organisationFilter(hub, options.organisation)
        const all = await hub.listAll<Account>('/accounts', { organisationId })
        const columns = [...COLUMNS, ...(await organisationColumns<Account>(hub)), ID_COLUMN]
        await output.show(all, () =>
          all.length === 0
            ? 'no accounts: add one with "belfry accounts create"'
            : table(all, columns, output.width),
        )
      }),
    )

  accounts
    .command('show')
    .description('show an account')
    .argument('<account>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const account = await accountBy(hub, reference)
        await output.show(account, () => shown(account))
      }),
    )

  addCreate(accounts)
  addUpdate(accounts)
}

interface CreateOptions {
  readonly name: string
  readonly role?: string
  readonly type?: string
  readonly organisation?: string
}

function addCreate(accounts: Command): void {
  accounts
    .command('create')
    .description('take an AWS account under management')
    .argument('<aws-account-id>', 'its 12 digits')
    .requiredOption('--name <name>', 'name for people')
    .addOption(
      new Option('--role <role>', 'one account of each role but MEMBER (default: MEMBER)').choices(
        ROLES,
      ),
    )
    .option('--type <type>', 'your own word for its kind')
    .option('--organisation <organisation>', 'whose it is: id or alias')
    .action(
      action<CreateOptions>(async ({ hub, output, options }, awsAccountId: string) => {
        const { name, role: accountRole, type: accountType } = options
        const organisation = await organisationBy(hub, options.organisation)
        const account = await hub.post<Account>('/accounts', {
          organisationId: organisation.id,
          awsAccountId,
          name,
          ...givenOnly({ accountRole, accountType }),
        })
        await output.show(account, () => shown(account))
      }),
    )
}

function addUpdate(accounts: Command): void {
  accounts
    .command('update')
    .description('change the name or type of an account')
    .argument('<account>', REFERENCE)
    .option('--name <name>', 'new name')
    .option('--type <type>', 'new word for its kind')
    .action(
      action<{ name?: string; type?: string }>(
        async ({ hub, output, options }, reference: string) => {
          const { name, type: accountType } = options
          if (name === undefined && accountType === undefined) {
            throw new UsageFault('nothing to change: give --name or --type')
          }
          const { id } = await accountBy(hub, reference)
          const change = givenOnly({ name, accountType })
          const account = await hub.patch<Account>(`/accounts/${id}`, change)
          await output.show(account, () => shown(account))
        },
      ),
    )
}

const COLUMNS: readonly Column<Account>[] = [
  { title: 'AWS ACCOUNT', text: ({ awsAccountId }) => awsAccountId, style: () => 'cyan' },
  { title: 'NAME', text: ({ name }) => name },
  { title: 'ROLE', text: ({ accountRole }) => accountRole },
  { title: 'TYPE', text: ({ accountType }) => accountType, optional: true },
  { title: 'STATUS', text: ({ status }) => status, style: ({ status }) => colourOf(status) },
  {
    title: 'ASSURANCE',
    text: ({ assuranceState }) => assuranceState,
    style: ({ assuranceState }) => colourOf(assuranceState),
  },
]
const ID_COLUMN: Column<Account> = {
  title: 'ID',
  text: ({ id }) => id,
  style: () => 'dim',
  optional: true,
}

function colourOf(state: Account['status'] | Account['assuranceState']) {
  return state === 'ACTIVE' ? 'green' : 'yellow'
}

function shown(account: Account): string {
  return fields(
    {
      'AWS account': account.awsAccountId,
      name: account.name,
      role: account.accountRole,
      type: account.accountType,
      status: account.status,
      assurance: account.assuranceState,
      id: account.id,
      organisation: account.organisationId,
      created: localMoment(account.createdAt),
      changed: localMoment(account.modifiedAt),
    },
    { 'AWS account': 'cyan' },
  )
}
