import { RestError, StoreFullFault } from '#src/errors.ts'
import { hasEnded } from '#src/model/task.ts'
import type { TaskKind } from '#src/model/task.ts'
import type { Clock } from '#src/ports/clock.ts'
import { patiently } from '#src/ports/patiently.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Initiator } from './actions.ts'
import { OPEN_TASKS, TASKS } from './tasks.ts'
import type { StoredTask } from './tasks.ts'

/** One task under way, as the code that does it sees it. */
export interface TaskWork {
  readonly id: string
  readonly organisationId: string
  readonly input: StoredTask['input']
  /** Who started it, for whom it acts. */
  readonly initiator: Initiator | undefined
  /** Aborts when the hub stops: the task is done again at the next start. */
  readonly signal: AbortSignal
  report(done: number, total: number): void
  log(message: string): void
  /**
   * Ends the task well in the transaction of its last action, so that both are so or neither.
   * Without it the task ends well when its code returns.
   */
  complete(transaction: StateTransaction, result: Readonly<Record<string, unknown>>): void
}

/**
 * What each kind of task does. It may be done several times, from the beginning or in part, so
 * each step must see what is done already. A RestError that it throws is why the task failed.
 */
export type TaskKinds = Readonly<Record<TaskKind, (work: TaskWork) => Promise<void>>>

export interface TaskRunnerPorts {
  readonly state: State
  readonly clock: Clock
  readonly onFault: (error: unknown) => void
}

const TASKS_PER_READ = 1_000
/** One an organisation, and so many in all: they share one writer to the store. */
const TASKS_AT_ONCE = 8
const LOG_LINES_MAX = 200
const LOG_CHARACTERS_MAX = 500
/** How far a task has come is worth a flush only now and then. */
const SAVE_EVERY_MS = 250
const TASK_KEPT_MS = 30 * 24 * 60 * 60_000
const PRUNE_EVERY_MS = 60 * 60_000

/**
 * Does the tasks that are written down, also those that a stop or a crash interrupted, one after
 * the other in each organisation, until the signal aborts. Forgets those that ended long ago.
 */
export async function runTasks(
  ports: TaskRunnerPorts,
  kinds: TaskKinds,
  signal: AbortSignal,
): Promise<void> {
  const { state, onFault } = ports
  let wake = Promise.withResolvers<void>()
  const stopWatching = state.watch((changes) => {
    const added = ({ collection, value }: (typeof changes)[number]) =>
      collection === OPEN_TASKS.name && value !== undefined
    if (changes.some(added)) wake.resolve()
  })
  signal.addEventListener('abort', () => wake.resolve())
  const prune = () => void pruneTasks(ports).catch(onFault)
  const pruning = setInterval(prune, PRUNE_EVERY_MS)
  prune()
  const underWay = new Map<string, Promise<void>>()
  // Whose turn was longest ago comes first, however many tasks the others have waiting.
  const served = new Set<string>()
  while (!signal.aborted) {
    wake = Promise.withResolvers()
    const tasks = (await patiently(() => nextTasks(state, served), onFault, signal)) ?? []
    for (const task of tasks) {
      const { organisationId } = task
      if (underWay.size >= TASKS_AT_ONCE || underWay.has(organisationId)) continue
      served.delete(organisationId)
      served.add(organisationId)
      // A store without room takes no end either: then all is done again when there is some.
      const done = patiently(() => runTask(ports, kinds, { task, signal }), onFault, signal)
      const next = () => {
        underWay.delete(organisationId)
        wake.resolve()
      }
      underWay.set(organisationId, done.finally(next))
    }
    if (!signal.aborted) await wake.promise
  }
  clearInterval(pruning)
  stopWatching()
  await Promise.all(underWay.values())
}

/** The oldest open task of each organisation, in the order of their turns. */
async function nextTasks(
  state: State,
  served: ReadonlySet<string>,
): Promise<readonly StoredTask[]> {
  const open = await state.list(OPEN_TASKS, { limit: Number.MAX_SAFE_INTEGER })
  const oldest = new Map<string, string>()
  for (const { key, value: organisationId } of open) {
    if (!oldest.has(organisationId)) oldest.set(organisationId, key)
  }
  const turns = [...served]
  const inTurn = [...oldest].toSorted(([a], [b]) => turns.indexOf(a) - turns.indexOf(b))
  const tasks = await Promise.all(inTurn.map(([, id]) => state.get(TASKS, id)))
  return tasks.filter((task) => task !== undefined && !hasEnded(task)) as StoredTask[]
}

/** @throws StoreFullFault */
async function runTask(
  ports: TaskRunnerPorts,
  kinds: TaskKinds,
  { task, signal }: { readonly task: StoredTask; readonly signal: AbortSignal },
): Promise<void> {
  const { clock, onFault } = ports
  const record = createRecord(ports, task)
  try {
    await record.save({ status: 'RUNNING' })
    await kinds[task.kind]({
      id: task.id,
      organisationId: task.organisationId,
      input: task.input,
      initiator: task.initiator,
      signal,
      report: record.report,
      log: record.log,
      complete: record.complete,
    })
    // A task that ended within its last action is left as it is.
    await record.save({ status: signal.aborted ? 'PENDING' : 'SUCCEEDED' })
  } catch (error) {
    if (error instanceof StoreFullFault) throw error
    if (signal.aborted) return record.save({ status: 'PENDING' })
    const expected = error instanceof RestError
    if (!expected) onFault(error)
    const { code, message } = expected
      ? error
      : { code: 'task.failed', message: 'the hub failed; its log says why' }
    record.log(message)
    await record.save({ status: 'FAILED', error: { code, message }, endedAt: clock.now() })
  } finally {
    record.stop()
  }
}

/** Keeps a task's document in step with what it reports. */
function createRecord({ state, clock, onFault }: TaskRunnerPorts, task: StoredTask) {
  let { progress, logs } = task
  let timer: NodeJS.Timeout | undefined
  const current = (stored: StoredTask): StoredTask => ({ ...stored, progress, logs })

  const put = (transaction: StateTransaction, stored: StoredTask) => {
    const ended = hasEnded(stored)
    const endedAt = stored.endedAt ?? clock.now()
    transaction.put(TASKS, task.id, ended ? { ...stored, endedAt } : stored)
    if (ended) transaction.delete(OPEN_TASKS, task.id)
  }
  const save = (change: Partial<StoredTask>) =>
    state.transact(async (transaction) => {
      const stored = await transaction.get(TASKS, task.id)
      if (stored === undefined || hasEnded(stored)) return
      put(transaction, { ...current(stored), ...change })
    })
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined
      save({}).catch(onFault)
    }, SAVE_EVERY_MS)
  }

  return {
    save,
    stop: () => clearTimeout(timer),
    report: (done: number, total: number) => {
      progress = { done, total }
      soon()
    },
    log: (message: string) => {
      const line = { at: clock.now(), message: message.slice(0, LOG_CHARACTERS_MAX) }
      logs = [...logs, line].slice(-LOG_LINES_MAX)
      soon()
    },
    complete: (transaction: StateTransaction, result: Readonly<Record<string, unknown>>) =>
      put(transaction, { ...current(task), status: 'SUCCEEDED', result: { ...result } }),
  }
}

async function pruneTasks({ state, clock }: TaskRunnerPorts): Promise<void> {
  const before = clock.now() - TASK_KEPT_MS
  // Ids are in the order of time, so the oldest come first.
  for (;;) {
    const oldest = await state.list(TASKS, { limit: TASKS_PER_READ })
    const gone = oldest.filter(({ value }) => value.endedAt !== undefined && value.endedAt < before)
    await state.transact(async (transaction) => {
      for (const { key } of gone) transaction.delete(TASKS, key)
    })
    if (gone.length < TASKS_PER_READ) return
  }
}
