import { Option } from 'commander'
import type { Command } from 'commander'

import { isNameFilter } from '#src/model/name-filter.ts'
import { action, givenOnly, wholeNumber } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { createLinePrinter } from './event-lines.ts'
import { followStream } from './follow-stream.ts'
import type { HubClient, Query } from './hub-client.ts'
import { styled } from './output.ts'
import { readPattern } from './pattern-input.ts'
import { accountBy } from './references.ts'
import type { StreamMessage } from './tail-line.ts'

interface TailOptions {
  readonly account?: string
  readonly region?: string
  readonly source?: string
  readonly detailType?: string
  readonly bus?: string
  readonly pattern?: string
  readonly since: string
  readonly count?: number
}

const EXAMPLES = `
Examples:
  belfry tail --source 'aws.*'
  belfry tail --since start --account 444455556666 --json | jq .event.detail
  belfry tail --pattern '{"detail":{"status":["FAILED"]}}'

Ends at Ctrl-C, or after --count events. A lost connection is made again and misses no event.`

export function addTail(program: Command): void {
  program
    .command('tail')
    .description('follow events live, one line each')
    .option('--account <account>', 'only events that came from this account: AWS id, name or id')
    .option('--region <region>', 'only of this region; a prefix may end in *')
    .option('--source <source>', 'only of this source; a prefix may end in *')
    .option('--detail-type <type>', 'only of this detail type; a prefix may end in *')
    .option('--bus <bus>', 'only on event buses of this name, of this account, or with this ARN')
    .option('--pattern <pattern>', 'only what this event pattern matches: JSON, a file, or -')
    .addOption(
      new Option('--since <point>', 'where to begin').choices(['now', 'start']).default('now'),
    )
    .option('--count <number>', 'stop after so many events', wholeNumber(1))
    .addHelpText('after', EXAMPLES)
    .action(
      action<TailOptions>(async ({ hub, output, options }) => {
        const query = await queryOf(hub, options)
        const printLine = createLinePrinter(hub, output)
        const print = output.json
          ? output.line
          : async (data: string) => printLine(JSON.parse(data) as StreamMessage)
        let left = options.count ?? Number.POSITIVE_INFINITY
        const onNote = (text: string) => output.note(styled('dim', text))
        for await (const { data } of followStream(hub, { query, onNote })) {
          await print(data)
          left -= 1
          if (left <= 0) return
        }
      }),
    )
}

async function queryOf(hub: HubClient, options: TailOptions): Promise<Query> {
  const { account, region, source, detailType, bus, pattern, since } = options
  const names = { account, region, source, 'detail-type': detailType, bus }
  for (const [option, filter] of Object.entries(names)) {
    if (filter === undefined || isNameFilter(filter)) continue
    throw new UsageFault(
      `--${option} takes a whole name, or a prefix that ends in *, not "${filter}": --pattern with "wildcard" takes more`,
    )
  }
  const byName = account !== undefined && !/^\d+\*?$/.test(account)
  return {
    since,
    ...givenOnly({ region, source, detailType, bus }),
    ...(account !== undefined && {
      account: byName ? (await accountBy(hub, account)).awsAccountId : account,
    }),
    ...(pattern !== undefined && { pattern: (await readPattern(pattern)).text.trim() }),
  }
}
