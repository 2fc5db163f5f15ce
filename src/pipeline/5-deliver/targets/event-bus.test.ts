import { describe, expect, it } from 'vitest'

import type { Delivery } from '#src/model/delivery.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import { BUS, recordedEvent } from '../../pipeline.fixture.ts'
import { createEventBusTarget } from './event-bus.ts'

const NOW = Date.parse('2026-03-04T05:06:07.890Z')
const bus = (region: string, account: string, name = 'default') =>
  `arn:aws:events:${region}:${account}:event-bus/${name}`
const HERE = 'ap-southeast-2'
const THERE = 'us-east-1'
const OWN = '111111111111'
const SECURITY = '333333333333'

interface Circumstances {
  readonly managed?: boolean
  readonly exists?: boolean
  readonly refusal?: string
}

async function forward(
  event: RecordedEvent,
  targetArn: string,
  { managed = false, exists = true, refusal }: Circumstances = {},
) {
  const recorded: RecordedEvent[] = []
  const log = {
    record: async (events: readonly RecordedEvent[]) => {
      recorded.push(...events)
      return []
    },
  } as unknown as EventLog
  const busExists = async (arn: string) => exists && arn === targetArn
  const target = createEventBusTarget({
    ...{ log, clock: { now: () => NOW }, busExists },
    forwardingRefusal: async () => refusal,
  })
  const outcome = await target.attempt(
    { target: { id: 't', arn: targetArn }, managed } as Delivery,
    event,
  )
  return { outcome, recorded }
}

const refusedWith = (code: string) => ({ kind: 'permanent', error: { code } })

describe('forwarding within a region', () => {
  it('keeps the event as it is, on the other bus', async () => {
    const event = recordedEvent('e', { traceHeader: 'Root=1' })
    const busArn = bus(HERE, OWN, 'orders')
    const { outcome, recorded } = await forward(event, busArn)
    expect(outcome).toEqual({ kind: 'success' })
    const hops = { sameRegion: 1, crossRegion: 0 }
    expect(recorded).toEqual([{ ...event, busArn, hops, acceptedAt: NOW }])
  })

  it('lets the rules of the other bus have the event of a schedule', async () => {
    const event = recordedEvent('e', { onlyRules: ['arn:aws:events:x:1:rule/tick'] })
    const { recorded } = await forward(event, bus(HERE, OWN, 'orders'))
    expect(recorded).toMatchObject([{ id: 'e', json: event.json }])
    expect(recorded[0]).not.toHaveProperty('onlyRules')
  })

  it('is no forwarding where a schedule puts its event', async () => {
    const event = recordedEvent('e', { onlyRules: [], scheduled: { input: '{}' } })
    const { recorded } = await forward(event, bus(HERE, SECURITY))
    expect(recorded).toMatchObject([{ id: 'e', hops: { sameRegion: 0, crossRegion: 0 } }])
    expect(recorded[0]).not.toHaveProperty('scheduled')
  })

  it('needs the leave of the bus, but for managed rules', async () => {
    const there = bus(HERE, SECURITY)
    const refused = await forward(recordedEvent('e'), there, { refusal: 'no policy' })
    expect(refused.outcome).toEqual({
      ...{ kind: 'permanent', error: { code: 'NO_PERMISSIONS', message: 'no policy' } },
    })
    expect(refused.recorded).toEqual([])
    const event = recordedEvent('e')
    const circumstances = { managed: true, refusal: 'no policy' }
    const { outcome, recorded } = await forward(event, there, circumstances)
    expect(outcome).toEqual({ kind: 'success' })
    expect(recorded).toMatchObject([
      { id: 'e', account: OWN, region: HERE, json: event.json, busArn: there },
    ])
  })

  it('happens once: a second hop is refused', async () => {
    const { recorded } = await forward(recordedEvent('e'), bus(HERE, OWN, 'orders'))
    const again = await forward(recorded[0]!, bus(HERE, OWN, 'more'))
    expect(again.outcome).toMatchObject(refusedWith('THIRD_ACCOUNT_HOP_DETECTED'))
    expect(again.recorded).toEqual([])
  })
})

describe('forwarding to another region', () => {
  it('gives the event a new id and time and keeps where it came from', async () => {
    const json = recordedEvent('e').json.replace('{"name":"e"}', '{"n":1.0}')
    const there = bus(THERE, OWN)
    const { outcome, recorded } = await forward(recordedEvent('e', { json }), there)
    expect(outcome).toEqual({ kind: 'success' })
    const [event] = recorded as [RecordedEvent]
    expect(event.id).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    expect(event).toMatchObject({
      ...{ busArn: there, account: OWN, region: HERE, acceptedAt: NOW },
      hops: { sameRegion: 0, crossRegion: 1 },
    })
    const time = /"time":"([^"]+)"/.exec(json)?.[1] as string
    expect(event.json).toBe(
      json.replace('"id":"e"', `"id":"${event.id}"`).replace(time, '2026-03-04T05:06:07Z'),
    )
  })

  it('gives a repeated attempt the same new id, another event or bus another', async () => {
    const idOf = async (event: RecordedEvent, arn: string) =>
      (await forward(event, arn)).recorded[0]?.id
    const first = await idOf(recordedEvent('e'), bus(THERE, OWN))
    expect(await idOf(recordedEvent('e'), bus(THERE, OWN))).toBe(first)
    expect(await idOf(recordedEvent('f'), bus(THERE, OWN))).not.toBe(first)
    expect(await idOf(recordedEvent('e'), bus(THERE, OWN, 'orders'))).not.toBe(first)
  })

  it('happens once: a second change of region is refused', async () => {
    const { recorded } = await forward(recordedEvent('e'), bus(THERE, OWN))
    const again = await forward(recorded[0]!, bus('eu-west-1', OWN))
    expect(again.outcome).toMatchObject(refusedWith('THIRD_REGION_HOP_DETECTED'))
    expect(again.recorded).toEqual([])
  })

  it('allows one hop within each of the two regions', async () => {
    const first = await forward(recordedEvent('e'), bus(HERE, OWN, 'orders'))
    const second = await forward(first.recorded[0]!, bus(THERE, OWN))
    const third = await forward(second.recorded[0]!, bus(THERE, OWN, 'orders'))
    expect(third.recorded).toMatchObject([{ hops: { sameRegion: 1, crossRegion: 1 } }])
    const fourth = await forward(third.recorded[0]!, bus(THERE, OWN, 'more'))
    expect(fourth.outcome).toMatchObject(refusedWith('THIRD_ACCOUNT_HOP_DETECTED'))
  })
})

describe('forwarding', () => {
  it('to a bus that does not exist is refused', async () => {
    const { outcome, recorded } = await forward(recordedEvent('e'), bus(HERE, OWN, 'gone'), {
      exists: false,
    })
    expect(outcome).toMatchObject(refusedWith('NO_RESOURCE'))
    expect(recorded).toEqual([])
  })

  it('to something that is no event bus is refused', async () => {
    const { outcome } = await forward(recordedEvent('e'), 'arn:aws:sqs:us-east-1:111111111111:q')
    expect(outcome).toMatchObject(refusedWith('INVALID_PARAMETER'))
  })

  it('passes on that the log had no room, so that it is tried again', async () => {
    const log = { record: () => Promise.reject(new Error('full')) } as unknown as EventLog
    const clock = { now: () => NOW }
    const target = createEventBusTarget({
      ...{ log, clock, busExists: async () => true },
      forwardingRefusal: async () => undefined,
    })
    const delivery = { target: { id: 't', arn: `${BUS}-other` }, managed: false } as Delivery
    await expect(target.attempt(delivery, recordedEvent('e'))).rejects.toThrow('full')
  })
})
