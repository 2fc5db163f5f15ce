import type { Explanation } from '@belfry/event-pattern'
import type { Command } from 'commander'

import { action } from './call.ts'
import { eventPath } from './api-path.ts'
import { explanationText } from './explanation-text.ts'
import { fields } from './output.ts'
import { deliveriesText } from './traced-delivery.ts'
import type { TracedDelivery } from './traced-delivery.ts'
import { localMoment } from './terminal-text.ts'

interface Why {
  readonly ruleArn: string
  readonly state: string
  readonly changedSince?: boolean
  readonly bus: string
  readonly acceptedAt: number
  readonly routed: boolean
  readonly archives?: boolean
  readonly explanation: Explanation
  readonly deliveries: readonly TracedDelivery[]
}

const NO_MATCH = 1

const HELP = `
The rule is judged as it is now; what was delivered is told as it was. A notification has a rule on
the bus of the tenancy's events: its name says which as well as the rule's.

Examples:
  belfry why orders 6a7e8feb-b491-4cf7-a9f1-bf3703467718
  belfry why arn:aws:events:eu-west-1:111122223333:rule/orders 6a7e8feb-b491-4cf7-a9f1-bf3703467718
  belfry why "Platform costs" 6a7e8feb-b491-4cf7-a9f1-bf3703467718

Exit status:
  0  the rule matches
  1  it does not`

export function addWhy(program: Command): void {
  program
    .command('why')
    .description('tell why a rule takes an event or does not, and what came of it')
    .argument('<rule>', 'name or ARN of the rule, or name or id of a notification')
    .argument('<event-id>', 'the whole id of the event')
    .addHelpText('after', HELP)
    .action(
      action(async ({ hub, output }, rule: string, id: string) => {
        const why = await hub.get<Why>(eventPath(id, '/why'), { rule })
        await output.show(why, () => whyText(why))
        if (!why.explanation.matches) process.exitCode = NO_MATCH
      }),
    )
}

function whyText(why: Why): string {
  const { ruleArn, state, bus, acceptedAt, explanation, deliveries } = why
  const about = fields({ rule: ruleArn, state, bus, accepted: localMoment(acceptedAt) })
  const outcome = outcomeText(why)
  const made = deliveries.length > 0 ? [deliveriesText(deliveries)] : []
  return [about, explanationText(explanation), outcome, ...made].join('\n\n')
}

function outcomeText(why: Why): string {
  const { routed, archives, state, changedSince, explanation, deliveries } = why
  if (!routed) return 'Routing has yet to come to the event.'
  if (deliveries.length > 0) return 'The rule took the event:'
  if (!explanation.matches) return 'The rule did not take the event.'
  if (archives === true) return 'The rule is that of an archive, which keeps what it matches.'
  if (state !== 'ENABLED') return 'The rule would match the event, and is disabled.'
  return changedSince === true
    ? 'The rule matches the event as it is now, and did not take it: it was made or changed after the event came.'
    : 'The rule matches the event and did not take it: it had no target when the event came, or a replay sent the event to other rules.'
}
