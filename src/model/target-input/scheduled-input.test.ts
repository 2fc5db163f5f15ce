import { describe, expect, it } from 'vitest'

import { inputFor } from './target-input.ts'

const ARN = 'arn:aws:scheduler:eu-west-1:111122223333:schedule/default/tick'
const ID = '7bf73129-1428-4cd3-a780-95db273d1602'
const EVENT =
  `{"version":"0","id":"${ID}","detail-type":"Scheduled Event","source":"aws.scheduler",` +
  `"account":"111122223333","time":"2027-03-01T09:00:00Z","region":"eu-west-1",` +
  `"resources":["${ARN}"],"detail":{}}`

const textOf = (input: string | undefined, attempts = 0, json = EVENT) => {
  const scheduled = { ...(input !== undefined && { input }) }
  const outcome = inputFor(
    { ruleArn: ARN, attempts, target: {} },
    { json, acceptedAt: 5, scheduled },
  )
  return outcome.ok ? outcome.text : ''
}

describe('the input of a schedule', () => {
  it.each([
    ['Hello, world!', 'Hello, world!'],
    ['{ "n": 1.0,\n "big": 12345678901234567890 }', '{ "n": 1.0,\n "big": 12345678901234567890 }'],
    ['by <aws.scheduler.schedule-arn>', `by ${ARN}`],
    [
      '{"at":"<aws.scheduler.scheduled-time>","n":<aws.scheduler.attempt-number>}',
      '{"at":"2027-03-01T09:00:00Z","n":1}',
    ],
    ['<aws.scheduler.attempt-number> <aws.scheduler.attempt-number>', '1 1'],
    ['<aws.scheduler.unknown>', '<aws.scheduler.unknown>'],
  ])('%j is sent as %j', (input, text) => {
    expect(textOf(input)).toBe(text)
  })

  it('counts attempts, and names each differently, and the same attempt the same again', () => {
    const input = '<aws.scheduler.attempt-number>:<aws.scheduler.execution-id>'
    const texts = [0, 1, 2].map((attempts) => textOf(input, attempts))
    expect(texts).toEqual([0, 1, 2].map((attempts) => textOf(input, attempts)))
    expect(new Set(texts.map((text) => text.split(':')[1])).size).toBe(3)
    expect(texts[2]).toMatch(/^3:[0-9a-f]{16}$/)
    expect(textOf(input, 0, EVENT.replace(ID, 'other'))).not.toBe(texts[0])
  })

  it('that is not there is the notification of the Scheduler, as recorded on AWS', () => {
    expect(textOf(undefined)).toBe(EVENT.replace('"detail":{}', '"detail":"{}"'))
  })
})
