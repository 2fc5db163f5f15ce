import type { Settlement } from '#src/model/delivery.ts'
import type { DeliveryQueue } from '#src/ports/delivery-queue.ts'
import { patiently } from '#src/ports/patiently.ts'

export interface Settler {
  /** Records what became of an attempt; `onSettled` is called once that is durable. */
  add(settlement: Settlement, onSettled: () => void): void
  /** Resolves when all that was added is durable, or the queue takes no more. */
  drained(): Promise<void>
}

/** After the hub was told to stop, how long a full disk may hold up the last settlements. */
const LAST_TRIES_MS = 5_000

/** Settlements that come while a commit is under way share the next one. */
export function createSettler(queue: DeliveryQueue, onFault: (error: unknown) => void): Settler {
  const waiting: { readonly settlement: Settlement; readonly onSettled: () => void }[] = []
  const giveUp = new AbortController()
  let running: Promise<void> | undefined

  const run = async () => {
    while (waiting.length > 0 && !giveUp.signal.aborted) {
      const batch = waiting.splice(0)
      const settled = await patiently(
        async () => {
          await queue.settle(batch.map(({ settlement }) => settlement))
          return true
        },
        onFault,
        giveUp.signal,
      )
      if (settled) for (const { onSettled } of batch) onSettled()
    }
    running = undefined
  }

  return {
    add: (settlement, onSettled) => {
      waiting.push({ settlement, onSettled })
      running ??= Promise.resolve().then(run)
    },
    drained: async () => {
      const timer = setTimeout(() => giveUp.abort(), LAST_TRIES_MS)
      await running
      clearTimeout(timer)
    },
  }
}
