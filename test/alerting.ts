import { randomUUID } from 'node:crypto'

import { expect } from 'vitest'

import { eventTypeOf } from '#src/model/catalogue/catalogue.ts'
import type { EventType } from '#src/model/catalogue/event-type.ts'
import type { HubProcess } from './hub-process.ts'

/** What tests of notifications ask of a hub, for one organisation. */
export function alerting(
  world: () => { readonly hub: HubProcess; readonly organisationId: string },
) {
  const made = async (path: string, body: object): Promise<any> => {
    const { hub, organisationId } = world()
    const answer = await hub.rest('POST', path, { organisationId, ...body })
    expect(answer.body).toMatchObject({ id: expect.any(String) })
    return answer.body
  }
  const listed = async (path: string, filter: Record<string, string>): Promise<any[]> => {
    const { hub, organisationId } = world()
    const query = new URLSearchParams({ organisationId, limit: '1000', ...filter })
    return (await hub.rest('GET', `${path}?${query.toString()}`)).body.items
  }
  /** Publishes the catalogue's example of an alert, once for each of these with its fields changed. */
  const emitAll = async (name: string, all: readonly object[]): Promise<readonly string[]> => {
    const { hub, organisationId } = world()
    const { accountName: _, ...example } = (eventTypeOf(name) as EventType).example
    const events = all.map((fields) => ({
      ...{ id: randomUUID(), organisationId, name },
      fields: { ...example, ...fields },
    }))
    const { status, body } = await hub.rest('POST', '/tenancy-events', { events })
    expect({ status, body }).toMatchObject({ status: 200 })
    return events.map(({ id }) => id)
  }
  return {
    made,
    newUser: (firstName: string) => {
      const given = { email: `${firstName}@example.com`, firstName, lastName: 'L' }
      return made('/users', { ...given, role: 'customer_readonly' })
    },
    newChannel: (name: string, settings: object) => made('/channels', { name, settings }),
    notify: (given: object) => made('/notifications', { settleSeconds: 0, ...given }),
    /** Answers with the event's id. */
    emit: async (name: string, fields: object) => (await emitAll(name, [fields]))[0] as string,
    emitAll,
    ledger: (filter: Record<string, string>) => listed('/notification-ledger', filter),
    incidents: (notificationId: string) => listed('/incidents', { notificationId }),
  }
}

/** What has been told is told whole. */
export const allTold = (all: readonly any[]) =>
  all.length > 0 && all.every(({ told, alerts }) => told === alerts)

export const hasLength = (length: number) => (items: readonly any[]) => items.length === length

export async function until<T>(look: () => Promise<T>, accept: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await look()
    if (accept(value)) return value
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A view of tags with one segment, and what alerts say of being in it or in none. */
export async function newSegments(make: (path: string, body: object) => Promise<any>) {
  const view = await make('/views', {
    ...{ name: 'Teams', kind: 'SINGLE_DIMENSION' },
    dimension: { dimension: 'RESOURCE_TAG', key: 'team' },
    segments: [{ title: 'Shop', values: ['shop'] }],
  })
  const inAlerts = ({ id: segmentId, number: segmentNumber, title: segmentTitle }: any) => [
    {
      ...{ viewId: view.id, viewNumber: view.number, viewName: view.name, viewVersion: 1 },
      ...{ segmentId, segmentNumber, segmentTitle },
    },
  ]
  const [shop, rest] = view.segments
  const ofShop = { viewId: view.id as string, segmentId: shop.id as string }
  return { ofShop, shop: inAlerts(shop), rest: inAlerts(rest) }
}
