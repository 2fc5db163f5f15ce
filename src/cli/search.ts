import { Option } from 'commander'
import type { Command } from 'commander'

import { action, givenOnly, wholeNumber } from './call.ts'
import { createLinePrinter } from './event-lines.ts'
import type { HubClient, Query } from './hub-client.ts'
import { styled } from './output.ts'
import { readPattern } from './pattern-input.ts'
import { periodQuery, withPeriod } from './period.ts'
import type { PeriodOptions } from './period.ts'
import { ACCOUNT_REFERENCE, accountBy } from './references.ts'
import type { StreamMessage } from './tail-line.ts'
import { localMoment } from './terminal-text.ts'

interface SearchOptions extends PeriodOptions {
  readonly account?: string
  readonly region?: string
  readonly source?: string
  readonly detailType?: string
  readonly bus?: string
  readonly pattern?: string
  readonly status?: string
  readonly limit: number
}

interface Page {
  readonly items: readonly StreamMessage[]
  readonly searchedTo: number
  readonly nextToken?: string
}

const LIMIT_DEFAULT = 50
const PAGE_MAX = 1_000
const STATUSES = ['delivered', 'pending', 'dead', 'unmatched']

const HELP = `
The newest first. How long events are kept is the hub's --history-days.

Examples:
  belfry search --since 1h --status unmatched
  belfry search i-0123456789abcdef0
  belfry search --source aws.ec2 --pattern '{"detail":{"state":["terminated"]}}' --json`

export function addSearch(program: Command): void {
  withPeriod(
    program
      .command('search')
      .description('search the events of the past')
      .argument('[text]', 'anywhere in the event, in any case of its letters'),
  )
    .option('--account <account>', `only events that came from this account: ${ACCOUNT_REFERENCE}`)
    .option('--region <region>', 'only of this region')
    .option('--source <source>', 'only of this source')
    .option('--detail-type <type>', 'only of this detail type')
    .option('--bus <arn>', 'only on the event bus with this ARN')
    .option('--pattern <pattern>', 'only what this event pattern matches: JSON, a file, or -')
    .addOption(
      new Option('--status <status>', 'how one of its deliveries stands').choices(STATUSES),
    )
    .option('--limit <number>', 'how many at most', wholeNumber(1), LIMIT_DEFAULT)
    .addHelpText('after', HELP)
    .action(
      action<SearchOptions>(async ({ hub, output, options }, text: string | undefined) => {
        const query = { ...(await queryOf(hub, options)), ...givenOnly({ text }) }
        const printLine = createLinePrinter(hub, output)
        let left = options.limit
        let nextToken: string | undefined
        do {
          const asked = { ...query, limit: Math.min(left, PAGE_MAX), ...givenOnly({ nextToken }) }
          const page = exactly(await hub.text('/events', asked)) as Page
          for (const item of page.items) {
            await (output.json ? output.line(JSON.stringify(item)) : printLine(item))
          }
          left -= page.items.length
          ;({ nextToken } = page)
          if (nextToken !== undefined && left > 0) {
            output.note(styled('dim', `searched back to ${localMoment(page.searchedTo)}`))
          }
        } while (nextToken !== undefined && left > 0)
        if (nextToken !== undefined) {
          output.note(styled('dim', `there may be more: --limit ${options.limit * 10}`))
        }
      }),
    )
}

async function queryOf(hub: HubClient, options: SearchOptions): Promise<Query> {
  const { account, region, source, detailType, bus, pattern, status } = options
  return {
    ...periodQuery(options),
    ...givenOnly({ region, source, detailType, bus }),
    ...(account !== undefined && { account: (await accountBy(hub, account)).awsAccountId }),
    ...(pattern !== undefined && { pattern: (await readPattern(pattern)).text.trim() }),
    ...(status !== undefined && { status: status.toUpperCase() }),
  }
}

/** Parts of ECMAScript's JSON since 2025, of Node since 22, that TypeScript does not know yet. */
const { parse, rawJSON: rawJson } = JSON as unknown as {
  parse: (
    text: string,
    revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ) => unknown
  rawJSON: (source: string) => object
}

/** JSON whose numbers are written again as they were read. */
function exactly(json: string): unknown {
  return parse(json, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source
      ? rawJson(source)
      : value,
  )
}
