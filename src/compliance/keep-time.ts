import type { Clock } from '#src/ports/clock.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently, pause } from '#src/ports/patiently.ts'
import type { ClosedAccounts } from './closed-accounts.ts'
import { createRetention } from './retention.ts'
import type { RetentionPorts } from './retention.ts'
import { endExceptions, reviewDue } from './review.ts'
import type { ReviewPorts } from './review.ts'
import { settleDue } from './settle.ts'
import { withdrawDue } from './withdraw.ts'

export interface KeepTimePorts extends ReviewPorts, Omit<RetentionPorts, 'observer'> {
  readonly clock: Clock
  readonly closedAccounts: ClosedAccounts
  readonly observer: Pick<Observer, 'findingsGone' | 'stageFaulted'>
}

/** What is due by the clock is done within so long. */
const LOOK_EVERY_MS = 1_000

/** Does what is due by the clock, until the signal aborts. */
export async function keepTime(ports: KeepTimePorts, signal: AbortSignal): Promise<void> {
  const onFault = (error: unknown) => ports.observer.stageFaulted('findings', error)
  const retention = createRetention(ports)
  while (!signal.aborted) {
    const now = ports.clock.now()
    const more = await patiently(() => settleDue(ports, now), onFault, signal)
    await patiently(() => endExceptions(ports, now), onFault, signal)
    await patiently(() => reviewDue(ports), onFault, signal)
    await patiently(() => withdrawDue(ports), onFault, signal)
    await patiently(() => retention.apply(now), onFault, signal)
    if (more !== true) await pause(LOOK_EVERY_MS, signal)
  }
}
