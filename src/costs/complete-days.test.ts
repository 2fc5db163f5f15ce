import { describe, expect, it } from 'vitest'

import { lastCompleteDay } from './complete-days.ts'

const at = (time: string) => Date.parse(time)

describe('the last complete day of a billing period', () => {
  it('is the day before the newest usage', () => {
    const summary = { month: '2026-01', lastUsageDay: '2026-01-10' }
    expect(lastCompleteDay(summary, { importedAt: at('2026-01-11') })).toBe('2026-01-09')
  })

  it('is unknown while there is usage of the first day alone, or none', () => {
    const importedAt = at('2026-01-02')
    expect(lastCompleteDay({ month: '2026-01' }, { importedAt })).toBeUndefined()
    const summary = { month: '2026-01', lastUsageDay: '2026-01-01' }
    expect(lastCompleteDay(summary, { importedAt })).toBeUndefined()
  })

  it('is the last of a month that a later one follows, or that is over for two days', () => {
    const summary = { month: '2025-12', lastUsageDay: '2025-12-31' }
    expect(lastCompleteDay(summary, { importedAt: at('2026-01-02T23:59Z') })).toBe('2025-12-30')
    expect(lastCompleteDay(summary, { importedAt: at('2026-01-03T00:00Z') })).toBe('2025-12-31')
    const followed = { importedAt: at('2026-01-01T05:00Z'), newestUsageDay: '2026-01-01' }
    expect(lastCompleteDay(summary, followed)).toBe('2025-12-31')
  })

  it('is not in the future, whatever the export says', () => {
    const summary = { month: '2026-01', lastUsageDay: '2026-01-31' }
    const importedAt = at('2026-01-10T08:00Z')
    expect(lastCompleteDay(summary, { importedAt })).toBe('2026-01-09')
    const followed = { importedAt, newestUsageDay: '2026-02-01' }
    expect(lastCompleteDay(summary, followed)).toBe('2026-01-09')
  })
})
