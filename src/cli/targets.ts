import type { Command } from 'commander'

import { action, givenOnly } from './call.ts'
import { CommandFault, UsageFault } from './cli-faults.ts'
import { readJsonInput, readJsonObject, textOf } from './json-input.ts'
import type { Output } from './output.ts'
import { printable } from './terminal-text.ts'

interface PreviewOptions {
  readonly target?: string
  readonly rule?: string
  readonly targetId?: string
  readonly event?: string
  readonly eventId?: string
}

interface Preview {
  readonly body?: string
  readonly missing?: readonly string[]
  readonly errorCode?: string
  readonly errorMessage?: string
}

const STANDARD_INPUT = '-'

const HELP = `
The target is one that a rule has (--rule and --target-id), or one as put-targets takes it, of which
only Input, InputPath and InputTransformer count: what put-targets refuses is refused here too.
With --rule such a target is shown as one of that rule.

Examples:
  belfry targets preview --event event.json \\
    --target '{"InputTransformer":{"InputPathsMap":{"who":"$.detail.user"},"InputTemplate":"\\"<who> was here\\""}}'
  belfry targets preview --event-id 6a7e8feb-b491-4cf7-a9f1-bf3703467718 \\
    --rule arn:aws:events:eu-west-1:444455556666:rule/findings --target-id hook

Exit status:
  0  the target would be sent what is shown
  1  it would be sent nothing, and standard error says why; or the hub refused
  2  the command was called wrongly`

export function addTargets(program: Command): void {
  const targets = program
    .command('targets')
    .description('show what a target would be sent of an event: preview')
  targets
    .command('preview')
    .description('show what a target would be sent of an event, or why it would be sent nothing')
    .option('--target <target>', 'the target: JSON, a file, or - for standard input')
    .option('--rule <arn>', 'the rule that the target is one of')
    .option('--target-id <id>', 'the id of a target that the rule has')
    .option('--event <event>', 'the event: JSON, a file, or - for standard input')
    .option('--event-id <id>', 'the id of an event that the hub has')
    .addHelpText('after', HELP)
    .action(
      action<PreviewOptions>(async ({ hub, output, options }) => {
        const preview = await hub.post<Preview>('/targets/preview', await requestOf(options))
        const { body, missing, errorCode, errorMessage } = preview
        if (output.json || body !== undefined) {
          await output.show(preview, () => shown(body ?? '', output))
        }
        for (const name of missing ?? []) {
          output.note(`the event has nothing where the path of <${name}> leads`)
        }
        if (body === undefined) {
          throw new CommandFault(`the target would be sent nothing: ${errorCode} ${errorMessage}`)
        }
      }),
    )
}

async function requestOf({ target, rule, targetId, event, eventId }: PreviewOptions) {
  if ((target === undefined) === (targetId === undefined)) {
    throw new UsageFault('say which target: either --target, or --rule and --target-id')
  }
  if (targetId !== undefined && rule === undefined) {
    throw new UsageFault('--target-id is that of a rule: give its ARN with --rule')
  }
  if (rule !== undefined && !rule.startsWith('arn:')) {
    throw new UsageFault(`--rule takes the ARN of a rule, not "${rule}"`)
  }
  if ((event === undefined) === (eventId === undefined)) {
    throw new UsageFault('say which event: either --event or --event-id')
  }
  if (target === STANDARD_INPUT && event === STANDARD_INPUT) {
    throw new UsageFault('only one of the target and the event can come from standard input')
  }
  return givenOnly({
    target: target === undefined ? undefined : await readJsonObject(target, 'target'),
    ruleArn: rule,
    targetId,
    // As it is written: the numbers in it are not to change.
    event: event === undefined ? undefined : textOf(await readJsonInput(event, 'event'), 'event'),
    eventId,
  })
}

/** To a file or a program it goes as it would to the target; a terminal does as it is told. */
function shown(body: string, { width }: Output): string {
  return Number.isFinite(width) ? body.split('\n').map(printable).join('\n') : body
}
