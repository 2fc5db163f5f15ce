import { Type } from 'typebox'

import { HOUR_MS } from '#src/history/volume.ts'
import { parseBusArn } from '#src/model/arn.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Directory } from '#src/ports/directory.ts'
import type { EventVolume, VolumeDimension, VolumeSum } from '#src/ports/event-volume.ts'
import { createSight } from '../visibility.ts'
import { Time, periodOf } from './event-search-routes.ts'
import type { AddRoute } from './route.ts'

export interface VolumeRoutePorts {
  readonly volume: EventVolume
  readonly directory: Directory
  readonly clock: Clock
}

/** What the API and the command line call the dimensions. */
const DIMENSIONS = ['bus', 'account', 'region', 'source', 'detailType', 'rule'] as const
type Dimension = (typeof DIMENSIONS)[number]

const LIMIT_DEFAULT = 50
const LIMIT_MAX = 1_000

const Query = Type.Object({
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  by: Type.Optional(
    Type.Unsafe<Dimension | readonly Dimension[]>({
      anyOf: [
        { type: 'string', enum: [...DIMENSIONS] },
        { type: 'array', items: { type: 'string', enum: [...DIMENSIONS] } },
      ],
      description: 'What to count by; given again for more than one. By source without it',
    }),
  ),
  sort: Type.Optional(
    Type.Unsafe<'events' | 'bytes'>({
      type: 'string',
      enum: ['events', 'bytes'],
      description: 'The most of which come first; events without it',
    }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMIT_MAX })),
})

const Amount = { events: Type.Integer(), bytes: Type.Integer({ description: 'Of JSON' }) }

const Answer = Type.Object({
  items: Type.Array(
    Type.Object({
      bus: Type.Optional(Type.String()),
      account: Type.Optional(Type.String()),
      region: Type.Optional(Type.String()),
      source: Type.Optional(Type.String()),
      detailType: Type.Optional(Type.String()),
      rule: Type.Optional(Type.String({ description: 'ARN of a rule that they matched' })),
      ...Amount,
      hours: Type.Array(Type.Object({ from: Type.Integer(), ...Amount }), {
        description: 'The hours in which there were any, by the epoch ms at which they begin',
      }),
    }),
  ),
  more: Type.Integer({ description: 'How many more there are than the limit' }),
  total: Type.Object(Amount, {
    description: 'Of all; by rule an event counts once for each rule that it matched',
  }),
})

/** `GET /volume`: how many events and bytes came, and which rules they fed. */
export function addVolumeRoute(add: AddRoute, ports: VolumeRoutePorts): void {
  add({
    method: 'GET',
    url: '/volume',
    tag: 'events',
    summary:
      'How many events and bytes each event bus took, by account, region, source, detail type or rule, over time',
    permission: 'events:Read',
    query: Query,
    answer: [200, Answer],
    run: async (caller, { query }) => {
      const { sort = 'events', limit = LIMIT_DEFAULT } = query
      const by = [...new Set([query.by ?? 'source'].flat() as readonly Dimension[])]
      const { from, to } = periodOf(query, ports.clock.now())
      const sums = await ports.volume.sums({
        from: Math.floor(from / HOUR_MS) * HOUR_MS,
        to,
        by: by.flatMap(storedDimension),
      })
      const items = new Map<string, Item>()
      for (const sum of await seenBy(ports.directory, caller, sums)) addTo(items, sum, by)
      const sorted = [...items.values()].toSorted((a, b) => b[sort] - a[sort])
      return {
        items: sorted.slice(0, limit),
        more: Math.max(0, sorted.length - limit),
        total: { events: sumOf(sorted, 'events'), bytes: sumOf(sorted, 'bytes') },
      }
    },
  })
}

type Item = Partial<Record<Dimension, string>> & {
  events: number
  bytes: number
  readonly hours: { readonly from: number; events: number; bytes: number }[]
}

function storedDimension(dimension: Dimension): readonly VolumeDimension[] {
  if (dimension === 'bus') return []
  return [dimension === 'rule' ? 'ruleArn' : dimension]
}

/** Hours from whose beginning to whose end the bus was in an account of the caller's. */
async function seenBy(
  directory: Directory,
  caller: Principal,
  sums: readonly VolumeSum[],
): Promise<readonly VolumeSum[]> {
  const [atStart, atEnd] = [createSight(directory, caller), createSight(directory, caller)]
  const seen: VolumeSum[] = []
  for (const sum of sums) {
    const account = parseBusArn(sum.busArn)?.account ?? ''
    const isSeen =
      (await atEnd({ account, at: sum.hour + HOUR_MS - 1 })) &&
      (await atStart({ account, at: sum.hour }))
    if (isSeen) seen.push(sum)
  }
  return seen
}

function addTo(items: Map<string, Item>, sum: VolumeSum, by: readonly Dimension[]): void {
  const { hour, events, bytes, busArn, ruleArn, ...rest } = sum
  const values: Partial<Record<Dimension, string | undefined>> = {
    ...rest,
    bus: busArn,
    rule: ruleArn,
  }
  const named = Object.fromEntries(by.map((dimension) => [dimension, values[dimension] ?? '']))
  const key = JSON.stringify(named)
  const item = items.get(key) ?? { ...named, events: 0, bytes: 0, hours: [] }
  item.events += events
  item.bytes += bytes
  const [last] = item.hours.slice(-1)
  if (last?.from === hour) {
    last.events += events
    last.bytes += bytes
  } else item.hours.push({ from: hour, events, bytes })
  items.set(key, item)
}

function sumOf(items: readonly Item[], what: 'events' | 'bytes'): number {
  return items.reduce((sum, item) => sum + item[what], 0)
}
