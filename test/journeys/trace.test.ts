import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { runCommand } from '../belfry-command.ts'
import { Putter } from '../crash/putter.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'
import { restAs } from '../rest-caller.ts'

const folder = newDataFolder()
let hub: HubProcess
let receiver: Receiver
let putter: Putter
let id: string

const bus = `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:event-bus/default`
const arnOf = (rule: string) => `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:rule/${rule}`

/** Two targets take the event, one at its second try; one has no path, and one rule does not match. */
beforeAll(async () => {
  hub = await startHubProcess(folder)
  await createOrganisation(hub)
  putter = new Putter(await hub.profile('member'))
  let isBusy = true
  receiver = await startReceiver(({ path: url }, response) => {
    response.statusCode = url === '/gone' ? 404 : url === '/busy' && isBusy ? 503 : 200
    if (url === '/busy') isBusy = false
    response.end(`said ${response.statusCode}`)
  })
  await addRule('taken', { detail: { state: ['running'] } }, ['fine', 'busy', 'gone'])
  await addRule('other', { detail: { state: ['stopped'] } }, ['fine'])
  await addRule('idle', { source: ['shop'] }, [])
  await putter.call(hub.url, 'DisableRule', { Name: 'idle' })
  id = await put('running')
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  await receiver.close()
  removeDataFolder(folder)
})

async function addRule(Name: string, pattern: object, targets: readonly string[]) {
  await putter.call(hub.url, 'PutRule', { Name, EventPattern: JSON.stringify(pattern) })
  const Targets = targets.map((target) => ({ Id: target, Arn: `${receiver.url}/${target}` }))
  if (targets.length > 0) await putter.call(hub.url, 'PutTargets', { Rule: Name, Targets })
}

async function put(state: string): Promise<string> {
  const Entries = [{ Source: 'shop', DetailType: 'd', Detail: JSON.stringify({ state }) }]
  return (await putter.call(hub.url, 'PutEvents', { Entries })).Entries[0].EventId as string
}

const traceOf = async (eventId: string) =>
  (await hub.rest('GET', `/events/${eventId}/trace`)).body.traces[0]

/** The trace once each of its deliveries has ended. */
const endedTrace = async () =>
  vi.waitFor(
    async () => {
      const trace = await traceOf(id)
      const states = trace.deliveries.map(({ targetId, state }: any) => [targetId, state])
      expect(Object.fromEntries(states)).toEqual({
        ...{ fine: 'DELIVERED', busy: 'DELIVERED', gone: 'DEAD' },
      })
      return trace
    },
    { timeout: 15_000, interval: 100 },
  )

describe('the trace of an event', () => {
  it('has each delivery with its attempts and what the target answered', async () => {
    const { deliveries, ...trace } = await endedTrace()
    expect(trace).toMatchObject({ bus, routed: true, acceptedAt: expect.any(Number) })
    const attemptsOf = (target: string) =>
      deliveries.find(({ targetId }: any) => targetId === target).attempts
    expect(attemptsOf('fine')).toMatchObject([
      { number: 1, outcome: 'delivered', status: 200, answer: 'said 200' },
    ])
    const message = 'the target answered 503'
    expect(attemptsOf('busy')).toMatchObject([
      {
        ...{ number: 1, outcome: 'retry', status: 503, answer: 'said 503' },
        ...{ errorCode: 'ERROR_FROM_TARGET', errorMessage: message },
      },
      { number: 2, outcome: 'delivered', status: 200 },
    ])
    expect(attemptsOf('gone')).toMatchObject([{ number: 1, outcome: 'dead', status: 404 }])
    const { body } = receiver.received.find(({ path }) => path === '/fine') as { body: any }
    for (const { sent } of deliveries) expect(JSON.parse(sent)).toEqual(body)
  })

  it('tells its steps in order, by the names of EventBridge’s logs', async () => {
    const { steps } = await endedTrace()
    expect(steps.map(({ at }: any) => at)).toEqual(
      steps.map(({ at }: any) => at).toSorted((a: number, b: number) => a - b),
    )
    const typesOf = (target?: string) =>
      steps.filter(({ targetId }: any) => targetId === target).map(({ type }: any) => type)
    expect(typesOf()).toEqual(['EVENT_INGEST_SUCCESS'])
    expect(typesOf('busy')).toEqual([
      ...['RULE_MATCH', 'INVOCATION_ATTEMPT_START', 'INVOCATION_ATTEMPT_RETRYABLE_FAILURE'],
      ...['INVOCATION_ATTEMPT_START', 'INVOCATION_ATTEMPT_SUCCESS', 'INVOCATION_SUCCESS'],
    ])
    expect(typesOf('gone')).toEqual([
      ...['RULE_MATCH', 'INVOCATION_ATTEMPT_START', 'INVOCATION_ATTEMPT_PERMANENT_FAILURE'],
      ...['INVOCATION_FAILURE', 'INVOCATION_DLQ'],
    ])
  })

  it('has the verdict of every rule of its bus, with the first field that fails', async () => {
    const { rules } = await endedTrace()
    const verdicts = Object.fromEntries(rules.map((rule: any) => [rule.ruleArn, rule]))
    expect(verdicts[arnOf('taken')]).toMatchObject({ matches: true, state: 'ENABLED' })
    expect(verdicts[arnOf('idle')]).toMatchObject({ matches: true, state: 'DISABLED' })
    expect(verdicts[arnOf('other')].matches).toBe(false)
    expect(verdicts[arnOf('other')].summary).toContain('detail.state')
    expect(verdicts[arnOf('belfry-forward-aws-events')].summary).toContain('source')
  })

  it('says so where no rule took it', async () => {
    const unmatched = await put('paused')
    const trace = await vi.waitFor(async () => {
      const found = await traceOf(unmatched)
      expect(found.routed).toBe(true)
      return found
    })
    expect(trace.deliveries).toEqual([])
    expect(trace.steps.map(({ type }: any) => type)).toEqual([
      ...['EVENT_INGEST_SUCCESS', 'NO_STANDARD_RULES_MATCHED'],
    ])
  })

  it('has the rule of an archive, which takes the event and delivers nothing', async () => {
    const archive = { ArchiveName: 'all', EventSourceArn: bus }
    await putter.call(hub.url, 'CreateArchive', archive)
    const archived = await put('paused')
    const trace = await vi.waitFor(async () => {
      const found = await traceOf(archived)
      expect(found.routed).toBe(true)
      return found
    })
    expect(trace.deliveries).toEqual([])
    const { steps, rules } = trace
    expect(steps.at(-1)).toEqual({ at: trace.acceptedAt, type: 'NO_STANDARD_RULES_MATCHED' })
    expect(rules).toContainEqual(
      expect.objectContaining({ ruleArn: arnOf('Events-Archive-all'), archives: true }),
    )
    const { stdout } = await runCommand(folder, ['why', 'Events-Archive-all', archived])
    expect(stdout).toContain('The rule is that of an archive, which keeps what it matches.')
    await putter.call(hub.url, 'DeleteArchive', { ArchiveName: 'all' })
  })

  it('says which rules were changed after the event had come', async () => {
    const late = await put('late')
    const changed = async (event: string) =>
      Object.fromEntries(
        (await traceOf(event)).rules.map((rule: any) => [rule.ruleArn, rule.changedSince]),
      )
    await addRule('late', { detail: { state: ['late'] } }, ['fine'])
    await addRule('other', { detail: { state: ['stopped'] } }, ['fine'])
    const { [arnOf('late')]: isLateChanged, [arnOf('other')]: isOtherChanged } = await changed(late)
    expect([isLateChanged, isOtherChanged]).toEqual([true, undefined])
    const { stdout } = await runCommand(folder, ['why', 'late', late])
    expect(stdout).toContain('made or changed after the event came')
  })

  it('outlives a target that was removed', async () => {
    const { deliveries } = await endedTrace()
    const Ids = ['fine', 'busy', 'gone']
    await putter.call(hub.url, 'RemoveTargets', { Rule: 'taken', Ids })
    expect((await traceOf(id)).deliveries).toEqual(deliveries)
    await addRule('taken', { detail: { state: ['running'] } }, ['fine', 'busy', 'gone'])
  })

  it('is seen by those who may see the event, and by nobody else', async () => {
    const other = await hub.rest('POST', '/organisations', {
      ...{ name: 'Other', alias: 'other', customerName: 'Other' },
      ...{ installationRegion: REGION, regions: [REGION] },
    })
    const token = await hub.rest('POST', '/api-tokens', {
      ...{ organisationId: other.body.id, name: 'stranger', role: 'api_admin' },
    })
    for (const path of [`/events/${id}/trace`, `/events/${id}/why?rule=taken`]) {
      const refused = await restAs(hub, token.body, ['GET', path])
      expect([refused.status, refused.body.code]).toEqual([404, 'event.not-found'])
    }
  })
})

describe('why', () => {
  const why = async (rule: string) => hub.rest('GET', `/events/${id}/why?rule=${rule}`)

  it('tells field by field, and what came of it', async () => {
    await endedTrace()
    const taken = await why('taken')
    expect(taken.body).toMatchObject({ ruleArn: arnOf('taken'), bus, routed: true })
    expect(taken.body.explanation.matches).toBe(true)
    expect(taken.body.deliveries).toHaveLength(3)
    const not = (await why(encodeURIComponent(arnOf('other')))).body
    expect([not.explanation.matches, not.deliveries]).toEqual([false, []])
    expect(JSON.stringify(not.explanation.alternatives)).toContain('detail.state')
  })

  it('knows no rule of another bus', async () => {
    const { status, body } = await why('nothing')
    expect([status, body.code]).toEqual([404, 'rule.not-found'])
    expect(body.message).toContain(bus)
  })
})

describe('the command line', () => {
  it('shows the trace of an event', async () => {
    await endedTrace()
    const { stdout, status } = await runCommand(folder, ['trace', id])
    expect(status).toBe(0)
    expect(stdout).toMatch(/EVENT_INGEST_SUCCESS$/m)
    expect(stdout).toMatch(/INVOCATION_ATTEMPT_RETRYABLE_FAILURE {2}taken, target busy, attempt 1,/)
    expect(stdout).toMatch(/delivered {2}busy \(http.*\) after 2 attempts/)
    expect(stdout).toMatch(/dead letter {2}gone .* after 1 attempt: "belfry dead-letters show \d+"/)
    expect(stdout).toMatch(/no match {2}rule other: .*detail\.state/)
    expect(stdout).toMatch(/matches {2}rule idle \(disabled\)/)
  })

  it('answers why', async () => {
    const taken = await runCommand(folder, ['why', 'taken', id])
    expect([taken.status, taken.stdout]).toEqual([0, expect.stringContaining('took the event:')])
    const other = await runCommand(folder, ['why', 'other', id])
    expect(other.status).toBe(1)
    expect(other.stdout).toContain('did not take the event')
    const idle = await runCommand(folder, ['why', 'idle', id])
    expect([idle.status, idle.stdout]).toEqual([0, expect.stringContaining('is disabled')])
    const unknown = await runCommand(folder, ['trace', 'nothing'])
    expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('no event')])
  })
})
