import { randomUUID } from 'node:crypto'

import { expect, it } from 'vitest'

import { allTold, hasLength, newSegments, until } from '../alerting.ts'
import { hubWithMail } from '../mail/hub-with-mail.ts'

const world = hubWithMail()
const { made, newUser, newChannel, notify, emit, ledger, incidents, replies, lettersTo } = world

it('readers of one channel have a letter once, whatever becomes of the letters of others', async () => {
  const { ofShop, shop, rest } = await newSegments(made)
  const ana = await newUser('ana')
  await world.hub().rest('PUT', `/users/${ana.id}/default-segment`, ofShop)
  const [all, typo] = ['all@example.com', 'typo@example.com']
  const notifyBy = async (name: string, to: readonly string[]) => {
    const { id: channelId } = await newChannel(name, { kind: 'email', to })
    const alerts = { compliance: { checkedBy: [name] } }
    return notify({ name, channelId, updateSeconds: 30, alerts })
  }
  const finding = (checkedBy: string, ruleId: string, segments: object) =>
    emit('ComplianceAlertEvent', { alertId: ruleId, ruleId, checkedBy, segments })
  const notification = await notifyBy('mail', [all, ana.email])
  const counts = () => [all, typo, ana.email].map((one) => lettersTo(one).length)

  replies.set(ana.email, 451)
  await finding('mail', 'busy', shop)
  const [retrying] = await until(() => outcomes('RETRYING', notification), hasLength(1))
  expect(retrying.why).toContain(`not sent to ${ana.email}: `)
  replies.clear()
  // It would be looked at again by itself, after a minute.
  await world.hub().rest('PATCH', `/notifications/${notification.id}`, { name: 'mail, looked at' })
  await until(() => incidents(notification.id), allTold)
  expect(counts()).toEqual([1, 0, 1])
  // Nobody outside could open a link of this hub, which has no public URL.
  expect(
    world
      .letters()
      .map(({ source }) => source)
      .join(),
  ).not.toMatch(/List-Unsubscribe/)

  // Refused for one of two readers of the same letter.
  replies.set(typo, 550)
  const other = await notifyBy('typo', [all, typo])
  await finding('typo', 'missed', shop)
  const [missed] = await until(() => outcomes('REFUSED', other), hasLength(1))
  expect(missed.why).toContain(`not sent to ${typo}: `)
  expect(counts()).toEqual([2, 0, 1])

  // Refused for good, by the first of them as by the last: the others are told all the same.
  replies.set(all, 550)
  await finding('mail', 'refused', shop)
  const [refused] = await until(() => outcomes('REFUSED', notification), hasLength(1))
  expect(refused.why).toContain(`not sent to ${all}: `)
  expect(counts()).toEqual([2, 0, 2])
  await world.killAndStart()
  replies.clear()
  for (const { id } of [notification, other]) {
    await world.hub().rest('PATCH', `/notifications/${id}`, { name: `${id} again` })
    await until(() => incidents(id), allTold)
  }
  expect(counts()).toEqual([3, 1, 2])

  const own = await newChannel('ana alone', { kind: 'email', to: [ana.email] })
  await world.hub().rest('PATCH', `/notifications/${notification.id}`, { channelId: own.id })
  await finding('mail', 'of nobody here', rest)
  const [held] = await until(() => outcomes('HELD', notification), hasLength(1))
  expect(held.why).toBe('whoever reads the channel is told of other segments alone')
  expect(counts()).toEqual([3, 1, 2])
})

it('a letter is a reply to who has had one, and no other', async () => {
  const alerts = { compliance: { checkedBy: ['moved'] } }
  const [before, after] = ['before@example.com', 'after@example.com']
  const { id: channelId } = await newChannel('before', { kind: 'email', to: [before] })
  const { id } = await notify({ name: 'moved', channelId, updateSeconds: 30, alerts })
  const finding = (resourceId: string) =>
    emit('ComplianceAlertEvent', {
      ...{ alertId: resourceId, resourceId, findingId: randomUUID() },
      ...{ ruleId: 'moved', checkedBy: 'moved' },
    })
  await finding('first')
  await until(() => incidents(id), allTold)
  const other = await newChannel('after', { kind: 'email', to: [after] })
  await world.hub().rest('PATCH', `/notifications/${id}`, { channelId: other.id })
  await finding('second')
  await until(
    () => incidents(id),
    ([one]) => one.told === 2,
  )
  await finding('third')
  await until(
    () => incidents(id),
    ([one]) => one.told === 3,
  )
  const subjects = lettersTo(after).map(({ source }) => /^Subject: (Re: )?/m.exec(source)?.[0])
  expect(subjects).toEqual(['Subject: ', 'Subject: Re: '])
  expect(lettersTo(before)).toHaveLength(1)
}, 120_000)

const outcomes = (outcome: string, { id: notificationId }: any) =>
  ledger({ outcome, notificationId })
