import type { Clock } from '#src/ports/clock.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently, pause } from '#src/ports/patiently.ts'
import { settleDue } from './settle.ts'
import type { SettlePorts } from './settle.ts'

export interface KeepTimePorts extends SettlePorts {
  readonly clock: Clock
  readonly observer: Pick<Observer, 'stageFaulted'>
}

/** What is due by the clock is done within so long. */
const LOOK_EVERY_MS = 1_000

/** Does what is due by the clock, until the signal aborts. */
export async function keepTime(ports: KeepTimePorts, signal: AbortSignal): Promise<void> {
  const onFault = (error: unknown) => ports.observer.stageFaulted('findings', error)
  while (!signal.aborted) {
    const more = await patiently(() => settleDue(ports, ports.clock.now()), onFault, signal)
    if (more !== true) await pause(LOOK_EVERY_MS, signal)
  }
}
