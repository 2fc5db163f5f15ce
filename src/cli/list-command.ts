import type { Command } from 'commander'

import { action } from './call.ts'
import type { HubClient } from './hub-client.ts'
import { table } from './output.ts'
import type { Column } from './output.ts'
import { organisationColumns, organisationFilter } from './references.ts'

interface ListCommand<T> {
  /** Of the API. */
  readonly path: string
  readonly description: string
  /** What is said where there are none. */
  readonly none: string
  /** What they say may have to be looked up. */
  readonly columns: readonly Column<T>[] | ((hub: HubClient) => Promise<readonly Column<T>[]>)
  /** Behind the one that tells organisations apart. */
  readonly lastColumns?: readonly Column<T>[]
}

/** Adds the command that lists all of what organisations have of one kind. */
export function addListCommand<T extends { readonly organisationId?: string }>(
  things: Command,
  { path, description, none, columns, lastColumns = [] }: ListCommand<T>,
): void {
  things
    .command('list')
    .description(description)
    .option('--organisation <organisation>', 'only of this one: id or alias')
    .action(
      action<{ organisation?: string }>(async ({ hub, output, options }) => {
        const organisationId = await organisationFilter(hub, options.organisation)
        const all = await hub.listAll<T>(path, { organisationId })
        const own = typeof columns === 'function' ? await columns(hub) : columns
        const whose = await organisationColumns<T>(hub)
        await output.show(all, () =>
          all.length === 0 ? none : table(all, [...own, ...whose, ...lastColumns], output.width),
        )
      }),
    )
}
