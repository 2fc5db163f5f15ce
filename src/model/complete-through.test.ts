import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { EXPORT_LATE_DAYS_MAX, completenessOf } from './complete-through.ts'
import type { CostPeriod } from './cost.ts'
import { addDays } from './day.ts'

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
  it('is the least of the exports that keep up, and says which ones are behind', () => {
    const periods = [
      period('aws', '2026-01', '2026-01-31'),
      period('aws', '2026-02', '2026-02-10'),
      period('azure', '2026-02', '2026-02-08'),
      period('gcp', '2026-02', '2026-02-09'),
      period('ended', '2025-06', '2025-06-30'),
    ]
    expect(completenessOf(periods)).toEqual({
      through: '2026-02-08',
      waitingFor: [
        { exportName: 'azure', completeThrough: '2026-02-08' },
        { exportName: 'gcp', completeThrough: '2026-02-09' },
      ],
    })
  })

  it('waits some days for an export that has not told of a month that just began', () => {
    const late = [
      period('aws', '2026-02', '2026-02-05'),
      period('azure', '2026-01', '2026-01-31'),
    ] as const
    expect(completenessOf(late).through).toBe('2026-01-31')
    const ended = [period('aws', '2026-02', '2026-02-06'), late[1]]
    expect(completenessOf(ended)).toEqual({ through: '2026-02-06', waitingFor: [] })
  })

  it('is that of the month before where nothing is complete of the newest', () => {
    const periods = [period('aws', '2026-01', '2026-01-31'), period('aws', '2026-02')]
    expect(completenessOf(periods).through).toBe('2026-01-31')
    expect(completenessOf([...periods, period('monthly', '2026-02')]).through).toBe('2026-01-31')
    expect(completenessOf([period('aws', '2026-02')])).toEqual({ waitingFor: [] })
    expect(completenessOf([])).toEqual({ waitingFor: [] })
  })

  it('is never held back by more than the days that an export may be late', () => {
    const day = fc.integer({ min: 0, max: 300 }).map((days) => addDays('2025-06-01', days))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), day)), day, (days, newest) => {
        const periods = days
          .filter(([, one]) => one <= newest)
          .map(([name, one]) => period(name, one.slice(0, 7), one))
        const { through = '' } = completenessOf([...periods, period('d', '2026-04', newest)])
        expect(through >= addDays(newest, -EXPORT_LATE_DAYS_MAX) && through <= newest).toBe(true)
      }),
    )
  })
})
