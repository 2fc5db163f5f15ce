import { styleText } from 'node:util'

import type { Command } from 'commander'

import type { CatalogueEntry, WholeCatalogueEntry } from '#src/model/catalogue/catalogue-entry.ts'
import type { Provenance } from '#src/model/catalogue/event-type.ts'
import { pathOf } from './api-path.ts'
import { action } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { fields, table } from './output.ts'
import type { Column, Style } from './output.ts'

const NAME = 'of an event, such as AccountCreateEvent'

const HELP = `
Examples:
  belfry catalogue list --category Security
  belfry catalogue types > tenancy-events.ts
  belfry catalogue show VpcCreateEvent --json | jq .eventPattern
The same for people: <address of the hub>/catalogue`

export function addCatalogue(program: Command): void {
  const catalogue = program
    .command('catalogue')
    .description('what tenancy events there are: list, show, schema, types')
    .addHelpText('after', HELP)

  catalogue
    .command('list')
    .description('list the types of tenancy events')
    .option('--category <category>', 'only of this one, such as Security')
    .action(
      action<{ category?: string }>(async ({ hub, output, options }) => {
        const { items } = await hub.get<{ items: readonly CatalogueEntry[] }>('/catalogue')
        const { category } = options
        const wanted = category?.toLowerCase()
        const shown = items.filter(
          (entry) => wanted === undefined || entry.category.toLowerCase() === wanted,
        )
        if (shown.length === 0) {
          throw new UsageFault(`no category "${category}": there are ${categoriesOf(items)}`)
        }
        await output.show(shown, () => table(shown, COLUMNS, output.width))
      }),
    )

  catalogue
    .command('show')
    .description('show a type of tenancy event, with an example')
    .argument('<name>', NAME)
    .action(
      action(async ({ hub, output }, name: string) => {
        const entry = await entryOf(hub, name)
        await output.show(entry, () => entryText(entry))
      }),
    )

  catalogue
    .command('schema')
    .description('write the JSON Schema of a type of tenancy event')
    .argument('<name>', NAME)
    .action(
      action(async ({ hub, output }, name: string) => {
        const { schema } = await entryOf(hub, name)
        await output.line(JSON.stringify(schema, undefined, 2))
      }),
    )

  catalogue
    .command('types')
    .description('write TypeScript types of all tenancy events')
    .action(
      action(async ({ hub, output }) => {
        await output.line((await hub.text('/catalogue/types.ts')).trimEnd())
      }),
    )
}

function entryOf(hub: HubClient, name: string): Promise<WholeCatalogueEntry> {
  return hub.get(pathOf('/catalogue', name))
}

function categoriesOf(entries: readonly CatalogueEntry[]): string {
  return [...new Set(entries.map(({ category }) => category))].join(', ')
}

function entryText(entry: WholeCatalogueEntry): string {
  const { name, summary, detailType, version, provenance, causes, example, eventPattern } = entry
  const { properties, required } = entry.fieldsSchema as {
    readonly properties: object
    readonly required: readonly string[]
  }
  const given = Object.keys(properties).map((field) =>
    required.includes(field) ? field : `${field}?`,
  )
  const head = fields(
    {
      event: name,
      'detail type': detailType,
      'what happened': summary,
      version,
      provenance,
      'caused by': causes.map(causeText).join('; '),
      fields: given.join(', '),
      'event pattern': JSON.stringify(eventPattern),
    },
    { event: 'cyan' },
  )
  return `${head}\n\n${styleText('bold', 'example')}\n${JSON.stringify(example, undefined, 2)}`
}

function causeText({ action: cause, permission }: CatalogueEntry['causes'][number]): string {
  return permission === undefined ? cause : `${cause} (${permission})`
}

const PROVENANCE_STYLES: Readonly<Record<Provenance, Style>> = {
  published: 'green',
  'partly-published': 'yellow',
  ours: 'dim',
}

const COLUMNS: readonly Column<CatalogueEntry>[] = [
  { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'CATEGORY', text: ({ category }) => category },
  { title: 'V', text: ({ version }) => version },
  {
    title: 'PROVENANCE',
    text: ({ provenance }) => provenance,
    style: ({ provenance }) => PROVENANCE_STYLES[provenance],
  },
  { title: 'WHAT HAPPENED', text: ({ summary }) => summary, optional: true },
]
