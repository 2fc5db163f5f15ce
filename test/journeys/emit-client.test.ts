import { afterAll, beforeAll, expect, it } from 'vitest'

import { createEmitter } from '../../packages/emit/src/emit.ts'
import type { EmitFault } from '../../packages/emit/src/emit.ts'
import { follow } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, OTHER_REGION, createOrganisation } from '../organisation.ts'

const EVENTS = 1_000
const resourceId = '0194f0e2-5a3c-7b11-9d0e-8b9c0d1e2f3a'
const folder = newDataFolder()
let hub: HubProcess
let organisationId: string

beforeAll(async () => {
  hub = await startHubProcess(folder)
  ;({ organisationId } = await createOrganisation(hub))
})
afterAll(async () => {
  await hub.kill('SIGKILL')
  removeDataFolder(folder)
})

it('what an emitter emits while the hub is killed arrives once and in order', async () => {
  const { url } = hub
  const faults: EmitFault[] = []
  const emitter = createEmitter({
    ...{ url, organisationId, region: OTHER_REGION },
    ...(await hub.profile('operator')),
    onFault: (fault) => faults.push(fault),
  })
  const emitted = Array.from({ length: EVENTS }, (_, number) =>
    emitter.emit(
      'WorkloadCreateEvent',
      { resourceId, resourceName: `workload ${number}`, status: 'SUCCESS' },
      { aws: { accountId: ACCOUNTS.MEMBER } },
    ),
  )
  await Promise.race(emitted)
  await hub.kill('SIGKILL')
  hub = await startHubProcess(folder, ['--port', new URL(url).port])
  const follower = await follow(hub, await hub.profile('operator'), {}, '0')
  const ids = await Promise.all(emitted)
  await emitter.close()
  expect(faults).toEqual([])

  const isOurs = ({ data }: { data: { event: any } }) => 'resourceName' in data.event.detail
  await follower.waitFor(1, ({ data }) => data.event.detail.staxEventID === ids.at(-1))
  const arrived = follower.events.filter(isOurs).map(({ data }) => data.event)
  follower.close()
  const envelopes = new Map(arrived.map(({ id, detail }) => [id, detail]))
  // A crash may repeat an envelope with its id; it makes no other.
  expect([...envelopes.values()].map(({ staxEventID }) => staxEventID)).toEqual(ids)
  const [detail] = envelopes.values()
  expect(detail.meta.aws).toMatchObject({ accountName: 'member-account', region: OTHER_REGION })
})
