import type { FastifyInstance } from 'fastify'

import { SLACK_INTERACTIVITY } from '#src/model/channel.ts'
import type { SlackPresses } from '#src/notifications/slack-presses.ts'

export interface SlackDoorPorts {
  readonly slackPresses: SlackPresses
}

interface Asked {
  readonly Params: { readonly id: string }
  readonly Body: Buffer | undefined
}

/** Slack sends the pressed message back whole: 12,000 characters, each of up to nine when encoded. */
const BODY_BYTES_MAX = 256 * 1_024
const STATUSES = { taken: 200, unsigned: 401, unreadable: 400 } as const

/** Where Slack posts what people press; the signature is the only proof of who asks. */
export async function addSlackDoor(
  app: FastifyInstance,
  { slackPresses }: SlackDoorPorts,
): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX },
      (_request, body, done) => done(null, body),
    )
    scope.post<Asked>(
      `${SLACK_INTERACTIVITY}/:id`,
      async ({ params, headers, body = Buffer.alloc(0) }, reply) => {
        const outcome = await slackPresses.take(params.id, {
          timestamp: textOf(headers['x-slack-request-timestamp']),
          signature: textOf(headers['x-slack-signature']),
          body,
        })
        return reply.code(STATUSES[outcome]).send()
      },
    )
  })
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}
