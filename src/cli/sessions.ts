import type { Command } from 'commander'

import { action } from './call.ts'
import { table } from './output.ts'
import type { Column } from './output.ts'
import { localMoment } from './terminal-text.ts'

interface ListedSession {
  readonly id: string
  readonly createdAt: number
  readonly lastUsedAt: number
  readonly endsAt: number
  readonly loginType: string
  readonly sourceAddress: string
  readonly current: boolean
}

/** Of the user of BELFRY_SESSION. */
export function addSessions(program: Command): void {
  program
    .command('sessions')
    .description("list one's own sessions")
    .command('list')
    .description('list the sessions of the user of BELFRY_SESSION')
    .action(
      action(async ({ hub, output }) => {
        const { items } = await hub.get<{ items: readonly ListedSession[] }>('/sessions')
        await output.show(items, () => table(items, COLUMNS, output.width))
      }),
    )
}

const COLUMNS: readonly Column<ListedSession>[] = [
  { title: '', text: ({ current }) => (current ? '*' : '') },
  { title: 'SIGNED IN', text: ({ createdAt }) => localMoment(createdAt) },
  { title: 'LAST USED', text: ({ lastUsedAt }) => localMoment(lastUsedAt) },
  { title: 'FROM', text: ({ sourceAddress }) => sourceAddress, style: () => 'cyan' },
  { title: 'ENDS', text: ({ endsAt }) => localMoment(endsAt) },
  { title: 'WITH', text: ({ loginType }) => loginType, optional: true },
  { title: 'ID', text: ({ id }) => id, style: () => 'dim', optional: true },
]
