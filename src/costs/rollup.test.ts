import { expect, it } from 'vitest'

import type { Charge } from './charge.ts'
import { DIMENSIONS_MAX, createRollup } from './rollup.ts'

const charge = (meter: string): Charge => ({
  ...{ month: '2026-01', day: '2026-01-01', provider: 'AWS', billingAccountId: '1', meter },
  ...{ accountId: '1', service: 'EC2', region: '', chargeCategory: 'Usage', chargeFrequency: '' },
  ...{ chargeClass: '', currency: 'USD', tags: '{}', billedCost: 1n, effectiveCost: 1n },
})

it('more combinations of dimensions than there is room for are refused with what to do', () => {
  const rollup = createRollup()
  for (let number = 0; number < DIMENSIONS_MAX; number += 1) rollup.add(charge(String(number)))
  rollup.add(charge('0'))
  expect(() => rollup.add(charge('one more'))).toThrow(/name the tag keys to tell costs apart by/)
})
