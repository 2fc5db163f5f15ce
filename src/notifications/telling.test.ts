import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { AlertEvent } from './channels/sending.ts'
import { spike } from './channels/alerts.fixture.ts'
import { createTestTelling } from './telling.fixture.ts'
import type { TestTelling } from './telling.fixture.ts'

const HOUR_MS = 3_600_000

let test: TestTelling
beforeEach(async () => {
  test = await createTestTelling()
})
afterEach(() => test.close())

const many = (count: number): readonly AlertEvent[] =>
  Array.from({ length: count }, (_, at) => ({ ...spike({ alertId: `s${at}` }), id: `e${at}` }))

describe('many incidents', () => {
  it('are told, and reminded of, in one message that counts all their alerts', async () => {
    const notification = await test.notify({ settleSeconds: 0, repeatHours: 1 })
    for (const event of many(6)) await test.take(notification, event)
    await test.tellDue('channel')
    test.tenancy.move(HOUR_MS)
    await test.tellDue('channel')
    expect(test.sent).toHaveLength(2)
    for (const { message } of test.sent) {
      expect(message.facts[0]).toEqual({ label: 'Alerts in all', value: '6' })
      // Nobody asked for a digest.
      expect(message.summary).not.toContain('digest')
    }
  })
})
