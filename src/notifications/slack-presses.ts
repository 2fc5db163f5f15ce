import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Compile } from 'typebox/compile'

import { RestError } from '#src/errors.ts'
import { SLACK_ENDPOINT } from '#src/model/channel.ts'
import type { SettingsOf } from '#src/model/channel.ts'
import type { Incident } from '#src/model/notification.ts'
import { isSignedBySlack } from '#src/model/slack-signature.ts'
import type { SlackRequest } from '#src/model/slack-signature.ts'
import type { Observer } from '#src/ports/observer.ts'
import type { State } from '#src/ports/state.ts'
import type { Vault } from '#src/tenancy/vault.ts'
import { CHANNELS } from './channels/documents.ts'
import { cut, oneLine } from './channels/fitting.ts'
import { ACKNOWLEDGE_ACTION, SNOOZE_ACTIONS, mrkdwn } from './channels/kinds/slack-blocks.ts'
import { openedSettings } from './channels/opener.ts'
import { posted } from './channels/posting.ts'
import type { PostingPorts } from './channels/posting.ts'
import { INCIDENTS } from './documents.ts'
import type { Handler, Incidents } from './incidents.ts'

/** What people press in messages in Slack. */
export interface SlackPresses {
  /**
   * Does what the pressed button says, before it returns: Slack waits three seconds. Whoever pressed
   * is told of what the message will not show.
   * @param channelId any of the Slack app's channels: an app posts to one URL, whatever is pressed
   * @returns `unsigned` where the channel's Slack app has not signed it, or there is no such channel
   */
  take(channelId: string, request: SlackRequest): Promise<'taken' | 'unsigned' | 'unreadable'>
}

export interface SlackPressPorts extends PostingPorts {
  readonly state: Pick<State, 'get'>
  readonly vault: Vault
  readonly observer: Pick<Observer, 'stageFaulted'>
  readonly incidents: Pick<Incidents, 'acknowledge' | 'snooze'>
}

const HOUR_MS = 3_600_000
const NAME_CHARACTERS_MAX = 80
const VALUE_CHARACTERS_MAX = 64

// https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
const Pressed = Type.Object({
  user: Type.Object({
    id: Type.String({ pattern: '^[A-Z0-9]{1,32}$' }),
    username: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
  }),
  response_url: Type.Optional(Type.String()),
  container: Type.Optional(
    Type.Object({
      channel_id: Type.Optional(Type.String()),
      message_ts: Type.Optional(Type.String()),
    }),
  ),
  actions: Type.Array(
    Type.Object({
      action_id: Type.String(),
      value: Type.Optional(Type.String({ maxLength: VALUE_CHARACTERS_MAX })),
      action_ts: Type.String({ pattern: '^[0-9]{1,12}\\.[0-9]{1,6}$' }),
    }),
    { minItems: 1 },
  ),
})
type Pressed = Static<typeof Pressed>
const pressed = Compile(Pressed)

interface Answer {
  readonly text: string
  /** In the channel; else to who pressed alone. */
  readonly isForAll: boolean
}

export function createSlackPresses(ports: SlackPressPorts): SlackPresses {
  const { state, vault, clock, observer } = ports
  return {
    take: async (channelId, request) => {
      const channel = await state.get(CHANNELS, channelId)
      if (channel === undefined) return 'unsigned'
      const settings = openedSettings(vault, channel)
      if (settings?.kind !== 'slack-bot' || settings.signingSecret === undefined) return 'unsigned'
      if (!isSignedBySlack(request, settings.signingSecret, clock.now())) return 'unsigned'
      const payload = payloadOf(request.body)
      if (payload === undefined) return 'unreadable'
      // Of other things that people do with the app nothing is asked here.
      if (payload.type !== 'block_actions') return 'taken'
      if (!pressed.Check(payload)) return 'unreadable'
      const answer = await act(ports, channel.organisationId, payload)
      if (answer === undefined) return 'taken'
      // What was pressed is done, so that Slack need not wait; an answer that is lost changes nothing.
      answerThere(ports, { settings, url: payload.response_url, answer }).catch((error: unknown) =>
        observer.stageFaulted('notify', error),
      )
      return 'taken'
    },
  }
}

function payloadOf(body: Uint8Array): { readonly type?: unknown } | undefined {
  const text = new URLSearchParams(Buffer.from(body).toString()).get('payload') ?? ''
  try {
    const payload: unknown = JSON.parse(text)
    return typeof payload === 'object' && payload !== null ? payload : undefined
  } catch {
    return undefined
  }
}

/** @returns what the message does not show of what came of it */
async function act(
  { state, clock, incidents }: SlackPressPorts,
  organisationId: string,
  { user, container, actions: [action] }: Pressed,
): Promise<Answer | undefined> {
  const { action_id: does = '', value: id = '', action_ts: pressedAt } = action ?? {}
  const snooze = SNOOZE_ACTIONS.get(does)
  // A button with a URL is told of, too.
  if (does !== ACKNOWLEDGE_ACTION && snooze === undefined) return undefined
  const handler = { organisationId, name: nameOf(user), pressedAt: Number(pressedAt) }
  const before = await state.get(INCIDENTS, id)
  try {
    const after =
      snooze === undefined
        ? await incidents.acknowledge(handler, id)
        : await incidents.snooze(handler, id, clock.now() + snooze.hours * HOUR_MS)
    const shown = [before?.sent, before?.escalated?.sent]
    const isEdited = shown.some(
      (sent) =>
        sent !== undefined &&
        sent['channel'] === container?.channel_id &&
        sent['ts'] === container?.message_ts,
    )
    return isEdited ? undefined : { text: stateText(after), isForAll: true }
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    const said = mrkdwn(error.message)
    return { text: `${said.slice(0, 1).toUpperCase()}${said.slice(1)}.`, isForAll: false }
  }
}

function nameOf({ id, username, name }: Pressed['user']): Handler['name'] {
  const called = cut(oneLine(username ?? name ?? ''), NAME_CHARACTERS_MAX)
  return called === '' ? `Slack user ${id}` : `${called} (Slack user ${id})`
}

function stateText({ number, state, acknowledgedBy, snoozedBy, snoozedUntil = 0 }: Incident) {
  if (state === 'ACKNOWLEDGED') {
    return `Incident ${number} is acknowledged by ${mrkdwn(acknowledgedBy ?? '')}.`
  }
  const seconds = Math.floor(snoozedUntil / 1_000)
  const iso = new Date(snoozedUntil).toISOString()
  // Slack shows it on the reader's own clock.
  const until = `<!date^${seconds}^{date_short_pretty} {time}|${iso}>`
  return `Incident ${number} is snoozed by ${mrkdwn(snoozedBy ?? '')} until ${until}.`
}

interface Answering {
  readonly settings: SettingsOf<'slack-bot'>
  readonly url: string | undefined
  readonly answer: Answer
}

async function answerThere(
  ports: SlackPressPorts,
  { settings, url, answer: { text, isForAll } }: Answering,
): Promise<void> {
  if (url === undefined || !isOfSlack(url, settings)) return
  const body = JSON.stringify({
    response_type: isForAll ? 'in_channel' : 'ephemeral',
    replace_original: false,
    text,
  })
  await posted(ports, { url, body })
}

/** Slack's is https://hooks.slack.com; what speaks its API elsewhere may answer for itself. */
function isOfSlack(url: string, { endpoint }: SettingsOf<'slack-bot'>): boolean {
  if (!URL.canParse(url)) return false
  const { origin } = new URL(url)
  const { hostname, origin: own } = new URL(endpoint ?? SLACK_ENDPOINT)
  return origin === `https://hooks.${hostname}` || (endpoint !== undefined && origin === own)
}
