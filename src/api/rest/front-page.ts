import type { FastifyInstance } from 'fastify'

import { html } from '#src/model/html.ts'
import { linkPage, onLinkPage } from './link-page.ts'

/**
 * `GET /`: what somebody sees who opens the hub in a browser, as by the link of a test message. Open to
 * anyone who reaches the port, so it tells nothing but where to go on, which is relative: a proxy may
 * have the hub below a path.
 */
export function addFrontPage(app: FastifyInstance, version: string): void {
  const page = linkPage(
    'A hub for events',
    html`<p>
        This is Belfry ${version}. It collects the events of a tenancy and of its AWS accounts, and
        delivers each to everyone who asked for it.
      </p>
      <ul>
        <li><a href="catalogue">The catalogue of tenancy events</a></li>
        <li><a href="api/v1/openapi.json">The REST API, as an OpenAPI document</a></li>
      </ul>
      <p>
        On the command line: <code>belfry --help</code>. The handbook is in the folder
        <code>docs</code> of Belfry’s source.
      </p>`,
  )
  app.get('/', (_request, reply) => onLinkPage(reply, async () => page))
}
