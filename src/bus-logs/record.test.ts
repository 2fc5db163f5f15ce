import { expect, it } from 'vitest'

import { LOG_LEVELS } from '#src/model/bus-log.ts'
import { STEP_LEVELS } from '#src/model/step.ts'
import { RECORD_CHARACTERS_MAX, recordOf } from './record.ts'
import type { LoggedStep } from './steps.ts'

const BUS = 'arn:aws:events:us-east-1:111111111111:event-bus/orders'
const FULL = { level: 'TRACE', includeDetail: 'FULL' } as const
const step = (details: object, full: Record<string, string> = {}): LoggedStep => ({
  ...{ type: 'EVENT_RECEIPT', at: 1, eventId: 'e' },
  details: () => ({ ...details }),
  full: () => full,
})

it('a log has the steps of its level and of those above', () => {
  const types = Object.keys(STEP_LEVELS) as (keyof typeof STEP_LEVELS)[]
  const countOf = (level: (typeof LOG_LEVELS)[number]) =>
    types.filter((type) => recordOf(BUS, { ...step({}), type }, { ...FULL, level }) !== undefined)
      .length
  expect(LOG_LEVELS.map(countOf)).toEqual([0, 6, 11, 16])
})

it('a record has AWS’s length at most: details go first, and are named', () => {
  const whole = recordOf(BUS, step({ source: 's' }, { event_detail: '' }), FULL) as string
  const fits = 'x'.repeat(RECORD_CHARACTERS_MAX - whole.length)
  const longest = recordOf(BUS, step({ source: 's' }, { event_detail: fits }), FULL) as string
  expect(longest).toHaveLength(RECORD_CHARACTERS_MAX)
  const cut = recordOf(BUS, step({ source: 's' }, { event_detail: `${fits}x` }), FULL) as string
  expect(JSON.parse(cut)).toMatchObject({
    details: { source: 's' },
    dropped_fields: ['event_detail'],
  })
  expect(JSON.parse(cut).details).toEqual({ source: 's' })
  const bare = recordOf(
    BUS,
    step({ resources: [fits, 'x'] }, { event_detail: 'd' }),
    FULL,
  ) as string
  expect(JSON.parse(bare)).toMatchObject({
    details: {},
    dropped_fields: ['resources', 'event_detail'],
  })
})
