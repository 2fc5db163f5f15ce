import { describe, expect, it } from 'vitest'

import { completeThroughOf } from './complete-through.ts'
import type { CostPeriod } from './cost.ts'

const period = (exportName: string, month: string, completeThrough?: string): CostPeriod => ({
  ...{ organisationId: 'o', exportName, month, execution: 'e', importId: 'i', importedAt: 0 },
  ...{
    firstDay: `${month}-01`,
    lastDay: `${month}-28`,
    billingAccountIds: [],
    totals: [],
    rows: 0,
  },
  ...(completeThrough !== undefined && { completeThrough }),
})

describe('the day that costs are complete through', () => {
  it('is the least that the exports of the newest month have', () => {
    const periods = [
      period('aws', '2026-01', '2026-01-31'),
      period('aws', '2026-02', '2026-02-10'),
      period('azure', '2026-02', '2026-02-08'),
      period('ended', '2025-06', '2025-06-30'),
    ]
    expect(completeThroughOf(periods)).toBe('2026-02-08')
  })

  it('waits some days for an export that has not told of a month that just began', () => {
    const hours = (count: number) => count * 3_600_000
    const at = (importedAt: number, late: number) => [
      { ...period('aws', '2026-02', '2026-02-01'), importedAt },
      { ...period('azure', '2026-01', '2026-01-30'), importedAt: importedAt - late },
      { ...period('ended', '2025-12', '2025-12-31'), importedAt },
    ]
    expect(completeThroughOf(at(hours(100), hours(72)))).toBe('2026-01-30')
    expect(completeThroughOf(at(hours(100), hours(72) + 1))).toBe('2026-02-01')
  })

  it('is that of the month before where nothing is complete of the newest', () => {
    const periods = [period('aws', '2026-01', '2026-01-31'), period('aws', '2026-02')]
    expect(completeThroughOf(periods)).toBe('2026-01-31')
    expect(completeThroughOf([period('aws', '2026-02')])).toBeUndefined()
    expect(completeThroughOf([])).toBeUndefined()
  })
})
