import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import type { Store } from '#src/adapters/sqlite/store.ts'
import { RestError } from '#src/errors.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { createActions } from './actions.ts'
import { runTasks } from './task-runner.ts'
import type { TaskWork } from './task-runner.ts'
import { TASKS, startTask } from './tasks.ts'
import type { StoredTask } from './tasks.ts'

const DAY_MS = 24 * 60 * 60_000
const ENDS_WITHIN_MS = 5_000

let folder: string
let store: Store
let now: number
let stop: () => Promise<void>
let faults: unknown[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'belfry-tasks-'))
  store = await openSqliteStore({ folder })
  now = 1_750_000_000_000
  faults = []
  stop = async () => undefined
})
afterEach(async () => {
  await stop()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

function run(work: (work: TaskWork) => Promise<void>): void {
  const stopping = new AbortController()
  const onFault = (error: unknown) => void faults.push(error)
  const ports = { state: store.state, clock: { now: () => now }, onFault }
  const kinds = { CLOSE_ACCOUNT: work, ENABLE_REGIONS: work, SYNC_ACCOUNTS: work }
  const done = runTasks(ports, kinds, stopping.signal)
  stop = async () => {
    stopping.abort()
    await done
  }
}

async function start(organisationId: string, input: object = {}): Promise<string> {
  const [taskId = ''] = await startMany([organisationId], input)
  return taskId
}

async function startMany(organisations: readonly string[], input: object = {}): Promise<string[]> {
  const actions = createActions({ state: store.state, clock: { now: () => now }, ids })
  return actions.perform(undefined, async (step) =>
    organisations.map((organisationId) => {
      const task = { organisationId, kind: 'SYNC_ACCOUNTS', input: { ...input } } as const
      return startTask(step, ids, task).taskId
    }),
  )
}

async function until(id: string, accept: (task: StoredTask) => boolean): Promise<StoredTask> {
  const deadline = Date.now() + ENDS_WITHIN_MS
  for (;;) {
    const task = await store.state.get(TASKS, id)
    if (task !== undefined && accept(task)) return task
    if (Date.now() > deadline) throw new Error(JSON.stringify(task))
    await sleep(5)
  }
}
const ended = (id: string) => until(id, ({ endedAt }) => endedAt !== undefined)

describe('tasks', () => {
  it('run one after the other in an organisation, and at once in several', async () => {
    const underWay = new Set<string>()
    let together = 0
    run(async ({ organisationId }) => {
      if (underWay.has(organisationId)) throw new Error('two at once')
      underWay.add(organisationId)
      together = Math.max(together, underWay.size)
      await sleep(20)
      underWay.delete(organisationId)
    })
    const all = await Promise.all(['a', 'a', 'b', 'b', 'c'].map((id) => start(id)))
    const tasks = await Promise.all(all.map(ended))
    expect(tasks.map(({ status }) => status)).toEqual(Array(5).fill('SUCCEEDED'))
    expect(together).toBeGreaterThan(1)
    expect(faults).toEqual([])
  })

  it('of an organisation do not wait for all that others have', async () => {
    const others = Array.from({ length: 8 }, (_, index) => `other-${index}`)
    const all = await startMany(others.flatMap((other) => Array(200).fill(other)))
    const late = await start('late')
    const done: string[] = []
    run(async ({ organisationId, signal }) => {
      done.push(organisationId)
      if (organisationId === 'late' || !done.includes('late') || signal.aborted) return
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    })
    await ended(late)
    expect(all.length).toBeGreaterThan(1_000)
    // Each of the others had a turn, and those that were under way meanwhile one more.
    expect(done.indexOf('late')).toBeLessThan(2 * others.length + 1)
  })

  it('that a stop interrupts wait and go on at the next start', async () => {
    const id = await start('a', { n: 7 })
    run(async ({ signal }) => {
      await sleep(ENDS_WITHIN_MS, undefined, { signal })
    })
    await until(id, ({ status }) => status === 'RUNNING')
    await stop()
    expect((await store.state.get(TASKS, id))?.status).toBe('PENDING')
    const seen: unknown[] = []
    run(async ({ input }) => void seen.push(input))
    expect((await ended(id)).status).toBe('SUCCEEDED')
    expect(seen).toEqual([{ n: 7 }])
  })

  it('fail with the reason, or with a word for a fault that the log explains', async () => {
    run(async ({ organisationId }) => {
      if (organisationId === 'a') throw new RestError(409, 'thing.wrong', 'it is wrong')
      throw new Error('a secret of the machine')
    })
    const [refused, broken] = [await ended(await start('a')), await ended(await start('b'))]
    expect(refused).toMatchObject({
      ...{ status: 'FAILED', error: { code: 'thing.wrong', message: 'it is wrong' } },
    })
    expect(broken).toMatchObject({ status: 'FAILED', error: { code: 'task.failed' } })
    expect(JSON.stringify(broken)).not.toContain('secret')
    expect(faults).toEqual([new Error('a secret of the machine')])
  })

  it('keep the last lines of a long log, and how far they came', async () => {
    run(async (work) => {
      for (let line = 1; line <= 500; line += 1) work.log(`line ${line}`)
      work.log('x'.repeat(10_000))
      work.report(3, 4)
    })
    const { logs, progress } = await ended(await start('a'))
    expect(logs).toHaveLength(200)
    expect(logs[0]?.message).toBe('line 302')
    expect(logs.at(-1)?.message).toHaveLength(500)
    expect(progress).toEqual({ done: 3, total: 4 })
  })

  it('that ended within a transaction stay as they ended there', async () => {
    run(async (work) => {
      work.report(1, 2)
      await store.state.transact(async (transaction) => work.complete(transaction, { n: 1 }))
      work.report(2, 2)
      await sleep(400)
      throw new Error('too late to fail')
    })
    const id = await start('a')
    expect(await ended(id)).toMatchObject({ status: 'SUCCEEDED', result: { n: 1 } })
    await sleep(600)
    expect(await store.state.get(TASKS, id)).toMatchObject({
      ...{ status: 'SUCCEEDED', progress: { done: 1, total: 2 } },
    })
  })

  it('are forgotten 30 days after their end', async () => {
    run(async () => undefined)
    const old = await start('a')
    await ended(old)
    await stop()
    now += 29 * DAY_MS
    run(async () => undefined)
    const recent = await start('a')
    await ended(recent)
    await stop()
    now += 2 * DAY_MS
    run(async () => undefined)
    await until(recent, () => true)
    while ((await store.state.get(TASKS, old)) !== undefined) await sleep(5)
    expect((await store.state.get(TASKS, recent))?.status).toBe('SUCCEEDED')
  })
})
