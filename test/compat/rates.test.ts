import {
  CreatePartnerEventSourceCommand,
  EventBridgeClient,
  PutEventsCommand,
  PutPartnerEventsCommand,
} from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

const CALLS_PER_SECOND = 2
const PARTNER_EVENTS_PER_SECOND = 1
/** AWS's 3,600 at once where it lets 1,400 come in a second. */
const PARTNER_BURST = 3

const folder = newDataFolder()
let hub: HubProcess

beforeAll(async () => {
  const quotas = {
    'put-events-rate': CALLS_PER_SECOND,
    'put-partner-events-rate': PARTNER_EVENTS_PER_SECOND,
  }
  const quota = Object.entries(quotas).map((pair) => pair.join('='))
  hub = await startHubProcess(folder, ['--quota', quota.join(',')])
  await createOrganisation(hub)
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

async function clientOf(profile: string, maxAttempts: number): Promise<EventBridgeClient> {
  const credentials = await hub.profile(profile)
  return new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials, maxAttempts })
}

const ENTRY = { Source: 'shop', DetailType: 'd', Detail: '{}' }
/** So many calls at once, which take less time than the rate needs to let all of them through. */
async function putAtOnce(client: EventBridgeClient, calls: number) {
  const command = () => new PutEventsCommand({ Entries: [ENTRY] })
  const results = await Promise.allSettled(
    Array.from({ length: calls }, () => client.send(command())),
  )
  return {
    taken: results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    refused: results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])),
  }
}

describe('the rate of PutEvents', () => {
  it('is refused beyond what the hub was started with, in the words of AWS, to each account alone', async () => {
    const [member, security] = [await clientOf('member', 1), await clientOf('security', 1)]
    const { taken, refused } = await putAtOnce(member, 30)
    expect(taken.length).toBeGreaterThanOrEqual(CALLS_PER_SECOND)
    expect(refused).not.toEqual([])
    for (const error of refused) {
      expect(error).toMatchObject({
        ...{ name: 'ThrottlingException', message: 'Rate exceeded' },
        $metadata: { httpStatusCode: 400 },
      })
    }
    const other = await putAtOnce(security, 1)
    expect(other).toMatchObject({ taken: [{ FailedEntryCount: 0 }], refused: [] })
    const metrics = await (await fetch(`${hub.url}/metrics`)).text()
    expect(metrics).toContain(
      `belfry_events_refused_total{door="put-events",code="ThrottlingException"} ${refused.length}`,
    )
  })

  it('is waited out by the SDK, which tries again by itself', async () => {
    const { taken, refused } = await putAtOnce(await clientOf('logging', 10), 6)
    expect(refused).toEqual([])
    expect(taken.map(({ FailedEntryCount }) => FailedEntryCount)).toEqual(Array(6).fill(0))
  })
})

it('the rate of PutPartnerEvents refuses the last entries of a call, each with its error', async () => {
  const partner = await clientOf('member', 1)
  const Name = 'aws.partner/shop.example/orders/all'
  const offer = { Name, Account: ACCOUNTS.SECURITY }
  await partner.send(new CreatePartnerEventSourceCommand(offer))
  const entries = Array.from({ length: 20 }, () => ({ ...ENTRY, Source: Name }))
  const answer = await partner.send(new PutPartnerEventsCommand({ Entries: entries }))
  const refused = { ErrorCode: 'ThrottlingException', ErrorMessage: 'Rate exceeded' }
  expect(answer.FailedEntryCount).toBe(20 - PARTNER_BURST)
  expect(answer.Entries).toEqual([
    ...Array.from({ length: PARTNER_BURST }, () => ({ EventId: expect.any(String) })),
    ...Array.from({ length: 20 - PARTNER_BURST }, () => refused),
  ])
})
