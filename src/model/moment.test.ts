import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { epochMsOf, isoMicros, momentOf, parseMoment } from './moment.ts'

const YEAR_2200_MICROS = 7_258_118_400_000_000

describe('a moment', () => {
  it('is written with microseconds, and read back as it was', () => {
    expect(isoMicros(1_692_318_632_607_971)).toBe('2023-08-18T00:30:32.607971Z')
    fc.assert(
      fc.property(fc.integer({ min: 0, max: YEAR_2200_MICROS }), (moment) => {
        expect(parseMoment(isoMicros(moment))).toBe(moment)
        expect(isoMicros(moment)).toHaveLength('2023-08-18T00:30:32.607971Z'.length)
      }),
    )
  })

  it('is read from times of any fineness', () => {
    expect(parseMoment('2023-08-18T00:30:32Z')).toBe(1_692_318_632_000_000)
    expect(parseMoment('2023-08-18T00:30:32.6Z')).toBe(1_692_318_632_600_000)
    expect(parseMoment('2023-08-18T00:30:32.6079Z')).toBe(1_692_318_632_607_900)
    expect(parseMoment('2023-08-18T00:30:33.269361634Z')).toBe(1_692_318_633_269_361)
    expect(parseMoment('2023-08-18T10:30:32.607971+10:00')).toBe(1_692_318_632_607_971)
    expect(parseMoment('yesterday')).toBeUndefined()
  })

  it('of a millisecond lies in that millisecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 7_258_118_400_000 }), fc.nat(999), (ms, micros) => {
        expect(epochMsOf(momentOf(ms) + micros)).toBe(ms)
      }),
    )
  })
})
