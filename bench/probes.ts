import type { Putter } from '../test/crash/putter.ts'

const PROBES_PER_SECOND = 100

/**
 * Sends probes at a steady pace, whether or not earlier ones have been answered.
 * @returns when each was sent, by its number: epoch ms
 */
export async function sendProbes(
  url: string,
  putter: Putter,
  durationMs: number,
): Promise<readonly number[]> {
  const sentAt: number[] = []
  const calls: Promise<unknown>[] = []
  const startedAt = performance.now()
  while (performance.now() - startedAt < durationMs) {
    const due = ((performance.now() - startedAt) / 1_000) * PROBES_PER_SECOND
    while (sentAt.length < due) {
      const Detail = JSON.stringify({ n: sentAt.length, note: 'x'.repeat(900) })
      sentAt.push(preciseNow())
      const entry = { Source: 'bench.probe', DetailType: 'Probe', Detail }
      calls.push(putter.call(url, 'PutEvents', { Entries: [entry] }))
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await Promise.all(calls)
  return sentAt
}

/** Epoch ms with its fraction. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now()
}
