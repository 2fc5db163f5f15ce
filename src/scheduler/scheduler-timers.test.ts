import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import type { Store } from '#src/adapters/sqlite/store.ts'
import { DEFAULT_RETRY_POLICY } from '#src/model/event-bus.ts'
import { laneOf } from '#src/model/delivery.ts'
import type { Delivery } from '#src/model/delivery.ts'
import { POSITIONS_PER_BATCH } from '#src/model/event.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Observer } from '#src/ports/observer.ts'
import { fireDue } from '#src/schedules/firing.ts'
import type { FiringPorts } from '#src/schedules/firing.ts'
import type { ScheduleSettings } from './documents.ts'
import { createScheduleGroups } from './groups.ts'
import type { ScheduleGroups } from './groups.ts'
import { currentRecipient } from './invocation.ts'
import { removeSchedulesOf } from './removal.ts'
import { createSchedulerTimers } from './scheduler-timers.ts'
import { createSchedules } from './schedules.ts'
import type { Schedules } from './schedules.ts'

const PLACE = { account: '111122223333', region: 'eu-west-1' }
const BUS = 'arn:aws:events:eu-west-1:111122223333:event-bus/orders'
const AT = { ...PLACE, group: 'default', name: 'tick' }

let folder: string
let store: Store
let schedules: Schedules
let groups: ScheduleGroups
let ports: FiringPorts
let now: number
let recorded: RecordedEvent[]
let busIsThere: boolean
let refusal: string | undefined
let offered: Delivery[]
const clock = { now: () => now }

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'belfry-scheduler-'))
  store = await openSqliteStore({ folder })
  ;[now, recorded, offered] = [Date.parse('2027-03-01T08:00:20.500Z'), [], []]
  ;[busIsThere, refusal] = [true, undefined]
  const { state } = store
  schedules = createSchedules(state, clock)
  groups = createScheduleGroups(state, clock)
  const observer = { entriesAccepted: () => undefined } as Partial<Observer> as Observer
  const log = {
    record: async (events: readonly RecordedEvent[]) => {
      recorded.push(...events)
      return events.map(() => 7 * POSITIONS_PER_BATCH + 3)
    },
  } as Partial<EventLog> as EventLog
  const busExists = async (arn: string) => busIsThere && arn === BUS
  ports = {
    ...{ state, clock, observer },
    owners: createSchedulerTimers({
      ...{ state, log, observer, busExists, queue: store.queue },
      access: { forwardingRefusal: async () => refusal },
      onDelivery: (deliveries) => offered.push(...deliveries),
    }),
  }
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

const settings = (expression: string, more: Partial<ScheduleSettings> = {}): ScheduleSettings => ({
  expression,
  zone: 'UTC',
  state: 'ENABLED',
  actionAfterCompletion: 'NONE',
  target: {
    arn: BUS,
    roleArn: 'arn:aws:iam::111122223333:role/r',
    retryPolicy: DEFAULT_RETRY_POLICY,
    eventBridge: { source: 'shop', detailType: 'Tick' },
  },
  ...more,
})
const create = async (expression: string, more: Partial<ScheduleSettings> = {}) =>
  schedules.create(AT, settings(expression, more))
/** Fires whatever is due at a time, and answers the times of the events that came of it. */
async function firedAt(time: string): Promise<readonly string[]> {
  now = Date.parse(time)
  recorded = []
  while ((await fireDue(ports)) === now);
  return recorded.map(({ json }) => JSON.parse(json).time)
}
/** When the hub would look again. */
async function nextDueAt(): Promise<string | undefined> {
  const next = await fireDue(ports)
  return next === undefined ? undefined : new Date(next).toISOString()
}
/** Deliveries of the schedule that are due. */
const waiting = async () => {
  const ruleArn = 'arn:aws:scheduler:eu-west-1:111122223333:schedule/default/tick'
  return store.queue.due(laneOf({ ruleArn, target: { id: 'target', arn: '' } }), now, 9)
}
const exists = async () =>
  schedules.get(AT).then(
    () => true,
    () => false,
  )

describe('a schedule', () => {
  it('fires by the clock of its time zone', async () => {
    await create('cron(30 9 * * ? *)', { zone: 'America/New_York' })
    expect(await firedAt('2027-03-01T14:30:00Z')).toEqual(['2027-03-01T14:30:00Z'])
    expect(await firedAt('2027-03-14T13:30:00Z')).toEqual(['2027-03-14T13:30:00Z'])
  })

  it('with a rate begins at once, and keeps to its times when it is updated', async () => {
    await create('rate(10 minutes)')
    expect(await firedAt('2027-03-01T08:00:21Z')).toEqual(['2027-03-01T08:00:20Z'])
    await schedules.update(AT, settings('rate(10 minutes)', { description: 'd' }))
    expect(await nextDueAt()).toBe('2027-03-01T08:10:20.000Z')
  })

  it('fires from its start to its end', async () => {
    const start = Date.parse('2027-03-02T12:00:40Z')
    const end = Date.parse('2027-03-02T12:20:00Z')
    await create('rate(10 minutes)', { start, end })
    expect(await firedAt('2027-03-02T11:59:59Z')).toEqual([])
    expect(await firedAt('2027-03-02T12:00:00Z')).toEqual(['2027-03-02T12:00:00Z'])
    expect(await firedAt('2027-03-02T12:10:00Z')).toEqual(['2027-03-02T12:10:00Z'])
    expect(await firedAt('2027-03-02T12:20:00Z')).toEqual(['2027-03-02T12:20:00Z'])
    expect(await nextDueAt()).toBeUndefined()
    expect(await exists()).toBe(true)
  })

  it('makes up for what was missed once, as the newest up to its end', async () => {
    const end = Date.parse('2027-03-02T12:00:00Z')
    await create('rate(7 minutes)', { end, actionAfterCompletion: 'DELETE' })
    expect(await firedAt('2027-03-03T00:00:00Z')).toEqual(['2027-03-02T11:53:20Z'])
    expect(await exists()).toBe(false)
  })

  it('that is for one time fires then, though the hub was down, and is over', async () => {
    await create('at(2027-03-01T09:00:00)', { zone: 'Europe/Berlin' })
    expect(await firedAt('2027-03-01T11:00:00Z')).toEqual([])
    await schedules.update(AT, settings('at(2027-03-02T09:00:00)', { zone: 'Europe/Berlin' }))
    expect(await firedAt('2027-03-03T08:00:00Z')).toEqual(['2027-03-02T08:00:00Z'])
    expect(await nextDueAt()).toBeUndefined()
    expect(await exists()).toBe(true)
  })

  it('that was missed for longer than its event may be old does not fire any more', async () => {
    const { target } = settings('')
    const retryPolicy = { ...target.retryPolicy, maximumEventAgeInSeconds: 3_600 }
    await create('at(2027-03-02T09:00:00)', { target: { ...target, retryPolicy } })
    expect(await firedAt('2027-03-02T10:00:01Z')).toEqual([])
    expect(await nextDueAt()).toBeUndefined()
  })

  it('with a flexible window fires once in each, at times that differ', async () => {
    const { target } = settings('')
    const retryPolicy = { ...target.retryPolicy, maximumEventAgeInSeconds: 60 }
    await create('cron(0 * * * ? *)', { flexibleMinutes: 30, target: { ...target, retryPolicy } })
    const delays = new Set<number>()
    for (let hour = 9; hour < 24; hour += 1) {
      const due = Date.parse((await nextDueAt()) ?? '')
      const time = Date.UTC(2027, 2, 1, hour)
      expect(due).toBeGreaterThanOrEqual(time)
      expect(due).toBeLessThan(time + 30 * 60_000)
      delays.add(due - time)
      expect(await firedAt(new Date(due - 1).toISOString())).toEqual([])
      expect(await firedAt(new Date(due).toISOString())).toHaveLength(1)
    }
    expect(delays.size).toBeGreaterThan(10)
  })

  it('puts its input, with what stands for its time, on its bus', async () => {
    const input = '{ "at": "<aws.scheduler.scheduled-time>", "by": "<aws.scheduler.schedule-arn>" }'
    await create('cron(0 9 * * ? *)', { target: { ...settings('').target, input } })
    await firedAt('2027-03-01T09:00:00Z')
    const arn = 'arn:aws:scheduler:eu-west-1:111122223333:schedule/default/tick'
    expect(recorded).toMatchObject([{ busArn: BUS, source: 'shop', detailType: 'Tick' }])
    expect(JSON.parse(recorded[0]?.json ?? '')).toMatchObject({
      ...{ ...PLACE, source: 'shop', 'detail-type': 'Tick', resources: [arn] },
      detail: { at: '2027-03-01T09:00:00Z', by: arn },
    })
  })

  it('hands what goes elsewhere to the deliveries with its input, and to no rule', async () => {
    const { eventBridge: _, ...target } = settings('').target
    const arn = 'arn:aws:sqs:eu-west-1:111122223333:ticks.fifo'
    const input = 'it is <aws.scheduler.scheduled-time>'
    const more = { messageGroupId: 'g', deadLetterArn: 'arn:aws:sqs:eu-west-1:111122223333:lost' }
    await create('cron(0 9 * * ? *)', { target: { ...target, arn, input, ...more } })
    await firedAt('2027-03-01T09:00:00Z')
    const busArn = BUS.replace('orders', 'default')
    const ofEvent = { source: 'aws.scheduler', busArn, onlyRules: [], scheduled: { input } }
    expect(recorded).toMatchObject([ofEvent])
    const due = await waiting()
    const { roleArn, retryPolicy } = target
    expect(due).toMatchObject([
      {
        ...{ eventId: recorded[0]?.id, position: 7 * POSITIONS_PER_BATCH + 3 },
        target: { arn, roleArn, retryPolicy, ...more },
      },
    ])
    expect(offered).toEqual(due)
  })

  it('whose target was changed is delivered to what the target is now', async () => {
    const arn = 'arn:aws:scheduler:eu-west-1:111122223333:schedule/default/tick'
    expect(await currentRecipient(store.state, arn)).toBeUndefined()
    await create('rate(1 day)')
    const { target } = settings('')
    const mended = { ...target, arn: 'https://hooks.example.com/mended' }
    await schedules.update(AT, settings('rate(1 day)', { target: mended }))
    expect(await currentRecipient(store.state, arn)).toMatchObject({ arn: mended.arn })
    expect(await currentRecipient(store.state, BUS)).toBeUndefined()
  })

  it.each([
    ['is not there', () => (busIsThere = false)],
    ['refuses it', () => (refusal = 'with an explicit deny')],
  ])('hands its event to the deliveries where its bus %s, and goes on', async (_what, happens) => {
    happens()
    await create('cron(0 9 * * ? *)')
    await firedAt('2027-03-01T09:00:00Z')
    expect(recorded).toMatchObject([{ onlyRules: [], scheduled: { input: '{}' } }])
    expect(await waiting()).toMatchObject([{ target: { arn: BUS } }])
    ;[busIsThere, refusal] = [true, undefined]
    expect(await firedAt('2027-03-02T09:00:00Z')).toHaveLength(1)
    expect(recorded).toMatchObject([{ busArn: BUS }])
    expect(await waiting()).toHaveLength(1)
  })

  it('of another account’s bus puts nothing there by itself', async () => {
    const target = { ...settings('').target, arn: BUS.replace('111122223333', '999999999999') }
    await create('cron(0 9 * * ? *)', { target })
    await firedAt('2027-03-01T09:00:00Z')
    expect(recorded).toMatchObject([{ busArn: BUS.replace('orders', 'default'), onlyRules: [] }])
    expect(await waiting()).toMatchObject([{ target: { arn: target.arn } }])
  })

  it('that was deleted is forgotten after an hour, client token and all', async () => {
    await create('rate(1 minute)')
    await schedules.remove(AT, 'token')
    await schedules.remove(AT, 'token')
    await firedAt('2027-03-01T09:00:21Z')
    await expect(schedules.remove(AT, 'token')).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
    })
    expect(await nextDueAt()).toBeUndefined()
  })

  it('fires no more once it is disabled, deleted, or its account is gone', async () => {
    await create('rate(1 minute)')
    await schedules.update(AT, settings('rate(1 minute)', { state: 'DISABLED' }))
    expect(await nextDueAt()).toBeUndefined()
    await schedules.update(AT, settings('rate(1 minute)'))
    await schedules.remove(AT)
    expect(await nextDueAt()).toBeUndefined()
    await create('rate(1 minute)')
    await groups.create({ ...PLACE, name: 'winter' }, {})
    await removeSchedulesOf(store.state, PLACE.account)
    expect(await nextDueAt()).toBeUndefined()
    expect(await exists()).toBe(false)
    expect((await groups.list(PLACE, { limit: 9 })).items.map(({ name }) => name)).toEqual([
      'default',
    ])
  })
})

describe('a group that is deleted', () => {
  it('takes nothing new, and is gone with all its schedules soon after, or after a restart', async () => {
    const at = { ...PLACE, name: 'winter' }
    await groups.create(at, {})
    for (let number = 0; number < 250; number += 1) {
      const address = { ...PLACE, group: 'winter', name: `s${number}` }
      await schedules.create(address, settings('rate(1 day)'))
    }
    await create('rate(1 day)')
    await groups.remove(at)
    expect((await groups.get(at)).state).toBe('DELETING')
    await expect(
      schedules.create({ ...PLACE, group: 'winter', name: 'late' }, settings('rate(1 day)')),
    ).rejects.toMatchObject({ code: 'ConflictException' })
    await groups.remove(at, 'token')
    await firedAt('2027-03-01T08:00:20.500Z')
    await expect(groups.get(at)).rejects.toMatchObject({ code: 'ResourceNotFoundException' })
    await groups.remove(at, 'token')
    await expect(groups.remove(at, 'other')).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
    })
    const { items } = await schedules.list(PLACE, { limit: 100 })
    expect(items.map(({ name }) => name)).toEqual(['tick'])
  })
})
