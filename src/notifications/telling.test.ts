import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { AlertEvent } from './channels/sending.ts'
import { spike } from './channels/alerts.fixture.ts'
import { createTestTelling } from './telling.fixture.ts'
import type { TestTelling } from './telling.fixture.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

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

describe('an escalation', () => {
  const escalation = { afterMinutes: 10, channelId: 'managers' }
  const told = () => test.sent.map(({ channelId }) => channelId)
  const escalated = async () => {
    const notification = await test.notify({ settleSeconds: 0, escalation })
    await test.take(notification, spike())
    await test.tellDue('channel')
    return notification
  }

  it('goes to the channel that is set when its time has come', async () => {
    const { id } = await escalated()
    await test.update(id, { escalation: { ...escalation, channelId: 'directors' } })
    test.tenancy.move(10 * MINUTE_MS)
    await test.tellDue('managers', 'directors')
    expect(told()).toEqual(['channel', 'directors'])
  })

  it('that is refused is tried again until somebody sees to it', async () => {
    await escalated()
    test.answer({ outcome: 'refused', reason: 'the channel is archived' })
    test.tenancy.move(10 * MINUTE_MS)
    await test.tellDue('managers')
    test.tenancy.move(HOUR_MS)
    await test.tellDue('managers')
    test.answer({ outcome: 'sent', sent: {}, answer: 'taken' })
    test.tenancy.move(HOUR_MS)
    await test.tellDue('managers')
    test.tenancy.move(HOUR_MS)
    await test.tellDue('managers')
    expect(told()).toEqual(['channel', ...Array(3).fill('managers')])
    expect(await test.incidents()).toMatchObject([{ escalatedAt: test.tenancy.now() - HOUR_MS }])
  })
})
