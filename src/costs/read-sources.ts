import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { Observer } from '#src/ports/observer.ts'
import { pause, patiently } from '#src/ports/patiently.ts'
import type { State } from '#src/ports/state.ts'
import { COST_SOURCES, beginRead } from './source-documents.ts'

export interface ReadSourcesPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly observer: Pick<Observer, 'stageFaulted'>
}

const LOOK_EVERY_MS = 60_000

/** Starts an import of each source whose time has come, until the signal aborts. */
export async function readSources(ports: ReadSourcesPorts, signal: AbortSignal): Promise<void> {
  const { state, observer } = ports
  const onFault = (error: unknown) => observer.stageFaulted('costs', error)
  while (!signal.aborted) {
    const wake = new AbortController()
    const stopWatching = state.watch((changes) => {
      if (changes.some(({ collection }) => collection === COST_SOURCES.name)) wake.abort()
    })
    await patiently(() => readDue(ports), onFault, signal)
    await pause(LOOK_EVERY_MS, AbortSignal.any([signal, wake.signal]))
    stopWatching()
  }
}

/** @returns how many imports it started */
export async function readDue({
  state,
  clock,
  ids,
}: Omit<ReadSourcesPorts, 'observer'>): Promise<number> {
  const now = clock.now()
  const all = await state.list(COST_SOURCES, { limit: Number.MAX_SAFE_INTEGER })
  let begun = 0
  for (const { key } of all.filter(({ value }) => value.nextReadAt <= now)) {
    const one = await state.transact(async (transaction) => {
      const source = await transaction.get(COST_SOURCES, key)
      const isDue = source !== undefined && source.nextReadAt <= now
      return isDue ? beginRead(transaction, source, { now, ids }) : undefined
    })
    if (one !== undefined) begun += 1
  }
  return begun
}
