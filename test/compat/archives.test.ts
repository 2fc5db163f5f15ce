import {
  CreateArchiveCommand,
  CreateEventBusCommand,
  DeleteArchiveCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  DescribeArchiveCommand,
  DescribeRuleCommand,
  DisableRuleCommand,
  ListArchivesCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  UpdateArchiveCommand,
} from '@aws-sdk/client-eventbridge'
import type { CreateArchiveCommandInput } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { archiveArn, arnOf, busArn, refusal, startArchiveWorld } from '../archive-world.ts'
import type { ArchiveWorld } from '../archive-world.ts'
import { ACCOUNTS, OTHER_REGION, REGION } from '../organisation.ts'

let world: ArchiveWorld

beforeAll(async () => {
  world = await startArchiveWorld()
})
afterAll(() => world.end())

const byNumber = (a: number, b: number) => a - b

describe('archives', () => {
  it('are created, described, updated and deleted', async () => {
    await world.events.send(new CreateEventBusCommand({ Name: 'life' }))
    const EventPattern = '{"source": ["my.app"]}'
    const created = await world.events.send(
      new CreateArchiveCommand({
        ...{ ArchiveName: 'life', EventSourceArn: busArn('life'), Description: 'kept' },
        ...{ EventPattern, RetentionDays: 7 },
      }),
    )
    expect(created).toMatchObject({ ArchiveArn: archiveArn('life'), State: 'ENABLED' })
    expect(created.CreationTime).toBeInstanceOf(Date)
    const described = await world.describe('life')
    expect(described).toMatchObject({
      ...{ ArchiveArn: archiveArn('life'), ArchiveName: 'life', EventSourceArn: busArn('life') },
      ...{ Description: 'kept', EventPattern, State: 'ENABLED', RetentionDays: 7 },
      ...{ SizeBytes: 0, EventCount: 0, CreationTime: created.CreationTime },
    })
    const updated = await world.events.send(
      new UpdateArchiveCommand({ ArchiveName: 'life', RetentionDays: 0, Description: '' }),
    )
    expect(updated).toMatchObject({ ArchiveArn: archiveArn('life'), State: 'ENABLED' })
    expect(updated.CreationTime).toEqual(created.CreationTime)
    const after = await world.describe('life')
    expect(after).toMatchObject({ RetentionDays: 0, Description: '', EventPattern })
    await world.events.send(new DeleteArchiveCommand({ ArchiveName: 'life' }))
    const gone = refusal('ResourceNotFoundException', 'Archive life does not exist.')
    for (const command of [
      new DescribeArchiveCommand({ ArchiveName: 'life' }),
      new UpdateArchiveCommand({ ArchiveName: 'life', RetentionDays: 1 }),
      new DeleteArchiveCommand({ ArchiveName: 'life' }),
    ]) {
      await expect(world.events.send(command)).rejects.toMatchObject(gone)
    }
    await world.events.send(new DeleteEventBusCommand({ Name: 'life' }))
  })

  it('refuses what AWS refuses, in its words, and keys of KMS in ours', async () => {
    const create = (more: Partial<CreateArchiveCommandInput>) =>
      world.events.send(
        new CreateArchiveCommand({
          ...{ ArchiveName: 'refused', EventSourceArn: busArn('default') },
          ...more,
        }),
      )
    await expect(create({ EventSourceArn: busArn('none') })).rejects.toMatchObject(
      refusal('ResourceNotFoundException', 'Event bus none does not exist.'),
    )
    await expect(create({ EventPattern: '{"source":"a"}' })).rejects.toMatchObject({
      name: 'InvalidEventPatternException',
      message: expect.stringMatching(/^Event pattern is not valid\. Reason: /),
    })
    const foreign = `arn:aws:events:${REGION}:${ACCOUNTS.SECURITY}:event-bus/default`
    const elsewhere = `arn:aws:events:${OTHER_REGION}:${ACCOUNTS.MEMBER}:event-bus/default`
    for (const EventSourceArn of [foreign, elsewhere]) {
      await expect(create({ EventSourceArn })).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringContaining('Parameter EventSourceArn is not valid.'),
      })
    }
    await expect(create({ KmsKeyIdentifier: 'alias/key' })).rejects.toMatchObject(
      refusal('ValidationException', 'Parameter KmsKeyIdentifier is not supported by Belfry.'),
    )
    await expect(
      create({ ArchiveName: 'a b'.repeat(20), RetentionDays: -1 }),
    ).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(
        /^3 validation errors detected: Value '.*' at 'archiveName' .* length less than or equal to 48; Value '-1' at 'retentionDays' .* greater than or equal to 0$/,
      ),
    })
    await create({ ArchiveName: 'n'.repeat(48) })
    await create({})
    await expect(create({})).rejects.toMatchObject(
      refusal('ResourceAlreadyExistsException', 'Archive refused already exists.'),
    )
    await expect(
      world.events.send(new UpdateArchiveCommand({ ArchiveName: 'refused' })),
    ).rejects.toMatchObject(
      refusal(
        'ValidationException',
        'At least one of EventPattern, RetentionDays or Description must be provided.',
      ),
    )
    await world.events.send(new DeleteArchiveCommand({ ArchiveName: 'refused' }))
    await world.events.send(new DeleteArchiveCommand({ ArchiveName: 'n'.repeat(48) }))
  })

  it('are listed in pages, by one filter at most', async () => {
    for (const name of ['list-a', 'list-b', 'list-c']) await world.archived(name)
    const first = await world.events.send(
      new ListArchivesCommand({ NamePrefix: 'list-', Limit: 2 }),
    )
    expect(first.Archives?.map(({ ArchiveName }) => ArchiveName)).toEqual(['list-a', 'list-b'])
    expect(first.Archives?.[0]).toMatchObject({
      ...{ EventSourceArn: busArn('list-a'), State: 'ENABLED', RetentionDays: 0 },
      ...{ SizeBytes: 0, EventCount: 0 },
    })
    const { NextToken } = first
    const second = await world.events.send(
      new ListArchivesCommand({ NamePrefix: 'list-', Limit: 2, NextToken }),
    )
    expect(second.Archives?.map(({ ArchiveName }) => ArchiveName)).toEqual(['list-c'])
    expect(second.NextToken).toBeUndefined()
    const bySource = await world.events.send(
      new ListArchivesCommand({ EventSourceArn: busArn('list-b') }),
    )
    expect(bySource.Archives?.map(({ ArchiveName }) => ArchiveName)).toEqual(['list-b'])
    const disabled = await world.events.send(new ListArchivesCommand({ State: 'DISABLED' }))
    expect(disabled.Archives).toEqual([])
    await expect(
      world.events.send(new ListArchivesCommand({ NamePrefix: 'list-', State: 'ENABLED' })),
    ).rejects.toMatchObject(
      refusal(
        'ValidationException',
        'At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or NamePrefix.',
      ),
    )
    expect(
      (await (await world.clientOf('security')).send(new ListArchivesCommand({}))).Archives,
    ).toEqual([])
    for (const ArchiveName of ['list-a', 'list-b', 'list-c']) {
      await world.events.send(new DeleteArchiveCommand({ ArchiveName }))
    }
  })

  it('count 20 bytes and the source, detail type and detail of each event', async () => {
    await world.archived('sized')
    const Detail = JSON.stringify({ text: 'x'.repeat(74) })
    expect(Detail).toHaveLength(85)
    const [Source, DetailType] = ['s'.repeat(27), 'd'.repeat(27)]
    const Entries = [{ Source, DetailType, Detail, EventBusName: 'sized' }]
    await world.events.send(new PutEventsCommand({ Entries }))
    expect(await world.countIs('sized', 1)).toMatchObject({ SizeBytes: 159 })
  })

  it('hold what matches their pattern and was put after they were made', async () => {
    await world.events.send(new CreateEventBusCommand({ Name: 'chosen' }))
    await world.put('chosen', [{ n: 0 }])
    const EventPattern = '{"detail":{"n":[{"numeric":["<",2]}]}}'
    const archive = { ArchiveName: 'chosen', EventSourceArn: busArn('chosen') }
    await world.events.send(new CreateArchiveCommand({ ...archive, EventPattern }))
    await world.put('chosen', [{ n: 1 }, { n: 2 }])
    await world.put('default', [{ n: 1 }])
    await world.countIs('chosen', 1)
    await world.events.send(new UpdateArchiveCommand({ ArchiveName: 'chosen', EventPattern: '' }))
    await world.put('chosen', [{ n: 3 }])
    // A replay begins when all that was put before it is in the archive.
    await world.ruleTo('chosen-all', 'chosen', '{"replay-name":["chosen"]}')
    await world.replay('chosen', 'chosen')
    await world.ended('chosen')
    const came = await world.arrived(2, 'chosen-all')
    expect(came.map(({ body }) => body.detail.n).toSorted(byNumber)).toEqual([1, 3])
    await world.countIs('chosen', 2)
  })

  it('are a managed rule of their bus, which nobody changes but by force', async () => {
    await world.archived('ruled', { EventPattern: '{ "source": ["my.app"] }' })
    const of = { EventBusName: 'ruled' }
    const Name = 'Events-Archive-ruled'
    const rule = {
      ...{ Name, Arn: arnOf(`rule/ruled/${Name}`), EventBusName: 'ruled', State: 'ENABLED' },
      ManagedBy: 'prod.vhs.events.aws.internal',
      EventPattern: '{"source":["my.app"],"replay-name":[{"exists":false}]}',
    }
    expect(await world.events.send(new DescribeRuleCommand({ Name, ...of }))).toMatchObject(rule)
    expect((await world.events.send(new ListRulesCommand(of))).Rules).toMatchObject([rule])
    const { Targets } = await world.events.send(new ListTargetsByRuleCommand({ Rule: Name, ...of }))
    expect(Targets).toMatchObject([{ Id: Name, Arn: `arn:aws:events:${REGION}:::` }])
    expect(Targets?.[0]?.InputTransformer?.InputTemplate).toContain(archiveArn('ruled'))
    const managed = `${Name} is a managed rule.`
    for (const command of [
      new PutRuleCommand({ Name, ...of, EventPattern: '{"source":["a"]}' }),
      new DisableRuleCommand({ Name, ...of }),
      new PutTargetsCommand({ Rule: Name, ...of, Targets: [{ Id: 't', Arn: world.receiver.url }] }),
    ]) {
      await expect(world.events.send(command as DisableRuleCommand)).rejects.toMatchObject(
        refusal('ManagedRuleException', managed),
      )
    }
    for (const command of [
      new RemoveTargetsCommand({ Rule: Name, ...of, Ids: [Name] }),
      new DeleteRuleCommand({ Name, ...of }),
    ]) {
      await expect(world.events.send(command as DeleteRuleCommand)).rejects.toMatchObject(
        refusal('ManagedRuleException', `${managed} Set 'force' parameter to true to override.`),
      )
    }
    await expect(
      world.events.send(new DeleteEventBusCommand({ Name: 'ruled' })),
    ).rejects.toMatchObject({
      name: 'ValidationException',
    })
  })

  it('whose rule was deleted by force are disabled, until an update puts it back', async () => {
    await world.archived('forced')
    await world.put('forced', [{ n: 1 }])
    await world.countIs('forced', 1)
    const of = { EventBusName: 'forced' }
    const Name = 'Events-Archive-forced'
    await world.events.send(
      new RemoveTargetsCommand({ Rule: Name, ...of, Ids: [Name], Force: true }),
    )
    await world.events.send(new DeleteRuleCommand({ Name, ...of, Force: true }))
    const described = await world.describe('forced')
    expect(described).toMatchObject({ State: 'DISABLED', EventCount: 1 })
    const disabled = await world.events.send(new ListArchivesCommand({ State: 'DISABLED' }))
    expect(disabled.Archives?.map(({ ArchiveName }) => ArchiveName)).toEqual(['forced'])
    await world.put('forced', [{ n: 2 }])
    const update = { ArchiveName: 'forced', Description: 'again' }
    expect(await world.events.send(new UpdateArchiveCommand(update))).toMatchObject({
      State: 'ENABLED',
    })
    await world.put('forced', [{ n: 3 }])
    await world.ruleTo('forced-all', 'forced', '{"replay-name":["forced"]}')
    await world.replay('forced', 'forced')
    await world.ended('forced')
    const came = await world.arrived(2, 'forced-all')
    expect(came.map(({ body }) => body.detail.n).toSorted(byNumber)).toEqual([1, 3])
  })

  it('count among the 300 rules of a bus, and take no place of another rule', async () => {
    await world.events.send(new CreateEventBusCommand({ Name: 'full' }))
    const EventBusName = 'full'
    const EventPattern = '{"source":["a"]}'
    const putRule = (Name: string) =>
      world.events.send(new PutRuleCommand({ Name, EventBusName, EventPattern }))
    await Promise.all(Array.from({ length: 299 }, (_, n) => putRule(`rule-${n}`)))
    const create = (ArchiveName: string) =>
      world.events.send(new CreateArchiveCommand({ ArchiveName, EventSourceArn: busArn('full') }))
    await create('full-1')
    const exceeded = refusal(
      'LimitExceededException',
      'The requested resource exceeds the maximum number allowed.',
    )
    await expect(create('full-2')).rejects.toMatchObject(exceeded)
    await expect(putRule('rule-300')).rejects.toMatchObject(exceeded)
    await world.events.send(new DeleteArchiveCommand({ ArchiveName: 'full-1' }))
    await putRule('Events-Archive-full-1')
    await expect(create('full-1')).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
      message: 'Rule Events-Archive-full-1 already exists on EventBus full.',
    })
  })
})
