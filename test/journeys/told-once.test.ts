import { randomUUID } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { allTold, hasLength, until } from '../alerting.ts'
import { runCommand } from '../belfry-command.ts'
import { hubWithMail } from '../mail/hub-with-mail.ts'
import { startReceiver } from '../receiver.ts'
import type { Received, Receiver } from '../receiver.ts'

const world = hubWithMail()
const { newUser, newChannel, notify, emit, emitAll, ledger, incidents, replies, lettersTo } = world
let receiver: Receiver

beforeAll(async () => {
  receiver = await startReceiver(({ body }, response) =>
    response.end(JSON.stringify({ ok: true, channel: body.channel, ts: '1.2' })),
  )
})
afterAll(() => receiver.close())

/** Messages to people are a minute apart where they are many. */
const LONG_MS = 300_000

describe.concurrent('two notifications on one channel', () => {
  it('tell its readers of an alert once, and the ledger says which of them did', async () => {
    const [one, other] = await two('once', webhook('/once'), {}, {})
    await emit(COMPLIANCE, { alertId: 'o1', ruleId: 'o1', checkedBy: 'once' })
    const [sent] = await until(() => outcomes('SENT', one, other), hasLength(1))
    const [held] = await until(() => outcomes('HELD', one, other), hasLength(1))
    const teller = sent.notificationId === one.id ? one : other
    expect(held).toMatchObject({
      notificationId: teller === one ? other.id : one.id,
      why: expect.stringMatching(`^told by notification “${teller.name}”, as incident [0-9]+$`),
    })
    for (const { id } of [one, other]) {
      expect(await incidents(id)).toMatchObject([{ state: 'OPEN', told: 1 }])
    }
    expect(receiver.received.filter(to('/once'))).toHaveLength(1)
  })

  it('lose nothing where one keeps its peace: the other tells, and that is enough', async () => {
    const quietHours = { upTo: 'CRITICAL', windows: [{ from: '00:00', to: '00:00' }] }
    const [quiet, loud] = await two('peace', webhook('/peace'), { quietHours }, {})
    await emit(COMPLIANCE, { alertId: 'p1', ruleId: 'p1', checkedBy: 'peace' })
    await receiver.waitFor(1, to('/peace'))
    await until(() => outcomes('SENT', loud), hasLength(1))
    await until(() => outcomes('HELD', quiet), hasLength(1))
    await world.hub().rest('PATCH', `/notifications/${quiet.id}`, { quietHours: null })
    const [held] = await until(() => outcomes('HELD', quiet), hasLength(2))
    expect(held.why).toMatch(/^told by notification “peace 2”/)
    expect(receiver.received.filter(to('/peace'))).toHaveLength(1)
  })

  it('lose nothing that but one of them hears, in one incident with what both hear', async () => {
    const high = { alerts: { compliance: { checkedBy: ['more'], fromSeverity: 'HIGH' } } }
    const [, all] = await two(
      'more',
      webhook('/more'),
      { ...high, settleSeconds: 2 },
      {
        settleSeconds: 3,
      },
    )
    await emitAll(COMPLIANCE, [
      { alertId: 'm1', ruleId: 'm', checkedBy: 'more', severity: 'HIGH', resourceId: 'both' },
      { alertId: 'm2', ruleId: 'm', checkedBy: 'more', severity: 'LOW', resourceId: 'one' },
    ])
    await until(() => outcomes('SENT', all), hasLength(1))
    const told = receiver.received.filter(to('/more')).flatMap(resourcesIn)
    expect(new Set(told)).toEqual(new Set(['both', 'one']))
  })

  it('tell of the end by whichever is to tell of it', async () => {
    const slack = { kind: 'slack-webhook', url: `${receiver.url}/ends` }
    const [one, other] = await two('ends', slack, {}, { tellResolved: true, updateSeconds: 30 })
    const finding = { alertId: 'e1', ruleId: 'e1', checkedBy: 'ends' }
    await emit(COMPLIANCE, finding)
    await until(() => outcomes('HELD', one, other), hasLength(1))
    await emit(COMPLIANCE, { ...finding, change: 'PASSED' })
    const [begins, ends] = await receiver.waitFor(2, to('/ends'))
    expect(begins?.text).toContain('does not comply')
    expect(ends?.text).toContain('complies again')
  })

  it('remind their readers once', async () => {
    const slack = { kind: 'slack-webhook', url: `${receiver.url}/remind` }
    const both = await two('remind', slack, {}, {})
    await emit(COMPLIANCE, { alertId: 'r1', ruleId: 'r1', checkedBy: 'remind' })
    const [{ incidentId }] = await until(() => outcomes('SENT', ...both), hasLength(1))
    await until(() => outcomes('HELD', ...both), hasLength(1))
    const snoozed = await world
      .hub()
      .rest('POST', `/incidents/${incidentId}/snooze`, { until: Date.now() + 2_000 })
    expect(snoozed.status).toBe(200)
    const [first, second] = await until(
      async () => (await Promise.all(both.map(({ id }) => incidents(id)))).flat(),
      (all) => all.every(({ state }) => state === 'OPEN'),
    )
    expect([first.told, second.told]).toEqual([1, 1])
    const messages = receiver.received.filter(to('/remind'))
    expect(messages).toHaveLength(2)
    expect(messages[1]?.text).toContain('The snooze is over')
    expect(toldByOthers(await outcomes('HELD', ...both))).toHaveLength(2)
  })

  it('say beforehand which of them would tell', async () => {
    const [one, other] = await two('asked', webhook('/asked'), {}, { settleSeconds: 60 })
    const { body: type } = await world.hub().rest('GET', `/catalogue/${COMPLIANCE}`)
    const event = { ...type.example, detail: { ...type.example.detail, checkedBy: 'asked' } }
    // As "belfry tail --json" shows it.
    const line = JSON.stringify({ bus: 'b', acceptedAt: 1, event })
    for (const given of [line, JSON.stringify(event)]) {
      const command = ['notifications', 'hearers', '--json', '--event', given]
      const { stdout, stderr } = await runCommand(world.folder, command)
      expect(stderr).toBe('')
      const hearers: readonly any[] = JSON.parse(stdout)
      const of = ({ id }: any) => hearers.find(({ notificationId }) => notificationId === id)
      expect(of(one)).toMatchObject({ hears: true, why: 'new' })
      expect(of(other)).toMatchObject({ hears: false, why: 'told by notification “asked 1”' })
      expect(of(other)).not.toHaveProperty('at')
    }
  })

  it('escalate once what nobody sees to', async () => {
    const { id: channelId } = await newChannel('boss', webhook('/boss'))
    const escalation = { escalation: { afterMinutes: 1, channelId } }
    const both = await two('stairs', webhook('/stairs'), escalation, escalation)
    await emit(COMPLIANCE, { alertId: 'u1', ruleId: 'u1', checkedBy: 'stairs' })
    const held = await until(() => outcomes('HELD', ...both), hasLength(2))
    expect(held.map((entry) => entry.channelId === channelId)).toEqual([true, false])
    expect(held[0].why).toMatch(/^told by notification “stairs/)
    const all = [
      ...receiver.received.filter(to('/boss')),
      ...receiver.received.filter(to('/stairs')),
    ]
    expect(all.map(({ path }) => path)).toEqual(['/boss', '/stairs'])
  })

  it('are seen to by one message', async () => {
    const bot = { kind: 'slack-bot', token: 'xoxb-1', channel: '#ops', endpoint: receiver.url }
    const [one, other] = await two('seen', bot, { repeatHours: 1 }, { repeatHours: 1 })
    await emit(COMPLIANCE, { alertId: 's1', ruleId: 's1', checkedBy: 'seen' })
    await until(() => outcomes('HELD', one, other), hasLength(1))
    const [sent] = await outcomes('SENT', one, other)
    await world.hub().rest('POST', `/incidents/${sent.incidentId}/acknowledge`)
    const inOps = ({ body }: Received) => body.channel === '#ops'
    const messages = await receiver.waitFor(2, inOps)
    expect(messages.map(({ path }) => path)).toEqual(['/chat.postMessage', '/chat.update'])
    const both = [...(await incidents(one.id)), ...(await incidents(other.id))]
    expect(both.map(({ state }) => state)).toEqual(['ACKNOWLEDGED', 'ACKNOWLEDGED'])
    const { body } = await world.hub().rest('POST', `/incidents/${sent.incidentId}/resolve`)
    expect(body.state).toBe('RESOLVED')
    // Nobody asked to be told of the end: the message shows it all the same.
    const [, , ends] = await receiver.waitFor(3, inOps)
    expect(ends?.path).toBe('/chat.update')
    expect(ends?.text).toContain('resolved')
    expect(await incidents(one.id)).toMatchObject([{ state: 'RESOLVED' }])
    expect(await incidents(other.id)).toMatchObject([{ state: 'RESOLVED' }])
  })
})

describe.concurrent('two channels', () => {
  it('that post to one URL tell its readers once', async () => {
    const url = `${receiver.url}/same-url`
    const [one, other] = await Promise.all(
      ['url 1', 'url 2'].map(async (name) => {
        const { id: channelId } = await newChannel(name, { kind: 'slack-webhook', url })
        return notify({ channelId, name, ...hearing('same-url') })
      }),
    )
    await emit(COMPLIANCE, { alertId: 'a1', ruleId: 'a1', checkedBy: 'same-url' })
    const [sent] = await until(() => outcomes('SENT', one, other), hasLength(1))
    const [held] = await until(() => outcomes('HELD', one, other), hasLength(1))
    expect(held.channelId).not.toBe(sent.channelId)
    expect(held.why).toMatch(/^told by notification “url [12]”, as incident [0-9]+$/)
    expect(receiver.received.filter(to('/same-url'))).toHaveLength(1)
  })

  it('with some of the same recipients write once to each, and to all', async () => {
    const [ina, jon, kim] = ['ina@example.com', 'jon@example.com', 'kim@example.com']
    const notifyBy = async (name: string, addresses: readonly string[]) => {
      const { id: channelId } = await newChannel(name, { kind: 'email', to: addresses })
      return notify({ channelId, name, updateSeconds: 30, ...hearing('some-same') })
    }
    const both = [
      await notifyBy('some 1', [ina, jon]),
      await notifyBy('some 2', [jon.toUpperCase().replace('EXAMPLE.COM', 'example.com'), kim]),
    ]
    const counts = () =>
      [ina, jon, kim].map(
        (one) =>
          world.letters().filter(({ to: all }) => all.some((each) => each.toLowerCase() === one))
            .length,
      )
    const finding = (alertId: string) =>
      emit(COMPLIANCE, { alertId, resourceId: alertId, ruleId: 's', checkedBy: 'some-same' })
    await finding('s1')
    for (const { id } of both) await until(() => incidents(id), allTold)
    expect(counts()).toEqual([1, 1, 1])
    const [held] = await outcomes('HELD', ...both)
    expect(held.why).toMatch(/^told by notification “some [12]”, as incident [0-9]+: jon@/i)

    // And of what comes later of the same, as well.
    await finding('s2')
    for (const { id } of both) {
      await until(
        () => incidents(id),
        ([one]) => one.told === 2,
      )
    }
    expect(counts()).toEqual([2, 2, 2])
  })
})

describe.concurrent('a digest', () => {
  it(
    'has each incident once, with its link, and keeps nothing from a program',
    { timeout: LONG_MS },
    async () => {
      const inDigest = { digest: soon() }
      const slack = { kind: 'slack-webhook', url: `${receiver.url}/digest` }
      const both = await two('digest', slack, inDigest, inDigest)
      const { id: channelId } = await newChannel('program', webhook('/program'))
      const program = await notify({
        name: 'program',
        channelId,
        ...inDigest,
        ...hearing('digest'),
      })
      const [carl, dora] = [await newUser('carl'), await newUser('dora')]
      const mail = await newChannel('owners', { kind: 'email', to: ['nobody@example.com'] })
      const owners = { ownerTag: 'owner', tellOwner: true, ...hearing('owners') }
      const own = await notify({ name: 'own', channelId: mail.id, ...inDigest, ...owners })
      replies.set(carl.email, 451)
      for (const { email: owner } of [carl, dora]) {
        const resourceTags = { owner }
        await emit(COMPLIANCE, { alertId: owner, checkedBy: 'owners', resourceTags })
      }
      const finding = (resourceId: string, ruleId: string) => ({
        ...{ alertId: resourceId, findingId: randomUUID(), resourceId, ruleId },
        checkedBy: 'digest',
      })
      const many = Array.from({ length: MANY }, (_, index) => finding(`many-${index}`, 'many'))
      for (let at = 0; at < MANY; at += PER_REQUEST) {
        await emitAll(COMPLIANCE, many.slice(at, at + PER_REQUEST))
      }
      await emit(COMPLIANCE, finding('few', 'few'))

      const sent = await until(() => outcomes('SENT', ...both), hasLength(2))
      expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(1)
      await until(() => outcomes('HELD', ...both).then(toldByOthers), hasLength(2))
      const [digest, ...more] = receiver.received.filter(to('/digest'))
      expect(more).toEqual([])
      expect(digest?.text).toContain('2 incidents')
      expect(digest?.text).toContain(`(and ${(MANY - 100).toLocaleString('en')} older alerts)`)
      const links = digest?.text.match(/http:\/\/[^"|<>\\ ]*\/incidents\/[^"|<>\\ #]*/g) ?? []
      const pages = await Promise.all(links.map((link) => fetch(link)))
      expect(pages.map(({ status }) => status)).toEqual([200, 200])

      await until(() => incidents(program.id), allTold)
      const told = receiver.received.filter(to('/program')).flatMap(resourcesIn)
      expect(new Set(told).size).toBe(MANY + 1)
      expect(told).toHaveLength(MANY + 1)
      const ids = receiver.received.filter(to('/program')).map((each) => each.headers['webhook-id'])
      expect(new Set(ids).size).toBe(ids.length)

      // A busy server of one reader keeps nobody else from his.
      await until(() => outcomes('SENT', own), hasLength(1))
      expect([lettersTo(carl.email).length, lettersTo(dora.email).length]).toEqual([0, 1])
      replies.clear()
      await until(() => incidents(own.id), allTold)
      expect([lettersTo(carl.email).length, lettersTo(dora.email).length]).toEqual([1, 1])
    },
  )
})

it.concurrent(
  'what comes after a message about many incidents is a message of its own',
  { timeout: LONG_MS },
  async () => {
    const settings = {
      kind: 'slack-bot',
      token: 'xoxb-1',
      channel: '#many',
      endpoint: receiver.url,
    }
    const { id: channelId } = await newChannel('many', settings)
    const given = { channelId, settleSeconds: 2, updateSeconds: 30, ...hearing('many') }
    const { id } = await notify({ name: 'many', ...given })
    const finding = (ruleId: string, resourceId: string) => ({
      ...{ alertId: resourceId, ruleId, resourceId, ruleName: `Rule ${ruleId}`, checkedBy: 'many' },
    })
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    const inMany = (request: Received) => request.body.channel === '#many'
    await emitAll(
      COMPLIANCE,
      names.map((name) => finding(name, name)),
    )
    await until(() => incidents(id), allTold)
    const messages = receiver.received.filter(inMany)
    expect(messages.length).toBeLessThan(names.length)
    const entries = await outcomes('SENT', { id })
    const told = Map.groupBy(entries, ({ messageId }) => messageId)
    const folded = entries.find(({ messageId }) => (told.get(messageId)?.length ?? 0) > 1)
    const all = await incidents(id)
    const { title } = all.find((incident) => incident.id === folded.incidentId)
    const rule = title.replace('Rule ', '')
    await world.hub().rest('POST', `/incidents/${folded.incidentId}/acknowledge`)
    await emit(COMPLIANCE, finding(rule, 'later'))
    const after = await receiver.waitFor(messages.length + 1, inMany)
    expect(after.at(-1)).toMatchObject({ path: '/chat.postMessage' })
    expect(after.at(-1)?.text).toContain('later')
  },
)

it.concurrent(
  'PagerDuty is told what changes of what somebody sees to, and it stays acknowledged',
  async () => {
    const endpoint = `${receiver.url}/pagerduty`
    const settings = { kind: 'pagerduty', routingKey: 'R'.repeat(32), endpoint }
    const { id: channelId } = await newChannel('duty', settings)
    const given = { name: 'duty', channelId, updateSeconds: 30, ...hearing('duty') }
    const { id } = await notify(given)
    const finding = (alertId: string, severity: string) =>
      emit(COMPLIANCE, { alertId, severity, ruleId: 'd', checkedBy: 'duty', resourceId: alertId })
    await finding('bad', 'HIGH')
    await receiver.waitFor(1, to('/pagerduty'))
    const [incident] = await until(() => incidents(id), allTold)
    await world.hub().rest('POST', `/incidents/${incident.id}/acknowledge`)
    await receiver.waitFor(2, to('/pagerduty'))
    await finding('worse', 'CRITICAL')
    const events = await receiver.waitFor(3, to('/pagerduty'))
    expect(events.map(({ body }) => body)).toMatchObject([
      { event_action: 'trigger', dedup_key: incident.id, payload: { severity: 'error' } },
      { event_action: 'acknowledge', dedup_key: incident.id },
      { event_action: 'trigger', dedup_key: incident.id, payload: { severity: 'critical' } },
    ])
    expect(events[2]?.text).toContain('worse')
    // Nobody asked to be told of the end, but nobody is to be kept awake by it either.
    const over = (alertId: string) =>
      emit(COMPLIANCE, { alertId, change: 'PASSED', ruleId: 'd', checkedBy: 'duty' })
    await over('bad')
    await over('worse')
    const [, , , last] = await receiver.waitFor(4, to('/pagerduty'))
    expect(last?.body).toMatchObject({ event_action: 'resolve', dedup_key: incident.id })
    expect(await incidents(id)).toMatchObject([{ state: 'RESOLVED' }])
  },
  LONG_MS,
)

it.concurrent(
  'an escalation is kept up to date where it went, to its end',
  async () => {
    const endpoint = `${receiver.url}/stage`
    const duty = await newChannel('stage', {
      ...{ kind: 'pagerduty', routingKey: 'S'.repeat(32), endpoint },
    })
    const { id: channelId } = await newChannel('first', webhook('/first'))
    const escalation = { afterMinutes: 1, channelId: duty.id }
    const { id } = await notify({ name: 'stages', channelId, escalation, ...hearing('stages') })
    await emit(COMPLIANCE, { alertId: 'st', ruleId: 'st', checkedBy: 'stages' })
    await until(
      () => incidents(id),
      ([one]) => one?.escalatedAt !== undefined,
    )
    const [incident] = await incidents(id)
    for (const does of ['acknowledge', 'resolve']) {
      const { status } = await world.hub().rest('POST', `/incidents/${incident.id}/${does}`)
      expect(status).toBe(200)
      await receiver.waitFor(does === 'acknowledge' ? 2 : 3, to('/stage'))
    }
    const events = receiver.received.filter(to('/stage')).map(({ body }) => body)
    expect(events.map(({ event_action: action }) => action)).toEqual([
      'trigger',
      'acknowledge',
      'resolve',
    ])
    expect(new Set(events.map(({ dedup_key: key }) => key))).toEqual(new Set([incident.id]))
  },
  LONG_MS,
)

it.concurrent(
  'an escalation has all alerts of an incident, however many',
  async () => {
    const boss = await newChannel('all of it', webhook('/all-of-it'))
    const { id: channelId } = await newChannel('many of it', webhook('/many-of-it'))
    const escalation = { afterMinutes: 1, channelId: boss.id }
    const given = { name: 'much', channelId, escalation, updateSeconds: 30, ...hearing('much') }
    const { id } = await notify(given)
    const many = Array.from({ length: MANY }, (_, index) => ({
      ...{ alertId: `much-${index}`, findingId: randomUUID(), resourceId: `much-${index}` },
      ...{ ruleId: 'much', checkedBy: 'much' },
    }))
    for (let at = 0; at < MANY; at += PER_REQUEST) {
      await emitAll(COMPLIANCE, many.slice(at, at + PER_REQUEST))
    }
    await until(
      () => incidents(id),
      ([one]) => one?.escalatedAt !== undefined,
    )
    const bodies = receiver.received.filter(to('/all-of-it'))
    const resources = bodies.flatMap(resourcesIn)
    expect(new Set(resources).size).toBe(MANY)
    expect(resources).toHaveLength(MANY)
    expect(new Set(bodies.map(({ headers }) => headers['webhook-id'])).size).toBe(bodies.length)
  },
  LONG_MS,
)

const COMPLIANCE = 'ComplianceAlertEvent'
/** More than a message is made of. */
const MANY = 1_100
const PER_REQUEST = 500
const MINUTE_MS = 60_000
/** For all alerts to be taken before it. */
const BEFORE_DIGEST_MS = 20_000

const to = (path: string) => (request: Received) => request.path === path
const webhook = (path: string) => ({ kind: 'webhook', url: receiver.url + path })
const hearing = (checkedBy: string) => ({ alerts: { compliance: { checkedBy: [checkedBy] } } })
const toldByOthers = (all: readonly any[]) => all.filter(({ why }) => why.startsWith('told by'))

/** A channel with two notifications of the same alerts on it. */
async function two(name: string, settings: object, one: object, other: object) {
  const { id: channelId } = await newChannel(name, settings)
  const common = { channelId, ...hearing(name) }
  return [
    await notify({ ...common, name: `${name} 1`, ...one }),
    await notify({ ...common, name: `${name} 2`, ...other }),
  ] as const
}

/** Entries of the ledger about these notifications, the newest first. */
async function outcomes(outcome: string, ...of: readonly { readonly id: string }[]) {
  const all = await ledger({ outcome })
  return all.filter(({ notificationId }) => of.some(({ id }) => id === notificationId))
}

/** A time of day that all alerts of the test come before. */
function soon() {
  const at = new Date(Math.ceil((Date.now() + BEFORE_DIGEST_MS) / MINUTE_MS) * MINUTE_MS)
  return { at: at.toISOString().slice(11, 16), upTo: 'CRITICAL' }
}

function resourcesIn({ body }: Received): readonly string[] {
  return body.payload.rules.flatMap(({ resources }: any) => resources.map(({ id }: any) => id))
}
