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
import type { Receiver } from '../receiver.ts'

const TOKEN = 'xoxb-a-token-that-shows-nowhere'
const ROUTING_KEY = 'abcdefghijklmnopqrstuvwxyz012345'
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
    const failed = await belfry(['test', 'Gone'])
    expect(failed).toMatchObject({ status: 1 })
    expect(failed.stderr).toContain('nothing arrived by "Gone": the other side answered 404')
    const without = await belfry(['create', 'X', '--kind', 'teams'])
    expect(without).toMatchObject({ status: 2 })
    expect(without.stderr).toContain('--secret-file is missing')
  })
})

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
