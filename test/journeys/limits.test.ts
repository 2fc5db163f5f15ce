import { afterAll, beforeAll, expect, it } from 'vitest'

import { alerting, hasLength, until } from '../alerting.ts'
import { importFiles, putBytes } from '../cost-calls.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'
import {
  named,
  newBudget,
  newChannel,
  newInhibition,
  newSilence,
  newSpikeDetector,
} from '../rest-world.ts'

const folder = newDataFolder()
let hub: HubProcess
let organisationId: string
let serial = 0
const next = () => (serial += 1)
const asked = alerting(() => ({ hub, organisationId }))
const { made, notify, emit, incidents } = asked
const DAY_MS = 86_400_000
/** For what the call takes. */
const MARGIN_MS = 60_000

beforeAll(async () => {
  // Nothing is sent: a name that leads nowhere (RFC 6761).
  const mail = ['--smtp-host', 'mail.invalid', '--smtp-from', 'belfry@example.com']
  hub = await startHubProcess(folder, mail)
  organisationId = (await createOrganisation(hub)).organisationId
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

it('a mail channel has 50 recipients and no more', async () => {
  const to = Array.from({ length: 50 }, (_, at) => `reader-${at}@example.com`)
  const create = (name: string, addresses: readonly string[]) => {
    const settings = { kind: 'email', to: addresses }
    return hub.rest('POST', '/channels', { organisationId, name, settings })
  }
  const refused = await create('one-more', [...to, 'more@example.com'])
  expect(refused.status).toBe(400)
  expect(refused.body.message).toContain('50')
  const { items } = (await hub.rest('GET', `/channels?organisationId=${organisationId}`)).body
  expect(items).toEqual([])
  const full = await create('full', to)
  expect(full.status).toBe(201)
  expect((await hub.rest('DELETE', `/channels/${full.body.id}`)).status).toBe(204)
})

it('a silence ends within 366 days', async () => {
  const create = (endsAt: number) =>
    hub.rest('POST', '/silences', { ...newSilence({ organisationId }), endsAt })
  const last = Date.now() + 366 * DAY_MS
  expect(await create(last + MARGIN_MS)).toMatchObject({
    status: 400,
    body: { code: 'silence.end', message: expect.stringContaining('within 366 days') },
  })
  const longest = await create(last - MARGIN_MS)
  expect(longest).toMatchObject({ status: 201, body: { endsAt: last - MARGIN_MS } })
  expect((await hub.rest('DELETE', `/silences/${longest.body.id}`)).status).toBe(204)
})

it('an incident is snoozed for 30 days at most', async () => {
  const channel = await made('/channels', newChannel({ organisationId, next }))
  const alerts = { compliance: {} }
  // Nobody is told of it while the test lasts.
  const given = { name: 'snoozed', channelId: channel.id, alerts, settleSeconds: 3_600 }
  const notification = await notify(given)
  await emit('ComplianceAlertEvent', { alertId: 's1' })
  const [incident] = await until(() => incidents(notification.id), hasLength(1))
  const snooze = (to: number) => hub.rest('POST', `/incidents/${incident.id}/snooze`, { until: to })
  const last = Date.now() + 30 * DAY_MS
  expect(await snooze(last + MARGIN_MS)).toMatchObject({
    status: 400,
    body: { code: 'incident.snooze', message: expect.stringContaining('the next 30 days') },
  })
  expect(await incidents(notification.id)).toMatchObject([{ state: 'OPEN' }])
  expect(await snooze(last - MARGIN_MS)).toMatchObject({
    status: 200,
    body: { state: 'SNOOZED', snoozedUntil: last - MARGIN_MS },
  })
  expect((await hub.rest('DELETE', `/notifications/${notification.id}`)).status).toBe(204)
  expect((await hub.rest('DELETE', `/channels/${channel.id}`)).status).toBe(204)
})

it('a view has 500 segments beside Unallocated, and no more', async () => {
  const create = (count: number) =>
    hub.rest('POST', '/views', {
      ...{ ...named({ organisationId, next }, 'view'), kind: 'SINGLE_DIMENSION' },
      dimension: { dimension: 'REGION' },
      segments: Array.from({ length: count }, (_, at) => ({ title: `S${at}`, values: [`v${at}`] })),
    })
  const refused = await create(501)
  expect(refused.status).toBe(400)
  expect(refused.body.message).toContain('500')
  const full = await create(500)
  expect(full.status).toBe(201)
  expect(full.body.segments).toHaveLength(501)
})

it('a backtest of spikes is of 1,100 days and no more', async () => {
  const header =
    'BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory,BillingAccountId,ServiceName,ProviderName'
  const row = '1,1,USD,2024-01-01T00:00:00Z,2024-01-31T00:00:00Z,Usage,1,EC2,AWS'
  const bill = Buffer.from(`${header}\n${row}\n`)
  await importFiles(hub, { organisationId, exportName: 'backtest' }, { 'bill.csv': bill })
  const detector = await hub.rest(
    'POST',
    '/spike-detectors',
    newSpikeDetector({ organisationId, next }),
  )
  const path = `/spike-detectors/${detector.body.id}`
  const backtest = (from: string) =>
    hub.rest('POST', `${path}/backtest`, { from, to: '2024-01-31' })
  // 1,100 days up to 2024-01-31, and one more.
  expect(await backtest('2021-01-27')).toMatchObject({ status: 200 })
  expect(await backtest('2021-01-26')).toMatchObject({
    ...{ status: 400, body: { code: 'spike-detector.invalid-range' } },
  })
  expect((await hub.rest('DELETE', path)).status).toBe(204)
})

it.each([
  { path: '/channels', code: 'channel.too-many', given: newChannel, max: 100 },
  { path: '/silences', code: 'silence.too-many', given: newSilence, max: 200 },
  { path: '/inhibitions', code: 'inhibition.too-many', given: newInhibition, max: 50 },
  {
    ...{ path: '/spike-detectors', code: 'spike-detector.too-many' },
    ...{ given: newSpikeDetector, max: 100 },
  },
  { path: '/budgets', code: 'budget.too-many', given: newBudget, max: 1_000 },
  { path: '/notifications', code: 'notification.too-many', given: newNotification, max: 100 },
])(
  'an organisation has $max of $path and no more',
  async ({ path, code, given, max }) => {
    const create = async () => hub.rest('POST', path, await given({ organisationId, next }))
    const ids = async () => {
      const { body } = await hub.rest('GET', `${path}?organisationId=${organisationId}&limit=1000`)
      return body.items.map(({ id }: { id: string }) => id)
    }
    const all: string[] = []
    for (let count = 0; count < max - 1; count += 1) {
      const { status, body } = await create()
      expect({ status, body }).toMatchObject({ status: 201 })
      all.push(body.id)
    }
    // There is room for one more, also where several come at the same time.
    const answers = await Promise.all(Array.from({ length: 6 }, create))
    const last = answers.filter(({ status }) => status === 201)
    expect(last).toHaveLength(1)
    for (const refused of answers.filter((answer) => !last.includes(answer))) {
      expect(refused).toMatchObject({ status: 409, body: { code } })
      expect(refused.body.message).toMatch(new RegExp(`has ${max} .* already: delete one first`))
    }
    all.push(last[0]?.body.id)
    expect((await ids()).toSorted()).toEqual(all.toSorted())
    expect((await hub.rest('DELETE', `${path}/${all[0]}`)).status).toBe(204)
    expect((await create()).status).toBe(201)
    expect((await create()).status).toBe(409)
  },
  120_000,
)

/** By whichever channel there is. */
async function newNotification(world: { organisationId: string; next: () => number }) {
  const { items } = (await hub.rest('GET', `/channels?organisationId=${organisationId}`)).body
  return { ...named(world, 'notification'), channelId: items[0].id, alerts: { budgets: {} } }
}

it('a part of an upload has 8 MiB and no more', async () => {
  const given = { organisationId, exportName: 'parts', from: { kind: 'upload' } }
  const { id } = (await hub.rest('POST', '/cost-imports', given)).body
  const part = Buffer.alloc(8 * 1024 * 1024, 'x')
  const path = `/cost-imports/${id}/files/a.csv?offset=`
  const larger = await putBytes(hub, `${path}0`, Buffer.concat([part, Buffer.from('x')]))
  expect(larger.status).toBe(413)
  const taken = await putBytes(hub, `${path}0`, part)
  expect([taken.status, await taken.json()]).toEqual([200, { bytes: part.length }])
  expect((await hub.rest('DELETE', `/cost-imports/${id}`)).status).toBe(204)
})

it.each([
  { what: '100 tag keys', at: 100, given: (count: number) => ({ tagKeys: keys(count) }) },
  {
    ...{ what: 'tag keys of 256 characters', at: 256 },
    given: (count: number) => ({ tagKeys: ['k'.repeat(count)] }),
  },
  {
    ...{ what: 'a name of its export of 128 characters', at: 128 },
    given: (count: number) => ({ exportName: 'e'.repeat(count) }),
  },
])('an import of costs has $what and no more', async ({ at, given }) => {
  const create = (count: number) =>
    hub.rest('POST', '/cost-imports', {
      ...{ organisationId, exportName: 'tags', from: { kind: 'upload' } },
      ...given(count),
    })
  const most = await create(at)
  expect(most.status).toBe(201)
  expect((await hub.rest('DELETE', `/cost-imports/${most.body.id}`)).status).toBe(204)
  expect((await create(at + 1)).status).toBe(400)
})

const keys = (count: number) => Array.from({ length: count }, (_, at) => `key-${at}`)
