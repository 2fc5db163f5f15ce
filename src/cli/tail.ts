import { Option } from 'commander'
import type { Command } from 'commander'

import { action, wholeNumber } from './call.ts'
import { eventFilter, withEventFilter } from './event-filter.ts'
import type { EventFilterOptions } from './event-filter.ts'
import { createLinePrinter, withLineOptions } from './event-lines.ts'
import type { LineOptions } from './event-lines.ts'
import { followStream } from './follow-stream.ts'
import { styled } from './output.ts'
import type { StreamMessage } from './tail-line.ts'

interface TailOptions extends EventFilterOptions, LineOptions {
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
  const command = program.command('tail').description('follow events live, one line each')
  withLineOptions(withEventFilter(command))
    .addOption(
      new Option('--since <point>', 'where to begin').choices(['now', 'start']).default('now'),
    )
    .option('--count <number>', 'stop after so many events', wholeNumber(1))
    .addHelpText('after', EXAMPLES)
    .action(
      action<TailOptions>(async ({ hub, output, options }) => {
        const query = { since: options.since, ...(await eventFilter(hub, options)) }
        const printLine = createLinePrinter(hub, output, options)
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
