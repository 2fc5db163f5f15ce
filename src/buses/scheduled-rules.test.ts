import { AWS_QUOTAS } from '#src/model/quotas.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import type { Store } from '#src/adapters/sqlite/store.ts'
import { busArn } from '#src/model/arn.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Observer } from '#src/ports/observer.ts'
import { fireDue, fireSchedules } from '#src/schedules/firing.ts'
import type { FiringPorts } from '#src/schedules/firing.ts'
import { BUSES, RULES, busKey } from './documents.ts'
import { createRuleTable } from './rule-table.ts'
import { createRules } from './rules.ts'
import type { Rules } from './rules.ts'
import { removeBusesOf } from './managed-wiring.ts'
import { RULE_TIMERS, createScheduledRules, keepRuleTimer } from './scheduled-rules.ts'

const PLACE = { account: '111122223333', region: 'eu-west-1' }
const BUS = { ...PLACE, name: 'default' }
const ARN = 'arn:aws:events:eu-west-1:111122223333:rule/tick'

let folder: string
let store: Store
let rules: Rules
let ports: FiringPorts
let now: number
let recorded: RecordedEvent[]
let failing: boolean
let whileFiring: (events: readonly RecordedEvent[]) => Promise<unknown>
let faults: unknown[]
const clock = { now: () => now }

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'belfry-schedules-'))
  store = await openSqliteStore({ folder })
  ;[now, recorded, failing, faults] = [Date.parse('2027-03-01T08:00:20.500Z'), [], false, []]
  whileFiring = async () => undefined
  const { state } = store
  const bus = { ...BUS, ruleCount: 0, createdAt: now, modifiedAt: now }
  await state.transact(async (transaction) => transaction.put(BUSES, busKey(BUS), bus))
  rules = createRules({ state, clock, quotas: AWS_QUOTAS })
  const observer = {
    entriesAccepted: () => undefined,
    stageFaulted: (_stage, error) => faults.push(error),
  } as Partial<Observer> as Observer
  const log = {
    record: async (events: readonly RecordedEvent[]) => {
      recorded.push(...events)
      await whileFiring(events)
      if (failing) throw new Error('died before it was told')
      return []
    },
  } as Partial<EventLog> as EventLog
  const owners = { [RULE_TIMERS]: createScheduledRules({ state, log, observer }) }
  ports = { state, clock, observer, owners }
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

const put = async (scheduleExpression: string, more: object = {}) =>
  rules.put(BUS, { name: 'tick', scheduleExpression, ...more }, PLACE.account)
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

describe('a scheduled rule', () => {
  it('gets an event of its own at each of its times', async () => {
    await put('cron(0/30 9 ? * MON-FRI *)')
    expect(await firedAt('2027-03-01T08:59:59.999Z')).toEqual([])
    expect(await firedAt('2027-03-01T09:00:00.004Z')).toEqual(['2027-03-01T09:00:00Z'])
    const [event] = recorded
    expect(event).toMatchObject({ busArn: busArn(BUS), onlyRules: [ARN], acceptedAt: now })
    expect(JSON.parse(event?.json ?? '')).toEqual({
      version: '0',
      id: event?.id,
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      ...PLACE,
      time: '2027-03-01T09:00:00Z',
      resources: [ARN],
      detail: {},
    })
    expect(await firedAt('2027-03-01T09:00:30Z')).toEqual([])
    expect(await firedAt('2027-03-01T09:30:00Z')).toEqual(['2027-03-01T09:30:00Z'])
    expect(await nextDueAt()).toBe('2027-03-02T09:00:00.000Z')
  })

  it('counts a rate from when it was put, whatever is put again', async () => {
    await put('rate(5 minutes)')
    now += 60_000
    await put('rate(5 minutes)', { description: 'again' })
    expect(await nextDueAt()).toBe('2027-03-01T08:05:20.000Z')
    expect(await firedAt('2027-03-01T08:05:21Z')).toEqual(['2027-03-01T08:05:20Z'])
    expect(await firedAt('2027-03-01T08:10:25Z')).toEqual(['2027-03-01T08:10:20Z'])
    await put('rate(1 hour)')
    expect(await nextDueAt()).toBe('2027-03-01T09:10:25.000Z')
  })

  it('rests while it is disabled, and counts anew when it is enabled', async () => {
    await put('rate(5 minutes)')
    await rules.setState(BUS, 'tick', 'DISABLED')
    expect(await nextDueAt()).toBeUndefined()
    now += 120_000
    await rules.setState(BUS, 'tick', 'ENABLED')
    expect(await nextDueAt()).toBe('2027-03-01T08:07:20.000Z')
  })

  it('fires no more once it has no schedule, is deleted, or its account is gone', async () => {
    await put('rate(5 minutes)')
    await put('', { scheduleExpression: undefined, eventPattern: '{"source":["a"]}' })
    expect(await nextDueAt()).toBeUndefined()
    await put('rate(5 minutes)')
    await rules.remove(BUS, 'tick', false)
    expect(await nextDueAt()).toBeUndefined()
    await put('rate(5 minutes)')
    await removeBusesOf(store.state, PLACE.account)
    expect(await nextDueAt()).toBeUndefined()
  })

  it('makes up for what was missed once, as the newest, and keeps to its times', async () => {
    await put('rate(7 minutes)')
    expect(await firedAt('2027-04-01T00:00:00Z')).toEqual(['2027-03-31T23:56:20Z'])
    expect(await nextDueAt()).toBe('2027-04-01T00:03:20.000Z')
  })

  it('keeps to the schedule that it is given while it fires', async () => {
    await put('rate(5 minutes)')
    whileFiring = async () => put('rate(1 hour)')
    expect(await firedAt('2027-03-01T08:05:40Z')).toEqual(['2027-03-01T08:05:20Z'])
    expect(await nextDueAt()).toBe('2027-03-01T09:05:40.000Z')
  })

  it('repeats the same event after a crash, and no other', async () => {
    await put('cron(0 9 * * ? *)')
    failing = true
    await expect(firedAt('2027-03-01T09:00:00Z')).rejects.toThrow('died before')
    const [first] = recorded
    failing = false
    await firedAt('2027-03-01T09:00:07Z')
    expect(recorded.map(({ id }) => id)).toEqual([first?.id])
    await firedAt('2027-03-02T09:00:00Z')
    expect(recorded.map(({ id }) => id)).not.toContain(first?.id)
  })

  it('gets its event though its pattern would not match it, and no other rule does', async () => {
    const everything = '{"source":[{"prefix":""}]}'
    await put('rate(1 minute)', { eventPattern: '{"source":["mine"]}' })
    await rules.put(BUS, { name: 'other', eventPattern: everything }, PLACE.account)
    await firedAt('2027-03-01T08:01:20Z')
    const [event] = recorded as [RecordedEvent]
    const table = createRuleTable(store.state)
    const names = async () => (await table.matching(event)).map(({ name }) => name)
    expect(await names()).toEqual(['tick'])
    await rules.setState(BUS, 'tick', 'DISABLED')
    expect(await names()).toEqual([])
  })
})

describe('schedules', () => {
  it('of thousands of rules fire together, each once', async () => {
    const rule = await put('cron(0 9 * * ? *)')
    await store.state.transact(async (transaction) => {
      for (let number = 1; number < 2_000; number += 1) {
        const key = `${busKey(BUS)}|rule-${number}`
        const after = { ...rule, name: `rule-${number}`, arn: `${ARN}-${number}` }
        transaction.put(RULES, key, after)
        await keepRuleTimer(transaction, key, { before: undefined, after, now })
      }
    })
    expect(await firedAt('2027-03-01T09:00:00Z')).toHaveLength(2_000)
    expect(new Set(recorded.map(({ id }) => id)).size).toBe(2_000)
    expect(await nextDueAt()).toBe('2027-03-02T09:00:00.000Z')
  })

  it('are not held up by one that cannot be fired', async () => {
    await put('cron(0 9 * * ? *)')
    await rules.put(BUS, { name: 'bad', scheduleExpression: 'cron(0 9 * * ? *)' }, PLACE.account)
    const isBad = ({ onlyRules }: RecordedEvent) => onlyRules?.[0]?.endsWith('bad')
    whileFiring = async (events) => {
      if (events.some(isBad)) throw new Error('not this one')
    }
    await expect(firedAt('2027-03-01T09:00:00Z')).rejects.toThrow('not this one')
    expect(recorded.map(({ onlyRules }) => onlyRules)).toContainEqual([ARN])
    whileFiring = async () => undefined
    await firedAt('2027-03-01T09:00:05Z')
    expect(recorded.map(isBad)).toEqual([true])
  })

  it('are seen to from when they are put until the hub stops', async () => {
    const stopping = new AbortController()
    const ended = fireSchedules(ports, stopping.signal)
    await put('rate(1 minute)')
    now += 90_000
    // Any change of a timer makes the stage look at the clock again.
    await rules.put(BUS, { name: 'other', scheduleExpression: 'rate(1 day)' }, PLACE.account)
    await expect.poll(() => recorded.length).toBe(1)
    stopping.abort()
    await ended
    expect(faults).toEqual([])
  })
})
