import type { SettingsOf } from '#src/model/channel.ts'
import { posted } from '../posting.ts'
import type { PostingPorts } from '../posting.ts'
import type { OpenChannel } from '../sending.ts'
import { slackMessage } from './slack-blocks.ts'

/** Posts to a channel of Slack; what was posted cannot be found again, so nothing is edited. */
export function openSlackWebhook(
  { url }: SettingsOf<'slack-webhook'>,
  ports: PostingPorts,
): OpenChannel {
  return {
    // Who goes on beyond it risks "being permanently disabled".
    messagesPerSecondMax: 1,
    recipients: [],
    readBy: 'people',
    editsInPlace: false,
    showsState: false,
    send: async (message, { signal }) => {
      const body = JSON.stringify(slackMessage(message))
      const answer = await posted(ports, { url, body, signal, reasonIn: slackWord })
      return answer.ok ? { outcome: 'sent', sent: {}, answer: 'Slack took it' } : answer.result
    },
  }
}

/** `channel_is_archived`, and nothing that is not of Slack's form. */
function slackWord(body: string): string | undefined {
  return /^[a-z_]{2,64}$/.test(body.trim()) ? body.trim() : undefined
}
