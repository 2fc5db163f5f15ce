/** Long enough for several scavenges, so that no round gets its garbage for nothing. */
const ROUND_MS = 150
const WARM_UP_MS = 60
const ROUNDS = Number(process.env['ROUNDS'] ?? 2)
/** Shared machines are slow for seconds on end; a group of cells is then measured anew. */
const ROUNDS_MAX = ROUNDS + 1
/** A round is quiet when the yardstick is at least this share of the fastest there was. */
const QUIET_SHARE = 0.9
/** How long events are read between two looks at the clock, so that slow engines stop in time. */
const BATCH_MS = 1

/** One thing to measure: `round` reads events for so long and tells how many it read a second. */
export interface Cell {
  readonly round: (durationMs: number) => number
}

/** Reads events in turn, from where the round before stopped, so that slow cells see all of them. */
export function createCell<Event>(events: readonly Event[], read: (event: Event) => unknown): Cell {
  let at = 0
  let batch = 1
  return {
    round(durationMs) {
      const startedAt = performance.now()
      let done = 0
      let elapsedMs = 0
      while (elapsedMs < durationMs) {
        for (let count = 0; count < batch; count += 1) {
          read(events[at] as Event)
          at = at + 1 === events.length ? 0 : at + 1
        }
        done += batch
        const nowMs = performance.now() - startedAt
        if (nowMs - elapsedMs < BATCH_MS) batch *= 2
        else if (nowMs - elapsedMs > 4 * BATCH_MS && batch > 1) batch /= 2
        elapsedMs = nowMs
      }
      return (done * 1_000) / elapsedMs
    },
  }
}

/** Cells that are compared with each other, and what all groups have in common. */
export interface Group {
  readonly yardstick: Cell
  readonly cells: readonly Cell[]
}

/** Events a second, the best round of each: whatever disturbs a round slows it down. */
export interface Measured {
  readonly yardstick: number
  readonly cells: readonly number[]
}

/**
 * Measures groups in turn, a yardstick before and after the cells of each. Where it tells that the
 * machine was busy, the group is measured again later.
 */
export function measureGroups(groups: readonly Group[]): readonly Measured[] {
  for (const { yardstick, cells } of groups) {
    for (const cell of [yardstick, ...cells]) cell.round(WARM_UP_MS)
  }
  const all = groups.map((group) => ({ group, rounds: [] as Round[] }))
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const fastest = Math.max(...all.flatMap(({ rounds }) => rounds.map(({ most }) => most)))
    for (const { group, rounds } of all) {
      const quiet = rounds.filter(({ least }) => least >= fastest * QUIET_SHARE)
      if (round < ROUNDS || quiet.length < ROUNDS) rounds.push(measureOnce(group))
    }
  }
  return all.map(({ group: { cells }, rounds }) => ({
    yardstick: Math.max(...rounds.map(({ most }) => most)),
    cells: cells.map((_, index) => Math.max(...rounds.map((round) => round.cells[index] ?? 0))),
  }))
}

interface Round {
  /** The yardstick before and after, in order of speed. */
  readonly least: number
  readonly most: number
  readonly cells: readonly number[]
}

function measureOnce({ yardstick, cells }: Group): Round {
  const before = yardstick.round(ROUND_MS)
  const rates = cells.map((cell) => cell.round(ROUND_MS))
  const after = yardstick.round(ROUND_MS)
  return { least: Math.min(before, after), most: Math.max(before, after), cells: rates }
}

/** The value that this share of all are at most. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? 0
}
