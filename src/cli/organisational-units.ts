import type { Command } from 'commander'

import type { OrganisationalUnit } from '#src/model/tenancy.ts'
import { action, givenOnly } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { fields, table } from './output.ts'
import type { Column } from './output.ts'
import { organisationBy, organisationColumns, organisationFilter, unitBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

const REFERENCE = 'name, path such as Workloads/Production, or id'

export function addOrganisationalUnits(program: Command): void {
  const units = program
    .command('organisational-units')
    .alias('ous')
    .description('list, show, create, update, delete folders of accounts')

  units
    .command('list')
    .description('list organisational units as a tree')
    .option('--organisation <organisation>', 'only of this one: id or alias')
    .action(
      action<{ organisation?: string }>(async ({ hub, output, options }) => {
        const organisationId = await organisationFilter(hub, options.organisation)
        const path = '/organisational-units'
        const all = await hub.listAll<OrganisationalUnit>(path, { organisationId })
        const columns = [...COLUMNS, ...(await organisationColumns<Row>(hub)), ID_COLUMN]
        await output.show(all, () =>
          all.length === 0
            ? 'no organisational units: make one with "belfry organisational-units create"'
            : table(rowsBelow(undefined, all), columns, output.width),
        )
      }),
    )

  units
    .command('show')
    .description('show an organisational unit')
    .argument('<unit>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const unit = await unitBy(hub, reference)
        await output.show(unit, () => shown(unit))
      }),
    )

  units
    .command('create')
    .description('create an organisational unit')
    .argument('<name>', 'unique in its place')
    .option('--parent <unit>', `the unit it is in (default: the root): ${REFERENCE}`)
    .option('--organisation <organisation>', 'whose it is: id or alias')
    .action(
      action<{ parent?: string; organisation?: string }>(
        async ({ hub, output, options }, name: string) => {
          const parent =
            options.parent === undefined ? undefined : await unitBy(hub, options.parent)
          const organisationId =
            parent?.organisationId ?? (await organisationBy(hub, options.organisation)).id
          const unit = await hub.post<OrganisationalUnit>('/organisational-units', {
            organisationId,
            name,
            ...givenOnly({ parentId: parent?.id }),
          })
          await output.show(unit, () => shown(unit))
        },
      ),
    )

  addUpdate(units)

  units
    .command('delete')
    .description('delete an empty organisational unit')
    .argument('<unit>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, name } = await unitBy(hub, reference)
        await hub.delete(`/organisational-units/${id}`)
        await output.show({ deleted: id }, () => `deleted the organisational unit "${name}"`)
      }),
    )
}

interface UpdateOptions {
  readonly name?: string
  readonly parent?: string
  readonly root?: boolean
}

function addUpdate(units: Command): void {
  units
    .command('update')
    .description('rename an organisational unit, or move it with all that is in it')
    .argument('<unit>', REFERENCE)
    .option('--name <name>', 'new name')
    .option('--parent <unit>', 'move it into this unit')
    .option('--root', 'move it to the root')
    .action(
      action<UpdateOptions>(async ({ hub, output, options }, reference: string) => {
        const { name, parent, root } = options
        if (parent !== undefined && root) {
          throw new UsageFault('--parent and --root are two places: give one of them')
        }
        const { id } = await unitBy(hub, reference)
        const parentId = parent === undefined ? undefined : (await unitBy(hub, parent)).id
        const change = { ...givenOnly({ name, parentId }), ...(root && { parentId: null }) }
        if (Object.keys(change).length === 0) {
          throw new UsageFault('nothing to change: give --name, --parent or --root')
        }
        const path = `/organisational-units/${id}`
        const unit = await hub.patch<OrganisationalUnit>(path, change)
        await output.show(unit, () => shown(unit))
      }),
    )
}

/** A unit as a line of the tree. */
type Row = OrganisationalUnit & { readonly branch: string }

/** Units below one, each before its own, with the lines that lead to them. */
function rowsBelow(
  parentId: string | undefined,
  all: readonly OrganisationalUnit[],
  lines = '',
): readonly Row[] {
  const units = all
    .filter((unit) => unit.parentId === parentId)
    .toSorted((a, b) => a.name.localeCompare(b.name))
  return units.flatMap((unit, index) => {
    const isLast = index === units.length - 1
    const atRoot = parentId === undefined
    const branch = atRoot ? '' : `${lines}${isLast ? '└─ ' : '├─ '}`
    const below = atRoot ? '' : `${lines}${isLast ? '   ' : '│  '}`
    return [{ ...unit, branch }, ...rowsBelow(unit.id, all, below)]
  })
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'UNIT', text: ({ branch, name }) => branch + name, style: () => 'cyan' },
  { title: 'ACCOUNTS', text: ({ accountCount }) => String(accountCount), align: 'right' },
  {
    title: 'IN AWS',
    text: ({ awsOrganizationalUnitId }) => awsOrganizationalUnitId ?? '',
    optional: true,
  },
]
const ID_COLUMN: Column<Row> = {
  title: 'ID',
  text: ({ id }) => id,
  style: () => 'dim',
  optional: true,
}

function shown(unit: OrganisationalUnit): string {
  return fields(
    {
      unit: unit.name,
      in: unit.parentId ?? 'the root',
      accounts: String(unit.accountCount),
      'in AWS': unit.awsOrganizationalUnitId,
      id: unit.id,
      organisation: unit.organisationId,
      created: localMoment(unit.createdAt),
      changed: localMoment(unit.modifiedAt),
    },
    { unit: 'cyan' },
  )
}
