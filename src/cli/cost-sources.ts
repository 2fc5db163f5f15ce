import type { Command } from 'commander'

import type { CostImport } from '#src/model/cost-import.ts'
import type { CostSource } from '#src/model/cost-source.ts'
import { action, commaSeparated, givenOnly, hours } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { isBucketUrl, placeIn, placeText, withPlaceOptions } from './cost-place.ts'
import type { PlaceOptions } from './cost-place.ts'
import { addListCommand } from './list-command.ts'
import { fields } from './output.ts'
import type { Column } from './output.ts'
import { costSourceBy, organisationBy } from './references.ts'
import { counted, localMoment } from './terminal-text.ts'

const REFERENCE = 'its export or id'
const HELP = `
A source is read at once and then every few hours (6 where not said otherwise); what did not change is not
read again.

  belfry costs sources create s3://acme-bills/exports --export focus
  belfry costs sources update focus --every 12
  belfry costs sources read focus`

export function addCostSources(costs: Command): void {
  const sources = costs
    .command('sources')
    .description('list, show, create, update, delete what costs are read from again and again')
    .addHelpText('after', HELP)
  addShowing(sources)
  addChanging(sources)
  sources
    .command('read')
    .description('read a source before its time')
    .argument('<source>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, exportName } = await costSourceBy(hub, reference)
        const begun = await hub.post<CostImport>(`/cost-sources/${id}/read`)
        await output.show(
          begun,
          () => `reading ${exportName}: see "belfry costs imports ${begun.id}"`,
        )
      }),
    )
  sources
    .command('delete')
    .description('read a source no more; the costs that it brought stay')
    .argument('<source>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, exportName } = await costSourceBy(hub, reference)
        await hub.delete(`/cost-sources/${id}`)
        await output.show({ deleted: id }, () => `deleted the cost source of ${exportName}`)
      }),
    )
}

function addShowing(sources: Command): void {
  addListCommand<CostSource>(sources, {
    path: '/cost-sources',
    description: 'list cost sources, with what became of the last read',
    none: 'no cost sources: make one with "belfry costs sources create"',
    columns: COLUMNS,
  })
  sources
    .command('show')
    .description('show a cost source, with what became of the last read')
    .argument('<source>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const source = await costSourceBy(hub, reference)
        await output.show(source, () => shown(source))
      }),
    )
}

interface SourceOptions extends PlaceOptions {
  readonly every?: number
  readonly tagKey?: readonly string[]
}

function addChanging(sources: Command): void {
  withSourceOptions(
    sources
      .command('create')
      .description('read an export in S3, or in a folder of the hub, again and again')
      .argument('[url]', 'such as s3://bucket/prefix')
      .requiredOption('--export <name>', 'whose billing periods it restates')
      .option('--organisation <organisation>', 'whose costs: id or alias'),
  ).action(
    action<SourceOptions & { export: string; organisation?: string }>(
      async ({ hub, output, options }, url?: string) => {
        const from = sourcePlace(url, options)
        if (from === undefined) {
          throw new UsageFault('name a URL such as s3://bucket/prefix, or a folder with --folder')
        }
        const { every: readEveryHours, tagKey: tagKeys } = options
        const created = await hub.post<CostSource>('/cost-sources', {
          organisationId: (await organisationBy(hub, options.organisation)).id,
          exportName: options.export,
          from,
          ...givenOnly({ readEveryHours, tagKeys }),
        })
        await output.show(created, () => shown(created))
      },
    ),
  )
  withSourceOptions(
    sources
      .command('update')
      .description('read a source from elsewhere, or at other times')
      .argument('<source>', REFERENCE)
      .argument('[url]', 'such as s3://bucket/prefix'),
  ).action(
    action<SourceOptions>(async ({ hub, output, options }, reference: string, url?: string) => {
      const { every: readEveryHours, tagKey: tagKeys } = options
      const change = givenOnly({ from: sourcePlace(url, options), readEveryHours, tagKeys })
      if (Object.keys(change).length === 0) {
        throw new UsageFault('name what is to change: a URL, --folder, --every or --tag-key')
      }
      const { id } = await costSourceBy(hub, reference)
      const updated = await hub.patch<CostSource>(`/cost-sources/${id}`, change)
      await output.show(updated, () => shown(updated))
    }),
  )
}

function withSourceOptions(command: Command): Command {
  return withPlaceOptions(command)
    .option('--every <hours>', 'how often it is read (default: 6)', hours)
    .option('--tag-key <keys>', 'tell costs apart by these tag keys only', commaSeparated)
}

function sourcePlace(url: string | undefined, options: PlaceOptions) {
  if (url !== undefined && !isBucketUrl(url)) {
    throw new UsageFault(
      `"${url}" is no URL such as s3://bucket/prefix: files are read with "belfry costs import"`,
    )
  }
  return placeIn(url, options)
}

const COLUMNS: readonly Column<CostSource>[] = [
  { title: 'EXPORT', text: ({ exportName }) => exportName, style: () => 'cyan' },
  { title: 'FROM', text: ({ from }) => placeText(from) },
  { title: 'EVERY', text: ({ readEveryHours }) => `${readEveryHours} h`, align: 'right' },
  {
    title: 'LAST READ',
    text: ({ last }) => (last === undefined ? '' : localMoment(last.startedAt)),
  },
  { title: 'RESULT', text: lastText },
  { title: 'ID', text: ({ id }) => id, style: () => 'dim', optional: true },
]

function lastText({ last }: CostSource): string {
  if (last === undefined) return 'not read yet'
  const { status, error, rowsRead } = last
  if (error !== undefined) return `${status}: ${error}`
  return rowsRead === undefined ? status : `${status}: ${counted(rowsRead, 'row')}`
}

function shown(source: CostSource): string {
  const { exportName, from, tagKeys, readEveryHours, nextReadAt, last, id } = source
  return fields(
    {
      export: exportName,
      from: placeText(from),
      ...(tagKeys !== undefined && { tags: tagKeys.join(', ') }),
      every: counted(readEveryHours, 'hour'),
      next: localMoment(nextReadAt),
      ...(last !== undefined && { read: localMoment(last.startedAt) }),
      result: lastText(source),
      id,
    },
    { export: 'cyan' },
  )
}
