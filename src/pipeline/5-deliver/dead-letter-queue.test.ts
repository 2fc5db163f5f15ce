import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { Store } from '#src/adapters/sqlite/store.ts'
import type { AttemptError, Settlement } from '#src/model/delivery.ts'
import type { Target } from '#src/model/event-bus.ts'
import type { AwsAccess, AwsOutcome, AwsRequest } from '#src/ports/aws-services.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { observing, recordedEvent, temporaryStore, until } from '../pipeline.fixture.ts'
import { sendDeadLetters } from './dead-letter-queue.ts'

const ACCOUNT = '111111111111'
const RULE = `arn:aws:events:ap-southeast-2:${ACCOUNT}:rule/r`
const queueOf = (account: string) => `arn:aws:sqs:ap-southeast-2:${account}:q`
const ROLE = `arn:aws:iam::${ACCOUNT}:role/r`
const TARGET: Target = { id: 't', arn: 'https://example.com/', deadLetterArn: queueOf(ACCOUNT) }
const ERROR: AttemptError = { code: 'ERROR_FROM_TARGET', message: 'the target answered 500' }
const BUSY: AwsOutcome = { kind: 'retryable', error: { code: 'THROTTLING', message: 'slow down' } }
const MS_PER_DAY = 86_400_000

let store: Store
let remove: () => Promise<void>
let stopping: AbortController
let drained: Promise<void>

beforeEach(async () => {
  const temporary = await temporaryStore()
  store = temporary.store
  remove = temporary.remove
  stopping = new AbortController()
})
afterEach(async () => {
  stopping.abort()
  await drained
  await remove()
})

/** Letters that died at a time, and are due since. */
async function bury(
  count: number,
  given: { diedAt?: number; target?: Target; message?: string; attempts?: number },
) {
  const { diedAt = clock.now(), target = TARGET, message = ERROR.message, attempts = 3 } = given
  const exhausted = 'MaximumEventAgeInSeconds'
  const event = recordedEvent('e')
  const delivery = { position: 65_536, eventId: 'e', ruleArn: RULE, target, managed: false }
  const deliveries = Array.from({ length: count }, () => ({
    ...{ ...delivery, startedAt: diedAt, nextAttemptAt: diedAt },
  }))
  const made = await store.queue.enqueue(deliveries)
  await store.queue.settle(
    made.map((id): Settlement => ({
      ...{ kind: 'dead', id, attempts, diedAt, error: { ...ERROR, message }, event, exhausted },
      ...{ attempt: { startedAt: diedAt, durationMs: 1, target }, nextSendAt: diedAt },
    })),
  )
}

function start(
  answer: () => AwsOutcome | Promise<AwsOutcome> = () => ({ kind: 'success' }),
  currentTarget: () => Target | undefined = () => undefined,
) {
  const sent: { readonly request: AwsRequest; readonly access: AwsAccess }[] = []
  const seen = observing()
  const sender = sendDeadLetters(
    {
      ...{ letters: store.outgoingLetters, clock, ids, observer: seen.observer },
      aws: {
        send: async (request, access) => {
          sent.push({ request, access })
          return answer()
        },
      },
      currentTarget: async () => currentTarget(),
    },
    stopping.signal,
  )
  drained = sender.drained
  return { sent, sender, ...seen }
}

const deadCount = async () => (await store.queue.counts()).dead
const allGone = async () => (await deadCount()) === 0

describe('dead letters', () => {
  it('that wait at the start are sent, more than go at once too, each once', async () => {
    await bury(50, {})
    const { sent } = start()
    await until(allGone, 'all are sent')
    expect(sent).toHaveLength(50)
  })

  it.each([
    [0, '0'],
    [1, '0'],
    [3, '2'],
  ])('after %i attempts tell of %s retries', async (attempts, retries) => {
    await bury(1, { attempts })
    const { sent } = start()
    await until(allGone, 'it is sent')
    expect(sent[0]?.request).toMatchObject({ attributes: { RETRY_ATTEMPTS: retries } })
  })

  it('that come later are sent when the sender is woken', async () => {
    const { sent, sender } = start()
    await bury(1, {})
    sender.wake()
    await until(allGone, 'it is sent')
    expect(sent).toHaveLength(1)
  })

  it('are sent again when the queue was busy', async () => {
    await bury(1, {})
    let tries = 0
    const { sends } = start(() => ((tries += 1) === 1 ? BUSY : { kind: 'success' }))
    await until(allGone, 'it is sent')
    expect(sends.map(({ outcome }) => outcome)).toEqual(['retry', 'sent'])
  })

  it('that a queue has not had for a day stay, with the reason', async () => {
    await bury(1, { diedAt: clock.now() - MS_PER_DAY })
    const { sends } = start(() => BUSY)
    await until(() => sends.length === 1, 'it was tried')
    await until(async () => (await store.outgoingLetters.nextDueAt()) === undefined, 'it is kept')
    expect(sends).toMatchObject([{ outcome: 'kept' }])
    expect(await store.queue.deadLetters({ limit: 1 })).toMatchObject([
      { sendError: { code: 'THROTTLING', message: 'slow down' } },
    ])
  })

  it('go to the queue that the target has now', async () => {
    await bury(1, {})
    const other = { ...TARGET, deadLetterArn: `${queueOf(ACCOUNT)}-mended` }
    const { sent } = start(undefined, () => other)
    await until(allGone, 'it is sent')
    expect(sent[0]?.request.to.name).toBe('q-mended')
  })

  it('stay where the target has no queue any more', async () => {
    await bury(1, {})
    const { sent, sends } = start(undefined, () => ({ id: 't', arn: TARGET.arn }))
    await until(() => sends.length === 1, 'it was judged')
    expect(sends).toMatchObject([{ outcome: 'kept', error: { code: 'INVALID_PARAMETER' } }])
    expect([sent.length, await deadCount()]).toEqual([0, 1])
  })

  it('go by the role of the target to another account, and without it to their own', async () => {
    await bury(1, { target: { ...TARGET, roleArn: ROLE } })
    await bury(1, { target: { ...TARGET, roleArn: ROLE, deadLetterArn: queueOf('222222222222') } })
    const { sent } = start()
    await until(allGone, 'both are sent')
    const accesses = new Map(sent.map(({ request, access }) => [request.to.account, access]))
    expect(accesses.get(ACCOUNT)).toEqual({ account: ACCOUNT })
    expect(accesses.get('222222222222')).toEqual({ account: ACCOUNT, roleArn: ROLE })
  })

  it('tell their reason in characters and at a length that a queue takes', async () => {
    await bury(1, { message: `no\u0000\n${'x'.repeat(5_000)}` })
    const { sent } = start()
    await until(allGone, 'it is sent')
    expect(sent[0]?.request).toMatchObject({
      attributes: { ERROR_MESSAGE: `no  ${'x'.repeat(1_020)}` },
    })
  })
})

describe('a stop', () => {
  it('waits for what is being sent, and notes what came of it', async () => {
    await bury(1, {})
    const release = Promise.withResolvers<AwsOutcome>()
    const { sent } = start(() => release.promise)
    await until(() => sent.length === 1, 'it is being sent')
    stopping.abort()
    release.resolve({ kind: 'success' })
    await drained
    expect(await deadCount()).toBe(0)
  })
})
