import { createHmac, randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { eventTypeOf } from '#src/model/catalogue/catalogue.ts'
import { minuteIn } from '#src/schedules/time-zone.ts'
import { runCommand } from '../belfry-command.ts'
import { everythingWritten } from '../connection-calls.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Received, Receiver } from '../receiver.ts'

const SIGNING_SECRET = '8f742231b10e8888abcd99baaca85a5d'
const OTHER_SECRET = '0e1f742231b10e8888abcd99baaca85a'
const PUBLIC_URL = 'https://belfry.example.com'
const ANA = { id: 'U0ANA', username: 'ana', name: 'ana' }
const BEN = { id: 'U0BEN', username: 'ben<!here>', name: 'ben' }

const folder = newDataFolder()
/** What a user keeps elsewhere. */
const secrets = newDataFolder()
let hub: HubProcess
let slack: Receiver
let organisationId: string
let channel: any
let other: any
let posts = 0

beforeAll(async () => {
  // Slack gives each message a time of its own, by which it is edited.
  slack = await startReceiver(({ path, body }, response) => {
    if (path === '/api/chat.postMessage') posts += 1
    const ts = path === '/api/chat.update' ? body.ts : `${posts}.000100`
    response.end(JSON.stringify({ ok: true, channel: 'C1', ts }))
  })
  hub = await startHubProcess(folder, [
    ...['--allow-private-targets', '--log-level', 'trace', '--public-url', PUBLIC_URL],
  ])
  organisationId = (await createOrganisation(hub)).organisationId
  channel = await newBot('ops', { signingSecret: SIGNING_SECRET })
  other = await newBot('other', { signingSecret: OTHER_SECRET })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await slack.close()
  removeDataFolder(folder)
  removeDataFolder(secrets)
})

describe('buttons in Slack', () => {
  it('are told where to post: the request URL is shown with the channel, and no secret', async () => {
    const interactivityUrl = `${PUBLIC_URL}/slack/interactivity/${channel.id}`
    expect(channel).toMatchObject({ interactivityUrl })
    expect((await hub.rest('GET', `/channels/${channel.id}`)).body).toEqual(channel)
    const shown = await runCommand(folder, ['channels', 'show', 'ops'])
    expect(shown.stdout).toContain(interactivityUrl)
  })

  it('acknowledge with one press, say by whom, and the message shows it to everybody', async () => {
    const { incident, message } = await told()
    const { elements, labels } = buttonsOf(message)
    expect(labels).toEqual(['Acknowledge', 'Snooze 1 hour', 'Snooze 1 day', 'Open'])
    expect(elements[0]).toMatchObject({ action_id: 'acknowledge', value: incident.id })
    expect(elements[0]).not.toHaveProperty('url')

    expect(await press(message, 'acknowledge')).toEqual({ status: 200, text: '' })
    expect(await incidentOf(incident.id)).toMatchObject({
      state: 'ACKNOWLEDGED',
      acknowledgedBy: 'ana (Slack user U0ANA)',
    })
    const edited = await editOf(message)
    expect(edited.text).toContain('Acknowledged by ana (Slack user U0ANA)')
    expect(buttonsOf(edited).labels).toEqual(['Snooze 1 hour', 'Snooze 1 day', 'Open'])
  })

  it('snooze with one press', async () => {
    const { incident, message } = await told()
    const before = Date.now()
    expect(await press(message, 'snooze-24', { user: BEN })).toMatchObject({ status: 200 })
    const { state, snoozedBy, snoozedUntil } = await incidentOf(incident.id)
    expect([state, snoozedBy]).toEqual(['SNOOZED', 'ben<!here> (Slack user U0BEN)'])
    expect(snoozedUntil).toBeGreaterThanOrEqual(before + 24 * 3_600_000)
    const [first] = await editsOf(message, 1)
    expect(first?.text).toContain('Snoozed by ben&lt;!here&gt; (Slack user U0BEN) until ')
    expect(first?.text).toContain(minuteIn('UTC', snoozedUntil))

    // Again, for another time, by a button and by the link: the message shows that to everybody.
    await press(message, 'snooze-1', { user: ANA })
    const sooner = await incidentOf(incident.id)
    const [, second] = await editsOf(message, 2)
    expect(second?.text).toContain('Snoozed by ana (Slack user U0ANA) until ')
    expect(second?.text).toContain(minuteIn('UTC', sooner.snoozedUntil))
    const until = Date.now() + 5 * 3_600_000
    await hub.rest('POST', `/incidents/${incident.id}/snooze`, { until })
    const [, , third] = await editsOf(message, 3)
    expect(third?.text).toContain(minuteIn('UTC', until))
    expect(slack.received.filter(({ path }) => path.startsWith('/actions/'))).toEqual([])
  })

  it('say what is so to who presses a second time, or what is over, and change nothing', async () => {
    const { incident, message } = await told()
    await press(message, 'acknowledge')
    const second = newPath()
    expect(await press(message, 'acknowledge', { user: BEN, responsePath: second })).toMatchObject({
      status: 200,
    })
    expect(await answerAt(second)).toEqual({
      response_type: 'ephemeral',
      replace_original: false,
      text: `Incident ${incident.number} is acknowledged by ana (Slack user U0ANA) already.`,
    })
    await hub.rest('POST', `/incidents/${incident.id}/resolve`)
    const over = newPath()
    await press(message, 'snooze-1', { responsePath: over })
    expect(await answerAt(over)).toMatchObject({
      text: `Incident ${incident.number} is over already.`,
    })
    expect(await incidentOf(incident.id)).toMatchObject({
      state: 'RESOLVED',
      acknowledgedBy: 'ana (Slack user U0ANA)',
    })
  })

  it('tell the channel of a press on a message that is not edited, as one of an escalation', async () => {
    const { incident, message } = await told()
    const responsePath = newPath()
    const elsewhere = { ...message, ts: '99.000100' }
    await press(elsewhere, 'acknowledge', { responsePath })
    expect(await answerAt(responsePath)).toEqual({
      response_type: 'in_channel',
      replace_original: false,
      text: `Incident ${incident.number} is acknowledged by ana (Slack user U0ANA).`,
    })
  })

  it('act by the URL of any channel of their app: an app has one', async () => {
    const { incident, message } = await told()
    const request = pressOf(message, 'acknowledge')
    expect(await send({ ...request, channelId: channel.id })).toMatchObject({ status: 200 })
    expect((await incidentOf(incident.id)).state).toBe('ACKNOWLEDGED')
  })

  it('count once: a request that is replayed changes nothing', async () => {
    const { incident, message } = await told()
    const responsePath = newPath()
    const snoozing = pressOf(message, 'snooze-24', { responsePath })
    expect(await send(snoozing)).toMatchObject({ status: 200 })
    await press(message, 'acknowledge')
    expect(await send(snoozing)).toMatchObject({ status: 200 })
    const { text } = await answerAt(responsePath)
    expect(text).toContain('was taken already')
    expect((await incidentOf(incident.id)).state).toBe('ACKNOWLEDGED')
  })

  it('act for nobody whose signature is not good, and say nothing of why', async () => {
    const { incident, message } = await told()
    const good = pressOf(message, 'acknowledge')
    const seconds = Number(good.timestamp)
    const without = await newBot('silent', {})
    const refused = {
      'no signature': { ...good, signature: undefined },
      'no time': { ...good, timestamp: undefined },
      'another body': { ...good, body: `${good.body}&x=1` },
      'another time': { ...good, timestamp: String(seconds + 1) },
      'an old request': resigned({ ...good, timestamp: String(seconds - 301) }),
      'one of the future': resigned({ ...good, timestamp: String(seconds + 330) }),
      'the secret of another channel': resigned(good, OTHER_SECRET),
      'another channel': { ...good, channelId: other.id },
      'a channel without a secret': { ...good, channelId: without.id },
      'no channel': { ...good, channelId: randomUUID() },
    }
    for (const [what, request] of Object.entries(refused)) {
      expect({ what, ...(await send(request)) }).toEqual({ what, status: 401, text: '' })
    }
    expect((await incidentOf(incident.id)).state).toBe('OPEN')
    // Five minutes less what the test takes.
    const late = resigned({ ...good, timestamp: String(seconds - 270) })
    expect(await send(late)).toMatchObject({ status: 200 })
    expect((await incidentOf(incident.id)).state).toBe('ACKNOWLEDGED')
  })

  it('reach no incident of another organisation', async () => {
    const stranger = await hub.rest('POST', '/organisations', {
      ...{ name: 'Other', alias: 'other', installationRegion: REGION, regions: [REGION] },
    })
    const theirs = await newBot('theirs', {
      signingSecret: OTHER_SECRET,
      organisationId: stranger.body.id,
    })
    const { incident, message } = await told()
    const responsePath = newPath()
    const foreign = pressOf(message, 'acknowledge', { responsePath })
    expect(await send(resigned({ ...foreign, channelId: theirs.id }, OTHER_SECRET))).toMatchObject({
      status: 200,
    })
    expect((await answerAt(responsePath)).text).toBe(`There is no incident "${incident.id}".`)
    expect((await incidentOf(incident.id)).state).toBe('OPEN')
  })

  it('answer only where Slack is', async () => {
    const { message } = await told()
    const elsewhere = await startReceiver()
    await press(message, 'acknowledge')
    for (const url of [elsewhere.url, `${elsewhere.url}/hooks.slack.com`, 'no URL']) {
      const twice = pressOf(message, 'acknowledge', { responseUrl: url })
      expect(await send(twice)).toMatchObject({ status: 200 })
    }
    // Of Slack itself none but https://hooks.slack.com is.
    const ofSlack = await newBot('of Slack', { signingSecret: SIGNING_SECRET, endpoint: undefined })
    const toOwn = pressOf(message, 'acknowledge', { responseUrl: `${elsewhere.url}/own` })
    expect(await send({ ...toOwn, channelId: ofSlack.id })).toMatchObject({ status: 200 })
    const toReceiver = pressOf(message, 'acknowledge', { responsePath: '/actions/not-of-slack' })
    expect(await send({ ...toReceiver, channelId: ofSlack.id })).toMatchObject({ status: 200 })
    // What is answered after them has come, and they have not.
    const responsePath = newPath()
    await press(message, 'acknowledge', { responsePath })
    await answerAt(responsePath)
    expect(elsewhere.received).toEqual([])
    expect(slack.received.filter(({ path }) => path === '/actions/not-of-slack')).toEqual([])
    await elsewhere.close()
  })

  it.each([
    ['a button with a link', 200, { type: 'block_actions', actions: [action('open-0', 'x')] }],
    ['what is pressed elsewhere', 200, { type: 'view_submission' }],
    ['what is not of the form', 400, { type: 'block_actions', actions: [] }],
    ['no object', 400, null],
  ])('of %s are answered with %i', async (_what, status, payload) => {
    const request = signed({ user: ANA, ...payload }, payload === null ? 'payload=1' : undefined)
    expect(await send(request)).toEqual({ status, text: '' })
  })

  it('take a body up to 256 KB', async () => {
    const lengths = [256 * 1_024, 256 * 1_024 + 1].map((length) =>
      signed({}, 'payload={"type":"x"}&x='.padEnd(length, 'x')),
    )
    const answers = await Promise.all(lengths.map((request) => send(request)))
    expect(answers.map(({ status }) => status)).toEqual([200, 413])
  })

  it('are links where no signing secret is set, and again when it is taken away', async () => {
    const settings = { kind: 'slack-bot', token: 'xoxb-1', channel: '#ops', endpoint: api() }
    const { body } = await hub.rest('PATCH', `/channels/${other.id}`, { settings })
    expect(body).not.toHaveProperty('interactivityUrl')
    const { message } = await told(other)
    const { elements, labels } = buttonsOf(message)
    expect(labels).toEqual(['Open', 'Acknowledge', 'Snooze'])
    for (const { url } of elements) expect(url).toContain(`${PUBLIC_URL}/incidents/`)
    const request = resigned(pressOf(message, 'acknowledge'), OTHER_SECRET)
    expect(await send(request)).toMatchObject({ status: 401 })
  })

  it('come with a signing secret on the command line, which shows nowhere', async () => {
    const file = (name: string, text: string) => {
      const path = join(secrets, name)
      writeFileSync(path, `${text}\n`)
      return path
    }
    const made = await runCommand(folder, [
      ...['channels', 'create', 'cli', '--organisation', 'test'],
      ...['--kind', 'slack-bot', '--channel', '#ops'],
      ...['--secret-file', file('token', 'xoxb-cli')],
      ...['--signing-secret-file', file('signing', SIGNING_SECRET)],
    ])
    expect([made.status, made.stderr]).toEqual([0, ''])
    expect(made.stdout).toMatch(/Slack request URL +https:\/\/belfry\.example\.com\/slack\//)
    const given = {
      organisationId,
      name: 'short',
      settings: { kind: 'slack-bot', token: 'x', channel: '#a', signingSecret: 'hush-short' },
    }
    const short = await hub.rest('POST', '/channels', given)
    expect(short).toMatchObject({ status: 400, body: { code: 'channel.invalid-settings' } })

    const { items } = (await hub.rest('GET', '/channels?limit=100')).body
    const everything =
      JSON.stringify([items, channel, short]) + made.stdout + everythingWritten(hub)
    const shownNowhere = [SIGNING_SECRET, OTHER_SECRET, 'hush-short', 'xoxb-cli']
    expect(shownNowhere.filter((secret) => everything.includes(secret))).toEqual([])
  })
})

interface SlackPost {
  readonly text: string
  readonly blocks: readonly any[]
  readonly ts: string
  readonly channelId: string
}

interface Signed {
  readonly channelId: string
  readonly timestamp: string | undefined
  readonly signature: string | undefined
  readonly body: string
}

interface Pressing {
  readonly user?: object
  /** Of the response URL, at the server that speaks Slack's API. */
  readonly responsePath?: string
  readonly responseUrl?: string
}

const api = () => `${slack.url}/api`
const newPath = () => `/actions/${randomUUID()}`

async function newBot(name: string, { organisationId: of = organisationId, ...more }: any) {
  const settings = { kind: 'slack-bot', token: 'xoxb-1', channel: '#ops', endpoint: api(), ...more }
  const given = { organisationId: of, name, settings }
  const { status, body } = await hub.rest('POST', '/channels', given)
  expect({ status, body }).toMatchObject({ status: 201 })
  return body
}

/** A new incident, and the message in Slack that tells of it; people get few of one channel. */
async function told(by?: any): Promise<{ incident: any; message: SlackPost }> {
  const checkedBy = `check-${randomUUID()}`
  const { id: channelId } = by ?? (await newBot(checkedBy, { signingSecret: SIGNING_SECRET }))
  const notification = await hub.rest('POST', '/notifications', {
    ...{ organisationId, name: checkedBy, channelId, settleSeconds: 0 },
    alerts: { compliance: { checkedBy: [checkedBy] } },
  })
  const example = eventTypeOf('ComplianceAlertEvent')?.example
  const { accountName: _, ...fields } = { accountName: '', ...example, ruleId: 'r', checkedBy }
  const event = { id: randomUUID(), organisationId, name: 'ComplianceAlertEvent', fields }
  const { status } = await hub.rest('POST', '/tenancy-events', { events: [event] })
  expect(status).toBe(200)
  const isOfIt = ({ path, text }: Received) =>
    path === '/api/chat.postMessage' && text.includes(checkedBy)
  const [{ body }] = (await slack.waitFor(1, isOfIt)) as [Received]
  const query = new URLSearchParams({ organisationId, notificationId: notification.body.id })
  // It is written down after Slack has answered.
  for (;;) {
    const [incident] = (await hub.rest('GET', `/incidents?${query.toString()}`)).body.items
    const order = slack.received.filter(({ path }) => path === '/api/chat.postMessage')
    const turn = order.findIndex(({ text }) => text.includes(checkedBy)) + 1
    if (incident.told > 0)
      return { incident, message: { ...body, channelId, ts: `${turn}.000100` } }
  }
}

async function editsOf({ ts }: SlackPost, count: number): Promise<readonly Received[]> {
  const isOfIt = ({ path, body }: Received) => path === '/api/chat.update' && body.ts === ts
  return slack.waitFor(count, isOfIt)
}

async function editOf(message: SlackPost): Promise<SlackPost & { text: string }> {
  const [{ text, body }] = (await editsOf(message, 1)) as [Received]
  return { ...body, text }
}

function buttonsOf({ blocks }: SlackPost): { elements: any[]; labels: string[] } {
  const { elements } = blocks.find(({ type }) => type === 'actions')
  return { elements, labels: elements.map(({ text }: any) => text.text) }
}

let presses = 0
function action(actionId: string, value: string) {
  // Each press has a time of its own, as from Slack.
  const at = `${Math.floor(Date.now() / 1_000)}.${String((presses += 1)).padStart(6, '0')}`
  return { type: 'button', action_id: actionId, block_id: 'b', value, action_ts: at }
}

/** As Slack posts it: the app's secret signs the time and the body. */
function signed(payload: object, body = `payload=${encodeURIComponent(JSON.stringify(payload))}`) {
  const timestamp = String(Math.floor(Date.now() / 1_000))
  return resigned({ channelId: channel.id, timestamp, signature: undefined, body })
}

function resigned(request: Signed, secret = SIGNING_SECRET): Signed {
  const text = `v0:${request.timestamp}:${request.body}`
  return { ...request, signature: `v0=${createHmac('sha256', secret).update(text).digest('hex')}` }
}

/** A press on a button that the message has, or had. */
function pressOf(
  message: SlackPost,
  actionId: string,
  { user = ANA, responsePath = newPath(), responseUrl = slack.url + responsePath }: Pressing = {},
): Signed {
  const button = buttonsOf(message).elements.find(({ action_id: id }) => id === actionId)
  const request = signed({
    type: 'block_actions',
    user,
    team: { id: 'T1', domain: 'example' },
    container: { type: 'message', message_ts: message.ts, channel_id: 'C1', is_ephemeral: false },
    response_url: responseUrl,
    trigger_id: '1.2.3',
    actions: [action(actionId, button?.value ?? '')],
  })
  return { ...request, channelId: message.channelId }
}

function press(message: SlackPost, actionId: string, more: Pressing = {}) {
  return send(pressOf(message, actionId, more))
}

async function send({ channelId, timestamp, signature, body }: Signed) {
  const response = await fetch(`${hub.url}/slack/interactivity/${channelId}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(timestamp !== undefined && { 'x-slack-request-timestamp': timestamp }),
      ...(signature !== undefined && { 'x-slack-signature': signature }),
    },
    body,
  })
  const text = await response.text()
  return { status: response.status, text }
}

async function answerAt(path: string): Promise<any> {
  const [{ body }] = (await slack.waitFor(1, (request) => request.path === path)) as [Received]
  return body
}

async function incidentOf(id: string): Promise<any> {
  return (await hub.rest('GET', `/incidents/${id}`)).body
}
