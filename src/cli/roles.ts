import type { Command } from 'commander'

import type { RoleDescription } from '#src/model/role.ts'
import { action } from './call.ts'
import { table } from './output.ts'

export function addRoles(program: Command): void {
  program
    .command('roles')
    .description('list the roles with their permissions')
    .action(
      action(async ({ hub, output }) => {
        const { items } = await hub.get<{ items: readonly RoleDescription[] }>('/roles')
        const permissions = [...new Set(items.flatMap((role) => role.permissions))]
        await output.show(items, () =>
          table(
            permissions,
            [
              { title: 'PERMISSION', text: (permission) => permission, style: () => 'cyan' },
              ...items.map((role) => ({
                title: role.role.toUpperCase(),
                text: (permission: string) => (role.permissions.includes(permission) ? 'yes' : ''),
              })),
            ],
            output.width,
          ),
        )
      }),
    )
}
