import type { FastifyInstance } from 'fastify'

import { RestError } from '#src/errors.ts'
import { INCIDENT_PAGES } from '#src/notifications/incident-links.ts'
import type { IncidentLinks } from '#src/notifications/incident-links.ts'
import type { Handler, Incidents } from '#src/notifications/incidents.ts'
import type { Clock } from '#src/ports/clock.ts'
import { incidentPage } from './incident-page.ts'
import { onLinkPage } from './link-page.ts'

export interface IncidentPagePorts {
  readonly incidents: Incidents
  readonly incidentLinks: IncidentLinks
  readonly clock: Clock
}

interface Asked {
  readonly Params: { readonly id: string }
  readonly Querystring: { readonly token?: unknown }
}

const FORM_BYTES_MAX = 1_024
const HOUR_MS = 3_600_000
const HOURS_MAX = 720
const WHO = 'somebody with the link of its message'

/** The pages behind the links of messages; they run no script, and change nothing unasked. */
export async function addIncidentPages(
  app: FastifyInstance,
  { incidents, incidentLinks, clock }: IncidentPagePorts,
): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: FORM_BYTES_MAX },
      (_request, body, done) => done(null, new URLSearchParams(String(body))),
    )
    scope.get<Asked>(`${INCIDENT_PAGES}/:id`, async ({ params, query }, reply) =>
      onLinkPage(reply, async () => {
        const handler = handlerOf(params.id, query.token)
        return incidentPage(await incidents.read(handler, params.id), { by: handler.name })
      }),
    )
    scope.post<Asked & { Body: URLSearchParams | undefined }>(
      `${INCIDENT_PAGES}/:id`,
      async ({ params, query, body }, reply) =>
        onLinkPage(reply, async () => {
          const handler = handlerOf(params.id, query.token)
          const done = await act(handler, params.id, body ?? new URLSearchParams())
          const incident = await incidents.read(handler, params.id)
          return incidentPage(incident, { by: handler.name, done })
        }),
    )
  })

  function handlerOf(incidentId: string, token: unknown): Handler {
    const holder = typeof token === 'string' ? incidentLinks.holderOf(incidentId, token) : undefined
    if (holder !== undefined) {
      const { organisationId, reader } = holder
      return { organisationId, name: reader === undefined ? WHO : `${reader} (by mail)` }
    }
    throw new RestError(
      404,
      'incident.link',
      'It is too old, or not whole: open a newer message, or see "belfry incidents".',
    )
  }

  /** @returns what was done, in words */
  async function act(handler: Handler, id: string, form: URLSearchParams): Promise<string> {
    if (form.get('does') === 'acknowledge') {
      await incidents.acknowledge(handler, id)
      return 'Acknowledged.'
    }
    const hours = Number(form.get('hours'))
    if (form.get('does') !== 'snooze' || !(hours >= 1 && hours <= HOURS_MAX)) {
      throw new RestError(400, 'incident.form', 'The form was not one of this page.')
    }
    const until = clock.now() + hours * HOUR_MS
    await incidents.snooze(handler, id, until)
    return `Snoozed for ${hours} h.`
  }
}
