import { BUSES, RULES } from '#src/buses/documents.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently } from '#src/ports/patiently.ts'
import type { State, StateChange } from '#src/ports/state.ts'
import { FOUNDATION_ACCOUNTS } from '#src/tenancy/documents.ts'
import { MANAGED_BY } from './notifications.ts'
import type { Notifications } from './notifications.ts'

interface KeepingPorts {
  readonly state: Pick<State, 'watch'>
  readonly observer: Observer
  readonly notifications: Pick<Notifications, 'keepRules'>
}

/**
 * Keeps the rule of each notification on the bus of its tenancy's events: also on one that is made
 * after it, and where somebody took the rule away by force. Runs until the signal aborts.
 */
export async function keepNotificationRules(
  { state, observer, notifications }: KeepingPorts,
  signal: AbortSignal,
): Promise<void> {
  const onFault = (error: unknown) => observer.stageFaulted('notify', error)
  let wake = Promise.withResolvers<void>()
  const stopWatching = state.watch((changes) => {
    if (changes.some(isOfRules)) wake.resolve()
  })
  signal.addEventListener('abort', () => wake.resolve())
  while (!signal.aborted) {
    wake = Promise.withResolvers()
    await patiently(() => notifications.keepRules(), onFault, signal)
    // It may have aborted while the former promise was still the one to resolve.
    if (signal.aborted) break
    await wake.promise
  }
  stopWatching()
}

/** What may leave a bus without the rule that it should have. */
function isOfRules({ collection, value }: StateChange): boolean {
  if (collection === BUSES.name) return value !== undefined
  if (collection === FOUNDATION_ACCOUNTS.name) return true
  if (collection !== RULES.name) return false
  // Of other rules nothing is asked, and of one that is gone it is not known whose it was.
  const managedBy = (value as { readonly managedBy?: string } | undefined)?.managedBy
  return value === undefined || managedBy === MANAGED_BY
}
