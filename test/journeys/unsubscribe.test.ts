import { setTimeout as pause } from 'node:timers/promises'

import { describe, expect, it } from 'vitest'

import { allTold, hasLength, until } from '../alerting.ts'
import { runCommand } from '../belfry-command.ts'
import { hubWithMail } from '../mail/hub-with-mail.ts'
import type { ReceivedLetter } from '../mail/mail-server.ts'
import { quotedPrintable } from '../mail/quoted-printable.ts'

const PUBLIC_URL = 'https://belfry.example.com'
const SETTLING_MS = 3_000
const ONE_CLICK = 'List-Unsubscribe=One-Click'
const world = hubWithMail(['--public-url', PUBLIC_URL])
const { folder, replies, lettersTo, newUser, newChannel, notify, emit, emitAll } = world
const { ledger, incidents } = world

describe('a letter that tells of alerts', () => {
  it('is each reader’s own, and ends them for that reader alone until somebody undoes it', async () => {
    const [ana, ben] = ['ana@example.com', 'ben@example.com']
    const notification = await told('Shop costs', [ana, ben])
    await finding(notification, 'first')
    const links = new Map([ana, ben].map((one) => [one, linkOf(onlyLetterTo(one))]))
    expect(new Set(links.values()).size).toBe(2)
    for (const [reader, link] of links) {
      const letter = onlyLetterTo(reader)
      expect(letter.to).toEqual([reader])
      expect(letter.source).toContain(`List-Unsubscribe-Post: ${ONE_CLICK}`)
      expect(plain(letter)).toContain(`Stop these mails: ${link}`)
    }

    // A scanner that follows links, and a reader who looks, change nothing.
    const anaLink = links.get(ana) as string
    const asking = await at(anaLink)
    expect(asking.status).toBe(200)
    expect(asking.text).toContain('<form method="post">')
    expect(asking.text).toContain(`<b>${ana}</b>`)
    expect(await shown(notification)).not.toHaveProperty('unsubscribed')

    const form = new FormData()
    form.set('List-Unsubscribe', 'One-Click')
    for (const body of [new URLSearchParams(ONE_CLICK), form]) {
      const { status, text } = await at(anaLink, { method: 'POST', body })
      expect({ status, text }).toEqual({
        status: 200,
        text: expect.stringContaining(
          `belfry notifications resubscribe ${notification.number} ${ana}`,
        ),
      })
    }
    const { unsubscribed } = await shown(notification)
    expect(unsubscribed).toEqual([{ email: ana, at: expect.any(Number) }])
    expect((await at(anaLink)).text).toContain('These mails have stopped')
    expect(await eventsOf('NotificationUnsubscribeEvent')).toMatchObject([
      { notificationId: notification.id, email: ana, status: 'SUCCESS' },
    ])

    await finding(notification, 'second')
    expect([lettersTo(ana).length, lettersTo(ben).length]).toEqual([1, 2])
    // Letters of one message are one message: of more than five in five minutes some are put off.
    await finding(notification, 'third')
    await finding(notification, 'fourth')
    expect(await ledger({ notificationId: notification.id, outcome: 'HELD' })).toEqual([])

    await at(links.get(ben) as string, { method: 'POST', body: new URLSearchParams(ONE_CLICK) })
    await emitOf(notification, 'nobody')
    const held = { notificationId: notification.id, outcome: 'HELD' }
    const [nobody] = await until(() => ledger(held), hasLength(1))
    expect(nobody.why).toBe(`unsubscribed: ${ana}, ${ben}`)
    const { body: type } = await world.hub().rest('GET', '/catalogue/ComplianceAlertEvent')
    const detail = { ...type.example.detail, checkedBy: notification.checkedBy }
    const { body: asked } = await world.hub().rest('POST', '/notifications/hearers', {
      ...{ organisationId: world.organisationId(), event: { ...type.example, detail } },
    })
    expect(asked.items).toMatchObject([{ hears: false, why: nobody.why }])

    const seen = await runCommand(folder, ['notifications', 'show', 'Shop costs'])
    expect(seen.stdout).toMatch(/unsubscribed +ana@example\.com, since /)
    const undone = await runCommand(folder, ['notifications', 'resubscribe', 'Shop costs', ana])
    expect(undone).toMatchObject({ status: 0, stdout: expect.stringContaining(ana) })
    const again = await runCommand(folder, ['notifications', 'resubscribe', 'Shop costs', ana])
    expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining('not unsubscribed') })
    await finding(notification, 'last')
    expect([lettersTo(ana).length, lettersTo(ben).length]).toEqual([2, 4])
  })

  it('is seen to by its links in the name of its reader', async () => {
    const kim = 'kim@example.com'
    const notification = await told('Seen to', [kim, 'lou@example.com'])
    await finding(notification, 'first')
    const open = /^Acknowledge: (\S+)#acknowledge/m.exec(plain(onlyLetterTo(kim)))?.[1] ?? 'no link'
    const here = open.replace(PUBLIC_URL, world.hub().url)
    expect(await (await fetch(here)).text()).toContain(`noted as done by ${kim} (by mail)`)
    const body = new URLSearchParams({ does: 'acknowledge' })
    expect((await fetch(here, { method: 'POST', body })).status).toBe(200)
    const [incident] = await incidents(notification.id)
    expect(incident).toMatchObject({ state: 'ACKNOWLEDGED', acknowledgedBy: `${kim} (by mail)` })
  })

  it('has a link that is good for its own notification alone, and none that is made up', async () => {
    const [one, other] = [
      await told('One', ['one@example.com']),
      await told('Other', ['other@example.com']),
    ]
    await finding(one, 'one')
    const link = linkOf(onlyLetterTo('one@example.com'))
    for (const wrong of [
      link.replace(one.id, other.id),
      `${link.slice(0, -8)}AAAAAAAA`,
      link.replace(/\?.*/, ''),
    ]) {
      for (const method of ['GET', 'POST']) {
        expect(await at(wrong, { method })).toMatchObject({ status: 404 })
      }
    }
    for (const each of [one, other]) expect(await shown(each)).not.toHaveProperty('unsubscribed')
    await world.hub().rest('DELETE', `/notifications/${one.id}`)
    expect(await at(link, { method: 'POST' })).toMatchObject({
      status: 404,
      text: expect.stringContaining('nothing more comes of it'),
    })
  })

  it('comes once to who has had it, while the server has another reader wait', async () => {
    const [cat, dan] = ['cat@example.com', 'dan@example.com']
    const notification = await told('Greylisted', [dan, cat])
    replies.set(dan, 451)
    await emitOf(notification, 'first')
    const [waiting] = await until(
      () => ledger({ notificationId: notification.id, outcome: 'RETRYING' }),
      hasLength(1),
    )
    expect(waiting.why).toContain(`not sent to ${dan}: `)
    expect(lettersTo(cat)).toHaveLength(1)
    // And keeps no other alert from the others.
    await emitOf(notification, 'second')
    await until(async () => lettersTo(cat), hasLength(2))
    replies.clear()
    await world.hub().rest('PATCH', `/notifications/${notification.id}`, { name: 'Looked at now' })
    await until(
      () => incidents(notification.id),
      (all) => all.length === 2 && allTold(all),
    )
    expect([lettersTo(cat).length, lettersTo(dan).length]).toEqual([2, 2])
    // It is the first one that he gets, and the same.
    for (const { source } of lettersTo(dan)) {
      expect(source).toMatch(/^Subject: (?!Re:)/m)
      expect(source).not.toMatch(/^In-Reply-To:/m)
    }
  })

  it('that one reader has ended comes once to each of the others, whatever else they hear', async () => {
    const [gil, hal, ivy] = ['gil@example.com', 'hal@example.com', 'ivy@example.com']
    const one = await told('Heard by some', [gil, hal, ivy])
    await finding(one, 'first')
    await at(linkOf(onlyLetterTo(gil)), { method: 'POST', body: new URLSearchParams(ONE_CLICK) })
    const { channelId, alerts } = await shown(one)
    const other = await notify({ name: 'Heard by all', channelId, alerts, updateSeconds: 30 })
    await emitOf(one, 'second')
    const both = [one, other]
    for (const { id } of both) {
      await until(
        () => incidents(id),
        (all) => all.length === (id === one.id ? 2 : 1) && allTold(all),
      )
    }
    expect([gil, hal, ivy].map((each) => lettersTo(each).length)).toEqual([2, 2, 2])
  })

  it('is ended by an owner too, who is told instead of the recipients', async () => {
    const [rest, owner] = ['rest@example.com', await newUser('oona')]
    const notification = await told('Owned', [rest], { ownerTag: 'owner', tellOwner: true })
    const ofOwner = (alertId: string) =>
      emit('ComplianceAlertEvent', {
        ...{ alertId, ruleId: alertId, checkedBy: 'Owned', resourceTags: { owner: owner.email } },
      })
    await ofOwner('first')
    await until(() => incidents(notification.id), allTold)
    const link = linkOf(onlyLetterTo(owner.email))
    await at(link, { method: 'POST', body: new URLSearchParams(ONE_CLICK) })
    expect(await shown(notification)).toMatchObject({ unsubscribed: [{ email: owner.email }] })
    await ofOwner('second')
    const held = { notificationId: notification.id, outcome: 'HELD' }
    const [nobody] = await until(() => ledger(held), hasLength(1))
    expect(nobody.why).toBe(`unsubscribed: ${owner.email}`)
    expect([lettersTo(owner.email).length, lettersTo(rest).length]).toEqual([1, 0])
    // What is nobody's own is the recipients' still.
    await finding(notification, 'of nobody')
    expect(lettersTo(rest)).toHaveLength(1)
  })

  it('about several notifications ends each by a link of its own, and none by one click', async () => {
    const pat = 'pat@example.com'
    const both = [
      await told('Storm one', [pat], { settleSeconds: SETTLING_MS / 1_000 }),
      await told('Storm two', [pat], { settleSeconds: SETTLING_MS / 1_000 }),
    ]
    const [one, two] = both as [any, any]
    const { channelId } = await shown(one)
    expect(
      (await world.hub().rest('PATCH', `/notifications/${two.id}`, { channelId })).status,
    ).toBe(200)
    // No letter is taken before all alerts have settled, however long they take to come.
    replies.set(pat, 421)
    // More than people are told one by one.
    const alerts = both.flatMap(({ checkedBy }) =>
      ['a', 'b', 'c', 'd'].map((ruleId) => ({
        alertId: `${checkedBy}/${ruleId}`,
        ruleId,
        checkedBy,
      })),
    )
    await emitAll('ComplianceAlertEvent', alerts)
    for (const { id } of both) await until(() => incidents(id), hasLength(4))
    await pause(2 * SETTLING_MS)
    replies.delete(pat)
    const letter = onlyOf(await until(async () => lettersTo(pat), hasLength(1)))
    expect(letter.source).not.toMatch(/^List-Unsubscribe/m)
    const links = [...plain(letter).matchAll(/^Stop mails of “(.+)”: (.+)$/gm)]
    expect(new Set(links.map(([, name]) => name))).toEqual(new Set(['Storm one', 'Storm two']))
    const link = links.find(([, name]) => name === 'Storm one')?.[2] ?? ''
    await at(link.trim(), { method: 'POST', body: new URLSearchParams(ONE_CLICK) })
    expect(await shown(one)).toMatchObject({ unsubscribed: [{ email: pat }] })
    expect(await shown(two)).not.toHaveProperty('unsubscribed')
  })

  it('cannot be ended where it escalates what nobody sees to', async () => {
    const [eva, fay] = ['eva@example.com', 'fay@example.com']
    const onCall = await newChannel('on call', { kind: 'email', to: [eva] })
    const escalation = { afterMinutes: 1, channelId: onCall.id }
    const notification = await told('Escalated', [eva, fay], { escalation })
    await finding(notification, 'first')
    await at(linkOf(onlyLetterTo(eva)), { method: 'POST', body: new URLSearchParams(ONE_CLICK) })
    const [, escalated] = await until(async () => lettersTo(eva), hasLength(2))
    expect(plain(escalated as ReceivedLetter)).toContain('escalated')
    expect(escalated?.source).not.toMatch(/List-Unsubscribe|Stop these mails/)
  }, 120_000)
})

async function told(name: string, to: readonly string[], more: object = {}): Promise<any> {
  const { id: channelId } = await newChannel(name, { kind: 'email', to })
  const alerts = { compliance: { checkedBy: [name] } }
  const given = { name, channelId, updateSeconds: 30, alerts, ...more }
  return { ...(await notify(given)), checkedBy: name }
}

function emitOf({ checkedBy }: { readonly checkedBy: string }, ruleId: string): Promise<string> {
  return emit('ComplianceAlertEvent', { alertId: `${checkedBy}/${ruleId}`, ruleId, checkedBy })
}

/** Tells of one more incident. */
async function finding(notification: any, ruleId: string): Promise<void> {
  const before = (await incidents(notification.id)).length
  await emitOf(notification, ruleId)
  await until(
    () => incidents(notification.id),
    (all) => all.length === before + 1 && allTold(all),
  )
}

const shown = async ({ id }: any) => (await world.hub().rest('GET', `/notifications/${id}`)).body

async function eventsOf(name: string): Promise<readonly any[]> {
  const query = new URLSearchParams({ detailType: `CostAndCompliance: ${name}` })
  const found = await until(
    async () => (await world.hub().rest('GET', `/events?${query.toString()}`)).body.items as any[],
    (items) => items.length > 0,
  )
  return found.map(({ event }) => event.detail)
}

function onlyLetterTo(address: string): ReceivedLetter {
  return onlyOf(lettersTo(address))
}

function onlyOf(letters: readonly ReceivedLetter[]): ReceivedLetter {
  expect(letters).toHaveLength(1)
  return letters[0] as ReceivedLetter
}

/** As mail programs show it. */
const plain = ({ source }: ReceivedLetter) => quotedPrintable(source)

function linkOf({ source }: ReceivedLetter): string {
  const unfolded = source.replaceAll(/\r\n(?=[ \t])/g, '')
  return /^List-Unsubscribe: <(.+)>$/m.exec(unfolded)?.[1] ?? 'no link'
}

/** What a browser or a mail program is answered there: at the hub itself, as the test has no proxy. */
async function at(link: string, init: RequestInit = {}) {
  expect(link).toMatch(/^https:\/\/belfry\.example\.com\/unsubscribe\//)
  const response = await fetch(link.replace(PUBLIC_URL, world.hub().url), init)
  return { status: response.status, text: await response.text() }
}
