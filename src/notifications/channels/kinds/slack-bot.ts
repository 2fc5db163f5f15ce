import { SLACK_ENDPOINT } from '#src/model/channel.ts'
import type { SettingsOf } from '#src/model/channel.ts'
import { posted } from '../posting.ts'
import type { PostingPorts } from '../posting.ts'
import type { OpenChannel, SendResult, Sent } from '../sending.ts'
import { slackMessage } from './slack-blocks.ts'

/** Slack's word for what goes by, with status 200. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'fatal_error',
  'internal_error',
  'ratelimited',
  'rate_limited',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org',
])
/** Slack's word for a message that cannot be edited: the thread takes the news. */
const NOT_TO_EDIT: ReadonlySet<string> = new Set([
  'cant_update_message',
  'edit_window_closed',
  'message_not_found',
])

interface SlackAnswer {
  readonly ok?: boolean
  readonly error?: string
  readonly channel?: string
  readonly ts?: string
}

/** Posts as a bot, edits in place what it has posted, and answers in its thread. */
export function openSlackBot(
  { token, channel, signingSecret, endpoint = SLACK_ENDPOINT }: SettingsOf<'slack-bot'>,
  ports: PostingPorts,
): OpenChannel {
  const call = async (method: string, given: object, signal: AbortSignal | undefined) => {
    const answer = await posted(ports, {
      url: `${endpoint.replace(/\/+$/, '')}/${method}`,
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(given),
      signal,
    })
    return answer.ok ? answerOf(answer.body) : answer.result
  }
  return {
    messagesPerSecondMax: 1,
    recipients: [],
    readBy: 'people',
    editsInPlace: true,
    showsState: true,
    send: async (message, { after, signal }) => {
      const content = slackMessage(message, { canAct: signingSecret !== undefined })
      const { channel: where, ts } = after?.sent ?? {}
      if (where === undefined || ts === undefined) {
        const answer = await call('chat.postMessage', { channel, ...content }, signal)
        return resultOf(answer, 'Slack took it')
      }
      if (after?.how === 'edit') {
        const edited = await call('chat.update', { channel: where, ts, ...content }, signal)
        const isGone = !('outcome' in edited) && NOT_TO_EDIT.has(edited.error ?? '')
        if (!isGone) return resultOf(edited, 'Slack changed it', after.sent)
      }
      const reply = { channel: where, thread_ts: ts, ...content }
      const answer = await call('chat.postMessage', reply, signal)
      // The first of the thread is what is edited.
      return resultOf(answer, 'Slack took it as a reply', after?.sent)
    },
  }
}

function answerOf(body: string): SlackAnswer {
  try {
    const answer = JSON.parse(body) as SlackAnswer | null
    return answer ?? {}
  } catch {
    return {}
  }
}

function resultOf(answer: SlackAnswer | SendResult, said: string, sent?: Sent): SendResult {
  if ('outcome' in answer) return answer
  const { ok, error = '', channel, ts } = answer
  if (ok === true && typeof channel === 'string' && typeof ts === 'string') {
    return { outcome: 'sent', sent: sent ?? { channel, ts }, answer: said }
  }
  if (TRANSIENT.has(error)) return { outcome: 'retry', reason: `Slack answered "${error}"` }
  const word = /^[a-z_]{2,64}$/.test(error) ? `"${error}"` : 'what is not an answer of its API'
  return { outcome: 'refused', reason: `Slack answered ${word}` }
}
