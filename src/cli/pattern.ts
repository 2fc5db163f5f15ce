import type { EventPattern, Explanation } from '@belfry/event-pattern'
import type { Command } from 'commander'

import { action } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { explanationText } from './explanation-text.ts'
import { faultText } from './fault-text.ts'
import { readJsonInput } from './json-input.ts'
import { writeMatching } from './pattern-events.ts'
import { readPattern } from './pattern-input.ts'

interface PatternOptions {
  readonly pattern?: string
  readonly event?: string
  readonly events?: string
}

const NO_MATCH = 1
const STANDARD_INPUT = '-'
const PATTERN_OPTION = '--pattern <pattern>'
const PATTERN_WORDS = 'the event pattern: JSON, a file, or - for standard input'
const EVENT_OPTION = '--event <event>'
const EVENT_WORDS = 'the event: JSON, a file, or - for standard input'

const EXIT_STATUS = `
Asks no hub. Exit status:
  0  match
  1  no match
  2  the pattern or the event is not valid; standard error shows where`

const TEST_HELP = `
Examples:
  belfry pattern test --pattern rule.json --event event.json
  belfry pattern test --pattern '{"source":["aws.ec2"]}' --event - < event.json
  belfry tail --json | jq -c --unbuffered .event |
    belfry pattern test --pattern rule.json --events -
${EXIT_STATUS}`

const EXPLAIN_HELP = `
Examples:
  belfry pattern explain --pattern rule.json --event event.json
  belfry pattern explain --pattern '{"detail":{"state":["running"]}}' --event event.json
  belfry pattern explain --pattern rule.json --event event.json --json | jq -r .summary
${EXIT_STATUS}`

export function addPattern(program: Command): void {
  const pattern = program
    .command('pattern')
    .description('try event patterns without a hub: test, explain')
  addTest(pattern)
  addExplain(pattern)
}

function addTest(pattern: Command): void {
  pattern
    .command('test')
    .description('tell whether an event matches a pattern, or which of many do')
    .option(PATTERN_OPTION, PATTERN_WORDS)
    .option(EVENT_OPTION, EVENT_WORDS)
    .option('--events <file>', 'many events, one a line: writes those that match; a file, or -')
    .addHelpText('after', TEST_HELP)
    .action(
      action<PatternOptions>(async ({ output, options }) => {
        const given = required(options.pattern, PATTERN_OPTION)
        if ((options.event === undefined) === (options.events === undefined)) {
          throw new UsageFault('give either --event, one event, or --events, one a line')
        }
        refuseSharedInput(options)
        const compiled = await readPattern(given)
        if (options.events !== undefined) {
          const isAnyMatching = await writeMatching(compiled, options.events, output)
          if (!isAnyMatching) process.exitCode = NO_MATCH
          return
        }
        const { matches, summary } = await explained(compiled, options.event ?? '')
        await output.show({ matches, summary }, () => summary)
        if (!matches) process.exitCode = NO_MATCH
      }),
    )
}

function addExplain(pattern: Command): void {
  pattern
    .command('explain')
    .description('tell field by field why an event matches a pattern or does not')
    .option(PATTERN_OPTION, PATTERN_WORDS)
    .option(EVENT_OPTION, EVENT_WORDS)
    .addHelpText('after', EXPLAIN_HELP)
    .action(
      action<PatternOptions>(async ({ output, options }) => {
        const given = required(options.pattern, PATTERN_OPTION)
        const event = required(options.event, EVENT_OPTION)
        refuseSharedInput(options)
        const explanation = await explained(await readPattern(given), event)
        await output.show(explanation, () => explanationText(explanation))
        if (!explanation.matches) process.exitCode = NO_MATCH
      }),
    )
}

/** Commander's own check comes before the one for unknown options, which tells more of a slip. */
function required(given: string | undefined, option: string): string {
  if (given === undefined) {
    throw new UsageFault(`required option '${option}' not specified\nSee --help.`)
  }
  return given
}

function refuseSharedInput({ pattern, event, events }: PatternOptions): void {
  if (pattern === STANDARD_INPUT && (event ?? events) === STANDARD_INPUT) {
    throw new UsageFault('only one of the pattern and the event can come from standard input')
  }
}

async function explained(pattern: EventPattern, given: string): Promise<Explanation> {
  const { bytes, origin } = await readJsonInput(given, 'event')
  const explanation = pattern.explain(bytes)
  const { fault } = explanation
  if (fault === undefined) return explanation
  const text = new TextDecoder().decode(bytes)
  throw new UsageFault(faultText({ message: fault.reason, text, origin, fault }))
}
