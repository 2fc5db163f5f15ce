import { Option } from 'commander'
import type { Command } from 'commander'

import { AccountRole, AccountStatus } from '#src/model/tenancy.ts'
import type { Account, Tags } from '#src/model/tenancy.ts'
import { addAccountLife } from './account-life.ts'
import { addTag, tagOption } from './account-tags.ts'
import { ACCOUNT_COLUMNS, ACCOUNT_ID_COLUMN, accountText } from './account-text.ts'
import { action, commaSeparated, givenOnly } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { table } from './output.ts'
import {
  ACCOUNT_REFERENCE,
  accountBy,
  organisationBy,
  organisationColumns,
  organisationFilter,
  unitBy,
} from './references.ts'

const UNIT = 'name, path or id'

export function addAccounts(program: Command): void {
  const accounts = program
    .command('accounts')
    .description('list, show, create, update, tag, discover, onboard, close AWS accounts')

  addList(accounts)

  accounts
    .command('show')
    .description('show an account')
    .argument('<account>', ACCOUNT_REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const account = await accountBy(hub, reference)
        await output.show(account, () => accountText(account))
      }),
    )

  addCreate(accounts)
  addUpdate(accounts)
  addTag(accounts)
  addAccountLife(accounts)
}

interface ListOptions {
  readonly organisation?: string
  readonly status?: string
  readonly type?: string
  readonly unit?: string
  readonly tag?: readonly string[]
  readonly text?: string
}

function addList(accounts: Command): void {
  accounts
    .command('list')
    .description('list accounts')
    .option('--organisation <organisation>', 'only of this one: id or alias')
    .addOption(
      new Option('--status <status>', 'only of this status').choices([...AccountStatus.enum]),
    )
    .option('--type <type>', 'only of this account type')
    .option('--unit <unit>', `only directly in this organisational unit: ${UNIT}`)
    .option('--tag <tags>', 'only with these tags: key or key=value', commaSeparated)
    .option('--text <text>', 'only with this in the name or AWS account id')
    .action(
      action<ListOptions>(async ({ hub, output, options }) => {
        const { status, type: accountType, tag, text, unit } = options
        const organisationId = await organisationFilter(hub, options.organisation)
        const organisationalUnitId = unit === undefined ? undefined : (await unitBy(hub, unit)).id
        const filter = { organisationId, organisationalUnitId, status, accountType, tag, text }
        const all = await hub.listAll<Account>('/accounts', givenOnly(filter))
        const more = await organisationColumns<Account>(hub)
        const columns = [...ACCOUNT_COLUMNS, ...more, ACCOUNT_ID_COLUMN]
        await output.show(all, () =>
          all.length === 0
            ? 'no accounts: add one with "belfry accounts create"'
            : table(all, columns, output.width),
        )
      }),
    )
}

interface CreateOptions {
  readonly name: string
  readonly role?: string
  readonly type?: string
  readonly unit?: string
  readonly tag?: Tags
  readonly organisation?: string
}

function addCreate(accounts: Command): void {
  accounts
    .command('create')
    .description('take an AWS account under management')
    .argument('<aws-account-id>', 'its 12 digits')
    .requiredOption('--name <name>', 'name for people')
    .addOption(
      new Option('--role <role>', 'one account of each role but MEMBER (default: MEMBER)').choices([
        ...AccountRole.enum,
      ]),
    )
    .option('--type <type>', 'its account type (default: the one of its role)')
    .option('--unit <unit>', `organisational unit (default: the root): ${UNIT}`)
    .option('--tag <key=value>', 'a tag; may be given several times', tagOption)
    .option('--organisation <organisation>', 'whose it is: id or alias')
    .action(
      action<CreateOptions>(async ({ hub, output, options }, awsAccountId: string) => {
        const { name, role: accountRole, type: accountType, unit, tag: tags } = options
        const organisationalUnitId = unit === undefined ? undefined : (await unitBy(hub, unit)).id
        const organisation = await organisationBy(hub, options.organisation)
        const account = await hub.post<Account>('/accounts', {
          organisationId: organisation.id,
          awsAccountId,
          name,
          ...givenOnly({ accountRole, accountType, organisationalUnitId, tags }),
        })
        await output.show(account, () => accountText(account))
      }),
    )
}

interface UpdateOptions {
  readonly name?: string
  readonly type?: string
  readonly unit?: string
  readonly root?: boolean
}

function addUpdate(accounts: Command): void {
  accounts
    .command('update')
    .description('rename or move an account, or give it another type')
    .argument('<account>', ACCOUNT_REFERENCE)
    .option('--name <name>', 'new name')
    .option('--type <type>', 'another account type')
    .option('--unit <unit>', `move it into this organisational unit: ${UNIT}`)
    .option('--root', 'move it out of its organisational unit')
    .action(
      action<UpdateOptions>(async ({ hub, output, options }, reference: string) => {
        const { name, type: accountType, unit, root } = options
        if (unit !== undefined && root) {
          throw new UsageFault('--unit and --root are two places: give one of them')
        }
        const { id } = await accountBy(hub, reference)
        const organisationalUnitId = unit === undefined ? undefined : (await unitBy(hub, unit)).id
        const change = {
          ...givenOnly({ name, accountType, organisationalUnitId }),
          ...(root && { organisationalUnitId: null }),
        }
        if (Object.keys(change).length === 0) {
          throw new UsageFault('nothing to change: give --name, --type, --unit or --root')
        }
        const account = await hub.patch<Account>(`/accounts/${id}`, change)
        await output.show(account, () => accountText(account))
      }),
    )
}
