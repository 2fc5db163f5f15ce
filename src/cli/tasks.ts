import { Option } from 'commander'
import type { Command } from 'commander'

import { TaskKind, TaskStatus } from '#src/model/task.ts'
import type { Task } from '#src/model/task.ts'
import { pathOf } from './api-path.ts'
import { action, givenOnly } from './call.ts'
import { showTask } from './follow-task.ts'
import { fields, table } from './output.ts'
import type { Column } from './output.ts'
import { organisationColumns, organisationFilter } from './references.ts'
import { localMoment } from './terminal-text.ts'

interface ListOptions {
  readonly organisation?: string
  readonly status?: string
  readonly kind?: string
}

export function addTasks(program: Command): void {
  const tasks = program.command('tasks').description('list, show, wait for long actions')

  tasks
    .command('list')
    .description('list tasks, oldest first; they are kept for 30 days after their end')
    .option('--organisation <organisation>', 'only of this one: id or alias')
    .addOption(new Option('--status <status>', 'only of this status').choices([...TaskStatus.enum]))
    .addOption(new Option('--kind <kind>', 'only of this kind').choices([...TaskKind.enum]))
    .action(
      action<ListOptions>(async ({ hub, output, options }) => {
        const { status, kind } = options
        const organisationId = await organisationFilter(hub, options.organisation)
        const query = givenOnly({ organisationId, status, kind })
        const all = await hub.listAll<Task>('/tasks', query)
        const columns = [...COLUMNS, ...(await organisationColumns<Task>(hub)), ID_COLUMN]
        await output.show(all, () =>
          all.length === 0 ? 'no tasks' : table(all, columns, output.width),
        )
      }),
    )

  tasks
    .command('show')
    .description('show a task: how far it has come, its log, and how it ended')
    .argument('<task>', 'id')
    .action(
      action(async ({ hub, output }, id: string) => {
        const task = await hub.get<Task>(pathOf('/tasks', id))
        await output.show(task, () => shown(task))
      }),
    )

  tasks
    .command('wait')
    .description('wait for the end of a task; exit status 1 where it fails')
    .argument('<task>', 'id')
    .action(
      action(async (call, id: string) => {
        const task = await call.hub.get<Task>(pathOf('/tasks', id))
        await showTask(call, task.id, { what: `the task ${task.kind}`, done: shown })
      }),
    )
}

const COLUMNS: readonly Column<Task>[] = [
  { title: 'STARTED', text: ({ startedAt }) => localMoment(startedAt) },
  { title: 'KIND', text: ({ kind }) => kind, style: () => 'cyan' },
  { title: 'STATUS', text: ({ status }) => status, style: ({ status }) => colourOf(status) },
  { title: 'DONE', text: doneText, align: 'right' },
  { title: 'ERROR', text: ({ error }) => error?.code ?? '', optional: true },
]
const ID_COLUMN: Column<Task> = { title: 'ID', text: ({ id }) => id, style: () => 'dim' }

function doneText({ progress: { done, total } }: Task): string {
  return total === 0 ? '' : `${done}/${total}`
}

function colourOf(status: Task['status']) {
  if (status === 'SUCCEEDED') return 'green'
  return status === 'FAILED' ? 'red' : 'yellow'
}

function shown(task: Task): string {
  const { id, kind, status, startedAt, endedAt, error, result, organisationId } = task
  const log = task.logs.map(({ at, message }) => `  ${localMoment(at)}  ${message}`)
  const summary = fields(
    {
      task: kind,
      status,
      done: doneText(task) || undefined,
      started: localMoment(startedAt),
      ended: endedAt === undefined ? undefined : localMoment(endedAt),
      by: task.userId ?? task.accessKeyId ?? 'the hub itself',
      error: error === undefined ? undefined : `${error.code}: ${error.message}`,
      result: result === undefined ? undefined : JSON.stringify(result),
      id,
      organisation: organisationId,
    },
    { task: 'cyan', status: colourOf(status) },
  )
  return log.length === 0 ? summary : `${summary}\n\n${log.join('\n')}`
}
