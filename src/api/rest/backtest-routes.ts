import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Static } from 'typebox'

import { backtest } from '#src/history/backtest.ts'
import type { ScanPorts } from '#src/history/scan.ts'
import { parseBusArn } from '#src/model/arn.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Directory } from '#src/ports/directory.ts'
import { createSight } from '../visibility.ts'
import type { CallerOf } from './caller.ts'
import { Time, patternOf, periodOf } from './event-search-routes.ts'
import { streamLines } from './json-lines.ts'
import type { LinePorts } from './json-lines.ts'
import { requestSchema } from './route.ts'

export interface BacktestPorts extends LinePorts {
  readonly scan: ScanPorts
  readonly directory: Directory
  readonly clock: Clock
  readonly callerOf: CallerOf
}

const Body = Type.Object({
  pattern: Type.String({ maxLength: 4_096, description: 'An event pattern, as JSON' }),
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  buses: Type.Optional(
    Type.Array(Type.String({ maxLength: 1_600 }), {
      maxItems: 100,
      description: 'ARNs of event buses; without them all that the caller may see',
    }),
  ),
})

/** `POST /rules/backtest`: what a rule would have matched. */
export function addBacktestRoute(app: FastifyInstance, ports: BacktestPorts): void {
  app.post<{ Body: Static<typeof Body> }>(
    '/rules/backtest',
    {
      schema: {
        tags: ['events'],
        summary:
          'What a rule would have matched in the history: lines of JSON (progress, sample, at the end result or fault); nothing is delivered',
        ...requestSchema({ body: Body }),
      },
      preValidation: async (request) => {
        request.caller = await ports.callerOf(request, 'events:Read')
      },
    },
    async ({ body, caller }, reply) => {
      const pattern = patternOf(body.pattern)
      const period = periodOf(body, ports.clock.now())
      const buses = body.buses === undefined ? undefined : new Set(body.buses)
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
