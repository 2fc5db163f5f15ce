import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Static } from 'typebox'

import { RestError } from '#src/errors.ts'
import { backtest } from '#src/history/backtest.ts'
import type { ScanPorts } from '#src/history/scan.ts'
import { parseBusArn } from '#src/model/arn.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Directory } from '#src/ports/directory.ts'
import { PatternText, patternOf } from '../event-filter.ts'
import { createSight } from '../visibility.ts'
import type { CallerOf } from './caller.ts'
import { Time, periodOf } from './event-search-routes.ts'
import { streamLines } from './json-lines.ts'
import type { LinePorts } from './json-lines.ts'
import { FaultLine, Instant, guarded, jsonLines, requestSchema } from './route.ts'

export interface BacktestPorts extends LinePorts {
  readonly scan: ScanPorts
  readonly directory: Directory
  readonly clock: Clock
  readonly callerOf: CallerOf
}

const Body = Type.Object({
  pattern: PatternText,
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  buses: Type.Optional(
    Type.Array(Type.String({ maxLength: 1_600 }), {
      maxItems: 100,
      description: 'ARNs of event buses; without them all that the caller may see',
    }),
  ),
})

const Counts = { searched: Type.Integer(), matched: Type.Integer() }
const Answer = jsonLines(
  'Lines of JSON: how far it is, samples, and at the end the result or a fault',
  Type.Object({
    type: Type.Literal('progress'),
    reached: Instant,
    to: Instant,
  }),
  Type.Object({
    type: Type.Literal('sample'),
    bus: Type.String({ description: 'ARN of the event bus that it is on' }),
    acceptedAt: Instant,
    event: Type.Unknown({ description: 'As it was recorded' }),
  }),
  Type.Object({
    type: Type.Literal('result'),
    ...Counts,
    counts: Type.Array(Type.Object({ from: Instant, ...Counts }), {
      description: 'Of equal parts of the period from its first event on, the oldest first',
    }),
  }),
  FaultLine,
)

/** `POST /rules/backtest`: what a rule would have matched. */
export function addBacktestRoute(app: FastifyInstance, ports: BacktestPorts): void {
  app.post<{ Body: Static<typeof Body> }>(
    '/rules/backtest',
    guarded(ports.callerOf, 'events:Read', {
      tags: ['events'],
      summary: 'What a rule would have matched in the history; nothing is delivered',
      ...requestSchema({ body: Body }),
      response: { 200: Answer },
    }),
    async ({ body, caller }, reply) => {
      const pattern = patternOf(body.pattern)
      const period = periodOf(body, ports.clock.now())
      const buses = body.buses === undefined ? undefined : new Set(body.buses.map(checkedArn))
      const sees = createSight(ports.directory, caller as Principal)
      await streamLines(reply, ports, async ({ write, signal }) => {
        const line = async (value: object) => write(`${JSON.stringify(value)}\n`)
        const { samples, ...result } = await backtest(ports.scan, {
          pattern,
          period,
          signal,
          accept: async ({ busArn, acceptedAt: at }) =>
            (buses?.has(busArn) ?? true) &&
            sees({ account: parseBusArn(busArn)?.account ?? '', at }),
          onProgress: async (reached) => line({ type: 'progress', reached, to: period.to }),
        })
        if (signal.aborted) throw new Error('the backtest was broken off: the hub stops')
        for (const { event } of samples) {
          const { busArn: bus, acceptedAt } = event
          const about = JSON.stringify({ type: 'sample', bus, acceptedAt }).slice(0, -1)
          // Text, so that the numbers of the events arrive as they were written.
          await write(`${about},"event":${event.json}}\n`)
        }
        await line({ type: 'result', ...result })
      })
    },
  )
}

/** A bus that is named otherwise would look like one without events. */
function checkedArn(arn: string): string {
  if (parseBusArn(arn) !== undefined) return arn
  throw new RestError(
    400,
    'bus.invalid',
    `"${arn}" is not the ARN of an event bus, such as arn:aws:events:eu-west-1:111122223333:event-bus/default`,
  )
}
