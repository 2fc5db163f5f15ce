import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { runCommand } from '../belfry-command.ts'
import { everythingWritten } from '../connection-calls.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { CERTIFICATE_FILE, MAIL_USER, startMailServer } from '../mail/mail-server.ts'
import type { MailServer } from '../mail/mail-server.ts'
import { createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Received, Receiver } from '../receiver.ts'

const TOKEN = 'xoxb-a-token-that-shows-nowhere'
const ROUTING_KEY = 'abcdefghijklmnopqrstuvwxyz012345'
const MS_PER_HOUR = 60 * 60_000
const OWN_SECRET = `whsec_${Buffer.alloc(24, 'own').toString('base64')}`
const SECRET_PATH = 'T0-a-path-that-shows-nowhere'

const folder = newDataFolder()
let hub: HubProcess
let receiver: Receiver
let mailServer: MailServer
let organisationId: string

beforeAll(async () => {
  mailServer = await startMailServer({
    asksForUser: true,
    replyTo: (address) => (address.startsWith('nobody@') ? 550 : undefined),
  })
  receiver = await startReceiver(({ path }, response) => {
    if (path.endsWith('/busy')) {
      response.writeHead(429, { 'retry-after': '7' }).end()
    } else if (path.endsWith('/gone')) response.writeHead(404).end('channel_is_archived')
    else if (path.endsWith('/broken')) response.writeHead(500).end(TOKEN)
    else if (path.startsWith('/api/')) response.end('{"ok":true,"channel":"C1","ts":"1.2"}')
    else response.writeHead(path.startsWith('/pagerduty') ? 202 : 200).end('ok')
  })
  const passwordFile = join(folder, 'smtp-password')
  writeFileSync(passwordFile, `${MAIL_USER.password}\n`)
  hub = await startHubProcess(folder, [
    ...['--allow-private-targets', '--log-level', 'trace', '--smtp-host', 'localhost'],
    ...['--smtp-port', String(mailServer.port), '--smtp-from', 'Belfry <belfry@example.com>'],
    ...['--smtp-user', MAIL_USER.user, '--smtp-password-file', passwordFile],
    ...['--smtp-ca', CERTIFICATE_FILE],
  ])
  organisationId = (await createOrganisation(hub)).organisationId
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await receiver.close()
  await mailServer.close()
  removeDataFolder(folder)
})

const create = async (name: string, settings: object): Promise<any> => {
  const { status, body } = await hub.rest('POST', '/channels', { organisationId, name, settings })
  expect({ status, body }).toMatchObject({ status: 201 })
  return body
}
const test = async (id: string) => (await hub.rest('POST', `/channels/${id}/test`, {})).body
const to = (path: string) => ({ kind: 'slack-webhook', url: receiver.url + path })
const at = async (path: string) =>
  (await receiver.waitFor(1, (request) => request.path === path)).at(-1) as any

describe('a channel', () => {
  it('sends a real test by every kind', async () => {
    const email = await create('Mail', { kind: 'email', to: ['ops@example.com'] })
    expect(email).toMatchObject({ kind: 'email', leadsTo: 'ops@example.com' })
    expect(await test(email.id)).toEqual({
      outcome: 'sent',
      answer: '"localhost" took it for 1 recipient',
    })
    expect(mailServer.letters.at(-1)).toMatchObject({
      ...{ to: ['ops@example.com'], isEncrypted: true, user: MAIL_USER.user },
      source: expect.stringContaining('Subject: Test of the channel Mail'),
    })

    const slack = await create('Slack', to(`/slack/${SECRET_PATH}`))
    expect(slack.leadsTo).toBe(receiver.url)
    expect(await test(slack.id)).toEqual({ outcome: 'sent', answer: 'Slack took it' })
    expect((await at(`/slack/${SECRET_PATH}`)).body.blocks[0].type).toBe('header')

    const endpoint = `${receiver.url}/api`
    const bot = await create('Bot', { kind: 'slack-bot', token: TOKEN, channel: '#a', endpoint })
    expect(await test(bot.id)).toMatchObject({ outcome: 'sent' })
    const posted = await at('/api/chat.postMessage')
    expect(posted.headers.authorization).toBe(`Bearer ${TOKEN}`)
    expect(posted.body.channel).toBe('#a')

    const teams = await create('Teams', { kind: 'teams', url: `${receiver.url}/teams` })
    expect(await test(teams.id)).toMatchObject({ outcome: 'sent' })
    expect((await at('/teams')).body.attachments[0].content.type).toBe('AdaptiveCard')

    const duty = {
      kind: 'pagerduty',
      routingKey: ROUTING_KEY,
      endpoint: `${receiver.url}/pagerduty`,
    }
    expect(await test((await create('Duty', duty)).id)).toMatchObject({ outcome: 'sent' })
    const events = await receiver.waitFor(2, ({ path }) => path === '/pagerduty')
    expect(events.map(({ body }) => body.event_action)).toEqual(['trigger', 'resolve'])
    expect(events[0]?.body.dedup_key).toBe(events[1]?.body.dedup_key)

    const webhook = await create('Hook', { kind: 'webhook', url: `${receiver.url}/hook` })
    expect(await test(webhook.id)).toMatchObject({ outcome: 'sent' })
    const { text, headers, body } = await at('/hook')
    new Webhook(webhook.secret).verify(text, headers)
    expect(body).toMatchObject({ event: 'test', client: { id: 1 }, payload: {} })
  })

  it('says what the other side answered where a test does not arrive', async () => {
    const busy = await create('Busy', to('/busy'))
    const answer = 'the other side answered 429'
    expect(await test(busy.id)).toEqual({ outcome: 'retry', answer, retryAfterMs: 7_000 })
    const gone = await create('Gone', to('/gone'))
    expect(await test(gone.id)).toEqual({
      outcome: 'refused',
      answer: 'the other side answered 404: channel_is_archived',
    })
    const broken = await create('Broken', to('/broken'))
    const failed = { outcome: 'retry', answer: 'the other side answered 500' }
    expect(await test(broken.id)).toEqual(failed)
    const nobody = await create('Nobody', { kind: 'email', to: ['nobody@example.com'] })
    expect(await test(nobody.id)).toMatchObject({
      outcome: 'refused',
      answer: expect.stringContaining('reply 550'),
    })
  })

  it('is changed as a whole, keeps its webhook secret, and keeps its name to itself', async () => {
    const { id, secret } = await create('First', { kind: 'webhook', url: `${receiver.url}/1` })
    const patch = (body: object) => hub.rest('PATCH', `/channels/${id}`, body)
    const settings = { kind: 'webhook', url: `${receiver.url}/2` }
    const moved = await patch({ name: 'Second', settings })
    expect(moved).toMatchObject({ status: 200, body: { name: 'Second' } })
    expect(moved.body).not.toHaveProperty('secret')
    await test(id)
    const { text, headers } = await at('/2')
    new Webhook(secret).verify(text, headers)
    const other = await patch({ settings: { kind: 'email', to: ['a@example.com'] } })
    expect(other).toMatchObject({ status: 409, body: { code: 'channel.other-kind' } })
    expect(await patch({ name: 'mail' })).toMatchObject({ body: { code: 'channel.name-taken' } })
    expect(await hub.rest('DELETE', `/channels/${id}`)).toMatchObject({ status: 204 })
    expect(await hub.rest('GET', `/channels/${id}`)).toMatchObject({ status: 404 })
    await create('Second', settings)
  })

  it.each([
    ['an unknown kind', { kind: 'pigeon' }, 'must be one of email, slack-webhook'],
    ['no address', { kind: 'email', to: [] }, 'to'],
    ['two addresses in one', { kind: 'email', to: ['a@example.com,b@example.com'] }, 'to.0'],
    ['a header in an address', { kind: 'email', to: ['a@example.com\r\nBcc: b@c.de'] }, 'to.0'],
    ['what is not of its kind', { kind: 'email', to: ['a@b.de'], url: 'x' }, '"url" is no field'],
    ['no URL', { kind: 'teams' }, 'url'],
    ['a metadata service', { kind: 'teams', url: 'http://169.254.169.254/' }, 'never allowed'],
    ['a password in it', { kind: 'webhook', url: 'https://a:b@example.com/' }, 'credentials'],
    ['a short secret', { kind: 'webhook', url: 'https://a.example', secret: 'hush' }, '24 to 64'],
  ])('is not made with %s', async (_what, settings, words) => {
    const given = { organisationId, name: 'Wrong', settings }
    const { status, body } = await hub.rest('POST', '/channels', given)
    expect(status).toBe(400)
    expect(body.message).toContain(words)
    expect(body.message).not.toContain('hush')
  })

  it('is listed page by page, and its secrets show nowhere', async () => {
    const first = (await hub.rest('GET', '/channels?limit=2')).body
    expect(first.items).toHaveLength(2)
    const rest = `/channels?limit=100&nextToken=${first.nextToken}`
    const { items } = (await hub.rest('GET', rest)).body
    const names = [...first.items, ...items].map(({ name }: { name: string }) => name)
    expect(names).toEqual(expect.arrayContaining(['Mail', 'Slack', 'Bot', 'Teams', 'Duty']))
    const everything = everythingWritten(hub) + JSON.stringify([first, items])
    const secrets = [TOKEN, ROUTING_KEY, SECRET_PATH]
    expect(secrets.filter((secret) => everything.includes(secret))).toEqual([])
  })
})

describe('the secret of a webhook', () => {
  const rotate = (id: string, rotation: object) =>
    hub.rest('POST', `/channels/${id}/secret/rotate`, rotation)
  const show = async (id: string) => (await hub.rest('GET', `/channels/${id}`)).body
  const hook = (path: string) => ({ kind: 'webhook', url: receiver.url + path })

  it('is followed by another: both sign for a while, and then the new one alone', async () => {
    const { id, secret: first } = await create('Rotating', hook('/rotating'))
    expect(await show(id)).not.toHaveProperty('secretRotatedAt')
    expect(await goodWith(id, '/rotating', first, OWN_SECRET)).toEqual([true, false])
    const { status, body } = await rotate(id, { overlapHours: 5_000 / MS_PER_HOUR })
    const second = body.secret
    expect([status, second === first]).toEqual([200, false])
    expect(await goodWith(id, '/rotating', first, second)).toEqual([true, true])
    while ((await show(id)).previousSecretUntil !== undefined) await pause()
    expect(await goodWith(id, '/rotating', first, second)).toEqual([false, true])
    expect(await show(id)).toMatchObject({ secretRotatedAt: body.secretRotatedAt })
  })

  it('has one before it at most, which ends before its time only when asked', async () => {
    const { id, secret: first } = await create('Overlapping', hook('/overlapping'))
    const { body } = await rotate(id, {})
    expect(body.previousSecretUntil - body.secretRotatedAt).toBe(24 * MS_PER_HOUR)
    const refused = await rotate(id, { secret: OWN_SECRET })
    expect(refused).toMatchObject({ status: 409, body: { code: 'webhook-secret.overlap' } })
    const same = await rotate(id, { secret: body.secret, overlapHours: 0 })
    expect(same).toMatchObject({ status: 409, body: { code: 'webhook-secret.unchanged' } })
    // Where it leads may change meanwhile.
    await hub.rest('PATCH', `/channels/${id}`, { settings: hook('/moved') })
    expect(await goodWith(id, '/moved', first, body.secret)).toEqual([true, true])
    const ended = () => hub.rest('DELETE', `/channels/${id}/secret/previous`)
    expect((await ended()).status).toBe(204)
    expect(await goodWith(id, '/moved', first, body.secret)).toEqual([false, true])
    expect(await ended()).toMatchObject({ body: { code: 'webhook-secret.no-previous' } })
    const third = await rotate(id, { secret: OWN_SECRET })
    expect(third).toMatchObject({ status: 200, body: { secret: OWN_SECRET } })
    expect(await goodWith(id, '/moved', body.secret, OWN_SECRET)).toEqual([true, true])
  })

  it('signs alone where it was given with the settings, or rotated without an overlap', async () => {
    const { id, secret: first } = await create('Alone', hook('/alone'))
    await rotate(id, {})
    const settings = { ...hook('/alone'), secret: OWN_SECRET }
    const { body } = await hub.rest('PATCH', `/channels/${id}`, { settings })
    expect(body).not.toHaveProperty('previousSecretUntil')
    expect(await goodWith(id, '/alone', first, OWN_SECRET)).toEqual([false, true])
    await rotate(id, {})
    const alone = (await rotate(id, { overlapHours: 0 })).body
    expect(alone).not.toHaveProperty('previousSecretUntil')
    expect(await goodWith(id, '/alone', OWN_SECRET, alone.secret)).toEqual([false, true])
  })

  it('shows nowhere but in the answer that made it, and is told of in events', async () => {
    const made = await create('Hidden', hook('/hidden'))
    const { body: hidden } = await rotate(made.id, { overlapHours: 1 })
    const previousSecretUntil = hidden.secretRotatedAt + MS_PER_HOUR
    expect(await show(made.id)).toMatchObject({
      ...{ secretRotatedAt: hidden.secretRotatedAt, previousSecretUntil },
    })
    const told = async () => {
      const query = 'detailType=CostAndCompliance:%20ChannelSecretRotateEvent&limit=100'
      const { items } = (await hub.rest('GET', `/events?${query}`)).body
      return items.map(({ event }: any) => event.detail)
    }
    const isOfIt = ({ channelId }: any) => channelId === made.id
    while (!(await told()).some(isOfIt)) await pause()
    expect((await told()).find(isOfIt)).toMatchObject({
      ...{ status: 'SUCCESS', channelName: 'Hidden', channelKind: 'webhook' },
      previousUntil: new Date(previousSecretUntil).toISOString(),
    })
    const listed = await hub.restText('GET', '/channels?limit=100')
    const everything = [listed, JSON.stringify(await told()), everythingWritten(hub)].join('\n')
    const secrets = [made, hidden].map(({ secret }) => secret.slice('whsec_'.length))
    expect(secrets.filter((secret) => everything.includes(secret))).toEqual([])
  })

  it.each([
    ['too short a secret', { secret: 'whsec_c2hvcnQ=' }, 400, 'channel.invalid-secret'],
    ['an overlap below 0', { overlapHours: -1 }, 400, 'request.invalid'],
    ['an overlap over 14 days', { overlapHours: 14 * 24 + 0.1 }, 400, 'request.invalid'],
  ])('is not rotated with %s', async (what, rotation, status, code) => {
    const { id } = await create(`Without ${what}`, hook('/without'))
    const refused = await rotate(id, rotation)
    expect(refused).toMatchObject({ status, body: { code } })
    expect(JSON.stringify(refused.body)).not.toContain('c2hvcnQ')
    expect((await rotate(id, { overlapHours: 14 * 24 })).status).toBe(200)
  })

  it('is of a webhook alone', async () => {
    const { id } = await create('No webhook', to('/no-webhook'))
    const code = 'channel.no-signing-secret'
    expect(await rotate(id, {})).toMatchObject({ status: 409, body: { code } })
    const ended = await hub.rest('DELETE', `/channels/${id}/secret/previous`)
    expect(ended).toMatchObject({ status: 409, body: { code } })
  })
})

describe('belfry channels', () => {
  const belfry = (args: readonly string[], input = '') =>
    runCommand(folder, ['channels', ...args], { input })

  it('makes, shows, tests, changes and deletes them', { timeout: 120_000 }, async () => {
    const made = await belfry(
      ['create', 'CLI', '--kind', 'slack-webhook', '--secret-file', '-'],
      `${receiver.url}/cli\n`,
    )
    expect([made.status, made.stderr]).toEqual([0, ''])
    expect(made.stdout).toContain(receiver.url)
    expect((await belfry(['test', 'CLI'])).stdout).toContain('sent a test by "CLI": Slack took it')
    await at('/cli')
    const renamed = await belfry(['update', 'CLI', '--name', 'CLI 2'])
    expect(renamed.stdout).toContain('CLI 2')
    expect((await belfry(['list'])).stdout).toMatch(/CLI 2 +slack-webhook +http/)
    expect((await belfry(['delete', 'CLI 2'])).stdout).toContain('deleted the channel "CLI 2"')
    const { id, secret } = await create('Signed', {
      kind: 'webhook',
      url: `${receiver.url}/signed`,
    })
    const rotated = await belfry(
      ['rotate-secret', 'Signed', '--overlap-hours', '2', '--secret-file', '-'],
      `${OWN_SECRET}\n`,
    )
    expect([rotated.status, rotated.stderr]).toEqual([0, ''])
    expect(rotated.stdout).toContain(OWN_SECRET)
    expect(rotated.stdout).toMatch(/old secret +signs too until /)
    expect(await goodWith(id, '/signed', secret, OWN_SECRET)).toEqual([true, true])
    expect((await belfry(['end-previous-secret', 'Signed'])).stdout).toContain('alone')
    expect((await belfry(['show', 'Signed'])).stdout).toMatch(/old secret +signs no more/)
    expect(await goodWith(id, '/signed', secret, OWN_SECRET)).toEqual([false, true])
    const failed = await belfry(['test', 'Gone'])
    expect(failed).toMatchObject({ status: 1 })
    expect(failed.stderr).toContain('nothing arrived by "Gone": the other side answered 404')
    const without = await belfry(['create', 'X', '--kind', 'teams'])
    expect(without).toMatchObject({ status: 2 })
    expect(without.stderr).toContain('--secret-file is missing')
  })
})

/** Which secrets verify what a channel posts now, as a receiver does it: with the official library. */
async function goodWith(id: string, path: string, ...secrets: readonly string[]) {
  const before = receiver.received.filter((request) => request.path === path).length
  expect(await test(id)).toMatchObject({ outcome: 'sent' })
  const posts = await receiver.waitFor(before + 1, (request) => request.path === path)
  const { text, headers } = posts.at(-1) as Received
  return secrets.map((secret) => {
    try {
      new Webhook(secret).verify(text, headers as Record<string, string>)
      return true
    } catch {
      return false
    }
  })
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 50))

it('an e-mail channel needs a mail server, and says what to set', async () => {
  const alone = newDataFolder()
  const without = await startHubProcess(alone)
  const organisation = await createOrganisation(without)
  const refused = await without.rest('POST', '/channels', {
    ...{ organisationId: organisation.organisationId, name: 'Mail' },
    settings: { kind: 'email', to: ['ops@example.com'] },
  })
  expect(refused).toMatchObject({ status: 409, body: { code: 'channel.no-mail-server' } })
  expect(refused.body.message).toContain('--smtp-host')
  await without.kill('SIGTERM')
  removeDataFolder(alone)
})
