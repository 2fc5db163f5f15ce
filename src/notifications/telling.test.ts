import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { derivedUuid } from '#src/model/derived-uuid.ts'
import { OPERATOR } from '#src/tenancy/tenancy.fixture.ts'
import { DEFAULT_SEGMENTS } from './audiences.ts'
import type { AlertEvent } from './channels/sending.ts'
import type { ComplianceAlert } from '#src/model/alert.ts'
import { budget, finding, spike } from './channels/alerts.fixture.ts'
import { SILENCES } from './documents.ts'
import { ledgerOf } from './ledger.ts'
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

describe('a summary of the first results of a rule', () => {
  const summary = finding({
    ...{ alertId: 'compliance/rule', change: 'SUMMARY', failing: 3, passing: 1 },
    findingId: derivedUuid('rule'),
    resources: ['a', 'b'].map((resourceId) => ({
      ...{
        findingId: derivedUuid(resourceId),
        severity: 'HIGH',
        resourceId,
        awsAccountId: '111122223333',
      },
    })),
  })
  const ended = (resourceId: string, failing: number) => ({
    ...finding({
      ...{ alertId: 'compliance/rule', findingId: derivedUuid(resourceId), resourceId, failing },
      change: 'PASSED',
    }),
    id: `end-${resourceId}`,
  })

  it('is open until the last of what it told is over, which ends it where it was told', async () => {
    const notification = await test.notify({ settleSeconds: 0, tellResolved: true })
    // It was made later, and has heard of no failure.
    const later = await test.notify({ channelId: 'later', tellResolved: true })
    await test.take(notification, summary)
    const states = async () => (await test.incidents()).map(({ state, open }) => [state, open])
    expect(await states()).toEqual([['OPEN', 3]])
    test.tenancy.move(48 * HOUR_MS)
    await test.tellDue('channel')
    for (const end of [ended('a', 2), ended('c', 1)]) {
      await test.take(notification, end)
      await test.take(later, end)
    }
    test.tenancy.move(HOUR_MS)
    await test.tellDue('channel')
    expect(await states()).toEqual([['OPEN', 1]])
    // What is new of the rule goes into it, for as long as it is open.
    const news = {
      ...finding({ alertId: 'compliance/d', findingId: derivedUuid('d'), resourceId: 'd' }),
      id: 'news',
    }
    await test.take(notification, news)
    expect(await states()).toEqual([['OPEN', 2]])
    await test.take(notification, ended('b', 0))
    await test.take(later, ended('b', 0))
    expect(await states()).toEqual([['OPEN', 1]])
    const { failing: _, ...passed } = ended('d', 0).alert as ComplianceAlert
    const alert = { ...passed, alertId: 'compliance/d' }
    await test.take(notification, { ...ended('d', 0), alert } as AlertEvent)
    test.tenancy.move(HOUR_MS)
    await test.tellDue('channel', 'later')
    expect(await states()).toEqual([['RESOLVED', 0]])
    expect(test.sent.map(({ message: { state, title } }) => `${state} ${title}`)).toEqual([
      'OPEN Every resource has an owner: 3 of 4 resources do not comply',
      'OPEN Every resource has an owner: b does not comply',
      expect.stringMatching(/^RESOLVED Every resource has an owner: 4 resources comply again/),
    ])
  })
})

it('a summary that names nothing, of which no end is told, is over after a day', async () => {
  const summary = finding({ change: 'SUMMARY', failing: 3, passing: 1 })
  const notification = await test.notify({ settleSeconds: 0 })
  await test.take(notification, summary)
  await test.take(notification, { ...finding({ alertId: 'compliance/x' }), id: 'news' })
  await test.tellDue('channel')
  test.tenancy.move(24 * HOUR_MS)
  await test.tellDue('channel')
  const states = (await test.incidents()).map(({ state, alerts }) => `${state} ${alerts}`)
  expect(states.toSorted()).toEqual(['OPEN 1', 'RESOLVED 1'])
})

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

it('incidents of a notification that is deleted are over, and the ledger says what was not told', async () => {
  const quietHours = { upTo: 'CRITICAL' as const, windows: [{ from: '00:00', to: '00:00' }] }
  const notification = await test.notify({ settleSeconds: 0, quietHours })
  await test.take(notification, finding())
  await test.tellDue('channel')
  test.tenancy.move(MINUTE_MS)
  await test.remove(notification)
  expect(await test.incidents()).toMatchObject([{ state: 'RESOLVED', told: 0 }])
  const { state, organisationId } = test.tenancy
  const { items } = await ledgerOf(state, organisationId, {}, { limit: 10 })
  expect(items.map(({ outcome, why }) => [outcome, why])).toEqual([
    ['HELD', 'the notification was deleted before this was told'],
    ['HELD', expect.stringContaining('quiet hours until')],
  ])
})

it('a reminder says first what it is', async () => {
  await test.take(await test.notify({ settleSeconds: 0, repeatHours: 24 }), finding())
  await test.tellDue('channel')
  test.tenancy.move(24 * HOUR_MS)
  await test.tellDue('channel')
  const [first, reminder] = test.sent.map(({ message }) => message)
  expect(reminder?.summary).toBe(`Nobody has acknowledged it for 24 h. ${first?.summary}`)
})

it('a storm is told at once and whole, though most of it is still gathered', async () => {
  const notification = await test.notify({ settleSeconds: 30 })
  for (const event of many(20)) {
    await test.take(notification, event)
    test.tenancy.move(1_000)
    await test.tellDue('channel')
  }
  test.tenancy.move(10_000)
  await test.tellDue('channel')
  test.tenancy.move(MINUTE_MS)
  await test.tellDue('channel')
  expect(test.sent.map(({ message: { facts } }) => facts[0])).toEqual([
    { label: 'Alerts in all', value: '20' },
  ])
})

it('a letter is no reply to readers who have had none, as to those of another channel', async () => {
  const [ana, ben, cleo] = ['ana@example.com', 'ben@example.com', 'cleo@example.com'] as const
  const had = () => test.sent.map(({ sending: { after } }) => after?.hadBy)
  const news = (day: string) => ({ ...spike({ change: 'UPDATED', day }), id: day })
  const notification = await test.notify({ settleSeconds: 0, updateSeconds: 30 })
  const tell = async (event: AlertEvent, ...readers: readonly string[]) => {
    test.recipients.splice(0, test.recipients.length, ...readers)
    await test.take(notification, event)
    await test.tellDue('channel')
    test.tenancy.move(MINUTE_MS)
  }
  await tell(spike(), ana, ben)
  await tell(news('2026-01-21'), ana, ben)
  await tell(news('2026-01-22'), ben, cleo)
  await tell(news('2026-01-23'), ana)
  expect(had()).toEqual([undefined, [ana, ben], [ben], []])
})

it('is one message to all its readers, whatever segments they are told of', async () => {
  const { state, newUser } = test.tenancy
  const users = [await newUser(), await newUser()]
  test.recipients.push(...users.map(({ email }) => email))
  const segment = { viewId: 'view', segmentId: 'segment' }
  await state.transact(async (transaction) =>
    transaction.put(DEFAULT_SEGMENTS, users[0]?.id ?? '', segment),
  )
  await test.take(await test.notify({ settleSeconds: 0 }), spike())
  await test.tellDue('channel')
  expect(test.sent.map(({ sending: { to } }) => to)).toEqual(users.map(({ email }) => [email]))
  // So that a letter that comes late is no reply to one that its reader never had.
  expect(new Set(test.sent.map(({ sending }) => sending.idempotencyKey)).size).toBe(1)
})

it('is sent a minute later to whom a mail server takes it for then, and to no one else', async () => {
  test.recipients.push('a@example.com', 'b@example.com')
  const missed = { address: 'b@example.com', message: 'greylisted', isForNow: true } as const
  test.answer({ outcome: 'sent', sent: {}, answer: 'taken', missed: [missed] })
  await test.take(await test.notify({ settleSeconds: 0, updateSeconds: 30 }), spike())
  await test.tellDue('channel')
  test.answer({ outcome: 'sent', sent: {}, answer: 'taken' })
  test.tenancy.move(MINUTE_MS)
  await test.tellDue('channel')
  expect(test.sent.map(({ sending: { to } }) => to)).toEqual([
    ['a@example.com', 'b@example.com'],
    ['b@example.com'],
  ])
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
    const [first, second] = test.sent.map(({ message }) => message)
    expect(second).toMatchObject({
      title: `Escalated: ${first?.title}`,
      summary: `Nobody has acknowledged it for 10 min: escalated. ${first?.summary}`,
    })
  })

  it('goes to those whom it names, not to the owner who has not seen to it', async () => {
    const { email } = await test.tenancy.newUser()
    test.recipients.push('boss@example.com')
    const owned = { ownerTag: 'owner', tellOwner: true }
    const notification = await test.notify({ settleSeconds: 0, escalation, ...owned })
    await test.take(notification, finding({ resourceTags: { owner: email } }))
    await test.tellDue('channel')
    test.tenancy.move(10 * MINUTE_MS)
    await test.tellDue('managers')
    expect(test.sent.map(({ sending: { to } }) => to)).toEqual([[email], ['boss@example.com']])
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

describe('an inhibition', () => {
  type Given = Parameters<TestTelling['inhibitions']['create']>[1]
  const inhibit = (given: Partial<Given> = {}) => {
    const { organisationId } = test.tenancy
    const target = { detail: { ruleId: [{ exists: true }] } }
    const source = { detail: { severity: ['CRITICAL'] } }
    const inhibition = { organisationId, name: 'hides', equal: [], source, target, ...given }
    return test.inhibitions.create(OPERATOR, inhibition)
  }
  const titles = () => test.sent.map(({ message: { title } }) => title)
  const severe = spike({ severity: 'CRITICAL' })
  const isTold = expect.stringContaining('does not comply')
  const lookAgain = async () => {
    test.tenancy.move(MINUTE_MS)
    await test.tellDue('channel')
  }

  it('ends with the period of the budget that hides', async () => {
    await inhibit({ source: { detail: { budgetId: [{ exists: true }] } } })
    const notification = await test.notify({ settleSeconds: 0 })
    const periodEnd = new Date(test.tenancy.now() + 50 * HOUR_MS).toISOString().slice(0, 10)
    await test.take(notification, budget({ periodEnd }))
    await test.take(notification, finding())
    await test.tellDue('channel')
    expect(titles()).toEqual([expect.stringContaining('budget')])
    test.tenancy.move(Date.parse(periodEnd) - test.tenancy.now())
    await test.tellDue('channel')
    expect(titles().at(-1)).toEqual(isTold)
  })

  it('ends with what hides, however mild its end is, and whatever that says by then', async () => {
    await inhibit({ equal: ['awsAccountId', 'severity'] })
    const notification = await test.notify({ settleSeconds: 0 })
    await test.take(notification, severe)
    await test.take(notification, finding({ severity: 'CRITICAL' }))
    await test.tellDue('channel')
    expect(titles()).toEqual([expect.stringContaining('Cost spike')])
    const closed = spike({ change: 'CLOSED', severity: 'INFORMATIONAL' })
    await test.take(notification, { ...closed, id: 'closed' })
    await lookAgain()
    expect(titles().at(-1)).toEqual(isTold)
  })

  it('hides behind what was told before it was made, and tells what it hid when it is deleted', async () => {
    const notification = await test.notify({ settleSeconds: 0 })
    await test.take(notification, severe)
    await test.tellDue('channel')
    const { id } = await inhibit()
    await test.take(notification, finding())
    await lookAgain()
    expect(titles()).toEqual([expect.stringContaining('Cost spike')])
    await test.inhibitions.remove(OPERATOR, id)
    await test.tellDue('channel')
    expect(titles().slice(1)).toEqual([isTold])
  })

  it('hides behind nothing that was over when it was made', async () => {
    const notification = await test.notify({ settleSeconds: 0 })
    await test.take(notification, severe)
    await test.take(notification, { ...spike({ change: 'CLOSED' }), id: 'closed' })
    await inhibit()
    await test.take(notification, finding())
    await test.tellDue('channel')
    expect(titles()).toEqual([isTold])
  })

  it('hides none of several alerts behind each other, or nobody would hear of any', async () => {
    await inhibit({ equal: ['awsAccountId'] })
    const notification = await test.notify({ settleSeconds: 0 })
    const severeFinding = (ruleId: string) => ({
      ...finding({ alertId: ruleId, ruleId, severity: 'CRITICAL' }),
      id: ruleId,
    })
    await test.take(notification, severeFinding('one'))
    await test.take(notification, severeFinding('other'))
    await test.tellDue('channel')
    expect(titles()).toEqual([isTold, isTold])
  })

  it('hides behind nothing that nobody hears of any more', async () => {
    await inhibit()
    const hears = await test.notify({ settleSeconds: 0, channelId: 'elsewhere' })
    const other = await test.notify({ settleSeconds: 0, alerts: { compliance: {} } })
    await test.take(hears, severe)
    await test.take(other, finding())
    await test.tellDue('channel')
    expect(titles()).toEqual([])
    // The end of the spike will come to nobody.
    await test.remove(hears)
    await lookAgain()
    expect(titles()).toEqual([isTold])
  })
})

describe('a correction of a budget', () => {
  const percents = (...all: readonly number[]) =>
    all.map((percent) => ({ basis: 'ACTUAL' as const, percent }))
  const reached = { ...budget({ thresholds: percents(50, 75, 90) }), id: 'reached' }
  const corrected = (percent: number, ...remaining: readonly number[]) => ({
    ...budget({
      ...{ change: 'CORRECTED', thresholds: percents(percent), severity: 'LOW' },
      remaining: percents(...remaining),
    }),
    id: `corrected ${percent}`,
  })

  it('ends its incident when nothing that was told is so any more, and not before', async () => {
    const all = await test.notify({ settleSeconds: 0, tellResolved: true })
    await test.take(all, reached)
    await test.tellDue('channel')
    await test.take(all, corrected(90, 50, 75))
    expect(await test.incidents()).toMatchObject([{ state: 'OPEN', alerts: 2, open: 1 }])
    test.tenancy.move(HOUR_MS)
    await test.tellDue('channel')
    expect(test.sent.at(-1)?.message).toMatchObject({
      state: 'OPEN',
      title: expect.stringContaining('below 90% of the monthly budget again'),
    })
    await test.take(all, corrected(75, 50))
    await test.take(all, corrected(50))
    expect(await test.incidents()).toMatchObject([{ state: 'RESOLVED', alerts: 4, open: 0 }])
  })

  it('ends it where what goes on is below what the notification tells', async () => {
    const high = await test.notify({ alerts: { budgets: { fromPercent: 75 } } })
    await test.take(high, reached)
    await test.take(high, corrected(75, 50))
    expect(await test.incidents()).toMatchObject([{ state: 'RESOLVED', alerts: 2, open: 0 }])
  })

  it('is nothing to a notification that has heard of nothing before', async () => {
    await test.take(await test.notify({ tellResolved: true }), corrected(90, 50, 75))
    expect(await test.incidents()).toEqual([])
  })
})

describe('the owner of what fails', () => {
  const owned = () => test.notify({ settleSeconds: 0, ownerTag: 'owner' })

  it('is whose account it is where the tag names nobody', async () => {
    await test.take(await owned(), finding({ resourceTags: { owner: ' ' } }))
    expect(await test.incidents()).toMatchObject([{ owner: 'account 111122223333' }])
  })

  it('may be another one when it passes: its incident is over all the same', async () => {
    const notification = await owned()
    await test.take(notification, finding({ resourceTags: {} }))
    const passed = finding({ change: 'PASSED', resourceTags: { owner: 'ana@example.com' } })
    await test.take(notification, { ...passed, id: 'passed' })
    expect(await test.incidents()).toMatchObject([{ state: 'RESOLVED', alerts: 2, open: 0 }])
  })
})

it('what was silenced when it failed is over when it passes after the silence', async () => {
  const { state, organisationId, now, move } = test.tenancy
  const about = { id: 'quiet', organisationId, reason: 'known', createdBy: 'me' }
  const silence = { ...about, pattern: { detail: { ruleId: [{ exists: true }] } } }
  const times = { createdAt: now(), startsAt: now(), endsAt: now() + HOUR_MS }
  await state.transact(async (transaction) =>
    transaction.put(SILENCES, silence.id, { ...silence, ...times }),
  )
  const notification = await test.notify()
  await test.take(notification, finding())
  move(HOUR_MS)
  await test.take(notification, { ...finding({ change: 'PASSED' }), id: 'passed' })
  expect(await test.incidents()).toMatchObject([{ state: 'RESOLVED', alerts: 2, open: 0 }])
})

describe('quiet hours', () => {
  it.each([
    ['put forward', '2026-03-27T12:00:00Z'],
    ['put back', '2026-10-23T12:00:00Z'],
  ])('lose and repeat nothing while clocks are %s', async (_what, begin) => {
    const quietHours = { upTo: 'CRITICAL' as const, windows: [{ from: '22:00', to: '07:00' }] }
    const notification = await test.notify({
      ...{ settleSeconds: 0, timeZone: 'Europe/Berlin', quietHours },
    })
    const { move, now } = test.tenancy
    move(Date.parse(begin) - now())
    const events = many(60)
    for (const event of events) {
      await test.take(notification, event)
      await test.tellDue('channel')
      move(HOUR_MS)
    }
    // It is noon by now, or nearly.
    move(10 * HOUR_MS)
    await test.tellDue('channel')
    const told = test.sent.flatMap(({ message }) => message.events.map(({ id }) => id))
    expect(told.toSorted()).toEqual(events.map(({ id }) => id).toSorted())
    const clock = new Intl.DateTimeFormat('en-GB', {
      ...({ timeZone: 'Europe/Berlin', hour: '2-digit', hourCycle: 'h23' } as const),
    })
    const hours = test.sent.map(({ at }) => Number(clock.format(at)))
    expect(hours.filter((hour) => hour >= 22 || hour < 7)).toEqual([])
    expect(hours.filter((hour) => hour === 7)).toHaveLength(2)
  })
})
