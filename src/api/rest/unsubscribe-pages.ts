import type { FastifyInstance } from 'fastify'

import { RestError } from '#src/errors.ts'
import { html } from '#src/model/html.ts'
import { UNSUBSCRIBE_PAGES } from '#src/notifications/unsubscribe-links.ts'
import type { UnsubscribeLinks } from '#src/notifications/unsubscribe-links.ts'
import type { Reading, Unsubscribing } from '#src/notifications/unsubscribing.ts'
import { linkPage, onLinkPage } from './link-page.ts'

export interface UnsubscribePagePorts {
  readonly unsubscribeLinks: UnsubscribeLinks
  readonly unsubscribing: Unsubscribing
}

interface Asked {
  readonly Params: { readonly id: string }
  readonly Querystring: { readonly token?: unknown }
}

/** `List-Unsubscribe=One-Click`, also between the lines of a multipart form. */
const FORM_BYTES_MAX = 4_096

/**
 * The page by which a reader ends the letters of a notification. Mail programs post to it too, by
 * themselves (RFC 8058), with no cookie and as a form of either kind: that it is a POST says it all.
 */
export async function addUnsubscribePages(
  app: FastifyInstance,
  { unsubscribeLinks, unsubscribing }: UnsubscribePagePorts,
): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      ['application/x-www-form-urlencoded', 'multipart/form-data'],
      { parseAs: 'buffer', bodyLimit: FORM_BYTES_MAX },
      (_request, _body, done) => done(null),
    )
    scope.get<Asked>(`${UNSUBSCRIBE_PAGES}/:id`, async ({ params, query }, reply) =>
      onLinkPage(reply, async () => {
        const reading = await unsubscribing.look(readerOf(params.id, query.token))
        return reading.hasLeft ? leftPage(reading) : askingPage(reading)
      }),
    )
    scope.post<Asked>(`${UNSUBSCRIBE_PAGES}/:id`, async ({ params, query }, reply) =>
      onLinkPage(reply, async () =>
        leftPage(await unsubscribing.leave(readerOf(params.id, query.token))),
      ),
    )
  })

  function readerOf(notificationId: string, token: unknown) {
    const email =
      typeof token === 'string' ? unsubscribeLinks.readerOf(notificationId, token) : undefined
    if (email !== undefined) return { notificationId, email }
    throw new RestError(
      404,
      'unsubscribe.link',
      'It is not whole: copy all of it, or open it from the mail itself.',
    )
  }
}

function askingPage({ email, notification: { name } }: Reading): string {
  return linkPage(
    'Stop these mails?',
    html`<p><b>${email}</b> is told by e-mail of the alerts of notification “${name}”.</p>
      <form method="post">
        <input type="hidden" name="List-Unsubscribe" value="One-Click" />
        <button>Stop these mails</button>
      </form>
      <p>
        Others go on being told. What nobody acknowledges may still be escalated to you, and other
        notifications have mails of their own.
      </p>`,
  )
}

function leftPage({ email, notification: { name, number } }: Reading): string {
  return linkPage(
    'These mails have stopped',
    html`<p role="status">
        <b>${email}</b> is sent no more mails of notification “${name}”, but for escalations.
      </p>
      <p>
        Whoever may change the notification can undo it:
        <code>belfry notifications resubscribe ${number} ${email}</code>
      </p>`,
  )
}
