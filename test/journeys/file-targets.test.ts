import {
  EventBridgeClient,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge'
import type { Target } from '@aws-sdk/client-eventbridge'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

const folder = newDataFolder()
const files = join(folder, 'files')
let hub: HubProcess
let events: EventBridgeClient

beforeAll(async () => {
  hub = await startHubProcess(join(folder, 'data'), ['--file-targets', files])
  await createOrganisation(hub)
  const credentials = await hub.profile('member')
  events = new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials })
  const EventPattern = JSON.stringify({ source: ['shop'] })
  await events.send(new PutRuleCommand({ Name: 'shop', EventPattern }))
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

const putTarget = (target: Partial<Target>) =>
  events.send(new PutTargetsCommand({ Rule: 'shop', Targets: [{ Id: 't1', Arn: '', ...target }] }))
async function putEvents(count: number): Promise<readonly string[]> {
  const Entries = Array.from({ length: count }, () => ({
    ...{ Source: 'shop', DetailType: 'Sale', Detail: '{"n":1.0,"text":"a\\nb"}' },
  }))
  const answer = await events.send(new PutEventsCommand({ Entries }))
  return (answer.Entries ?? []).map(({ EventId }) => EventId ?? '')
}
/** So many lines of a file of the member account: waits for them. */
async function linesOf(name: string, count: number): Promise<readonly string[]> {
  const file = join(files, ACCOUNTS.MEMBER, name)
  for (;;) {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
    if (lines.length >= count) return lines
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('a file as a target', () => {
  it('gets each event as a line of JSON, below the folder of the account', async () => {
    await putTarget({ Arn: 'file:///shop/sales.ndjson' })
    const ids = await putEvents(10)
    const lines = await linesOf('shop/sales.ndjson', 10)
    expect(lines.map((line) => String(JSON.parse(line).id)).toSorted()).toEqual(ids.toSorted())
    expect(lines[0]).toContain('"detail":{"n":1.0,"text":"a\\nb"}')
  })

  it('that is rotated is begun anew', async () => {
    const file = join(files, ACCOUNTS.MEMBER, 'shop/sales.ndjson')
    renameSync(file, `${file}.1`)
    const [id] = await putEvents(1)
    const [line = ''] = await linesOf('shop/sales.ndjson', 1)
    expect(JSON.parse(line).id).toBe(id)
    expect(await linesOf('shop/sales.ndjson.1', 10)).toHaveLength(10)
  })

  it.each([
    ['constant', { Input: '{"a":\n [1.0]}' }, '{"a":  [1.0]}'],
    [
      'text',
      { InputTransformer: { InputTemplate: '"one"\n"two"' } },
      String.raw`"\"one\"\n\"two\""`,
    ],
  ])('gets one line for a %s of several', async (name, input, line) => {
    await putTarget({ Arn: `file:///${name}`, ...input })
    await putEvents(1)
    expect(await linesOf(name, 1)).toEqual([line])
  })

  it.each([
    ['file:///../other.ndjson', 'a file is named as in file:///shop/orders.ndjson'],
    ['file:///a/../../b', 'a file is named as in'],
    ['file:///a/%2e%2e/b', 'a file is named as in'],
    ['file:///.hidden', 'a file is named as in'],
    ['file:///a//b', 'a file is named as in'],
    ['file://host/a', 'a file is named as in'],
    ['file:///', 'a file is named as in'],
  ])('is not %s', async (Arn, message) => {
    await expect(putTarget({ Arn })).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(message),
    })
  })

  it('has no role', async () => {
    const RoleArn = `arn:aws:iam::${ACCOUNTS.MEMBER}:role/r`
    await expect(putTarget({ Arn: 'file:///a', RoleArn })).rejects.toThrow(
      'RoleArn is not supported for target file:///a.',
    )
  })
})
