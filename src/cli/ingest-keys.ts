import type { Command } from 'commander'

import type { IngestKey } from '#src/model/tenancy.ts'
import { action } from './call.ts'
import { addListCommand } from './list-command.ts'
import { fields } from './output.ts'
import type { Column } from './output.ts'
import { ingestKeyBy, organisationBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

export type CreatedIngestKey = IngestKey & { readonly key: string }

export function addIngestKeys(program: Command): void {
  const keys = program
    .command('ingest-keys')
    .description('list, create, delete keys for POST /ingest/aws')

  addListCommand<IngestKey>(keys, {
    path: '/ingest-keys',
    description: 'list ingest keys',
    none: 'no ingest keys: make one with "belfry ingest-keys create"',
    columns: COLUMNS,
  })

  keys
    .command('create')
    .description('create an ingest key; it is shown once')
    .argument('<name>', '2 to 64 letters, digits, dots, dashes and underscores')
    .option('--organisation <organisation>', 'whose accounts it sends events for: id or alias')
    .action(
      action<{ organisation?: string }>(async ({ hub, output, options }, name: string) => {
        const { id } = await organisationBy(hub, options.organisation)
        const key = await hub.post<CreatedIngestKey>('/ingest-keys', { organisationId: id, name })
        await output.show(key, () => createdText(hub.url, key))
      }),
    )

  keys
    .command('delete')
    .description('delete an ingest key: what is sent with it is refused from then on')
    .argument('<key>', 'name or id')
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, name } = await ingestKeyBy(hub, reference)
        await hub.delete(`/ingest-keys/${id}`)
        await output.show({ deleted: id }, () => `deleted the ingest key "${name}"`)
      }),
    )
}

function createdText(url: string, { name, id, key }: CreatedIngestKey): string {
  return `${fields(
    {
      'ingest key': name,
      id,
      'key (shown once)': key,
    },
    { 'ingest key': 'cyan', 'key (shown once)': 'yellow' },
  )}

Send one AWS event, or an array of them:

  curl ${url}/ingest/aws -H 'x-api-key: ${key}' --data-binary @event.json
`
}

const COLUMNS: readonly Column<IngestKey>[] = [
  { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'ID', text: ({ id }) => id },
  { title: 'CREATED', text: ({ createdAt }) => localMoment(createdAt), style: () => 'dim' },
]
