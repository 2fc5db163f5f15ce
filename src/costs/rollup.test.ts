import { expect, it } from 'vitest'

import type { Charge } from './charge.ts'
import { createRollup } from './rollup.ts'

const charge = (meter: string): Charge => ({
  ...{ month: '2026-01', day: '2026-01-01', provider: 'AWS', billingAccountId: '1', meter },
  ...{ accountId: '1', service: 'EC2', region: '', chargeCategory: 'Usage', chargeFrequency: '' },
  ...{ chargeClass: '', currency: 'USD', tags: '{}', billedCost: 1n, effectiveCost: 1n },
})

it('what there is no room for is refused with what to do', () => {
  const rollup = createRollup({ dimensions: 2, rows: 3 })
  rollup.add(charge('a'))
  rollup.add(charge('b'))
  rollup.add(charge('b'))
  const what = /more than 2 combinations .* name the tag keys to tell costs apart by/
  expect(() => rollup.add(charge('c'))).toThrow(what)
  rollup.add({ ...charge('a'), day: '2026-01-02' })
  expect(() => rollup.add({ ...charge('a'), day: '2026-01-03' })).toThrow('more than 3 cost rows')
})
