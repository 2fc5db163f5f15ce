import { describe, expect, it } from 'vitest'

import { tailLine } from './tail-line.ts'
import type { StreamMessage } from './tail-line.ts'
import { widthOf } from './terminal-text.ts'

const NOON = new Date(2026, 10, 22, 12, 0, 1).getTime()

function message(
  event: object = {},
  bus = 'arn:aws:events:us-east-1:444455556666:event-bus/default',
) {
  return {
    bus,
    acceptedAt: NOON,
    accountName: 'payments-prod',
    event: {
      id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
      account: '444455556666',
      region: 'us-east-1',
      source: 'aws.ec2',
      'detail-type': 'EC2 Instance State-change Notification',
      detail: { 'instance-id': 'i-0abc', state: 'stopped' },
      ...event,
    },
  } satisfies StreamMessage
}

const TENANCY_BUS =
  'arn:aws:events:ap-southeast-2:222233334444:event-bus/aws.partner/stax.io/222233334444/default'
const LOGIN = {
  account: '222233334444',
  source: 'aws.partner/stax.io/222233334444/default',
  'detail-type': 'Security: UserAuthenticationEvent',
  detail: {
    meta: { user: { email: 'mei@example.com' } },
    email: 'mei@example.com',
    status: 'SUCCESS',
  },
}

describe('the line of an event', () => {
  it('has every column on a wide terminal', () => {
    expect(tailLine(message(), 140)).toBe(
      '12:00:01 payments-prod  444455556666 us-east-1      default    aws.ec2          EC2 Instance State-change Notification stopped i-0abc',
    )
  })

  it('has the telling ones on a narrow terminal', () => {
    expect(tailLine(message(), 80)).toBe(
      '12:00:01 payments-prod  us-east-1      ec2 EC2 Instance State-change Notificati…',
    )
  })

  it.each([1, 20, 79, 80, 119, 120, 139])('is at most %i columns wide', (width) => {
    const wideText = message({ 'detail-type': '漢字'.repeat(80) })
    expect(widthOf(tailLine(wideText, width))).toBeLessThanOrEqual(width)
  })

  it('leaves room for what happened beside a bus with a long name', () => {
    const name = 'staxtrail-01a21a68-ed11-7931-a563-c5d579597187'
    const onLong = message({}, `arn:aws:events:us-east-1:444455556666:event-bus/${name}`)
    expect(tailLine(onLong, 80)).toBe(
      '12:00:01 payments-prod  us-east-1      >staxtrail-01a21a68-ed1… ec2 EC2 Instanc…',
    )
    expect(tailLine(onLong, Number.POSITIVE_INFINITY)).toContain(` ${name} `)
  })

  it('names the account of a bus that the event was forwarded to', () => {
    const bus = 'arn:aws:events:us-east-1:333344445555:event-bus/default'
    expect(tailLine(message({}, bus), 80, 'security')).toContain(' >security ec2 ')
    expect(tailLine(message({}, bus), 140, 'security')).toContain(' security   aws.ec2 ')
    expect(tailLine(message({}, bus), 140)).toContain(' 333344445555 aws.ec2 ')
  })

  it('says who did what in a tenancy event, and its source in short', () => {
    const line = tailLine(message(LOGIN, TENANCY_BUS), 140)
    expect(line).toContain('stax.io    stax.io          Security: UserAuthenticationEvent mei@exam')
    expect(tailLine(message(LOGIN, TENANCY_BUS), Number.POSITIVE_INFINITY)).toMatch(
      /mei@example.com SUCCESS$/,
    )
  })

  it('names who changed something beside what was changed', () => {
    const detail = { ...LOGIN.detail, email: undefined, accountName: 'web-shop' }
    expect(tailLine(message({ ...LOGIN, detail }, TENANCY_BUS), 200)).toMatch(
      /web-shop SUCCESS by mei@example.com$/,
    )
  })

  it('is one line that does nothing to the terminal, whatever the event holds', () => {
    const detail = { state: 'a\u001b[2J\nb' }
    const line = tailLine(message({ detail, 'detail-type': 'x\ry' }), 140)
    // oxlint-disable-next-line no-control-regex -- control characters are what it is for
    expect(line).not.toMatch(/[\u0000-\u001f]/)
  })

  it('shows the account id where the account has no name', () => {
    const { accountName: _, ...unnamed } = message()
    expect(tailLine(unnamed, 80)).toContain('12:00:01 444455556666   us-east-1')
  })
})
