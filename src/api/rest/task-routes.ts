import { Type } from 'typebox'

import { Task, TaskKind, TaskStatus } from '#src/model/task.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { IdParams, OfOrganisation, PageQuery, page, pageRequest, pageSchema, ref } from './route.ts'
import type { AddRoute } from './route.ts'

export function addTaskRoutes(add: AddRoute, { tasks }: Tenancy): void {
  const tag = 'tasks'
  add({
    method: 'GET',
    url: '/tasks',
    tag,
    summary: 'List tasks, oldest first; they are kept for 30 days after their end',
    permission: 'tasks:Read',
    query: Type.Object({
      ...PageQuery,
      ...OfOrganisation,
      status: Type.Optional(TaskStatus),
      kind: Type.Optional(TaskKind),
    }),
    answer: [200, pageSchema(Task)],
    run: async (caller, { query: { organisationId, status, kind, ...query } }) =>
      page(await tasks.list(caller, { ...pageRequest(query), organisationId, status, kind })),
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
