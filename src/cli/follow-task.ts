import { setTimeout as sleep } from 'node:timers/promises'

import type { Command } from 'commander'

import { hasEnded } from '#src/model/task.ts'
import type { Task } from '#src/model/task.ts'
import type { Call } from './call.ts'
import { CommandFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { createProgress } from './progress.ts'
import type { Progress } from './progress.ts'

const LOOK_EVERY_MS = 250

export interface WaitOptions {
  readonly wait?: boolean
}

/** Gives a command that starts a task the choice to wait for its end. */
export function withWait(command: Command): Command {
  return command
    .option('--wait', 'wait for the end of the task (default)')
    .option('--no-wait', 'answer once the task is started: follow it with "belfry tasks wait"')
}

/**
 * Shows how far a task has come until it ends.
 * @throws CommandFault where the task fails
 */
async function followTask(hub: HubClient, taskId: string, what: string): Promise<Task> {
  let progress: Progress | undefined
  let told: Task['logs'][number] | undefined
  try {
    for (;;) {
      const task = await hub.get<Task>(`/tasks/${taskId}`)
      const { done, total } = task.progress
      if (total > 0) {
        progress ??= createProgress(what, total)
        progress.update(done)
      }
      // A line would tear the bar; the hub keeps the last lines only, so they have no numbers.
      if (progress === undefined) {
        const known = task.logs.findLastIndex(
          ({ at, message }) => at === told?.at && message === told.message,
        )
        for (const { message } of task.logs.slice(known + 1)) process.stderr.write(`${message}\n`)
      }
      told = task.logs.at(-1)
      if (hasEnded(task)) return task
      await sleep(LOOK_EVERY_MS)
    }
  } finally {
    progress?.stop()
  }
}

/** What a command shows that has started a task: the task, at its end or as it was started. */
export async function showTask(
  { hub, output, options }: Pick<Call<WaitOptions>, 'hub' | 'output' | 'options'>,
  taskId: string,
  texts: { readonly what: string; readonly done: (task: Task) => string },
): Promise<void> {
  if (options.wait === false) {
    const hint = `started the task ${taskId}: follow it with "belfry tasks wait ${taskId}"`
    return output.show({ taskId }, () => hint)
  }
  const task = await followTask(hub, taskId, texts.what)
  if (task.status === 'SUCCEEDED') return output.show(task, () => texts.done(task))
  throw new CommandFault(`${texts.what} failed: ${task.error?.message ?? 'no reason was given'}`)
}
