import type { Command } from 'commander'

import { parseBusArn } from '#src/model/arn.ts'
import { createAccountNames } from './account-names.ts'
import { action } from './call.ts'
import { eventPath } from './api-path.ts'
import { explainedText } from './explained-text.ts'
import type { FoundEvent } from './explained-text.ts'
import type { HubClient } from './hub-client.ts'

interface Found {
  readonly events: readonly FoundEvent[]
  readonly more: boolean
}

const HELP = `
The id is that of the event's envelope: "belfry tail --json | jq -r .event.id" shows it, and so do
"belfry dead-letters show" and every target. One event has the same id on every bus that it reached.
A tenancy event is found by the eventId that "belfry emit" answered, too.

Who did it comes with how that was found out, and how far to trust it:
  certain  AWS says so
  likely   names that others gave agree, such as an IAM user's with a user's e-mail
  claimed  the caller chose the name, such as that of a role session

Example:
  belfry explain 6a7e8feb-b491-4cf7-a9f1-bf3703467718`

export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('show an event: what happened, where, and who did it')
    .argument('<event-id>', 'the whole id of the event')
    .addHelpText('after', HELP)
    .action(
      action(async ({ hub, output }, id: string) => {
        const answer = await hub.text(eventPath(id))
        // As the hub wrote it: numbers of events stay as they were written.
        if (output.json) return output.line(answer)
        const { events, more } = JSON.parse(answer) as Found
        const accountNames = await accountNamesOf(hub, events)
        await output.line(explainedText(events, { accountNames, width: output.width }))
        if (more) output.note('there are older events of this id that are not shown')
      }),
    )
}

/** The names of the accounts that the buses are in. */
async function accountNamesOf(
  hub: HubClient,
  events: readonly FoundEvent[],
): Promise<ReadonlyMap<string, string>> {
  const names = createAccountNames(hub)
  const known = new Map<string, string>()
  for (const { bus } of events) {
    const account = parseBusArn(bus)?.account ?? ''
    const name = await names.nameOf(account)
    if (name !== undefined) known.set(account, name)
  }
  return known
}
