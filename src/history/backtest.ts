import type { EventPattern } from '@belfry/event-pattern'

import type { PositionedEvent, RecordedEvent } from '#src/model/event.ts'
import { beginningOf, scan } from './scan.ts'
import type { Period, ScanPorts } from './scan.ts'

export interface BacktestRequest {
  readonly pattern: EventPattern
  readonly period: Period
  /** Which events count: those of the buses that are asked for and that the caller may see. */
  readonly accept: (event: RecordedEvent) => Promise<boolean>
  readonly signal: AbortSignal
  /** @param reached epoch ms up to which the history has been read */
  readonly onProgress: (reached: number) => Promise<void>
}

/** What a rule would have matched. */
export interface Backtest {
  readonly searched: number
  readonly matched: number
  /** Equal parts of the period from its first event on, the oldest first. */
  readonly counts: readonly BacktestCount[]
  /** Spread over the period: the first that matched in each part of it. */
  readonly samples: readonly PositionedEvent[]
}

export interface BacktestCount {
  /** Epoch ms at which the part begins. */
  readonly from: number
  readonly searched: number
  readonly matched: number
}

const PARTS = 24
const PROGRESS_EVERY_EVENTS = 20_000

/** Matches a pattern against the recorded history; nothing is delivered. */
export async function backtest(ports: ScanPorts, request: BacktestRequest): Promise<Backtest> {
  const { pattern, period, accept, signal, onProgress } = request
  // Of the time before it there is nothing to tell, which may be years.
  const beginning = await beginningOf(ports, period)
  const partMs = Math.max(1, Math.ceil((period.to - beginning) / PARTS))
  const counts = Array.from({ length: PARTS }, (_, part) => ({
    from: beginning + part * partMs,
    searched: 0,
    matched: 0,
    sample: undefined as PositionedEvent | undefined,
  })).filter(({ from }) => from < period.to)
  let searched = 0
  let told = 0
  for await (const events of scan(ports, period)) {
    if (signal.aborted) break
    for (const positioned of events) {
      const { event } = positioned
      if (!(await accept(event))) continue
      // A little earlier than the first is what was longer on its way to the log.
      const part = counts[Math.max(0, Math.floor((event.acceptedAt - beginning) / partMs))]
      if (part === undefined) continue
      searched += 1
      part.searched += 1
      if (!pattern.matches(event.json)) continue
      part.matched += 1
      part.sample ??= positioned
    }
    const [last] = events.slice(-1)
    if (last !== undefined && searched - told >= PROGRESS_EVERY_EVENTS) {
      told = searched
      await onProgress(last.event.acceptedAt)
    }
  }
  return {
    searched,
    matched: counts.reduce((sum, { matched }) => sum + matched, 0),
    counts: counts.map(({ sample: _, ...count }) => count),
    samples: counts.flatMap(({ sample }) => sample ?? []),
  }
}
