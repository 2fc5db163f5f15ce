import { afterAll, beforeAll, expect, it } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'
import { newChannel, newInhibition, newSilence, newSpikeDetector } from '../rest-world.ts'

const folder = newDataFolder()
let hub: HubProcess
let organisationId: string
let serial = 0
const next = () => (serial += 1)

beforeAll(async () => {
  // Nothing is sent: a name that leads nowhere (RFC 6761).
  const mail = ['--smtp-host', 'mail.invalid', '--smtp-from', 'belfry@example.com']
  hub = await startHubProcess(folder, mail)
  organisationId = (await createOrganisation(hub)).organisationId
})
afterAll(async () => {
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

it('a mail channel has 50 recipients and no more', async () => {
  const to = Array.from({ length: 50 }, (_, at) => `reader-${at}@example.com`)
  const create = (name: string, addresses: readonly string[]) => {
    const settings = { kind: 'email', to: addresses }
    return hub.rest('POST', '/channels', { organisationId, name, settings })
  }
  const refused = await create('one-more', [...to, 'more@example.com'])
  expect(refused.status).toBe(400)
  expect(refused.body.message).toContain('50')
  const { items } = (await hub.rest('GET', `/channels?organisationId=${organisationId}`)).body
  expect(items).toEqual([])
  const full = await create('full', to)
  expect(full.status).toBe(201)
  expect((await hub.rest('DELETE', `/channels/${full.body.id}`)).status).toBe(204)
})

it.each([
  { path: '/channels', code: 'channel.too-many', given: newChannel, max: 100 },
  { path: '/silences', code: 'silence.too-many', given: newSilence, max: 200 },
  { path: '/inhibitions', code: 'inhibition.too-many', given: newInhibition, max: 50 },
  {
    ...{ path: '/spike-detectors', code: 'spike-detector.too-many' },
    ...{ given: newSpikeDetector, max: 100 },
  },
])('an organisation has $max of $path and no more', async ({ path, code, given, max }) => {
  const create = () => hub.rest('POST', path, given({ organisationId, next }))
  const ids = async () => {
    const { body } = await hub.rest('GET', `${path}?organisationId=${organisationId}&limit=1000`)
    return body.items.map(({ id }: { id: string }) => id)
  }
  const made: string[] = []
  for (let count = 0; count < max; count += 1) {
    const { status, body } = await create()
    expect({ status, body }).toMatchObject({ status: 201 })
    made.push(body.id)
  }
  const refused = await create()
  expect(refused).toMatchObject({ status: 409, body: { code } })
  expect(refused.body.message).toMatch(new RegExp(`has ${max} .* already: delete one first`))
  expect((await ids()).toSorted()).toEqual(made.toSorted())
  expect((await hub.rest('DELETE', `${path}/${made[0]}`)).status).toBe(204)
  expect((await create()).status).toBe(201)
  expect((await create()).status).toBe(409)
})
