import { describe, expect, it } from 'vitest'

import { playableEvent, readPrintedEvents } from './sample-events.ts'

const STAGE = {
  accounts: ['444455556666', '555566667777', '666677778888', '777788889999'],
  regions: ['ap-southeast-2', 'us-east-1', 'eu-west-1'],
}
const AT = { id: '5f6b0f3e-0000-4000-8000-000000000000', now: Date.UTC(2026, 10, 22, 8, 15, 0, 5) }

const printed = await readPrintedEvents()

describe('the sample events', () => {
  it('are many', () => {
    expect(printed.length).toBeGreaterThan(400)
  })

  it('all get a real envelope and keep the rest as it was printed', () => {
    for (const event of printed) {
      const { detail, source, resources } = event
      expect(playableEvent(event, STAGE, AT)).toMatchObject({
        version: '0',
        id: AT.id,
        time: '2026-11-22T08:15:00Z',
        account: expect.stringMatching(/^(4444|5555|6666|7777)\d{8}$/),
        region: expect.stringMatching(/^(ap-southeast-2|us-east-1|eu-west-1)$/),
        ...{ detail, source, resources, 'detail-type': event['detail-type'] },
      })
    }
  })

  it('come to the same place each time, and to every place', () => {
    const placeOf = (event: (typeof printed)[number]) => {
      const { account, region } = playableEvent(event, STAGE, AT)
      return `${String(account)} ${String(region)}`
    }
    const places = printed.map(placeOf)
    expect(printed.map(placeOf)).toEqual(places)
    expect(new Set(places).size).toBe(STAGE.accounts.length * STAGE.regions.length)
  })

  it('stay in their region where the organisation has it', () => {
    const event = { account: '<account ID>', region: 'eu-west-1', source: 'aws.ec2' }
    expect(playableEvent(event, STAGE, AT)['region']).toBe('eu-west-1')
    expect(STAGE.regions).toContain(
      playableEvent({ ...event, region: '<region>' }, STAGE, AT)['region'],
    )
  })
})
