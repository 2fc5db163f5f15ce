import type { Command } from 'commander'

import { parseBusArn } from '#src/model/arn.ts'
import { createAccountNames } from './account-names.ts'
import { action } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { explainedText } from './explained-text.ts'
import type { FoundEvent } from './explained-text.ts'
import type { HubClient } from './hub-client.ts'
import { clipped } from './terminal-text.ts'

interface Found {
  readonly events: readonly FoundEvent[]
  readonly more: boolean
}

/** What a path of the API cannot name as an event. */
const NO_EVENT_ID = /^(|\.|\.\.|stream)$/
/** What the hub takes. */
const EVENT_ID_CHARACTERS_MAX = 256
const SHOWN_CHARACTERS_MAX = 64

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
        const answer = await foundText(hub, id)
        // As the hub wrote it: numbers of events stay as they were written.
        if (output.json) return output.line(answer)
        const { events, more } = JSON.parse(answer) as Found
        const accountNames = await accountNamesOf(hub, events)
        await output.line(explainedText(events, { accountNames, width: output.width }))
        if (more) output.note('there are older events of this id that are not shown')
      }),
    )
}

async function foundText(hub: HubClient, id: string): Promise<string> {
  if (NO_EVENT_ID.test(id)) throw new UsageFault(`"${id}" is not the id of an event`)
  if (id.length > EVENT_ID_CHARACTERS_MAX) {
    throw new UsageFault(
      `"${clipped(id, SHOWN_CHARACTERS_MAX)}" is not the id of an event: it has more than ${EVENT_ID_CHARACTERS_MAX} characters`,
    )
  }
  return hub.text(`/events/${encodeURIComponent(id)}`)
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
