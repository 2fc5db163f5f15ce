import type { Command } from 'commander'

import { isNameFilter } from '#src/model/name-filter.ts'
import { givenOnly } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import type { HubClient, Query } from './hub-client.ts'
import { readPattern } from './pattern-input.ts'
import { accountBy } from './references.ts'

/** What `tail` and `search` choose events by. */
export interface EventFilterOptions {
  readonly account?: string
  readonly region?: string
  readonly source?: string
  readonly detailType?: string
  readonly bus?: string
  readonly pattern?: string
}

export function withEventFilter(command: Command): Command {
  return command
    .option('--account <account>', 'only events that came from this account: AWS id, name or id')
    .option('--region <region>', 'only of this region; a prefix may end in *')
    .option('--source <source>', 'only of this source; a prefix may end in *')
    .option('--detail-type <type>', 'only of this detail type; a prefix may end in *')
    .option('--bus <bus>', 'only on event buses of this name, of this account, or with this ARN')
    .option('--pattern <pattern>', 'only what this event pattern matches: JSON, a file, or -')
}

/** As the API takes it. @throws UsageFault for what could match nothing */
export async function eventFilter(hub: HubClient, options: EventFilterOptions): Promise<Query> {
  const { account, region, source, detailType, bus, pattern } = options
  const names = { account, region, source, 'detail-type': detailType, bus }
  for (const [option, filter] of Object.entries(names)) {
    if (filter === undefined || isNameFilter(filter)) continue
    throw new UsageFault(
      `--${option} takes a whole name, or a prefix that ends in *, not "${filter}": --pattern with "wildcard" takes more`,
    )
  }
  const byName = account !== undefined && !/^\d+\*?$/.test(account)
  return {
    ...givenOnly({ region, source, detailType, bus }),
    ...(account !== undefined && {
      account: byName ? (await accountBy(hub, account)).awsAccountId : account,
    }),
    ...(pattern !== undefined && { pattern: (await readPattern(pattern)).text.trim() }),
  }
}
