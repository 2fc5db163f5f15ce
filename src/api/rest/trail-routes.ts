import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Static } from 'typebox'

import { RestError } from '#src/errors.ts'
import { DayText } from '#src/model/day.ts'
import { AwsAccountId } from '#src/model/tenancy.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Trail } from '#src/trail/trail.ts'
import type { TrailElsewhere } from '#src/trail/elsewhere.ts'
import type { TrailProblem } from '#src/trail/verify.ts'
import type { CallerOf } from './caller.ts'
import { streamLines } from './json-lines.ts'
import type { LinePorts, Lines } from './json-lines.ts'
import { FaultLine, guarded, jsonLines, ref, requestSchema } from './route.ts'
import type { AddRoute } from './route.ts'

export interface TrailPorts extends LinePorts {
  /** Undefined where the hub keeps none. */
  readonly trail: Trail | undefined
  readonly callerOf: CallerOf
}

export const TrailStatusSchema = Type.Object(
  {
    organisationId: Type.String(),
    location: Type.String({ description: 'A folder of the hub, or s3://bucket/prefix' }),
    format: Type.String(),
    sequence: Type.Integer({ description: 'Manifests in the chain' }),
    headSha256: Type.Optional(Type.String({ description: 'Hash of the newest manifest' })),
    objects: Type.Integer(),
    events: Type.Integer(),
    lastWrittenAt: Type.Optional(Type.Integer({ description: 'Epoch milliseconds' })),
    lagSeconds: Type.Integer({ description: 'How long the oldest event waits to be written' }),
    problem: Type.Optional(
      Type.String({
        description:
          'Why it cannot be written now or what it waits for, or what is wrong with its newest manifest',
      }),
    ),
  },
  { $id: 'TrailStatus' },
)

const OrganisationId = Type.Optional(
  Type.String({ format: 'uuid', description: 'May be left out by callers who belong to one' }),
)
const VerifyBody = Type.Object({ organisationId: OrganisationId })
const EventsQuery = Type.Object({
  organisationId: OrganisationId,
  day: DayText,
  account: Type.Optional(AwsAccountId),
})

const NoteLine = Type.Object({ type: Type.Literal('note'), message: Type.String() })
const ProblemLine = Type.Object({
  type: Type.Literal('problem'),
  kind: Type.String(),
  key: Type.String({ description: 'Of the object or manifest' }),
  message: Type.String(),
})
const Verified = jsonLines(
  'Lines of JSON: how far it is, what is wrong, and at the end the result or a fault',
  NoteLine,
  Type.Object({
    type: Type.Literal('progress'),
    manifests: Type.Integer(),
    of: Type.Integer(),
  }),
  ProblemLine,
  Type.Object({
    type: Type.Literal('result'),
    intact: Type.Boolean(),
    manifests: Type.Integer(),
    objects: Type.Integer(),
    events: Type.Integer(),
    expired: Type.Integer({ description: 'Objects that retention has deleted' }),
    problems: Type.Integer(),
  }),
  FaultLine,
)
const Events = jsonLines(
  'Lines of JSON, each an event; in place of an object that is damaged a problem, at the start perhaps a note, at the end perhaps a fault',
  Type.Object({ id: Type.String(), detail: Type.Unknown() }, { description: 'An event' }),
  NoteLine,
  ProblemLine,
  FaultLine,
)

/** Told one by one; a trail that is gone altogether has as many as it had objects. */
const PROBLEMS_TOLD_MAX = 1_000
/** Enough for a bar to move. */
const PROGRESS_LINES_MAX = 200

export function addTrailRoutes(app: FastifyInstance, add: AddRoute, ports: TrailPorts): void {
  const tag = 'trail'
  const verifying = new Set<string>()
  add({
    method: 'GET',
    url: '/trail',
    tag,
    summary: 'Show where the audit trail of each organisation is and how far it has come',
    permission: 'trail:Read',
    answer: [200, Type.Object({ items: Type.Array(ref(TrailStatusSchema)) })],
    run: async (caller) => ({
      items: await kept(ports).status((organisationId) => reaches(caller, organisationId)),
    }),
  })
  app.post<{ Body: Static<typeof VerifyBody> }>(
    '/trail/verify',
    guarded(ports.callerOf, 'trail:Read', {
      tags: [tag],
      summary: 'Verify the audit trail',
      ...requestSchema({ body: VerifyBody }),
      response: { 200: Verified },
    }),
    async (request, reply) => {
      const trail = kept(ports)
      const organisationId = organisationOf(request, request.body.organisationId)
      if (verifying.has(organisationId)) {
        const message = 'the trail is being verified already: wait until that has ended'
        throw new RestError(409, 'trail.verifying', message)
      }
      verifying.add(organisationId)
      try {
        await streamLines(reply, ports, (lines) => verify(trail, organisationId, lines))
      } finally {
        verifying.delete(organisationId)
      }
    },
  )
  app.get<{ Querystring: Static<typeof EventsQuery> }>(
    '/trail/events',
    {
      exposeHeadRoute: false,
      ...guarded(ports.callerOf, 'trail:Read', {
        tags: [tag],
        summary:
          "The trail's events of a day, from its NDJSON objects, in the order in which they happened",
        ...requestSchema({ query: EventsQuery }),
        response: { 200: Events },
      }),
    },
    async (request, reply) => {
      const trail = kept(ports)
      const organisationId = organisationOf(request, request.query.organisationId)
      const asked = { ...request.query, organisationId }
      const elsewhere = await trail.elsewhere(organisationId, asked.day)
      if (elsewhere?.alsoHere === false) {
        throw new RestError(
          409,
          'trail.elsewhere',
          elsewhereText(elsewhere, 'the events of that day'),
        )
      }
      await streamLines(reply, ports, async ({ write, signal }) => {
        if (elsewhere !== undefined) {
          await write(noteLine(elsewhereText(elsewhere, 'other events of that day')))
        }
        const onProblem = (problem: TrailProblem) => write(problemLine(problem))
        for await (const events of trail.read({ ...asked, onProblem })) {
          if (signal.aborted) return
          await write(events)
        }
      })
    },
  )
}

function kept({ trail }: TrailPorts): Trail {
  if (trail !== undefined) return trail
  throw new RestError(409, 'trail.off', 'this hub keeps no trail: it was started with --trail off')
}

function organisationOf(request: FastifyRequest, given: string | undefined): string {
  const caller = request.caller as Principal
  const organisationId = given ?? caller.organisationId
  if (organisationId === undefined) {
    throw new RestError(400, 'trail.unclear', 'say whose trail: give an "organisationId"')
  }
  if (reaches(caller, organisationId)) return organisationId
  const message = `there is no organisation "${organisationId}"`
  throw new RestError(404, 'organisation.not-found', message)
}

async function verify(trail: Trail, organisationId: string, { write, signal }: Lines) {
  let told = 0
  const line = (value: object) => write(`${JSON.stringify(value)}\n`)
  const elsewhere = await trail.elsewhere(organisationId)
  if (elsewhere !== undefined) {
    await write(noteLine(elsewhereText(elsewhere, 'an older part of the trail')))
  }
  const counts = await trail.verify({
    organisationId,
    signal,
    onProblem: async (problem) => {
      told += 1
      if (told <= PROBLEMS_TOLD_MAX) await write(problemLine(problem))
    },
    onProgress: async ({ manifests }, of) => {
      const step = Math.ceil(of / PROGRESS_LINES_MAX)
      if (manifests % step === 0 || manifests === of) {
        await line({ type: 'progress', manifests, of })
      }
    },
  })
  if (signal.aborted) throw new Error('the verification was broken off: the hub stops')
  await line({ type: 'result', intact: counts.problems === 0, ...counts })
}

function problemLine(problem: TrailProblem): string {
  return `${JSON.stringify({ type: 'problem', ...problem })}\n`
}

function noteLine(message: string): string {
  return `${JSON.stringify({ type: 'note', message })}\n`
}

function elsewhereText({ here, others }: TrailElsewhere, what: string): string {
  const there = others.map((place) => `"${place}"`).join(' and ')
  return `the hub has kept ${what} in ${there}, not in "${here}": read it there, or start the hub with that --trail`
}
