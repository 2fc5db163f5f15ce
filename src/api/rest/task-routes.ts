import { Type } from 'typebox'

import { Task, TaskKind, TaskStatus } from '#src/model/task.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { addList } from './list-route.ts'
import { IdParams, OfOrganisation, ref } from './route.ts'
import type { AddRoute } from './route.ts'

export function addTaskRoutes(add: AddRoute, { tasks }: Tenancy): void {
  const tag = 'tasks'
  addList(add, {
    url: '/tasks',
    tag,
    summary: 'List tasks, oldest first; they are kept for 30 days after their end',
    permission: 'tasks:Read',
    filter: {
      ...OfOrganisation,
      status: Type.Optional(TaskStatus),
      kind: Type.Optional(TaskKind),
    },
    item: Task,
    list: (caller, asked) => tasks.list(caller, asked),
  })
  add({
    method: 'GET',
    url: '/tasks/:id',
    tag,
    summary: 'Show a task: how far it has come, and how it ended',
    permission: 'tasks:Read',
    params: IdParams,
    answer: [200, ref(Task)],
    run: (caller, { params }) => tasks.get(caller, params.id),
  })
}
