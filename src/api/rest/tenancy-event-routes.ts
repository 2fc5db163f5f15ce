import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'

import { RestError } from '#src/errors.ts'
import { EMITTED_PER_REQUEST_MAX, EmittedEvent } from '#src/model/emitted-event.ts'
import type { EmitResult } from '#src/model/emitted-event.ts'
import type { Principal } from '#src/model/principal.ts'
import type { EmittedEvents } from '#src/tenancy/emitted-events.ts'
import type { CallerOf } from './caller.ts'
import { Fault, guarded, ref } from './route.ts'

const Refusal = Type.Object({ code: Type.String(), message: Type.String() })
const Results = Type.Array(
  Type.Union([Type.Object({ eventId: Type.String({ format: 'uuid' }) }), Refusal]),
  { description: 'In the order of the events' },
)
const Answer = Type.Object({ results: Results })
const NoneTaken = Type.Object({ ...Fault.properties, results: Results })

const [ALL_TAKEN, SOME_TAKEN, NONE_TAKEN] = [200, 207, 422]

/** `POST /tenancy-events`: what happened in the tenancy outside of the hub. */
export function addTenancyEventRoutes(
  app: FastifyInstance,
  callerOf: CallerOf,
  emittedEvents: EmittedEvents,
): void {
  app.post(
    '/tenancy-events',
    {
      ...guarded(callerOf, 'tenancy-events:Emit', {
        tags: ['tenancy-events'],
        summary:
          'Publish tenancy events that happened outside of the hub; 200: all were taken, 207: some, 422: none',
        body: Type.Object(
          {
            events: Type.Array(ref(EmittedEvent), {
              minItems: 1,
              maxItems: EMITTED_PER_REQUEST_MAX,
            }),
          },
          { additionalProperties: false },
        ),
        response: { [ALL_TAKEN]: Answer, [SOME_TAKEN]: Answer, [NONE_TAKEN]: NoneTaken },
      }),
      // Each event is judged with itself, so that it takes no other with it.
      validatorCompiler: () => () => true,
      // Union answers are written as they are.
      serializerCompiler: () => (answer) => JSON.stringify(answer),
    },
    async (request, reply) => {
      const events = eventsOf(request.body)
      const results = await emittedEvents.emit(request.caller as Principal, events)
      const refused = results.filter(isRefused)
      if (refused.length < results.length) {
        return reply.code(refused.length === 0 ? ALL_TAKEN : SOME_TAKEN).send({ results })
      }
      const [first] = refused
      const message =
        refused.length === 1
          ? first?.message
          : `none of the ${refused.length} events was taken; the first: ${first?.message}`
      return reply
        .code(NONE_TAKEN)
        .send({ code: first?.code, message, requestId: request.id, results })
    },
  )
}

function eventsOf(body: unknown): readonly unknown[] {
  const { events, ...others } = (body ?? {}) as { readonly events?: unknown }
  const known = typeof body === 'object' && Object.keys(others).length === 0
  if (!known || !Array.isArray(events) || events.length === 0) {
    throw new RestError(
      400,
      'request.invalid',
      'the body must be {"events": [...]} with at least one event, and nothing else',
    )
  }
  if (events.length <= EMITTED_PER_REQUEST_MAX) return events
  throw new RestError(
    413,
    'tenancy-event.too-many',
    `the body holds ${events.length} events, at most ${EMITTED_PER_REQUEST_MAX} are taken at once: send several requests`,
  )
}

function isRefused(result: EmitResult): result is Exclude<EmitResult, { eventId: string }> {
  return 'code' in result
}
