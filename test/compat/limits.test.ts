import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { REGION, createOrganisation } from '../organisation.ts'

const folder = newDataFolder()
let hub: HubProcess
let events: EventBridgeClient

beforeAll(async () => {
  hub = await startHubProcess(folder)
  await createOrganisation(hub)
  const credentials = await hub.profile('member')
  events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

const LIMIT = {
  name: 'LimitExceededException',
  message: 'The requested resource exceeds the maximum number allowed.',
}
const EventPattern = '{"source":["s"]}'

it('a region has 100 event buses, the default one among them, and no more', async () => {
  const create = (n: number) => events.send(new CreateEventBusCommand({ Name: `bus-${n}` }))
  await Promise.all(Array.from({ length: 99 }, (_, n) => create(n)))
  await expect(create(100)).rejects.toMatchObject(LIMIT)
  await events.send(new DeleteEventBusCommand({ Name: 'bus-7' }))
  await create(101)
  await expect(create(102)).rejects.toMatchObject(LIMIT)
})

it('a bus has 300 rules and no more; one that is there can still be changed', async () => {
  const put = (n: number) =>
    events.send(new PutRuleCommand({ Name: `rule-${n}`, EventPattern, EventBusName: 'bus-1' }))
  for (let n = 0; n < 300; n += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => put(n + index)))
  }
  await expect(put(300)).rejects.toMatchObject(LIMIT)
  await put(5)
  const listed: string[] = []
  let NextToken: string | undefined
  do {
    const page = await events.send(new ListRulesCommand({ EventBusName: 'bus-1', NextToken }))
    expect(page.Rules?.length).toBeLessThanOrEqual(100)
    listed.push(...(page.Rules ?? []).map((rule) => rule.Name ?? ''))
    NextToken = page.NextToken
  } while (NextToken !== undefined)
  expect(new Set(listed).size).toBe(300)
  expect(listed).toEqual(listed.toSorted())
  await expect(events.send(new DeleteEventBusCommand({ Name: 'bus-1' }))).rejects.toMatchObject({
    name: 'ValidationException',
    message: "EventBus can't be deleted since it has rules.",
  })
})

it('a bus has 30 rules with wildcards, a rule 5 targets, and no more', async () => {
  const bus = { EventBusName: 'bus-2' }
  const wild = '{"source":[{"wildcard":"a*b"}]}'
  const put = (n: number, pattern = wild) =>
    events.send(new PutRuleCommand({ Name: `wild-${n}`, EventPattern: pattern, ...bus }))
  await Promise.all(Array.from({ length: 15 }, (_, n) => put(n)))
  await Promise.all(Array.from({ length: 15 }, (_, n) => put(n + 15)))
  await expect(put(30)).rejects.toMatchObject(LIMIT)
  await put(30, EventPattern)
  await expect(put(30)).rejects.toMatchObject(LIMIT)
  await put(5)
  await put(5, EventPattern)
  await put(30)
  await events.send(new DeleteRuleCommand({ Name: 'wild-7', ...bus }))
  await put(31)
  await expect(put(32)).rejects.toMatchObject(LIMIT)

  const target = (n: number) => {
    const Targets = [{ Id: `t${n}`, Arn: `https://hooks.example.com/${n}` }]
    return events.send(new PutTargetsCommand({ Rule: 'wild-1', Targets, ...bus }))
  }
  for (let n = 0; n < 5; n += 1) await target(n)
  await expect(target(5)).rejects.toMatchObject(LIMIT)
  await target(4)
})

it('a rule has a pattern of 2,048 characters and no more', async () => {
  const put = (length: number) => {
    const filled = '{"source":[""]}'.replace('""', `"${'x'.repeat(length - 15)}"`)
    return events.send(new PutRuleCommand({ Name: 'long', EventPattern: filled }))
  }
  await put(2_048)
  await expect(put(2_049)).rejects.toMatchObject(LIMIT)
})

it('a detail type has 128 characters and no more', async () => {
  const entry = (length: number) => ({ Source: 's', DetailType: 'd'.repeat(length), Detail: '{}' })
  const answer = await events.send(new PutEventsCommand({ Entries: [entry(128), entry(129)] }))
  expect(answer.Entries?.map((result) => result.ErrorCode)).toEqual([undefined, 'InvalidArgument'])
})

it('a name has 64 characters, a pattern 4096, and violations are told together', async () => {
  const Name = 'n'.repeat(64)
  await events.send(new PutRuleCommand({ Name, EventPattern }))
  const long = `{"source":["${'x'.repeat(4_096)}"]}`
  await expect(
    events.send(new PutRuleCommand({ Name: `${Name}n`, EventPattern: long })),
  ).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(
      /^2 validation errors detected: Value 'n{65}' at 'name' failed to satisfy constraint: Member must have length less than or equal to 64; Value .* at 'eventPattern' .*4096$/,
    ),
  })
})
