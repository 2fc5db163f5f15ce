import type { Command } from 'commander'

import { action, commaSeparated } from './call.ts'
import { CommandFault, UsageFault } from './cli-faults.ts'
import { createLinePrinter } from './event-lines.ts'
import type { HubClient } from './hub-client.ts'
import { styled, table } from './output.ts'
import { readPattern } from './pattern-input.ts'
import { periodQuery, withPeriod } from './period.ts'
import type { PeriodOptions } from './period.ts'
import { createProgress } from './progress.ts'
import type { Progress } from './progress.ts'
import type { StreamMessage } from './tail-line.ts'
import { counted, localMoment } from './terminal-text.ts'

interface BacktestOptions extends PeriodOptions {
  readonly pattern: string
  readonly bus?: readonly string[]
}

interface Count {
  readonly from: number
  readonly searched: number
  readonly matched: number
}

interface Result {
  readonly searched: number
  readonly matched: number
  readonly counts: readonly Count[]
}

interface Backtest extends Result {
  readonly samples: readonly StreamMessage[]
}

interface Reached {
  readonly reached: number
  readonly to: number
}

interface Fault {
  readonly message: string
}

type Line =
  | ({ readonly type: 'progress' } & Reached)
  | ({ readonly type: 'sample' } & StreamMessage)
  | ({ readonly type: 'result' } & Result)
  | ({ readonly type: 'fault' } & Fault)

const PERCENT = 100
const BAR_WIDTH = 40

const HELP = `
Matches the pattern against the events that the hub keeps, and delivers nothing.

Examples:
  belfry rules backtest --pattern rule.json --since 7d
  belfry rules backtest --pattern '{"source":["aws.ec2"]}' --since 1h --json

Rules on resources are others: "belfry compliance rules --help".`

export function addRules(program: Command): void {
  const rules = program.command('rules').description('try rules on the events of the past')
  pointToComplianceRules(rules)
  withPeriod(
    rules
      .command('backtest')
      .description('tell what a rule would have matched, over time and with samples')
      .requiredOption('--pattern <pattern>', 'the event pattern: JSON, a file, or -')
      .option('--bus <arns>', 'only events on these event buses', commaSeparated),
  )
    .addHelpText('after', HELP)
    .action(
      action<BacktestOptions>(async ({ hub, output, options }) => {
        const pattern = (await readPattern(options.pattern)).text.trim()
        const buses = options.bus === undefined ? {} : { buses: options.bus }
        const asked = { pattern, ...periodQuery(options), ...buses }
        const { samples, ...result } = await backtested(hub, asked)
        await output.show({ ...result, samples }, () => countsText(result))
        if (output.json || samples.length === 0) return
        const printLine = createLinePrinter(hub, output)
        await output.line(styled('bold', '\nSamples'))
        for (const sample of samples) await printLine(sample)
      }),
    )
}

/** Rules are of events here, and of resources elsewhere: who looks for those is told where. */
function pointToComplianceRules(rules: Command): void {
  rules
    .command('test', { hidden: true })
    .argument('[file...]')
    .allowUnknownOption()
    .action(() => {
      throw new UsageFault(
        'rules on resources are tested by "belfry compliance rules test <file>"; what a rule on events would have matched, "belfry rules backtest" tells',
      )
    })
}

/** Follows a backtest to its end. */
async function backtested(hub: HubClient, asked: object): Promise<Backtest> {
  const samples: StreamMessage[] = []
  let progress: Progress | undefined
  let begunAt: number | undefined
  try {
    for await (const text of hub.postLines('/rules/backtest', asked)) {
      const { type, ...line } = JSON.parse(text) as Line
      if (type === 'fault') throw new CommandFault((line as Fault).message)
      if (type === 'sample') samples.push(line as StreamMessage)
      if (type === 'result') return { ...(line as Result), samples }
      if (type !== 'progress') continue
      const { reached, to } = line as Reached
      begunAt ??= reached
      progress ??= createProgress('percent', PERCENT)
      progress.update(Math.floor(((reached - begunAt) / Math.max(1, to - begunAt)) * PERCENT))
    }
  } finally {
    progress?.stop()
  }
  throw new CommandFault('the hub broke the backtest off')
}

function countsText({ searched, matched, counts }: Result): string {
  const head = `${counted(matched, 'event')} of ${searched.toLocaleString('en')} would have matched`
  if (searched === 0) return head
  const most = Math.max(1, ...counts.map((count) => count.matched))
  const rows = table(counts, [
    { title: 'FROM', text: ({ from }) => localMoment(from) },
    { title: 'EVENTS', text: (count) => String(count.searched), align: 'right' },
    { title: 'MATCHED', text: (count) => String(count.matched), align: 'right' },
    { title: '', text: (count) => '█'.repeat(Math.ceil((count.matched / most) * BAR_WIDTH)) },
  ])
  return `${styled('bold', head)}\n\n${rows}`
}
