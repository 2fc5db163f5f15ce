import { afterAll, beforeAll, expect, it } from 'vitest'

import { allTold, alerting, hasLength, newSegments, until } from '../alerting.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { CERTIFICATE_FILE, startMailServer } from '../mail/mail-server.ts'
import type { MailServer } from '../mail/mail-server.ts'
import { createOrganisation } from '../organisation.ts'

const folder = newDataFolder()
let hub: HubProcess
let organisationId: string
let mailServer: MailServer
/** What the mail server says to an address. */
const replies = new Map<string, number>()

beforeAll(async () => {
  mailServer = await startMailServer({ replyTo: (address) => replies.get(address) })
  hub = await start()
  organisationId = (await createOrganisation(hub)).organisationId
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await mailServer.close()
  removeDataFolder(folder)
})

const asked = alerting(() => ({ hub, organisationId }))
const { made, newUser, newChannel, notify, emit, ledger, incidents } = asked

it('readers of one channel have a letter once, whatever becomes of the letters of others', async () => {
  const { ofShop, shop, rest } = await newSegments(made)
  const ana = await newUser('ana')
  await hub.rest('PUT', `/users/${ana.id}/default-segment`, ofShop)
  const settings = { kind: 'email', to: ['all@example.com', ana.email] }
  const { id: channelId } = await newChannel('mail', settings)
  const alerts = { compliance: { checkedBy: ['mail'] } }
  const given = { name: 'mail', channelId, updateSeconds: 30, alerts }
  const notification = await notify(given)
  const finding = (ruleId: string, segments: object) =>
    emit('ComplianceAlertEvent', { alertId: ruleId, ruleId, checkedBy: 'mail', segments })

  replies.set(ana.email, 451)
  await finding('busy', shop)
  const [retrying] = await until(() => outcomes('RETRYING', notification), hasLength(1))
  expect(retrying.why).toContain(`not sent to ${ana.email}: `)
  replies.clear()
  await until(() => incidents(notification.id), allTold)
  expect([lettersTo('all@example.com').length, lettersTo(ana.email).length]).toEqual([1, 1])

  // Refused for good, by the first of them as by the last: the others are told all the same.
  replies.set('all@example.com', 550)
  await finding('refused', shop)
  const [refused] = await until(() => outcomes('REFUSED', notification), hasLength(1))
  expect(refused.why).toContain('not sent to all@example.com: ')
  expect(lettersTo(ana.email)).toHaveLength(2)
  await hub.kill('SIGKILL')
  hub = await start()
  replies.clear()
  await hub.rest('PATCH', `/notifications/${notification.id}`, { name: 'mail again' })
  await until(() => incidents(notification.id), allTold)
  expect([lettersTo('all@example.com').length, lettersTo(ana.email).length]).toEqual([2, 2])

  const own = await newChannel('ana alone', { kind: 'email', to: [ana.email] })
  await hub.rest('PATCH', `/notifications/${notification.id}`, { channelId: own.id })
  await finding('of nobody here', rest)
  const [held] = await until(() => outcomes('HELD', notification), hasLength(1))
  expect(held.why).toBe('whoever reads the channel is told of other segments alone')
  expect(lettersTo(ana.email)).toHaveLength(2)
})

const outcomes = (outcome: string, { id: notificationId }: any) =>
  ledger({ outcome, notificationId })
const lettersTo = (address: string) =>
  mailServer.letters.filter((letter) => letter.to.includes(address))

function start(): Promise<HubProcess> {
  return startHubProcess(folder, [
    ...['--allow-private-targets', '--smtp-host', 'localhost', '--smtp-ca', CERTIFICATE_FILE],
    ...['--smtp-port', String(mailServer.port), '--smtp-from', 'Belfry <belfry@example.com>'],
  ])
}
