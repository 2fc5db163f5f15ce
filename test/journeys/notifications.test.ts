import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { hasLength, newSegments, until } from '../alerting.ts'
import { runCommand } from '../belfry-command.ts'
import { hubWithMail } from '../mail/hub-with-mail.ts'
import { startReceiver } from '../receiver.ts'
import type { Received, Receiver } from '../receiver.ts'

const world = hubWithMail()
const { folder, made, newUser, notify, emit, ledger, incidents, newChannel: newChannelOf } = world
let receiver: Receiver

beforeAll(async () => {
  receiver = await startReceiver(({ path }, response) =>
    response.end(path.startsWith('/chat.') ? '{"ok":true,"channel":"C1","ts":"1.2"}' : 'ok'),
  )
})
afterAll(() => receiver.close())

describe('a notification', () => {
  it('tells a program of each alert, signed, in the bodies of the reference system', async () => {
    const { id: channelId, secret } = await newChannel('finops', '/all')
    const { id } = await notify({ name: 'all', channelId, alerts: EVERYTHING })
    await emit('BudgetAlertEvent', { alertId: 'b1' })
    await emit('CostSpikeEvent', { alertId: 's1' })
    await emit('ComplianceAlertEvent', { alertId: 'c1', ruleId: 'r-all' })

    const bodies = await receiver.waitFor(3, to('/all'))
    for (const { text, headers } of bodies) {
      new Webhook(secret).verify(text, headers as Record<string, string>)
    }
    const byEvent = Object.fromEntries(bodies.map(({ body }) => [body.event, body]))
    expect(Object.keys(byEvent).toSorted()).toEqual([
      'budget_alert',
      'noncompliant_evaluable_rules',
      'run_rate_spike',
    ])
    expect(byEvent['budget_alert']).toMatchObject({
      client: { id: 1, name: 'Test' },
      payload: {
        current_percentage: 77.4992,
        segment: { id: 123, title: 'Platform', view: { id: 456, name: 'Cost centres' } },
      },
    })
    const sent = await until(() => ledger({ notificationId: id, outcome: 'SENT' }), hasLength(3))
    expect(new Set(sent.map(({ why }: any) => why))).toEqual(new Set(['new']))
    expect((await incidents(id)).map(({ state, told }: any) => [state, told])).toEqual([
      ['OPEN', 1],
      ['OPEN', 1],
      ['OPEN', 1],
    ])
  })

  it('hears only of its kinds, their settings and its scope', async () => {
    const { id: channelId } = await newChannel('narrow', '/narrow')
    const alerts = { costSpikes: { minimumIncrease: '500' } }
    const { id } = await notify({ name: 'narrow', channelId, alerts })
    await emit('BudgetAlertEvent', { alertId: 'b2' })
    await emit('CostSpikeEvent', { alertId: 's2', impact: '499.99' })
    await emit('CostSpikeEvent', { alertId: 's3', impact: '500.00' })
    await receiver.waitFor(1, to('/narrow'))
    const held = await until(() => ledger({ notificationId: id, outcome: 'HELD' }), hasLength(1))
    expect(held[0].why).toBe('the increase of 499.99 USD is below 500')
    expect(receiver.received.filter(to('/narrow'))).toHaveLength(1)
  })

  it('keeps its peace in quiet hours, and says so; what is worse comes through', async () => {
    const { id: channelId } = await newChannel('night', '/night')
    const quietHours = { upTo: 'HIGH', windows: [{ from: '00:00', to: '00:00' }] }
    const { id } = await notify({ name: 'night', channelId, alerts: COMPLIANCE, quietHours })
    await emit('ComplianceAlertEvent', { alertId: 'q1', ruleId: 'q1', severity: 'HIGH' })
    await emit('ComplianceAlertEvent', { alertId: 'q2', ruleId: 'q2', severity: 'CRITICAL' })
    await receiver.waitFor(1, to('/night'))
    const held = await until(() => ledger({ notificationId: id, outcome: 'HELD' }), hasLength(1))
    expect(held[0].why).toMatch(/^quiet hours until /)
    const [quiet] = (await incidents(id)).filter(({ cause }: any) => cause.includes('q1'))
    expect(quiet).toMatchObject({ state: 'OPEN', told: 0, waitsFor: held[0].why })

    await world.hub().rest('PATCH', `/notifications/${id}`, { quietHours: null })
    await receiver.waitFor(2, to('/night'))
  })

  it('tells of what a silence held back when the silence is ended', async () => {
    const { id: channelId } = await newChannel('silenced', '/silenced')
    const { id } = await notify({ name: 'silenced', channelId, alerts: COMPLIANCE })
    const silence = await made('/silences', {
      pattern: { detail: { ruleId: [{ prefix: 'noisy/' }] } },
      reason: 'We know.',
      endsAt: Date.now() + 3_600_000,
    })
    await emit('ComplianceAlertEvent', { alertId: 'n1', ruleId: 'noisy/one' })
    await emit('ComplianceAlertEvent', { alertId: 'n2', ruleId: 'calm/one' })
    const held = await until(() => ledger({ notificationId: id, outcome: 'HELD' }), hasLength(1))
    expect(held[0].why).toContain('We know.')
    await receiver.waitFor(1, to('/silenced'))
    await world.hub().rest('DELETE', `/silences/${silence.id}`)
    const both = await receiver.waitFor(2, to('/silenced'))
    expect(JSON.stringify(both[1]?.body)).toContain('"name":"Every resource has an owner"')
  })

  it('hides alerts behind the one that explains them, while that lasts', async () => {
    const { id: channelId } = await newChannel('hidden', '/hidden')
    const alerts = { compliance: { checkedBy: ['outage-test'] } }
    const { id } = await notify({ name: 'hidden', channelId, alerts })
    await made('/inhibitions', {
      name: 'outage',
      source: { detail: { ruleId: ['account-is-down'] } },
      target: { detail: { ruleId: [{ 'anything-but': 'account-is-down' }] } },
      equal: ['awsAccountId'],
    })
    const finding = (alertId: string, ruleId: string, change: string, awsAccountId: string) =>
      emit('ComplianceAlertEvent', {
        ...{ alertId, ruleId, change, awsAccountId, checkedBy: 'outage-test' },
        accountName: 'one',
      })
    await finding('down', 'account-is-down', 'FAILED', '444444444444')
    await until(() => incidents(id), hasLength(1))
    await finding('child', 'disk', 'FAILED', '444444444444')
    await finding('other', 'disk', 'FAILED', '333333333333')
    const held = await until(() => ledger({ notificationId: id, outcome: 'HELD' }), hasLength(1))
    expect(held[0].why).toBe('hidden by inhibition “outage”')
    await receiver.waitFor(2, to('/hidden'))
  })

  it('hides behind what it told before, and tells what was hidden once nothing hides it', async () => {
    const { id: channelId } = await newChannel('hidden late', '/hidden-late')
    const alerts = { compliance: { checkedBy: ['late-outage'] } }
    const { id } = await notify({ name: 'hidden late', channelId, alerts })
    const finding = (ruleId: string) =>
      emit('ComplianceAlertEvent', { alertId: ruleId, ruleId, checkedBy: 'late-outage' })
    await finding('region-is-down')
    await receiver.waitFor(1, to('/hidden-late'))
    const inhibition = await made('/inhibitions', {
      name: 'late outage',
      source: { detail: { ruleId: ['region-is-down'] } },
      target: { detail: { ruleId: ['late-disk'] } },
      equal: ['checkedBy'],
    })
    await finding('late-disk')
    const held = await until(() => ledger({ notificationId: id, outcome: 'HELD' }), hasLength(1))
    expect(held[0].why).toBe('hidden by inhibition “late outage”')
    await world.hub().rest('DELETE', `/inhibitions/${inhibition.id}`)
    await receiver.waitFor(2, to('/hidden-late'))
  })

  it('goes on with a budget of which restated costs correct a part, and ends with the rest', async () => {
    const { id: channelId } = await newChannel('corrected', '/corrected')
    const { id } = await notify({ name: 'corrected', channelId, alerts: { budgets: {} } })
    const percents = (...all: readonly number[]) =>
      all.map((percent) => ({ basis: 'ACTUAL', percent }))
    const alert = (change: string, thresholds: object, remaining?: object) =>
      emit('BudgetAlertEvent', {
        ...{ alertId: 'restated', change, thresholds },
        ...(remaining !== undefined && { remaining }),
      })
    const now = () => incidents(id)
    await alert('REACHED', percents(50, 75, 90))
    await until(now, ([one]) => one?.alerts === 1)
    await alert('CORRECTED', percents(90), percents(50, 75))
    const [goesOn] = await until(now, ([one]) => one.alerts === 2)
    expect(goesOn).toMatchObject({ state: 'OPEN', open: 1 })
    await alert('CORRECTED', percents(50, 75))
    const [ends] = await until(now, ([one]) => one.alerts === 3)
    expect(ends).toMatchObject({ state: 'RESOLVED', open: 0 })
  })

  it('is seen to from the links of its message, which ask first', async () => {
    const { id: channelId } = await newSlackChannel('slack', '/slack')
    const { id } = await notify({ name: 'slack', channelId, alerts: COMPLIANCE })
    await emit('ComplianceAlertEvent', { alertId: 'l1', ruleId: 'linked' })
    const [message] = await receiver.waitFor(1, to('/slack'))
    const link =
      /http:\/\/[^"|<>\\ ]*\/incidents\/[^"|<>\\ #]*/.exec(message?.text ?? '')?.[0] ?? ''
    const page = await fetch(link)
    expect(page.status).toBe(200)
    const shown = await page.text()
    expect(shown).toContain('Every resource has an owner')
    // As the message says it: what does not comply, and where.
    const [{ id: incidentId, number }] = await incidents(id)
    const { facts } = (await world.hub().rest('GET', `/incidents/${incidentId}`)).body
    const resource = facts.find(({ label }: any) => label === 'Resource').value
    expect(message?.text).toContain(resource)
    expect(shown).toContain(resource)
    const told = await runCommand(folder, ['incidents', 'show', String(number)])
    expect(told.stdout).toContain(resource)
    expect((await incidents(id))[0].state).toBe('OPEN')

    const body = new URLSearchParams({ does: 'acknowledge' })
    expect(await (await fetch(link, { method: 'POST', body })).text()).toContain('Acknowledged.')
    expect((await incidents(id))[0]).toMatchObject({
      state: 'ACKNOWLEDGED',
      acknowledgedBy: 'somebody with the link of its message',
    })
    expect((await fetch(link.replace(/token=.{4}/, 'token=abcd'))).status).toBe(404)
  })

  it('shows where it was told what people do about it, and tells again when a snooze is over', async () => {
    const settings = { kind: 'slack-bot', token: 'xoxb-1', channel: '#ops', endpoint: receiver.url }
    const channel = await newChannelOf('bot', settings)
    const alerts = { compliance: { checkedBy: ['bot-test'] } }
    const { id } = await notify({ name: 'bot', channelId: channel.id, alerts })
    await emit('ComplianceAlertEvent', { alertId: 'b1', ruleId: 'b1', checkedBy: 'bot-test' })
    const [posted] = await receiver.waitFor(1, to('/chat.postMessage'))
    expect(posted?.text).toContain('Every resource has an owner')
    const [incident] = await incidents(id)

    const acknowledged = await world.hub().rest('POST', `/incidents/${incident.id}/acknowledge`)
    expect(acknowledged.body.acknowledgedBy).toBe('operator')
    const [edited] = await receiver.waitFor(1, to('/chat.update'))
    expect(edited?.body).toMatchObject({ ts: '1.2' })
    expect(edited?.text).toContain('Acknowledged by')

    await world
      .hub()
      .rest('POST', `/incidents/${incident.id}/snooze`, { until: Date.now() + 3_000 })
    await receiver.waitFor(2, to('/chat.update'))
    const [, again] = await receiver.waitFor(2, to('/chat.postMessage'))
    expect(again?.text).toContain('The snooze is over')
    expect(
      await until(
        () => incidents(id),
        ([one]) => one.state === 'OPEN',
      ),
    ).toHaveLength(1)
  })

  it('ends with a failure that is over though nothing passed, told only where it is news', async () => {
    const settings = {
      kind: 'slack-bot',
      token: 'xoxb-1',
      channel: '#ends',
      endpoint: receiver.url,
    }
    const bot = await newChannelOf('ends', settings)
    const pages = await newChannelOf('pages', {
      ...{ kind: 'pagerduty', routingKey: 'k'.repeat(32), endpoint: `${receiver.url}/pages` },
    })
    const alerts = { compliance: { checkedBy: ['ends-test'] } }
    const more = { alerts, tellResolved: true, updateSeconds: 30 }
    const { id } = await notify({ name: 'ends', channelId: bot.id, ...more })
    const { id: paged } = await notify({ name: 'pages', channelId: pages.id, ...more })
    const finding = (alertId: string, change: string, withdrawal?: string) =>
      emit('ComplianceAlertEvent', {
        ...{ alertId, ruleId: alertId, change, checkedBy: 'ends-test' },
        ...(withdrawal !== undefined && { withdrawal }),
      })
    await finding('disabled', 'FAILED')
    await finding('deleted', 'FAILED')
    const isOpen = (all: readonly any[]) => all.length === 2 && all.every(({ told }) => told === 1)
    await until(() => incidents(id), isOpen)
    await until(() => incidents(paged), isOpen)
    await finding('disabled', 'WITHDRAWN', 'RULE_DISABLED')
    await finding('deleted', 'WITHDRAWN', 'RESOURCE_DELETED')
    // What nobody was told of has no end either.
    await finding('never-told', 'WITHDRAWN', 'ACCOUNT_CLOSED')

    const isOver = (all: readonly any[]) =>
      all.length === 2 && all.every(({ state }) => state === 'RESOLVED')
    const over = await until(() => incidents(id), isOver)
    await until(() => incidents(paged), isOver)
    const quiet = over.find(({ cause }: any) => cause.includes('disabled'))
    const why = 'over without a message: the rule is not applied any more'
    const shown = await until(() => ledger({ incidentId: quiet.id }), hasLength(3))
    expect(shown.map((entry: any) => `${entry.outcome} ${entry.why}`)).toEqual([
      ...[`SENT ${why}`, `HELD ${why}`, 'SENT new'],
    ])
    // Where it was told it is shown; nobody is disturbed.
    const ofEnds = ({ path, text }: Received) =>
      path === '/chat.update' && text.includes('not checked by it any more')
    expect((await receiver.waitFor(1, ofEnds))[0]?.text).toContain('resolved')
    const ended = over.find(({ cause }: any) => cause.includes('deleted'))
    const gone = await until(() => ledger({ incidentId: ended.id }), hasLength(2))
    expect(gone[0]).toMatchObject({ outcome: 'SENT', why: 'it is over' })
    const told = await receiver.waitFor(1, ({ text }) => text.includes('is gone'))
    expect(told[0]?.text).toContain('Over: it is gone.')
    const resolved = await receiver.waitFor(
      2,
      ({ path, body }) => path === '/pages' && body.event_action === 'resolve',
    )
    expect(new Set(resolved.map(({ body }) => body.dedup_key)).size).toBe(2)
  }, 90_000)

  it('tells those who get e-mail within their default segments, and owners of what is theirs', async () => {
    const { ofShop, shop, rest } = await newSegments(made)
    const [ana, ben] = await Promise.all(['ana', 'ben'].map(newUser))
    expect((await world.hub().rest('PUT', `/users/${ana.id}/default-segment`, ofShop)).status).toBe(
      200,
    )
    const settings = { kind: 'email', to: ['all@example.com', ana.email] }
    const { id: channelId } = await newChannelOf('mail', settings)
    const { id } = await notify({
      ...{ name: 'mail', channelId, alerts: { compliance: { checkedBy: ['mail-test'] } } },
      ...{ ownerTag: 'owner', tellOwner: true },
    })
    const finding = (alertId: string, owner: string, segments: object) =>
      emit('ComplianceAlertEvent', {
        ...{ alertId, ruleId: alertId, checkedBy: 'mail-test', resourceTags: { owner } },
        segments,
      })
    await finding('of-shop', 'nobody we know', shop)
    await finding('of-none', 'nobody we know', rest)
    await finding('of-ben', ben.email, rest)
    await until(() => ledger({ notificationId: id, outcome: 'SENT' }), hasLength(3))
    const letters = world.letters().map(({ to: addresses }) => addresses.join())
    expect(letters.toSorted()).toEqual(['all@example.com', 'all@example.com', ana.email, ben.email])
  })

  it('says who would hear of an alert, and why not', async () => {
    const event = (await world.hub().rest('GET', '/catalogue/CostSpikeEvent')).body.example
    const { body } = await world.hub().rest('POST', '/notifications/hearers', {
      organisationId: world.organisationId(),
      event,
    })
    const byName = Object.fromEntries(
      body.items.map(({ notificationName, ...rest }: any) => [notificationName, rest]),
    )
    expect(byName['all']).toMatchObject({ hears: true, why: 'new' })
    expect(byName['night']).toMatchObject({
      hears: false,
      why: 'its kinds of alerts, their settings or its scope leave it out',
    })
  })

  it('lists incidents by their state in any case of its letters, and names the states', async () => {
    const listing = (state: string) =>
      runCommand(folder, ['incidents', 'list', '--state', state, '--json'])
    const states = JSON.parse((await listing('open')).stdout).map(({ state }: any) => state)
    expect(new Set(states)).toEqual(new Set(['OPEN']))
    const { status, stderr } = await listing('closed')
    expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining('OPEN') })
  })

  it('lists what was told by its outcome in any case of its letters, and names the outcomes', async () => {
    const listing = (outcome: string) =>
      runCommand(folder, ['notifications', 'ledger', '--outcome', outcome, '--json'])
    const rows: readonly any[] = JSON.parse((await listing('sent')).stdout)
    expect(new Set(rows.map(({ outcome }) => outcome))).toEqual(new Set(['SENT']))
    const { status, stderr } = await listing('told')
    expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining('SENT') })
  })

  it('is part of the trace of an alert: the incident, on which channel it was told, or why not', async () => {
    const eventId = await emit('CostSpikeEvent', { alertId: 'traced', impact: '499.99' })
    const outcomes = async () => {
      // What is published is found once it is on its way.
      const { traces = [] } = (await world.hub().rest('GET', `/events/${eventId}/trace`)).body
      const deliveries = traces.flatMap((trace: any) => trace.deliveries)
      return Object.fromEntries(
        deliveries.map(({ notification }: any) => [notification?.notificationName, notification]),
      )
    }
    const { all, narrow, ...others } = await until(
      outcomes,
      (found) => found['all']?.ledger.length === 1 && found['narrow']?.ledger.length === 1,
    )
    expect(Object.keys(others)).toEqual([])
    const title = expect.stringContaining('Cost spike')
    expect(all).toMatchObject({
      incident: { state: 'OPEN', title },
      ledger: [{ outcome: 'SENT', channelName: 'finops', why: 'new' }],
    })
    const why = 'the increase of 499.99 USD is below 500'
    expect(narrow).toMatchObject({
      incident: { state: 'OPEN', title },
      ledger: [{ outcome: 'HELD', channelName: 'narrow', why }],
    })

    const { stdout } = await runCommand(folder, ['trace', eventId])
    expect(stdout).toContain('notification "narrow"')
    expect(stdout).toMatch(/no match +notification "night": /)
    expect(stdout).not.toContain('belfry-notification-')
    expect(stdout).toContain(`HELD on narrow: ${why}`)
    expect(stdout).toContain(`"belfry incidents show ${narrow.incident.number}"`)
  })

  it('says by its own name or id why it takes an alert or does not', async () => {
    const eventId = await emit('BudgetAlertEvent', { alertId: 'why' })
    const { items } = (await world.hub().rest('GET', '/notifications')).body
    const { id, number } = items.find(({ name }: any) => name === 'narrow')
    const rules = ['narrow', id, `belfry-notification-${number}`]
    const answers = rules.map((rule) =>
      until(
        () =>
          world
            .hub()
            .rest('GET', `/events/${eventId}/why?${new URLSearchParams({ rule }).toString()}`),
        ({ body }) => body.routed === true,
      ),
    )
    for (const { body } of await Promise.all(answers)) {
      expect(body.ruleArn).toMatch(new RegExp(`/belfry-notification-${number}$`))
      expect(body.explanation.matches).toBe(false)
    }
    const { status, stdout } = await runCommand(folder, ['why', 'narrow', eventId])
    expect({ status, stdout }).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('detail-type'),
    })
    expect((await runCommand(folder, ['why', 'nobody', eventId])).stderr).toContain(
      'has a rule or notification "nobody"',
    )
  })

  it('stands in the way of the end of its channel', async () => {
    const { items } = (await world.hub().rest('GET', '/channels')).body
    const { id } = items.find(({ name }: any) => name === 'finops')
    expect((await world.hub().rest('DELETE', `/channels/${id}`)).body).toMatchObject({
      code: 'channel.in-use',
      message: 'the notification "all" tells by this channel: change or delete that first',
    })
  })
})

const EVERYTHING = { budgets: {}, costSpikes: {}, compliance: {} }
const COMPLIANCE = { compliance: {} }

const to = (path: string) => (request: Received) => request.path === path

function newChannel(name: string, path: string) {
  return newChannelOf(name, { kind: 'webhook', url: receiver.url + path })
}

function newSlackChannel(name: string, path: string) {
  return newChannelOf(name, { kind: 'slack-webhook', url: receiver.url + path })
}
