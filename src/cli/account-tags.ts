import type { Command } from 'commander'

import type { Account, Tags } from '#src/model/tenancy.ts'
import { accountText } from './account-text.ts'
import { action } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { ACCOUNT_REFERENCE, accountBy } from './references.ts'

/** For options that are given once for each tag. */
export function tagOption(text: string, before: Tags = {}): Tags {
  return { ...before, ...tagIn(text) }
}

export function addTag(accounts: Command): void {
  accounts
    .command('tag')
    .description('set and remove tags of an account; the others stay')
    .argument('<account>', ACCOUNT_REFERENCE)
    .argument('[key=value...]', 'tags to set')
    .option('--remove <keys...>', 'keys of tags to remove')
    .action(
      action<{ remove?: readonly string[] }>(
        async ({ hub, output, options }, reference: string, given: readonly string[]) => {
          const { remove = [] } = options
          if (given.length === 0 && remove.length === 0) {
            throw new UsageFault('nothing to change: give key=value, or --remove and a key')
          }
          const { id, tags: before } = await accountBy(hub, reference)
          const kept = Object.entries(before).filter(([key]) => !remove.includes(key))
          const tags = given.reduce(
            (all, text) => ({ ...all, ...tagIn(text) }),
            Object.fromEntries(kept),
          )
          const account = await hub.patch<Account>(`/accounts/${id}`, { tags })
          await output.show(account, () => accountText(account))
        },
      ),
    )
}

function tagIn(text: string): Tags {
  const at = text.indexOf('=')
  if (at > 0) return { [text.slice(0, at)]: text.slice(at + 1) }
  throw new UsageFault(`a tag is given as key=value, and this is not: "${text}"`)
}
