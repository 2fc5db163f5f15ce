import { expect, it } from 'vitest'

import { samplesOf, total } from './metrics-text.ts'

const TEXT = `# HELP events_total Events
# TYPE events_total counter
events_total{door="tenancy"} 3
events_total{door="put-events",code="a \\"b\\" } c"} 4.5
stored 2e3

`

it('figures are read with their labels, comments are not', () => {
  expect(samplesOf(TEXT)).toEqual([
    { name: 'events_total', labels: { door: 'tenancy' }, value: 3 },
    { name: 'events_total', labels: { door: 'put-events', code: 'a \\"b\\" } c' }, value: 4.5 },
    { name: 'stored', labels: {}, value: 2000 },
  ])
})

it('figures of a name add up, narrowed by labels', () => {
  const samples = samplesOf(TEXT)
  expect(total(samples, 'events_total')).toBe(7.5)
  expect(total(samples, 'events_total', { door: 'tenancy' })).toBe(3)
  expect(total(samples, 'unknown')).toBe(0)
})
