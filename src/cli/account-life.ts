import { Option } from 'commander'
import type { Command } from 'commander'

import { AccountRole } from '#src/model/tenancy.ts'
import type { Account } from '#src/model/tenancy.ts'
import { accountText } from './account-text.ts'
import { action, givenOnly } from './call.ts'
import { showTask, withWait } from './follow-task.ts'
import type { WaitOptions } from './follow-task.ts'
import { ACCOUNT_REFERENCE, accountBy, organisationBy } from './references.ts'

/** Commands that take accounts under management and out of it. */
export function addAccountLife(accounts: Command): void {
  addDiscover(accounts)
  addOnboard(accounts)
  addClose(accounts)
}

function addDiscover(accounts: Command): void {
  const command = accounts
    .command('discover')
    .description('bring accounts and units in step with AWS Organizations now')
    .option('--organisation <organisation>', 'whose: id or alias')
    .addHelpText(
      'after',
      '\nSet it up first with "belfry organisations discovery". AWS\'s names, tags and\nplaces win; accounts that AWS does not list stay and are named in the task\'s log.',
    )
  withWait(command).action(
    action<WaitOptions & { organisation?: string }>(async (call) => {
      const { hub, options } = call
      const { id: organisationId } = await organisationBy(hub, options.organisation)
      const path = '/accounts/discovery'
      const { taskId } = await hub.post<{ taskId: string }>(path, { organisationId })
      await showTask(call, taskId, {
        what: 'reading AWS Organizations',
        done: ({ result = {} }) => {
          const counts = ['discovered', 'updated', 'closed', 'missing'].map(
            (name) => `${Number(result[name] ?? 0)} ${name}`,
          )
          return `in step with AWS Organizations: ${counts.join(', ')}`
        },
      })
    }),
  )
}

function addOnboard(accounts: Command): void {
  accounts
    .command('onboard')
    .description('take a discovered account under management')
    .argument('<account>', ACCOUNT_REFERENCE)
    .addOption(
      new Option('--role <role>', 'its role (default: as found)').choices([...AccountRole.enum]),
    )
    .option('--type <type>', 'its account type (default: the one of its role)')
    .action(
      action<{ role?: string; type?: string }>(
        async ({ hub, output, options }, reference: string) => {
          const { id } = await accountBy(hub, reference)
          const { role: accountRole, type: accountType } = options
          const given = givenOnly({ accountRole, accountType })
          const account = await hub.post<Account>(`/accounts/${id}/onboard`, given)
          await output.show(account, () => accountText(account))
        },
      ),
    )
}

function addClose(accounts: Command): void {
  const command = accounts
    .command('close')
    .description('end the management of an account; its event buses and rules go')
    .argument('<account>', ACCOUNT_REFERENCE)
    .addHelpText(
      'after',
      '\nEvents that came before are still forwarded, later ones are refused. The AWS\naccount itself is left alone; it may be taken under management again.',
    )
  withWait(command).action(
    action<WaitOptions>(async (call, reference: string) => {
      const { id, name } = await accountBy(call.hub, reference)
      const { taskId } = await call.hub.post<{ taskId: string }>(`/accounts/${id}/close`)
      await showTask(call, taskId, {
        what: `closing the account "${name}"`,
        done: () => `closed the account "${name}"`,
      })
    }),
  )
}
