import { afterAll, beforeAll, expect, it } from 'vitest'

import { createOutbound } from '#src/adapters/outbound/undici-outbound.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { OPERATOR, createTestTenancy, testVault } from '#src/tenancy/tenancy.fixture.ts'
import type { TestTenancy } from '#src/tenancy/tenancy.fixture.ts'
import { MASTER_KEY_BYTES, createVault } from '#src/tenancy/vault.ts'
import { startReceiver } from '../../../test/receiver.ts'
import { createChannelParts } from './channel-parts.ts'

let test: TestTenancy

beforeAll(async () => void (test = await createTestTenancy()))
afterAll(() => test.close())

/** As hubs have them that were started with one master key or another. */
const partsWith = (vault: ReturnType<typeof createVault>) =>
  createChannelParts({
    ...{ state: test.state, ids, clock: { now: test.now }, vault, mail: undefined },
    actions: test.tenancy.actions,
    outbound: createOutbound({ allowPrivateTargets: true }),
    urlRefusal: () => undefined,
    publicUrl: () => 'https://belfry.example.com',
  })

it('a channel that was sealed with another master key says so, and is mended by new settings', async () => {
  const receiver = await startReceiver()
  const settings = { kind: 'webhook', url: `${receiver.url}/hook` }
  const { organisationId } = test
  const before = partsWith(createVault(Buffer.alloc(MASTER_KEY_BYTES, 8)))
  const created = await before.channels.create(OPERATOR, { organisationId, name: 'lost', settings })

  const { channels } = partsWith(testVault)
  const rotate = () => channels.rotateSecret(OPERATOR, created.id, { overlapMs: 3_600_000 })
  await expect(rotate()).rejects.toMatchObject({
    ...{ status: 409, code: 'channel.settings-lost' },
    message:
      'the settings of this webhook cannot be opened with the master key: give them again, with a secret',
  })
  expect(await channels.test(OPERATOR, created.id)).toEqual({
    outcome: 'refused',
    answer: 'the settings of the channel cannot be opened with the master key: give them again',
  })
  // The secret that it had is lost with the rest.
  const lost = channels.update(OPERATOR, created.id, { settings })
  await expect(lost).rejects.toMatchObject({ status: 409, code: 'channel.secret-lost' })
  const secret = `whsec_${Buffer.alloc(24, 5).toString('base64')}`
  await channels.update(OPERATOR, created.id, { settings: { ...settings, secret } })
  expect(await channels.test(OPERATOR, created.id)).toMatchObject({ outcome: 'sent' })
  expect((await rotate()).secret).not.toBe(secret)
  await receiver.close()
})
