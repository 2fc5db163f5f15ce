export interface Percentiles {
  readonly msP50: number
  readonly msP99: number
}

export function percentiles(latenciesMs: readonly number[]): Percentiles {
  const sorted = latenciesMs.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
  return { msP50: at(0.5), msP99: at(0.99) }
}
