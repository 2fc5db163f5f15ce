import { webhookSignatureHeaders } from '#src/model/webhook-signature.ts'
import { posted } from '../posting.ts'
import type { PostingPorts } from '../posting.ts'
import type { OpenChannel } from '../sending.ts'
import { webhookBodies } from './webhook-bodies.ts'
import type { Client } from './webhook-bodies.ts'

const MS_PER_SECOND = 1_000

export interface WebhookSettings {
  readonly url: string
  /** What signs at a moment: two during a rotation. */
  readonly secretsAt: (now: number) => readonly string[]
}

/** Posts the reference system's bodies, signed by Standard Webhooks. */
export function openWebhook(
  { url, secretsAt }: WebhookSettings,
  ports: PostingPorts & { readonly client: Client },
): OpenChannel {
  return {
    messagesPerSecondMax: 10,
    recipients: [],
    readBy: 'programs',
    editsInPlace: false,
    showsState: false,
    send: async (message, { idempotencyKey, signal }) => {
      const bodies = webhookBodies(message, ports.client).map((body) => JSON.stringify(body))
      for (const [index, body] of bodies.entries()) {
        // The same on each try: what a receiver had before a later body failed it knows again.
        const id = `${idempotencyKey}_${index}`
        const now = ports.clock.now()
        const timestamp = Math.floor(now / MS_PER_SECOND)
        const headers = webhookSignatureHeaders({ id, timestamp, body }, secretsAt(now))
        const answer = await posted(ports, { url, body, headers, signal })
        if (!answer.ok) return answer.result
      }
      return { outcome: 'sent', sent: {}, answer: answerOf(bodies.length) }
    },
  }
}

function answerOf(bodies: number): string {
  if (bodies === 0) return 'nothing to post: the bodies have no word for what is over'
  return bodies === 1 ? 'the other side took it' : `the other side took all ${bodies} bodies`
}
