import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { alerting } from '../alerting.ts'
import { runCommand } from '../belfry-command.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'

const folder = newDataFolder()
let hub: HubProcess
let organisationId: string
const { made, newChannel } = alerting(() => ({ hub, organisationId }))

beforeAll(async () => {
  hub = await startHubProcess(folder)
  organisationId = (await createOrganisation(hub)).organisationId
  for (const name of ['ops-slack', 'on-call']) {
    const url = `https://hooks.slack.com/services/${name}`
    await newChannel(name, { kind: 'slack-webhook', url })
  }
  await made('/views', {
    ...{ name: 'Teams', kind: 'SINGLE_DIMENSION' },
    dimension: { dimension: 'RESOURCE_TAG', key: 'team' },
    segments: [{ title: 'Platform', values: ['platform'] }],
  })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

it('the file that the help shows can be given as it is, and is shown whole', async () => {
  const { stdout: help } = await runCommand(folder, ['notifications', '--help'])
  const [sample = ''] = /^ {2}name: [\s\S]*?(?=\n\n)/m.exec(help) ?? []
  expect((await create(sample)).stderr).toBe('')
  const { stdout } = await runCommand(folder, ['notifications', 'show', 'Platform costs'])
  expect(stdout).toMatch(/digest +at 09:00 on MON, up to LOW/)
  expect(stdout).toContain('the whole day from 00:00 on SAT, SUN, up to HIGH')
})

it('a key that there is not is answered with those of the file', async () => {
  for (const [file, words] of [
    ['chanel: ops-slack', '"chanel" is unknown: a notification takes channel, name, alerts, '],
    [
      '{ channel: ops-slack, escalation: { chanel: on-call } }',
      '"chanel" is unknown: "escalation" takes afterMinutes, channel',
    ],
    [
      '{ channel: ops-slack, scope: [{ veiw: Teams }] }',
      '"veiw" is unknown: a part of "scope" takes view, segment',
    ],
    ['name: X', 'the file names no channel'],
  ] as const) {
    const { status, stderr } = await create(`${file}\n`)
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(words) })
    expect(stderr).not.toContain('channelId')
  }
})

it('is refused in a locale of no language, and where it escalates to whom it has told', async () => {
  const { body: channels } = await hub.rest('GET', '/channels')
  const channelId = channels.items[0].id
  const given = { organisationId, name: 'N', channelId, alerts: { budgets: {} } }
  const escalation = { afterMinutes: 5, channelId }
  for (const [more, code] of [
    [{ locale: 'xx-Nonsense-12345' }, 'notification.locale'],
    [{ escalation }, 'notification.escalation'],
  ] as const) {
    const answer = await hub.rest('POST', '/notifications', { ...given, ...more })
    expect(answer).toMatchObject({ status: 400, body: { code } })
  }
  // Owners were told by e-mail, and the channel was not.
  const owned = { ...given, escalation, ownerTag: 'owner', tellOwner: true }
  const { status, body } = await hub.rest('POST', '/notifications', owned)
  expect(status).toBe(201)
  const change = await hub.rest('PATCH', `/notifications/${body.id}`, { tellOwner: false })
  expect(change).toMatchObject({ status: 400, body: { code: 'notification.escalation' } })
})

function create(text: string) {
  const file = join(folder, 'notification.yaml')
  writeFileSync(file, text)
  return runCommand(folder, ['notifications', 'create', '--file', file])
}
