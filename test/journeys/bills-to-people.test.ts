import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { eventTypeOf } from '#src/model/catalogue/catalogue.ts'
import type { EventType } from '#src/model/catalogue/event-type.ts'
import { addDays, addMonths, dayOf } from '#src/model/day.ts'
import { formatMoney, parseMoney, sumOf } from '#src/model/money.ts'
import { grownBill } from '../../bench/cost/grown-bill.ts'
import { runCommand } from '../belfry-command.ts'
import { importFiles } from '../cost-calls.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { keepReceived } from '../keep-received.ts'
import { quotedPrintable } from '../mail/quoted-printable.ts'
import { startMailServer } from '../mail/mail-server.ts'
import type { MailServer } from '../mail/mail-server.ts'
import { ACCOUNTS, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Received, Receiver } from '../receiver.ts'

const WITHIN_MS = 60_000
const SAMPLE = readFileSync(new URL('../../samples/costs/focus-1.0.csv.gz', import.meta.url))
const COMPUTE = 'Amazon Elastic Compute Cloud'
const TODAY = dayOf(Date.now())
/** What the bill has costs of: a financial year that began four months ago. */
const FIRST = addMonths(TODAY, -4)
/** The day that costs far more than days like it; it is complete once costs of the next have come. */
const SPIKE_DAY = addDays(TODAY, -2)
const ROWS = 4_000
/** Of a year, in USD: less than these rows cost. */
const [WHOLE, OF_COMPUTE] = ['40', '30']

type Row = Readonly<Record<string, string>>
const bill = grownBill({ seed: 6, from: FIRST.slice(0, 7), months: 5 })
const rows = [...bill.rows(ROWS)]
const dayOfRow = (row: Row) => (row['ChargePeriodStart'] ?? '').slice(0, 10)
const before = (day: string) => rows.filter((row) => dayOfRow(row) < day)
const planted: Row = {
  ...(rows.find((row) => row['ServiceName'] === COMPUTE) as Row),
  ...{ BilledCost: '5000.25', EffectiveCost: '5000.25', ListCost: '5000.25' },
  BillingPeriodStart: `${SPIKE_DAY.slice(0, 7)}-01T00:00:00Z`,
  BillingPeriodEnd: `${addMonths(SPIKE_DAY, 1)}T00:00:00Z`,
  ChargePeriodStart: `${SPIKE_DAY}T10:00:00Z`,
  ChargePeriodEnd: `${SPIKE_DAY}T11:00:00Z`,
}
const costOf = (some: readonly Row[]) =>
  formatMoney(sumOf(some.map((row) => parseMoney(row['EffectiveCost'] ?? '') ?? 0n)))

const folder = newDataFolder()
let hub: HubProcess
let mailServer: MailServer
let receiver: Receiver
let organisationId: string
/** By the name of the notification. */
const notifications: Record<string, any> = {}
let secret: string
let segmentId: string
let viewId: string

const RETRY_AFTER_S = 3
/** What an endpoint does to the first message that it is sent; then it is well again. */
const TROUBLES: Readonly<Record<string, (response: any) => void>> = {
  '/limited': (response) => response.writeHead(429, { 'retry-after': RETRY_AFTER_S }).end(),
  '/broken': (response) => response.writeHead(500).end(),
  '/hangs': () => undefined,
}
const troubled = new Set<string>()

beforeAll(async () => {
  mailServer = await startMailServer({ offersTls: false })
  receiver = await startReceiver(({ path }, response) => {
    const trouble = TROUBLES[path]
    if (trouble !== undefined && !troubled.has(path)) {
      troubled.add(path)
      trouble(response)
    } else if (path.startsWith('/slack-api/')) {
      response.end(`{"ok":true,"channel":"C1","ts":"${receiver.received.length}.0"}`)
    } else response.end('ok')
  })
  hub = await startHubProcess(folder, [
    ...['--allow-private-targets', '--smtp-host', 'localhost', '--smtp-tls', 'none'],
    ...['--smtp-port', String(mailServer.port), '--smtp-from', 'Belfry <belfry@example.com>'],
  ])
  organisationId = (await createOrganisation(hub)).organisationId
})
afterAll(async () => {
  keepReceived(mailServer.letters, receiver.received)
  await hub.kill('SIGTERM')
  await Promise.all([receiver.close(), mailServer.close()])
  removeDataFolder(folder)
})

describe('the way of a bill to people', { timeout: 2 * WITHIN_MS }, () => {
  it('begins with what is spent, in whose segment, and who wants to hear of it', async () => {
    const sample = await importBill('sample', SAMPLE)
    expect(sample).toMatchObject({ status: 'done', report: { rowsRead: 1_000 } })
    expect(await importBill('grown', csvOf(before(SPIKE_DAY)))).toMatchObject({ status: 'done' })
    const view = await made('/views', {
      ...{ organisationId, name: 'Platforms', kind: 'SINGLE_DIMENSION' },
      dimension: { dimension: 'SERVICE' },
      segments: [{ title: 'Compute', values: [COMPUTE] }],
    })
    ;[viewId, segmentId] = [view.id, view.segments[0].id]
    const channels = {
      mail: { kind: 'email', to: ['finance@example.com'] },
      slack: { kind: 'slack-webhook', url: `${receiver.url}/slack` },
      bot: {
        ...{ kind: 'slack-bot', token: 'xoxb-1', channel: '#finops' },
        endpoint: `${receiver.url}/slack-api`,
      },
      hook: { kind: 'webhook', url: `${receiver.url}/hook` },
      limited: { kind: 'webhook', url: `${receiver.url}/limited` },
      broken: { kind: 'webhook', url: `${receiver.url}/broken` },
      hangs: { kind: 'webhook', url: `${receiver.url}/hangs` },
    }
    const everything = { budgets: {}, costSpikes: {}, compliance: {} }
    for (const [name, settings] of Object.entries(channels)) {
      const channel = await made('/channels', { organisationId, name, settings })
      if (name === 'hook') ({ secret } = channel)
      const wants = {
        ...{ alerts: everything },
        ...(name === 'mail' && { locale: 'en-AU', timeZone: 'Australia/Sydney' }),
        ...(name === 'slack' && { scope: [{ viewId, segmentId }] }),
        ...(name === 'bot' && { alerts: { budgets: {} } }),
      }
      await notify(name, { channelId: channel.id, ...wants })
    }
    const alerts = { costSpikes: { minimumIncrease: '100000' } }
    await notify('coarse', { channelId: notifications['hook'].channelId, alerts })
  })

  it('tells of budgets that are spent: how much, of what, and why it came', async () => {
    await budgetOf('Whole year', WHOLE, undefined)
    await budgetOf('Compute year', OF_COMPUTE, { viewId, segmentId })
    const there = before(SPIKE_DAY)
    const [spent, ofCompute] = [there, there.filter(isCompute)].map(costOf) as [string, string]
    const hooks = await receiver.waitFor(2, to('/hook'))
    const bodyOf = (budget: string) =>
      hooks.find(({ body }) => body.payload.current_budget === Number(budget))?.body
    expect(bodyOf(WHOLE)).toMatchObject({
      ...{ event: 'budget_alert', client: { id: 1, name: 'Test' } },
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    })
    expect(bodyOf(WHOLE).payload).toEqual({
      current_percentage: expect.closeTo((Number(spent) / Number(WHOLE)) * 100, 2),
      previous_months_average_spend: expect.any(Number),
      previous_7_days_average_spend: expect.any(Number),
      estimated_spend: expect.any(Number),
      current_budget: Number(WHOLE),
    })
    expect(bodyOf(OF_COMPUTE).payload).toMatchObject({
      current_percentage: expect.closeTo((Number(ofCompute) / Number(OF_COMPUTE)) * 100, 2),
      segment: { id: 1, title: 'Compute', view: { id: 1, name: 'Platforms' } },
    })
    const letters = await lettersOf(2)
    const whole = letters.find((text) => text.includes('Whole year')) ?? ''
    expect(whole).toMatch(/^Subject: \[\w+\] Whole year: 100% of the annual budget is\s+spent/m)
    expect(whole).toContain(`USD ${moneyText(spent)} of USD 40.00`)
    expect(whole).toContain('Where:               the whole organisation')
    expect(whole).toContain('You get this by notification “mail”.')
    const segment = letters.find((text) => text.includes('Compute year')) ?? ''
    expect(segment).toContain('Where:               Platforms / Compute')

    const [slack] = await receiver.waitFor(1, to('/slack'))
    expect(slack?.text).toContain('Compute year: 100% of the annual budget is spent')
    expect(slack?.text).toContain(`$${moneyText(ofCompute)} of $30.00`)
    expect(slack?.text).toContain('which is for the views and segments in its scope')
    const bot = await receiver.waitFor(2, to('/slack-api/chat.postMessage'))
    expect(bot.map(({ body }) => body)).toEqual(
      expect.arrayContaining(
        ['Compute year', 'Whole year'].map((name) => {
          const text = `${name}: 100% of the annual budget is spent`
          return expect.objectContaining({
            channel: '#finops',
            text: expect.stringContaining(text),
          })
        }),
      ),
    )
  })

  it('waits for endpoints that are not well, and holds up no other for them', async () => {
    const tries: Record<string, readonly Received[]> = {}
    for (const path of Object.keys(TROUBLES)) {
      const seen = await receiver.waitFor(3, to(path))
      tries[path] = seen
      const [first, again] = seen.filter(({ text }) => text === seen[0]?.text)
      expect(again?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
      const told = seen.slice(1).map(({ body }) => body.payload.current_budget)
      expect(told.toSorted((a, b) => a - b)).toEqual([30, 40])
    }
    const at = (path: string, index: number) => tries[path]?.[index]?.at ?? NaN
    expect(at('/limited', 1) - at('/limited', 0)).toBeGreaterThanOrEqual(RETRY_AFTER_S * 1_000)
    const others = ['/hook', '/slack', '/slack-api/chat.postMessage', '/limited', '/broken']
    const last = receiver.received.filter(({ path }) => others.includes(path)).at(-1)
    expect(last?.at).toBeLessThan(at('/hangs', 1))
    const reasons = { limited: 'answered 429', broken: 'answered 500', hangs: 'no complete answer' }
    for (const [name, reason] of Object.entries(reasons)) {
      const [held] = await ledger({ notificationId: notifications[name].id, outcome: 'RETRYING' })
      expect(held.why).toContain(reason)
    }
  })

  it('tells of a day that costs far more than days like it, in whose segment', async () => {
    const detector = {
      ...{ organisationId, name: 'Services', scope: { kind: 'VIEW', viewId } },
      minimumImpact: '4000',
    }
    await made('/spike-detectors', detector)
    expect(await importBill('grown', csvOf(withSpike()))).toMatchObject({ status: 'done' })
    const isSpike = ({ path, body }: Received) => path === '/hook' && body.event !== 'budget_alert'
    const [spike] = await receiver.waitFor(1, isSpike)
    const actual = costOf(
      withSpike()
        .filter((row) => dayOfRow(row) === SPIKE_DAY)
        .filter(isCompute),
    )
    expect(spike?.body).toMatchObject({
      event: 'run_rate_spike',
      payload: {
        current_run_rate: expect.closeTo(Number(actual), 6),
        day: `${SPIKE_DAY}T00:00:00+00:00`,
        comparison_period: {
          starts: `${addDays(SPIKE_DAY, -7)}T00:00:00+00:00`,
          ends: `${addDays(SPIKE_DAY, -1)}T23:59:59+00:00`,
        },
      },
    })
    const letter = (await lettersOf(3))[2] ?? ''
    expect(letter).toMatch(/Subject: \[Critical\] Cost spike in Platforms \/\s+Compute:\s+USD/)
    expect(letter).toContain(`cost USD ${moneyText(actual)}`)
    const [, slack] = await receiver.waitFor(2, to('/slack'))
    expect(slack?.text).toContain(`cost $${moneyText(actual)}`)
    for (const path of Object.keys(TROUBLES)) await receiver.waitFor(4, to(path))
    expect(receiver.received.filter(to('/slack-api/chat.postMessage'))).toHaveLength(2)
  })

  it('signs all that goes to programs', () => {
    const hooks = receiver.received.filter(to('/hook'))
    for (const { text, headers } of hooks) {
      new Webhook(secret).verify(text, headers as Record<string, string>)
    }
    expect(new Set(hooks.map(({ headers }) => headers['webhook-id']))).toHaveProperty('size', 3)
  })

  it('can be followed: who was told of an alert, and why somebody was not', async () => {
    const whole = (await alertEvents('BudgetAlertEvent')).find(
      ({ detail }) => detail.budgetName === 'Whole year',
    )
    const belfry = async (...args: string[]) => runCommand(folder, args)
    const bus = `aws.partner/stax.io/${ACCOUNTS.LOGGING}/default`
    const trace = (await belfry('trace', whole.id)).stdout
    expect(trace).toContain(bus)
    for (const name of ['mail', 'bot', 'hook', 'limited', 'broken', 'hangs']) {
      expect(trace).toContain(`delivered  notification "${name}" after 1 attempt`)
      expect(trace).toContain(`matches  notification "${name}"\n`)
    }
    const { id, number } = notifications['slack']
    expect(trace).toContain('no match  notification "slack": ')
    for (const its of ['delivered  notification "slack"', id]) expect(trace).not.toContain(its)
    const why = await belfry('why', 'slack', whole.id)
    expect(why.status).toBe(1)
    expect(why.stdout).toContain(`rule/${bus}/belfry-notification-${number}`)
    expect(why.stdout).toContain('segments')
    const heard = await belfry('why', 'mail', whole.id)
    expect(heard.status).toBe(0)
    expect(heard.stdout).toContain('delivered')
  })

  it('has told of each alert once, and says what was held back', async () => {
    const [mail, coarse] = [notifications['mail'].id, notifications['coarse'].id]
    const sent = await ledger({ notificationId: mail, outcome: 'SENT' })
    expect(sent.map(({ why }: any) => why)).toEqual(['new', 'new', 'new'])
    const held = await ledger({ notificationId: coarse })
    expect(held).toMatchObject([{ outcome: 'HELD', why: expect.stringContaining('below 100000') }])
    for (const name of ['limited', 'broken', 'hangs']) {
      const query = { notificationId: notifications[name].id, outcome: 'SENT' }
      expect(
        await until(
          () => ledger(query),
          (all) => all.length === 3,
        ),
      ).toHaveLength(3)
    }
  })

  it('is not gone again for the same costs, in the same file or in another', async () => {
    const known = { requests: receiver.received.length, letters: mailServer.letters.length }
    expect((await importBill('grown', csvOf(withSpike()))).status).toBe('unchanged')
    const { id } = (await hub.rest('GET', '/budgets')).body.items[0]
    const status = async () => (await hub.rest('GET', `/budgets/${id}/status`)).body
    const { evaluatedAt } = await status()
    expect((await importBill('grown', csvOf(withSpike().toReversed()))).status).toBe('done')
    await until(status, (now) => now.evaluatedAt > evaluatedAt)
    // Alerts of costs, were there any, would come before this one.
    await emitFinding()
    await receiver.waitFor(4, ({ text }) => text.includes(FINDING))
    await lettersOf(known.letters + 1)
    const since = [
      ...receiver.received.slice(known.requests).map(({ text }) => text),
      ...mailServer.letters.slice(known.letters).map(({ source }) => unquoted(source)),
    ]
    expect(since.filter((text) => !text.includes(FINDING))).toEqual([])
    expect(await alertEvents('BudgetAlertEvent')).toHaveLength(2)
    expect(await alertEvents('CostSpikeEvent')).toHaveLength(1)
  })
})

/** The rule of the catalogue's example. */
const FINDING = 'Every resource has an owner'
const to = (path: string) => (request: Received) => request.path === path
const isCompute = (row: Row) => row['ServiceName'] === COMPUTE

function withSpike(): Row[] {
  return [...before(TODAY), planted]
}

function csvOf(some: readonly Row[]): Uint8Array {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  const lines = some.map((row) => bill.columns.map((name) => quoted(row[name] ?? '')).join(','))
  return gzipSync([bill.columns.join(','), ...lines].join('\n'))
}

function importBill(exportName: string, file: Uint8Array) {
  return importFiles(hub, { organisationId, exportName }, { [`${exportName}.csv.gz`]: file })
}

async function made(path: string, body: object): Promise<any> {
  const answer = await hub.rest('POST', path, body)
  expect(answer).toMatchObject({ status: 201 })
  return answer.body
}

async function notify(name: string, given: object): Promise<void> {
  const settings = { organisationId, name, settleSeconds: 0, ...given }
  notifications[name] = await made('/notifications', settings)
}

/** Of a financial year that began with the bill, so that one period holds all of it. */
async function budgetOf(name: string, yearAmount: string, scope: object | undefined) {
  await made('/budgets', {
    ...{ organisationId, name, yearAmount, scope, costs: 'ALL', period: 'ANNUAL' },
    ...{ startMonth: Number(FIRST.slice(5, 7)), forecastThresholds: [] },
  })
}

async function emitFinding(): Promise<void> {
  const name = 'ComplianceAlertEvent'
  const { accountName: _, ...fields } = (eventTypeOf(name) as EventType).example
  const events = [{ id: randomUUID(), organisationId, name, fields }]
  expect(await hub.rest('POST', '/tenancy-events', { events })).toMatchObject({ status: 200 })
}

async function alertEvents(name: string): Promise<any[]> {
  const query = new URLSearchParams({ detailType: `CostAndCompliance: ${name}` })
  const { body } = await hub.rest('GET', `/events?${query.toString()}`)
  return body.items.map((item: any) => item.event ?? item)
}

async function ledger(filter: Record<string, string>): Promise<any[]> {
  const query = new URLSearchParams({ organisationId, ...filter })
  return (await hub.rest('GET', `/notification-ledger?${query.toString()}`)).body.items
}

/** Letters as they are read, once there are so many. */
async function lettersOf(count: number): Promise<readonly string[]> {
  const letters = await until(
    async () => mailServer.letters,
    ({ length }) => length >= count,
  )
  return letters.map(({ source }) => unquoted(source))
}

/** With plain spaces where Intl keeps numbers and their units together. */
function unquoted(source: string): string {
  return quotedPrintable(source).replaceAll('\u00a0', ' ').replaceAll('\r\n', '\n')
}

function moneyText(amount: string): string {
  const format = { minimumFractionDigits: 2, maximumFractionDigits: 2 } as const
  return new Intl.NumberFormat('en-US', format).format(amount as `${number}`)
}

async function until<T>(look: () => Promise<T>, accept: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + WITHIN_MS
  for (;;) {
    const value = await look()
    if (accept(value)) return value
    if (Date.now() > deadline) throw new Error(`it stayed ${JSON.stringify(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
