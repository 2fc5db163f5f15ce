import { Option } from 'commander'
import type { Command } from 'commander'

import { action, givenOnly, wholeNumber } from './call.ts'
import { eventFilter, withEventFilter } from './event-filter.ts'
import type { EventFilterOptions } from './event-filter.ts'
import { createLinePrinter, withLineOptions } from './event-lines.ts'
import type { LineOptions } from './event-lines.ts'
import { styled } from './output.ts'
import { periodQuery, withPeriod } from './period.ts'
import type { PeriodOptions } from './period.ts'
import type { StreamMessage } from './tail-line.ts'
import { localMoment } from './terminal-text.ts'

interface SearchOptions extends PeriodOptions, EventFilterOptions, LineOptions {
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
  belfry search --since 1h --status unmatched --ids
  belfry search i-0123456789abcdef0
  belfry search --source aws.ec2 --pattern '{"detail":{"state":["terminated"]}}' --json`

export function addSearch(program: Command): void {
  const command = program
    .command('search')
    .description('search the events of the past')
    .argument('[text]', 'anywhere in the event, in any case of its letters')
  withLineOptions(withEventFilter(withPeriod(command)))
    .addOption(
      new Option('--status <status>', 'how one of its deliveries stands').choices(STATUSES),
    )
    .option('--limit <number>', 'how many at most', wholeNumber(1), LIMIT_DEFAULT)
    .addHelpText('after', HELP)
    .action(
      action<SearchOptions>(async ({ hub, output, options }, text: string | undefined) => {
        const query = {
          ...periodQuery(options),
          ...(await eventFilter(hub, options)),
          ...givenOnly({ text, status: options.status?.toUpperCase() }),
        }
        const printLine = createLinePrinter(hub, output, options)
        const { limit } = options
        let left = limit
        let nextToken: string | undefined
        do {
          const asked = { ...query, limit: Math.min(left, PAGE_MAX), ...givenOnly({ nextToken }) }
          const page = await hub.get<Page>('/events', asked)
          for (const item of page.items) {
            await (output.json ? output.line(JSON.stringify(item)) : printLine(item))
          }
          left -= page.items.length
          ;({ nextToken } = page)
          if (nextToken !== undefined && left > 0) {
            output.note(styled('dim', `searched back to ${localMoment(page.searchedTo)}`))
          }
        } while (nextToken !== undefined && left > 0)
        if (left === limit && nextToken === undefined) output.note('no such events')
        if (nextToken !== undefined) {
          output.note(styled('dim', `there may be more: --limit ${limit * 10}`))
        }
      }),
    )
}
