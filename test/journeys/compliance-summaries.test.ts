import { expect, it, vi } from 'vitest'

import { configChange, ingest } from '../finding-events.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Received } from '../receiver.ts'

const FLAGS = ['--allow-private-targets', '--rule-settling-seconds', '2']

it('a summary of first results names what fails, and ends with the last of it where it was told', async () => {
  const folder = newDataFolder()
  const hub = await startHubProcess(folder, FLAGS)
  const { ingestKey, organisationId } = await createOrganisation(hub)
  const change = (resourceId: string, complianceType: string, minute: number, of: string) => {
    const recordedAt = `2026-01-31T08:${String(minute)}:00.000Z`
    return configChange({ resourceId, complianceType, recordedAt, rule: of })
  }
  const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 50 })
  const pages = await startReceiver()
  const rule = 'closed-ports'
  const channel = await hub.rest('POST', '/channels', {
    ...{ organisationId, name: 'pages' },
    settings: { kind: 'pagerduty', routingKey: 'k'.repeat(32), endpoint: pages.url },
  })
  const notification = await hub.rest('POST', '/notifications', {
    ...{ organisationId, name: 'pages', channelId: channel.body.id, settleSeconds: 0 },
    ...{ alerts: { compliance: { checkedBy: ['config'] } }, updateSeconds: 30 },
  })
  const incidents = async () => {
    const query = `organisationId=${organisationId}&notificationId=${notification.body.id}`
    const { items } = (await hub.rest('GET', `/incidents?${query}`)).body
    return items.filter(({ cause }: any) => cause.includes(rule))
  }
  await ingest(hub, ingestKey, [
    change('sg-1', 'NON_COMPLIANT', 10, rule),
    change('sg-2', 'NON_COMPLIANT', 10, rule),
  ])
  const [trigger] = await pages.waitFor(1, ({ text }) => text.includes(rule))
  expect(trigger?.body).toMatchObject({
    event_action: 'trigger',
    payload: {
      custom_details: {
        Where: `member-account (${ACCOUNTS.MEMBER})`,
        Details: expect.arrayContaining([expect.stringMatching(`^sg-1 in .*, ${REGION}$`)]),
      },
    },
  })
  const key = trigger?.body.dedup_key
  await ingest(hub, ingestKey, [change('sg-1', 'COMPLIANT', 20, rule)])
  await until(async () => expect(await incidents()).toMatchObject([{ state: 'OPEN', open: 1 }]))
  const isEnd = ({ body }: Received) => body.event_action === 'resolve'
  expect(pages.received.filter(isEnd)).toEqual([])
  await ingest(hub, ingestKey, [change('sg-2', 'COMPLIANT', 30, rule)])
  const ends = await pages.waitFor(1, isEnd)
  expect(ends.map(({ body }) => body.dedup_key)).toEqual([key])
  expect(await incidents()).toMatchObject([{ state: 'RESOLVED', open: 0 }])
  await pages.close()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
}, 90_000)
