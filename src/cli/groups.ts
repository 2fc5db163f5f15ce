import type { Command } from 'commander'

import type { Group, User } from '#src/model/tenancy.ts'
import { action, givenOnly } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { createDescribed, withDescription } from './create-described.ts'
import type { DescribedOptions } from './create-described.ts'
import { fields, table } from './output.ts'
import type { Column } from './output.ts'
import { groupBy, organisationColumns, organisationFilter, userBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

const GROUP = 'name or id'
const USER = 'e-mail or id'

export function addGroups(program: Command): void {
  const groups = program
    .command('groups')
    .description('list, show, create, update, delete groups of users')

  groups
    .command('list')
    .description('list groups')
    .option('--organisation <organisation>', 'only of this one: id or alias')
    .option('--user <user>', `only those that this user is in: ${USER}`)
    .action(
      action<{ organisation?: string; user?: string }>(async ({ hub, output, options }) => {
        const organisationId = await organisationFilter(hub, options.organisation)
        const userId = options.user === undefined ? undefined : (await userBy(hub, options.user)).id
        const all = await hub.listAll<Group>('/groups', givenOnly({ organisationId, userId }))
        const columns = [...COLUMNS, ...(await organisationColumns<Group>(hub)), ID_COLUMN]
        await output.show(all, () =>
          all.length === 0
            ? 'no groups: make one with "belfry groups create"'
            : table(all, columns, output.width),
        )
      }),
    )

  groups
    .command('show')
    .description('show a group and its members')
    .argument('<group>', GROUP)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const group = await groupBy(hub, reference)
        const members = await hub.listAll<User>(`/groups/${group.id}/members`)
        await output.show({ ...group, members }, () => {
          const emails = members.map(({ email }) => `  ${email}`)
          return [shown(group), ...(emails.length > 0 ? ['', ...emails] : [])].join('\n')
        })
      }),
    )

  addCreate(groups)
  addUpdate(groups)
  addMembership(groups)

  groups
    .command('delete')
    .description('delete a group; its members stay users')
    .argument('<group>', GROUP)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, name } = await groupBy(hub, reference)
        await hub.delete(`/groups/${id}`)
        await output.show({ deleted: id }, () => `deleted the group "${name}"`)
      }),
    )
}

function addCreate(groups: Command): void {
  const create = groups.command('create').description('create a group').argument('<name>')
  withDescription(create, 'what it is for').action(
    action<DescribedOptions>(async (call, name: string) => {
      const group = await createDescribed<Group>(call, '/groups', name)
      await call.output.show(group, () => shown(group))
    }),
  )
}

function addUpdate(groups: Command): void {
  groups
    .command('update')
    .description('rename a group or describe it anew')
    .argument('<group>', GROUP)
    .option('--name <name>', 'new name')
    .option('--description <text>', 'what it is for')
    .action(
      action<{ name?: string; description?: string }>(
        async ({ hub, output, options }, reference: string) => {
          const { name, description } = options
          if (name === undefined && description === undefined) {
            throw new UsageFault('nothing to change: give --name or --description')
          }
          const { id } = await groupBy(hub, reference)
          const change = givenOnly({ name, description })
          const group = await hub.patch<Group>(`/groups/${id}`, change)
          await output.show(group, () => shown(group))
        },
      ),
    )
}

function addMembership(groups: Command): void {
  groups
    .command('add')
    .description('put a user into a group')
    .argument('<group>', GROUP)
    .argument('<user>', USER)
    .action(
      action(async ({ hub, output }, reference: string, who: string) => {
        const [group, user] = [await groupBy(hub, reference), await userBy(hub, who)]
        await hub.put(`/groups/${group.id}/members/${user.id}`)
        const answer = { groupId: group.id, userId: user.id, member: true }
        await output.show(answer, () => `${user.email} is in the group "${group.name}"`)
      }),
    )

  groups
    .command('remove')
    .description('take a user out of a group')
    .argument('<group>', GROUP)
    .argument('<user>', USER)
    .action(
      action(async ({ hub, output }, reference: string, who: string) => {
        const [group, user] = [await groupBy(hub, reference), await userBy(hub, who)]
        await hub.delete(`/groups/${group.id}/members/${user.id}`)
        const answer = { groupId: group.id, userId: user.id, member: false }
        await output.show(answer, () => `${user.email} is not in the group "${group.name}"`)
      }),
    )
}

const COLUMNS: readonly Column<Group>[] = [
  { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'MEMBERS', text: ({ memberCount }) => String(memberCount), align: 'right' },
  { title: 'DESCRIPTION', text: ({ description = '' }) => description, optional: true },
]
const ID_COLUMN: Column<Group> = {
  title: 'ID',
  text: ({ id }) => id,
  style: () => 'dim',
  optional: true,
}

function shown(group: Group): string {
  return fields(
    {
      group: group.name,
      description: group.description,
      members: String(group.memberCount),
      id: group.id,
      organisation: group.organisationId,
      created: localMoment(group.createdAt),
      changed: localMoment(group.modifiedAt),
    },
    { group: 'cyan' },
  )
}
