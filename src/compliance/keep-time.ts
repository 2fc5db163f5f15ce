import type { Clock } from '#src/ports/clock.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently, pause } from '#src/ports/patiently.ts'
import { endExceptions, reviewDue } from './review.ts'
import type { ReviewPorts } from './review.ts'
import { settleDue } from './settle.ts'
import { withdrawDue } from './withdraw.ts'

export interface KeepTimePorts extends ReviewPorts {
  readonly clock: Clock
  readonly observer: Pick<Observer, 'stageFaulted'>
}

/** What is due by the clock is done within so long. */
const LOOK_EVERY_MS = 1_000

/** Does what is due by the clock, until the signal aborts. */
export async function keepTime(ports: KeepTimePorts, signal: AbortSignal): Promise<void> {
  const onFault = (error: unknown) => ports.observer.stageFaulted('findings', error)
  while (!signal.aborted) {
    const now = ports.clock.now()
    const more = await patiently(() => settleDue(ports, now), onFault, signal)
    await patiently(() => endExceptions(ports, now), onFault, signal)
    await patiently(() => reviewDue(ports), onFault, signal)
    await patiently(() => withdrawDue(ports.state), onFault, signal)
    if (more !== true) await pause(LOOK_EVERY_MS, signal)
  }
}
