import type { Command } from 'commander'

import type { Organisation } from '#src/model/tenancy.ts'
import { action, commaSeparated, givenOnly } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { addDiscovery } from './discovery.ts'
import { fields, table } from './output.ts'
import type { Column } from './output.ts'
import { organisationBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

const REGIONS_SHOWN = 3

export function addOrganisations(program: Command): void {
  const organisations = program
    .command('organisations')
    .description('list, show, create, update organisations, and set up discovery')

  organisations
    .command('list')
    .description('list organisations')
    .action(
      action(async ({ hub, output }) => {
        const all = await hub.listAll<Organisation>('/organisations')
        await output.show(all, () =>
          all.length === 0
            ? 'no organisations: make one with "belfry organisations create", or load the example with "belfry sample"'
            : table(all, COLUMNS, output.width),
        )
      }),
    )

  organisations
    .command('show')
    .description('show an organisation')
    .argument('[organisation]', 'id or alias; may be left out where there is only one')
    .action(
      action(async ({ hub, output }, reference?: string) => {
        const organisation = await organisationBy(hub, reference)
        await output.show(organisation, () => shown(organisation))
      }),
    )

  addCreate(organisations)
  addUpdate(organisations)
  addDiscovery(organisations)
}

interface CreateOptions {
  readonly name?: string
  readonly installationRegion: string
  readonly regions?: readonly string[]
  readonly customer?: string
  readonly customerId?: string
}

function addCreate(organisations: Command): void {
  organisations
    .command('create')
    .description('create an organisation (and its customer)')
    .argument('<alias>', '3 to 32 lower-case letters, digits and dashes')
    .requiredOption('--installation-region <region>', 'where its own events are delivered')
    .option('--name <name>', 'name for people (default: the alias)')
    .option('--regions <regions>', 'enabled regions: a,b,c (default: AWS’s 17)', commaSeparated)
    .option('--customer <name>', 'name of its new customer (default: its own name)')
    .option('--customer-id <id>', 'an existing customer instead')
    .action(
      action<CreateOptions>(async ({ hub, output, options }, alias: string) => {
        const { name, installationRegion, regions, customer, customerId } = options
        const organisation = await hub.post<Organisation>('/organisations', {
          alias,
          name: name ?? alias,
          installationRegion,
          ...givenOnly({ regions, customerId, customerName: customer }),
        })
        await output.show(organisation, () => shown(organisation))
        output.note('next: its logging and security accounts, with "belfry accounts create"')
      }),
    )
}

function addUpdate(organisations: Command): void {
  organisations
    .command('update')
    .description('rename an organisation or enable regions')
    .argument('[organisation]', 'id or alias; may be left out where there is only one')
    .option('--name <name>', 'new name')
    .option(
      '--enable-regions <regions>',
      'regions to enable beside the others: a,b',
      commaSeparated,
    )
    .action(
      action<{ name?: string; enableRegions?: readonly string[] }>(
        async ({ hub, output, options }, reference?: string) => {
          const { name, enableRegions } = options
          if (name === undefined && enableRegions === undefined) {
            throw new UsageFault('nothing to change: give --name or --enable-regions')
          }
          const { id, regions } = await organisationBy(hub, reference)
          const wanted =
            enableRegions === undefined ? undefined : [...new Set([...regions, ...enableRegions])]
          const change = givenOnly({ name, regions: wanted })
          const organisation = await hub.patch<Organisation>(`/organisations/${id}`, change)
          await output.show(organisation, () => shown(organisation))
        },
      ),
    )
}

const COLUMNS: readonly Column<Organisation>[] = [
  { title: 'ALIAS', text: ({ alias }) => alias, style: () => 'cyan' },
  { title: 'NAME', text: ({ name }) => name },
  { title: 'STATUS', text: ({ status }) => status, style: () => 'green' },
  { title: 'INSTALLATION', text: ({ installationRegion }) => installationRegion },
  { title: 'REGIONS', text: ({ regions }) => regionsText(regions), optional: true },
  { title: 'ID', text: ({ id }) => id, style: () => 'dim', optional: true },
]

function regionsText(regions: readonly string[]): string {
  return regions.length > REGIONS_SHOWN ? `${regions.length} regions` : regions.join(' ')
}

function shown(organisation: Organisation): string {
  const { id, customerId, name, alias, status, installationRegion, regions, createdAt } =
    organisation
  return fields(
    {
      alias,
      name,
      status,
      'installation region': installationRegion,
      regions: regions.join(' '),
      id,
      customer: customerId,
      created: localMoment(createdAt),
    },
    { alias: 'cyan' },
  )
}
