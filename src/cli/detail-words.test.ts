import { describe, expect, it } from 'vitest'

import { detailWords } from './detail-words.ts'
import type { ToldEvent } from './detail-words.ts'
import { readPrintedEvents } from './sample-events.ts'

const MOST = 0.97

describe('the words of an event', () => {
  it.each([
    [{ 'instance-id': 'i-0abc', state: 'stopped' }, ['stopped', 'i-0abc']],
    [
      { event: 'copySnapshot', result: 'failed', cause: 'no such' },
      ['copySnapshot', 'failed', 'no such'],
    ],
    [{ bucket: { name: 'logs' }, object: { key: 'a/b.gz' } }, ['logs', 'a/b.gz']],
    [
      { eventName: 'CreateBucket', userIdentity: { arn: 'arn:aws:iam::1:user/ana' } },
      ['CreateBucket', 'user/ana'],
    ],
    [{ alarmName: 'cpu', state: { value: 'ALARM' } }, ['ALARM', 'cpu']],
    [{ HumanLoopStatus: 'Completed' }, ['Completed', 'thing/of-it']],
    [{ findings: [{ Title: 'RDS.1' }] }, ['RDS.1']],
    [null, ['thing/of-it']],
    ['text', ['thing/of-it']],
  ])('of %j are %j', (detail, expected) => {
    const resources = ['arn:aws:x:us-east-1:444455556666:thing/of-it']
    expect(detailWords({ source: 'aws.x', resources, detail })).toEqual(expected)
  })

  it('are few and short', () => {
    const detail = { state: 'x'.repeat(500), title: 'a', name: 'b', message: 'c', reason: 'd' }
    const words = detailWords({ source: 'aws.x', detail })
    expect(words).toHaveLength(4)
    expect(words[0]).toHaveLength(60)
  })

  it('are found in nearly all of the sample events', async () => {
    const events = (await readPrintedEvents()) as readonly unknown[] as readonly ToldEvent[]
    const told = events.filter((event) => detailWords(event).length > 0)
    expect(told.length / events.length).toBeGreaterThan(MOST)
  })
})
