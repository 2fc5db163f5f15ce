import type { Command } from 'commander'

import type { EventSource } from '#src/model/event-source.ts'
import { action, givenOnly } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { addListCommand } from './list-command.ts'
import { fields } from './output.ts'
import type { Column } from './output.ts'
import { readPattern } from './pattern-input.ts'
import { ACCOUNT_REFERENCE, accountBy, eventSourceBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

const REFERENCE = 'its name, the last part of it, or its id'
const PATTERN = 'only events that match this event pattern: JSON, a file, or - for standard input'

export function addEventSources(program: Command): void {
  const sources = program
    .command('event-sources')
    .description("list, show, create, update, delete partner event sources of the tenancy's events")
    .addHelpText(
      'after',
      `
The logging account has one of its own. Others may be offered to any account, which takes the
events by making an event bus of the same name:

  belfry event-sources create audit --account security
  aws events create-event-bus --profile security \\
    --name <event source> --event-source-name <event source>`,
    )

  addListCommand<EventSource>(sources, {
    path: '/event-sources',
    description: 'list partner event sources',
    none: 'no event sources but the logging account\'s own: make one with "belfry event-sources create"',
    columns: COLUMNS,
  })

  sources
    .command('show')
    .description('show a partner event source')
    .argument('<event-source>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const source = await eventSourceBy(hub, reference)
        await output.show(source, () => shown(source))
      }),
    )

  addCreate(sources)
  addUpdate(sources)

  sources
    .command('delete')
    .description('delete a partner event source; its event bus stays, and gets nothing more')
    .argument('<event-source>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, name } = await eventSourceBy(hub, reference)
        await hub.delete(`/event-sources/${id}`)
        await output.show({ deleted: id }, () => `deleted the event source "${name}"`)
      }),
    )
}

function addCreate(sources: Command): void {
  sources
    .command('create')
    .description("offer the tenancy's events to an account")
    .argument('<label>', 'last part of its name: letters, digits, dots, dashes and underscores')
    .requiredOption('--account <account>', `whom: ${ACCOUNT_REFERENCE}`)
    .option('--region <region>', 'where (default: the installation region)')
    .option('--pattern <pattern>', PATTERN)
    .action(
      action<{ account: string; region?: string; pattern?: string }>(
        async ({ hub, output, options }, label: string) => {
          const { awsAccountId } = await accountBy(hub, options.account)
          const { region } = options
          const eventPattern = await patternText(options.pattern)
          const source = await hub.post<EventSource>('/event-sources', {
            awsAccountId,
            label,
            ...givenOnly({ region, eventPattern }),
          })
          await output.show(source, () => shown(source))
        },
      ),
    )
}

function addUpdate(sources: Command): void {
  sources
    .command('update')
    .description('change which events a partner event source sends')
    .argument('<event-source>', REFERENCE)
    .option('--pattern <pattern>', PATTERN)
    .option('--all-events', 'all events')
    .action(
      action<{ pattern?: string; allEvents?: boolean }>(
        async ({ hub, output, options }, reference: string) => {
          if ((options.pattern === undefined) === (options.allEvents === undefined)) {
            throw new UsageFault('say which events: give either --pattern or --all-events')
          }
          const { id } = await eventSourceBy(hub, reference)
          const eventPattern = (await patternText(options.pattern)) ?? null
          const source = await hub.patch<EventSource>(`/event-sources/${id}`, { eventPattern })
          await output.show(source, () => shown(source))
        },
      ),
    )
}

async function patternText(given: string | undefined): Promise<string | undefined> {
  return given === undefined ? undefined : (await readPattern(given)).text
}

const COLUMNS: readonly Column<EventSource>[] = [
  { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'REGION', text: ({ region }) => region },
  {
    title: 'STATE',
    text: ({ state }) => state,
    style: ({ state }) => (state === 'ACTIVE' ? 'green' : 'yellow'),
  },
  { title: 'EVENTS', text: ({ eventPattern }) => eventPattern ?? 'all', optional: true },
]

function shown(source: EventSource): string {
  const { name, region, awsAccountId, state } = source
  const facts = fields(
    {
      'event source': name,
      account: awsAccountId,
      region,
      state,
      events: source.eventPattern ?? 'all',
      created: localMoment(source.createdAt),
      id: source.id,
    },
    { 'event source': 'cyan' },
  )
  if (state === 'ACTIVE') return facts
  return `${facts}

The account takes its events by making an event bus for it:

  aws events create-event-bus --region ${region} --name ${name} \\
    --event-source-name ${name}
`
}
