import { createHash } from 'node:crypto'

import type { FastifyInstance } from 'fastify'

import { RestError } from '#src/errors.ts'
import { eventTypeOf } from '#src/model/catalogue/catalogue.ts'
import { jsonSchemaOf } from '#src/model/catalogue/catalogue-entry.ts'
import { noSuchEvent } from '#src/model/catalogue/near-names.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import { pageHtml } from './page-html.ts'
import { SCRIPT } from './script.data.ts'
import { STYLE } from './style.data.ts'

/** The page runs its own script and nothing else, and loads nothing. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${sha256(STYLE, 'base64')}'`,
  `script-src 'sha256-${sha256(SCRIPT, 'base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Asked again each time, and answered without a body while it is the same.
  'cache-control': 'no-cache',
}

/**
 * `GET /catalogue`: the catalogue of tenancy events for people, and the JSON Schema of each. Open to
 * anyone who reaches the port: it is what events look like, and nothing of what is in them.
 */
export function addCataloguePage(app: FastifyInstance, namespace: EventNamespace): void {
  let page: { readonly text: string; readonly etag: string } | undefined
  const written = () => {
    const text = pageHtml(namespace, { style: STYLE, script: SCRIPT })
    return { text, etag: `"${sha256(text, 'hex')}"` }
  }

  app.get('/catalogue', async (request, reply) => {
    page ??= written()
    void reply.headers({ ...HEADERS, etag: page.etag })
    if (request.headers['if-none-match'] === page.etag) return reply.code(304).send()
    return reply.type('text/html; charset=utf-8').send(page.text)
  })
  app.get<{ Params: { name: string } }>('/catalogue/:name.schema.json', async (request, reply) => {
    const type = eventTypeOf(request.params.name)
    if (type === undefined) {
      throw new RestError(404, 'catalogue.not-found', noSuchEvent(request.params.name))
    }
    void reply.headers(HEADERS).type('application/schema+json; charset=utf-8')
    return reply.send(JSON.stringify(jsonSchemaOf(type, namespace), undefined, 2))
  })
}

function sha256(text: string, encoding: 'base64' | 'hex'): string {
  return createHash('sha256').update(text).digest(encoding)
}
