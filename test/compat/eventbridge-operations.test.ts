import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { REGION, createOrganisation } from '../organisation.ts'
import { OPERATION_CALLS } from './eventbridge/operation-calls.ts'
import { BEFORE_REFUSALS, REFUSALS } from './eventbridge/refusals.ts'
import { SDK_OPERATIONS, send } from './eventbridge/sdk-call.ts'
import type { SdkCall } from './eventbridge/sdk-call.ts'

const folder = newDataFolder()
const clients = new Map<string, EventBridgeClient>()
let hub: HubProcess

beforeAll(async () => {
  // Targets in AWS are taken, and none is ever reached.
  const env = { AWS_ACCESS_KEY_ID: 'AKIAHUB', AWS_SECRET_ACCESS_KEY: 'HUBSECRET' }
  hub = await startHubProcess(folder, ['--aws-targets', 'on'], env)
  await createOrganisation(hub)
  for (const profile of ['member', 'security']) {
    const credentials = await hub.profile(profile)
    clients.set(profile, new EventBridgeClient({ endpoint: hub.url, region: REGION, credentials }))
  }
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

/** Makes a call and holds what comes of it against what should. */
async function made(one: SdkCall, known: object): Promise<object> {
  const { operation, input, answer = {}, refusal, profile = 'member' } = one
  const client = clients.get(profile) as EventBridgeClient
  const given = typeof input === 'function' ? input(known) : input
  const sent = send(client, operation, given)
  if (refusal === undefined) {
    const answered = await sent
    expect({ operation, answer: answered }).toMatchObject({ operation, answer })
    return answered
  }
  const told = await sent.then(
    () => ({ name: 'no error', message: `${operation} was answered as if it had been done` }),
    (error: Error) => error,
  )
  const { name, message } = told
  expect({ operation, name, message }).toEqual({ operation, ...refusal })
  return {}
}

describe("every operation that AWS's client knows", () => {
  it('is called', () => {
    const called = OPERATION_CALLS.flatMap(({ calls }) => calls.map(({ operation }) => operation))
    expect([...new Set(called)].toSorted()).toEqual(SDK_OPERATIONS.toSorted())
    expect(SDK_OPERATIONS).toHaveLength(57)
  })

  it.each(OPERATION_CALLS)('does what it says: $subject', async ({ calls }) => {
    let known = {}
    for (const one of calls) {
      const look = async () => {
        known = { ...known, ...(await made(one, known)) }
      }
      await (one.isAwaited ? vi.waitFor(look, 20_000) : look())
    }
  })
})

describe('what AWS refuses', () => {
  beforeAll(async () => {
    for (const one of BEFORE_REFUSALS) await made(one, {})
  })

  it.each(REFUSALS)('is refused in its words: $situation', async ({ call }) => {
    await made(call, {})
  })
})
