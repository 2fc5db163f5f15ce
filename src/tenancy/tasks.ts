import { RestError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Task, TaskKind, TaskStatus } from '#src/model/task.ts'
import type { Ids } from '#src/ports/ids.ts'
import { collection } from '#src/ports/state.ts'
import type { State } from '#src/ports/state.ts'
import type { Initiator, Step } from './actions.ts'
import { listAccepted } from './documents.ts'
import type { PageOfCaller } from './organisations.ts'

/** A task with what it needs to be done again after a crash. */
export interface StoredTask extends Task {
  readonly input: Readonly<Record<string, unknown>>
  readonly initiator?: Initiator
}

export const TASKS = collection<StoredTask>('tasks')
/** By id, of the tasks that have not ended; holds the organisation's id. */
export const OPEN_TASKS = collection<string>('open-tasks')

export interface NewTask {
  readonly organisationId: string
  readonly kind: TaskKind
  readonly input: StoredTask['input']
  /** Absent: the hub itself. */
  readonly initiator?: Initiator | undefined
}

export interface TaskFilter {
  readonly organisationId?: string | undefined
  readonly status?: TaskStatus | undefined
  readonly kind?: TaskKind | undefined
}

export interface Tasks {
  get(caller: Principal, id: string): Promise<Task>
  /** Oldest first. */
  list(caller: Principal, page: PageOfCaller & TaskFilter): Promise<Page<Task>>
}

export function createTasks(state: State): Tasks {
  return {
    get: async (caller, id) => {
      const task = await state.get(TASKS, id)
      if (task !== undefined && reaches(caller, task.organisationId)) return shownTask(task)
      throw new RestError(404, 'task.not-found', `there is no task "${id}"`)
    },
    list: async (caller, { after, limit, organisationId, status, kind }) => {
      const { items, last } = await listAccepted(state, TASKS, {
        after,
        limit,
        accept: (task) =>
          reaches(caller, task.organisationId) &&
          (organisationId === undefined || organisationId === task.organisationId) &&
          (status === undefined || status === task.status) &&
          (kind === undefined || kind === task.kind),
      })
      return { items: items.map(shownTask), ...(last !== undefined && { last }) }
    },
  }
}

/** Writes a task down in the transaction that asks for it; it is begun once that is committed. */
export function startTask(
  { transaction, now }: Step,
  ids: Ids,
  { organisationId, kind, input, initiator = {} }: NewTask,
): { readonly taskId: string } {
  const id = ids.timeOrderedUuid(now)
  const { userId, accessKeyId, traceContext } = initiator
  const task: StoredTask = {
    id,
    organisationId,
    kind,
    input,
    status: 'STARTED',
    progress: { done: 0, total: 0 },
    logs: [],
    startedAt: now,
    ...(userId !== undefined && { userId }),
    ...(accessKeyId !== undefined && { accessKeyId }),
    initiator: {
      ...(userId !== undefined && { userId }),
      ...(accessKeyId !== undefined && { accessKeyId }),
      ...(traceContext !== undefined && { traceContext }),
    },
  }
  transaction.put(TASKS, id, task)
  transaction.put(OPEN_TASKS, id, organisationId)
  return { taskId: id }
}

function shownTask({ input: _, initiator: __, ...task }: StoredTask): Task {
  return task
}
