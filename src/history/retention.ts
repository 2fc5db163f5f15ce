import type { Clock } from '#src/ports/clock.ts'
import type { EventHistory } from '#src/ports/event-history.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently, pause } from '#src/ports/patiently.ts'

export interface RetentionPorts {
  readonly history: EventHistory
  readonly clock: Clock
  readonly observer: Observer
  readonly keepDays: number
  /** How far a reader has come that keeps its place elsewhere than under a cursor. */
  readonly readTo?: () => Promise<number>
}

const MS_PER_DAY = 24 * 60 * 60 * 1_000
const LOOK_EVERY_MS = 60_000
/** Between steps the store belongs to the events that come in. */
const PAUSE_MS = 20

/** Forgets events that are older than the history is to be. Runs until the signal aborts. */
export async function keepHistoryShort(ports: RetentionPorts, signal: AbortSignal): Promise<void> {
  const { history, clock, observer, keepDays, readTo = async () => Infinity } = ports
  const onFault = (error: unknown) => observer.stageFaulted('history', error)
  while (!signal.aborted) {
    const oldest = clock.now() - keepDays * MS_PER_DAY
    const ends = [() => history.sequenceBefore(oldest), readTo]
    const [old = 0, read = 0] = await Promise.all(
      ends.map(async (end) => patiently(end, onFault, signal)),
    )
    const upTo = Math.min(old, read)
    let more = upTo > 0
    while (more && !signal.aborted) {
      more = (await patiently(() => history.forgetUpTo(upTo), onFault, signal)) ?? false
      await pause(PAUSE_MS, signal)
    }
    await pause(LOOK_EVERY_MS, signal)
  }
}
