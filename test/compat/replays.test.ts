import {
  CancelReplayCommand,
  CreateArchiveCommand,
  CreateEventBusCommand,
  DeleteArchiveCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeArchiveCommand,
  DescribeReplayCommand,
  ListReplaysCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  StartReplayCommand,
  UpdateArchiveCommand,
} from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { SPAN, archiveArn, arnOf, busArn, refusal, startArchiveWorld } from '../archive-world.ts'
import type { ArchiveWorld } from '../archive-world.ts'
import { ACCOUNTS, REGION } from '../organisation.ts'
import { startReceiver } from '../receiver.ts'
import type { Received } from '../receiver.ts'

let world: ArchiveWorld

beforeAll(async () => {
  world = await startArchiveWorld()
})
afterAll(() => world.end())

describe('a replay', () => {
  it('sends events again as they were, with its name behind the region', async () => {
    await world.archived('again')
    await world.ruleTo('again-all', 'again', '{"source":["my.app"]}')
    await world.ruleTo(
      'again-new',
      'again',
      '{"source":["my.app"],"replay-name":[{"exists":false}]}',
    )
    const Time = new Date(Math.floor(Date.now() / 1_000) * 1_000 - 600_000)
    const [later] = await world.put('again', [{ n: 1 }], { TraceHeader: 'Root=1-2-3' })
    const [earlier] = await world.put('again', [{ n: 2 }], { Time, Resources: ['r'] })
    await world.arrived(2, 'again-all')
    const started = await world.replay('again', 'again', { Description: 'd' })
    expect(started).toMatchObject({ ReplayArn: arnOf('replay/again'), State: 'STARTING' })
    expect(started.ReplayStartTime).toBeInstanceOf(Date)
    const described = await world.ended('again')
    expect(described).toMatchObject({
      ...{ ReplayName: 'again', ReplayArn: arnOf('replay/again'), Description: 'd' },
      ...{ EventSourceArn: archiveArn('again'), Destination: { Arn: busArn('again') }, ...SPAN },
      ReplayStartTime: started.ReplayStartTime,
    })
    expect(described.ReplayEndTime).toBeInstanceOf(Date)
    expect(described.EventLastReplayedTime?.getTime()).toBeGreaterThan(Time.getTime())
    const came = await world.arrived(4, 'again-all')
    const replayed = came.slice(2)
    expect(replayed.map(({ body }) => body.id)).toEqual([earlier, later])
    const traced = ({ headers }: Received) => headers['x-amzn-trace-id'] !== undefined
    expect(came.map(traced)).toEqual([true, false, false, false])
    for (const { body } of replayed) {
      const first = came.find((one) => one.body.id === body.id)?.body
      const { 'replay-name': name, ...rest } = body
      expect(name).toBe('again')
      expect(rest).toEqual(first)
      expect(Object.keys(body)).toEqual([
        ...['version', 'id', 'detail-type', 'source', 'account', 'time', 'region'],
        ...['replay-name', 'resources', 'detail'],
      ])
    }
    // The rule of new events got each once, and the archive none of what was replayed.
    await world.put('again', [{ n: 3 }])
    const fresh = await world.arrived(3, 'again-new')
    expect(fresh.map(({ body }) => body.detail.n)).toEqual([1, 2, 3])
    await world.countIs('again', 3)
  })

  it('sends only events of its time, and only to the rules that it is told', async () => {
    await world.archived('told')
    const wanted = await world.ruleTo('told-yes', 'told', '{"source":["my.app"]}')
    await world.ruleTo('told-no', 'told', '{"source":["my.app"]}')
    const second = Math.floor(Date.now() / 1_000) * 1_000 - 600_000
    for (const n of [0, 1, 2, 3]) {
      await world.put('told', [{ n }], { Time: new Date(second + n * 1_000) })
    }
    await world.arrived(4, 'told-no')
    await world.replay('told', 'told', {
      EventStartTime: new Date(second + 1_000),
      EventEndTime: new Date(second + 3_000),
      Destination: { Arn: busArn('told'), FilterArns: [wanted] },
    })
    const described = await world.ended('told')
    expect(described.Destination).toEqual({ Arn: busArn('told'), FilterArns: [wanted] })
    expect(described.EventLastReplayedTime).toEqual(new Date(second + 2_000))
    const came = await world.arrived(6, 'told-yes')
    expect(came.slice(4).map(({ body }) => body.detail.n)).toEqual([1, 2])
    await world.put('told', [{ n: 4 }])
    await world.arrived(5, 'told-no')
    expect(
      world.receiver.received
        .filter(({ path }) => path === '/told-no')
        .filter(({ body }) => 'replay-name' in body),
    ).toEqual([])
  })

  it('is refused what AWS refuses, in its words', async () => {
    await world.archived('strict')
    const invalid = (message: string) => refusal('ValidationException', message)
    const to = (Arn: string, archive = 'strict') =>
      world.replay('x', archive, { Destination: { Arn } })
    await expect(to(busArn('strict'), 'none')).rejects.toMatchObject(
      invalid('Parameter EventSourceArn is not valid. Reason: Archive none does not exist.'),
    )
    await expect(to(arnOf('rule/strict'))).rejects.toMatchObject(
      invalid('Parameter Destination.Arn is not valid. Reason: Must contain an event bus ARN.'),
    )
    await expect(to(busArn('none'))).rejects.toMatchObject(
      refusal('ResourceNotFoundException', 'Event bus none does not exist.'),
    )
    const foreign = (name: string) => busArn(name).replace(ACCOUNTS.MEMBER, ACCOUNTS.SECURITY)
    for (const arn of [busArn('default'), foreign('default'), foreign('none')]) {
      await expect(to(arn)).rejects.toMatchObject(
        invalid(
          'Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.',
        ),
      )
    }
    const { EventStartTime } = SPAN
    await expect(
      world.replay('x', 'strict', { EventEndTime: EventStartTime }),
    ).rejects.toMatchObject(
      invalid(
        'Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.',
      ),
    )
    for (const FilterArns of [[arnOf('rule/other')], [arnOf('rule/strict/none')]]) {
      await expect(
        world.replay('x', 'strict', { Destination: { Arn: busArn('strict'), FilterArns } }),
      ).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringContaining('Parameter Destination.FilterArns is not valid.'),
      })
    }
    await world.replay('strict', 'strict')
    await expect(world.replay('strict', 'strict')).rejects.toMatchObject(
      refusal('ResourceAlreadyExistsException', 'Replay strict already exists.'),
    )
    await world.ended('strict')
    await expect(
      world.events.send(new CancelReplayCommand({ ReplayName: 'strict' })),
    ).rejects.toMatchObject(
      refusal(
        'IllegalStatusException',
        'Replay strict is not in a valid state for this operation.',
      ),
    )
    const missing = refusal('ResourceNotFoundException', 'Replay x does not exist.')
    for (const command of [
      new DescribeReplayCommand({ ReplayName: 'x' }),
      new CancelReplayCommand({ ReplayName: 'x' }),
    ]) {
      await expect(world.events.send(command)).rejects.toMatchObject(missing)
    }
  })

  it('of an archive without a bus is refused, and what the archive holds stays readable', async () => {
    await world.archived('orphan')
    await world.put('orphan', [{ n: 1 }])
    await world.countIs('orphan', 1)
    const of = { EventBusName: 'orphan' }
    const Name = 'Events-Archive-orphan'
    await world.events.send(
      new RemoveTargetsCommand({ Rule: Name, ...of, Ids: [Name], Force: true }),
    )
    await world.events.send(new DeleteRuleCommand({ Name, ...of, Force: true }))
    await world.events.send(new DeleteEventBusCommand({ Name: 'orphan' }))
    expect(await world.describe('orphan')).toMatchObject({
      ...{ State: 'DISABLED', StateReason: 'Event bus orphan does not exist.', EventCount: 1 },
    })
    await expect(world.replay('orphan', 'orphan')).rejects.toMatchObject(
      refusal('ResourceNotFoundException', 'Event bus orphan does not exist.'),
    )
    // A bus that is made under its name is another one, until the archive is told to take it.
    await world.events.send(new CreateEventBusCommand({ Name: 'orphan' }))
    expect(await world.describe('orphan')).toMatchObject({ State: 'DISABLED', EventCount: 1 })
    const update = { ArchiveName: 'orphan', Description: 'again' }
    await world.events.send(new UpdateArchiveCommand(update))
    expect(await world.describe('orphan')).toMatchObject({ State: 'ENABLED', EventCount: 1 })
    await world.replay('orphan', 'orphan')
    await world.ended('orphan')
    await world.events.send(new DeleteArchiveCommand({ ArchiveName: 'orphan' }))
  })

  it('of tenancy events sends them with their names', async () => {
    const logging = await world.clientOf('logging')
    const bus = `aws.partner/stax.io/${ACCOUNTS.LOGGING}/default`
    const start = `arn:aws:events:${REGION}:${ACCOUNTS.LOGGING}`
    const Arn = `${start}:event-bus/${bus}`
    const ArchiveName = 'tenancy'
    const EventPattern = '{"detail":{"tokenName":["archived"]}}'
    const archive = { ArchiveName, EventSourceArn: Arn, EventPattern }
    await logging.send(new CreateArchiveCommand(archive))
    const rule = { Name: 'again', EventBusName: bus, EventPattern: '{"replay-name":["tenancy"]}' }
    await logging.send(new PutRuleCommand(rule))
    const Targets = [{ Id: 't', Arn: `${world.receiver.url}/tenancy` }]
    await logging.send(new PutTargetsCommand({ Rule: 'again', EventBusName: bus, Targets }))
    const { organisationId, hub } = world
    const token = { organisationId, name: 'archived', role: 'api_user' }
    expect((await hub.rest('POST', '/api-tokens', token)).status).toBe(201)
    await vi.waitFor(async () => {
      const { EventCount } = await logging.send(new DescribeArchiveCommand({ ArchiveName }))
      expect(EventCount).toBe(1)
    }, 10_000)
    const replay = { ReplayName: 'tenancy', EventSourceArn: `${start}:archive/tenancy` }
    await logging.send(new StartReplayCommand({ ...replay, ...SPAN, Destination: { Arn } }))
    const [came] = await world.arrived(1, 'tenancy')
    expect(came?.body).toMatchObject({
      'replay-name': 'tenancy',
      detail: { tokenName: 'archived', meta: { organization: { name: 'Test' } } },
    })
  })

  it('of many events is cancelled in its midst; ten may be under way, and the list tells', async () => {
    await world.archived('many')
    const slow = await startReceiver((_request, response) => setTimeout(() => response.end(), 100))
    await world.events.send(
      new PutRuleCommand({
        ...{
          Name: 'slow',
          EventBusName: 'many',
          EventPattern: '{"replay-name":[{"exists":true}]}',
        },
      }),
    )
    const Targets = [{ Id: 't', Arn: slow.url }]
    await world.events.send(new PutTargetsCommand({ Rule: 'slow', EventBusName: 'many', Targets }))
    for (let n = 0; n < 200; n += 1) {
      await world.put(
        'many',
        Array.from({ length: 10 }, (_, index) => ({ n: n * 10 + index })),
      )
    }
    const names = Array.from({ length: 10 }, (_, n) => `many-${n}`)
    for (const name of names) await world.replay(name, 'many')
    await expect(world.replay('many-10', 'many')).rejects.toMatchObject(
      refusal(
        'LimitExceededException',
        'The requested resource exceeds the maximum number allowed.',
      ),
    )
    await world.ended('many-0', 'RUNNING')
    const listed = await world.events.send(
      new ListReplaysCommand({ NamePrefix: 'many-', Limit: 7 }),
    )
    expect(listed.Replays?.map(({ ReplayName }) => ReplayName)).toEqual(names.slice(0, 7))
    const { NextToken } = listed
    const rest = await world.events.send(
      new ListReplaysCommand({ NamePrefix: 'many-', Limit: 7, NextToken }),
    )
    expect(rest.Replays?.map(({ ReplayName }) => ReplayName)).toEqual(names.slice(7))
    await expect(
      world.events.send(
        new ListReplaysCommand({ NamePrefix: 'many-', EventSourceArn: archiveArn('many') }),
      ),
    ).rejects.toMatchObject(
      refusal(
        'ValidationException',
        'At most one filter is allowed for ListReplays. Use either : State, EventSourceArn, or NamePrefix.',
      ),
    )
    for (const ReplayName of names) {
      const answer = await world.events.send(new CancelReplayCommand({ ReplayName }))
      expect(answer).toMatchObject({
        State: 'CANCELLING',
        ReplayArn: arnOf(`replay/${ReplayName}`),
      })
    }
    for (const name of names) {
      expect((await world.ended(name, 'CANCELLED')).ReplayEndTime).toBeInstanceOf(Date)
    }
    const byState = await world.events.send(new ListReplaysCommand({ State: 'CANCELLED' }))
    expect(byState.Replays?.map(({ ReplayName }) => ReplayName)).toEqual(names)
    const byArchive = await world.events.send(
      new ListReplaysCommand({ EventSourceArn: archiveArn('many') }),
    )
    expect(byArchive.Replays).toHaveLength(10)
    await world.replay('many-10', 'many', {
      EventStartTime: new Date(0),
      EventEndTime: new Date(1_000),
    })
    await world.ended('many-10')
    await slow.close()
  })
})
