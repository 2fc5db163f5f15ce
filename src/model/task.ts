import { Type } from 'typebox'
import type { Static } from 'typebox'

import { Id, Instant } from './tenancy.ts'

/**
 * A task: an action that takes longer than a call. Statuses are the reference system's:
 *
 *  STARTED    written down, waits for its turn
 *  RUNNING    under way
 *  PENDING    the hub stopped meanwhile; it goes on at the next start
 *  SUCCEEDED, FAILED    the end
 */
export const TaskStatus = Type.Enum(['STARTED', 'PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED'])
export type TaskStatus = Static<typeof TaskStatus>

export const TaskKind = Type.Enum(['CLOSE_ACCOUNT', 'ENABLE_REGIONS', 'SYNC_ACCOUNTS'])
export type TaskKind = Static<typeof TaskKind>

export const Task = Type.Object(
  {
    id: Id,
    organisationId: Id,
    kind: TaskKind,
    status: TaskStatus,
    progress: Type.Object({ done: Type.Integer(), total: Type.Integer() }),
    logs: Type.Array(Type.Object({ at: Instant, message: Type.String() }), {
      description: 'What was worth telling, the last lines where there were many',
    }),
    startedAt: Instant,
    endedAt: Type.Optional(Instant),
    /** Who started it; neither: the hub itself, on schedule. */
    userId: Type.Optional(Id),
    accessKeyId: Type.Optional(Id),
    result: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
  },
  { $id: 'Task' },
)
export type Task = Static<typeof Task>

/** Whether a task will change no more. */
export function hasEnded({ status }: Pick<Task, 'status'>): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED'
}
