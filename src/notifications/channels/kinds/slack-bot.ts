import { SLACK_ENDPOINT } from '#src/model/channel.ts'
import type { SettingsOf } from '#src/model/channel.ts'
import { posted } from '../posting.ts'
import type { PostingPorts } from '../posting.ts'
import type { OpenChannel, SendResult, Sending, Sent } from '../sending.ts'
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
const NOT_TO_EDIT: ReadonlySet<string> = new Set(['cant_update_message', 'edit_window_closed'])
/**
 * Slack's word for a message that somebody deleted, and for a channel that the bot has left or that
 * ended: the news is posted where messages go now. In the thread of a deleted message it would be a
 * message that is never edited, as Slack posts it to the channel (slack-go/slack issue 1571).
 */
const GONE: ReadonlySet<string> = new Set([
  'cannot_reply_to_message',
  'channel_not_found',
  'is_archived',
  'message_not_found',
  'not_in_channel',
  'thread_not_found',
])
/** Slack repeats the message in its answer, with six characters for each that is not of ASCII. */
const ANSWER_BYTES_MAX = 512 * 1_024

const NOT_CHANGED = 'Slack has the message no more, or changes it no more'

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
      answerBytesMax: ANSWER_BYTES_MAX,
      signal,
    })
    return answer.ok ? answerOf(answer.body) : answer.result
  }
  /** Undefined where what was sent is not there any more, or not where messages go now. */
  const goneOnWith = async (
    { sent, how }: NonNullable<Sending['after']>,
    content: object,
    signal: AbortSignal | undefined,
  ): Promise<SendResult | undefined> => {
    const { channel: where, ts, to = channel } = sent
    const unchanged: SendResult = { outcome: 'sent', sent, answer: NOT_CHANGED }
    const elsewhere = how === 'edit-only' ? unchanged : undefined
    if (where === undefined || ts === undefined || to !== channel) return elsewhere
    if (how !== 'reply') {
      const edited = await call('chat.update', { channel: where, ts, ...content }, signal)
      if (isOf(edited, GONE)) return elsewhere
      if (!isOf(edited, NOT_TO_EDIT)) return resultOf(edited, 'Slack changed it', sent)
      if (how === 'edit-only') return unchanged
    }
    const reply = { channel: where, thread_ts: ts, ...content }
    const answer = await call('chat.postMessage', reply, signal)
    if (isOf(answer, GONE)) return undefined
    // The first of the thread is what is edited.
    return resultOf(answer, 'Slack took it as a reply', sent)
  }
  return {
    messagesPerSecondMax: 1,
    recipients: [],
    readBy: 'people',
    editsInPlace: true,
    showsState: true,
    send: async (message, { after, signal }) => {
      const content = slackMessage(message, { canAct: signingSecret !== undefined })
      const result = after && (await goneOnWith(after, content, signal))
      if (result !== undefined) return result
      const answer = await call('chat.postMessage', { channel, ...content }, signal)
      const taken: SlackAnswer = 'outcome' in answer ? {} : answer
      const { channel: where = '', ts = '' } = taken
      return resultOf(answer, 'Slack took it', { channel: where, ts, to: channel })
    },
  }
}

function isOf(answer: SlackAnswer | SendResult, words: ReadonlySet<string>): boolean {
  return !('outcome' in answer) && words.has(answer.error ?? '')
}

function answerOf(body: string): SlackAnswer {
  try {
    const answer = JSON.parse(body) as SlackAnswer | null
    return answer ?? {}
  } catch {
    return {}
  }
}

function resultOf(answer: SlackAnswer | SendResult, said: string, sent: Sent): SendResult {
  if ('outcome' in answer) return answer
  const { ok, error = '', channel, ts } = answer
  if (ok === true && typeof channel === 'string' && typeof ts === 'string') {
    return { outcome: 'sent', sent, answer: said }
  }
  if (TRANSIENT.has(error)) return { outcome: 'retry', reason: `Slack answered "${error}"` }
  const word = /^[a-z_]{2,64}$/.test(error) ? `"${error}"` : 'what is not an answer of its API'
  return { outcome: 'refused', reason: `Slack answered ${word}` }
}
