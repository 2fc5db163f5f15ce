import { EventBridgeClient, ListEventBusesCommand } from '@aws-sdk/client-eventbridge'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { SERVICE_EVENTS } from '#src/model/catalogue/service-configuration.ts'
import { SERVICE_CONFIGURATIONS } from '#src/model/service-configuration.ts'
import { follow } from '../event-follower.ts'
import type { EventFollower } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { OTHER_REGION, REGION, createOrganisation } from '../organisation.ts'
import { restAs } from '../rest-caller.ts'
import { ended, told } from '../tenancy-calls.ts'

const NEW_REGION = 'eu-west-1'
const GUARDDUTY = SERVICE_CONFIGURATIONS.GUARDDUTY.example

const folder = newDataFolder()
let hub: HubProcess
let follower: EventFollower
let ours: Awaited<ReturnType<typeof createOrganisation>>

const call = (method: string, path: string, body?: unknown) => {
  const separator = path.includes('?') ? '&' : '?'
  return hub.rest(method, `${path}${separator}organisationId=${ours.organisationId}`, body)
}
const configure = (service: string, body: unknown) =>
  call('PUT', `/services/${service}/configuration`, body)
const report = (service: string, body: unknown) => call('PUT', `/services/${service}/state`, body)

beforeAll(async () => {
  hub = await startHubProcess(folder)
  ours = await createOrganisation(hub)
  follower = await follow(hub, await hub.profile('operator'))
})
afterAll(async () => {
  follower.close()
  await hub.kill('SIGTERM')
  removeDataFolder(folder)
})

describe('services', () => {
  it('are listed with what they are before anyone configures them', async () => {
    const { items } = (await call('GET', '/services')).body
    expect(items.map(({ service, state, version }: any) => [service, state, version])).toEqual([
      ...['GUARDDUTY', 'SECURITYHUB'].map((service) => [service, 'INACTIVE', 0]),
      ['REGIONS', 'ACTIVE', 0],
      ...['ACCOUNT', 'GUARDRAILS', 'ORGANIZATION', 'SSO'].map((name) => [name, 'INACTIVE', 0]),
    ])
    const regions = items.find(({ service }: any) => service === 'REGIONS')
    expect(regions.configuration).toEqual({ Enabled: [REGION, OTHER_REGION], Disabled: [] })
  })

  it('are of the organisation of the caller, and the operator says which', async () => {
    expect(await hub.rest('GET', '/services')).toMatchObject({
      ...{ status: 400, body: { code: 'organisation.missing' } },
    })
    const token = { organisationId: ours.organisationId, name: 'reader', role: 'api_readonly' }
    const reader = (await hub.rest('POST', '/api-tokens', token)).body
    const own = await restAs(hub, reader, ['GET', '/services/guardduty'])
    expect(own.body).toMatchObject({ organisationId: ours.organisationId, service: 'GUARDDUTY' })
    const nowhere = await restAs(hub, reader, ['GET', '/services/inspector'])
    expect(nowhere).toMatchObject({ status: 404, body: { code: 'service.not-found' } })
  })

  it('applied by others go from a wish to what is reported of it, version by version', async () => {
    const wished = await configure('guardduty', GUARDDUTY)
    expect(wished).toMatchObject({
      status: 202,
      body: { state: 'CONFIGURING', version: 1, configuration: GUARDDUTY, appliedBy: 'others' },
    })
    const events = (fields: object) => told(follower, 'GuardDutyUpdateEvent', { ...fields })
    expect((await events({ state: 'CONFIGURING' })).detail).toMatchObject({
      ...{ status: 'SUCCESS', configuration: GUARDDUTY },
    })
    const failure = { state: 'ERROR', errorCode: 'NoAdmin', message: 'no delegated administrator' }
    const failed = await report('guardduty', { ...failure, version: 1 })
    expect(failed.body).toMatchObject({ ...failure, version: 2, configurationVersion: 1 })
    expect((await events({ state: 'ERROR' })).detail).toMatchObject({
      ...{ status: 'FAILED', errorCode: 'NoAdmin', message: 'no delegated administrator' },
    })
    const active = await report('guardduty', { state: 'ACTIVE', version: 1 })
    expect(active.body).toMatchObject({ state: 'ACTIVE', version: 3, configuration: GUARDDUTY })
    expect(active.body.errorCode).toBeUndefined()
    expect((await report('guardduty', { state: 'ACTIVE', version: 3 })).body).toEqual(active.body)
    const path = '/services/guardduty/history'
    const first = (await call('GET', `${path}?limit=2`)).body
    const rest = (await call('GET', `${path}?limit=2&nextToken=${first.nextToken}`)).body
    const states = [...first.items, ...rest.items].map(({ version, state }) => [version, state])
    expect(states).toEqual([
      ...[
        [3, 'ACTIVE'],
        [2, 'ERROR'],
        [1, 'CONFIGURING'],
      ],
    ])
  })

  it('keep the state of a newer configuration from what is reported of an older one', async () => {
    const hourly = { ...GUARDDUTY, FindingPublishingFrequency: 'ONE_HOUR' }
    const { body } = await configure('guardduty', hourly)
    expect(body).toMatchObject({ state: 'CONFIGURING', version: 4, configurationVersion: 4 })
    const outdated = { status: 409, body: { code: 'service.outdated' } }
    for (const version of [1, 3, 5]) {
      const answer = await report('guardduty', { state: 'ACTIVE', version })
      expect(answer).toMatchObject(outdated)
    }
    const nameless = await report('guardduty', { state: 'ACTIVE' })
    expect(nameless).toMatchObject({ status: 400, body: { code: 'request.invalid' } })
    expect((await call('GET', '/services/guardduty')).body).toEqual(body)
    const active = await report('guardduty', { state: 'ACTIVE', version: 4 })
    expect(active.body).toMatchObject({ state: 'ACTIVE', configuration: hourly })
  })

  it.each([
    ['guardduty', { ...GUARDDUTY, Detector: true }, '"Detector"'],
    [
      'guardduty',
      { ...GUARDDUTY, FindingPublishingFrequency: 'NEVER' },
      '"FindingPublishingFrequency"',
    ],
    ['guardduty', { FindingPublishingFrequency: 'ONE_HOUR' }, '"Features" is missing'],
    [
      'securityhub',
      { Standards: { AWS_REGIONS: ['nowhere'] } },
      '"Standards.AWS_FOUNDATIONAL_SECURITY_BEST_PRACTICES_1_0_0"',
    ],
    ['account', { AlternateContacts: { SALES: {} } }, '"AlternateContacts.SALES"'],
    ['regions', { Enabled: [] }, '"Enabled"'],
  ])('refuse a configuration of %s that is not valid, with the field', async (...given) => {
    const [service, configuration, field] = given
    const answer = await configure(service, configuration)
    expect(answer).toMatchObject({ status: 400, body: { code: 'service.invalid-configuration' } })
    expect(answer.body.message).toContain(field)
  })

  it('of sign-in are the same wherever they are set, and keep their secret', async () => {
    const { example } = SERVICE_CONFIGURATIONS.SSO
    const answer = await configure('sso', { ...example, ClientSecret: 'a client secret' })
    const set = { state: 'ACTIVE', configuration: example, version: 1 }
    expect(answer).toMatchObject({ status: 202, body: set })
    const path = `/organisations/${ours.organisationId}/sign-in`
    expect((await hub.rest('GET', path)).body).toEqual({ ...example, ClientSecretSet: true })
    const onlyPasswords = { ...example, OIDC: null }
    expect((await hub.rest('PUT', path, onlyPasswords)).status).toBe(200)
    const announced = await follower.waitFor(
      2,
      ({ data }) => data.event.detail.staxEventName === 'SSOUpdateEvent',
    )
    expect(announced.map(({ data }) => data.event.detail.configuration)).toEqual([
      example,
      onlyPasswords,
    ])
    expect(JSON.stringify([answer, announced])).not.toContain('a client secret')
    expect(await configure('sso', { ...onlyPasswords, ClientSecret: 5 })).toMatchObject({
      ...{ status: 400, body: { code: 'service.invalid-configuration' } },
    })
    expect(await report('regions', { state: 'ACTIVE', version: 0 })).toMatchObject({
      ...{ status: 409, body: { code: 'service.applied-by-hub' } },
    })
  })
})

describe('the catalogue', () => {
  it('says that a report is told of where others apply a service, and nowhere else', async () => {
    const { items } = (await call('GET', '/services')).body
    for (const { service, version } of items) {
      const path = `/services/${service.toLowerCase()}/state`
      const type = SERVICE_EVENTS[service as keyof typeof SERVICE_EVENTS]
      const { causes } = (await hub.rest('GET', `/catalogue/${type}`)).body
      const isCause = causes.some(({ action }: any) => action === `PUT /api/v1${path}`)
      const { body } = await call('PUT', path, { state: 'ACTIVE', version })
      expect([service, isCause]).toEqual([service, body.code !== 'service.applied-by-hub'])
    }
  })
})

describe('regions', () => {
  it('that are enabled are wired for every account, and then active', async () => {
    const Enabled = [REGION, OTHER_REGION, NEW_REGION]
    const { status, body } = await configure('regions', { Enabled, Disabled: ['us-west-1'] })
    expect([status, body.state]).toEqual([202, 'CONFIGURING'])
    const task = await ended(hub, body.taskId)
    expect(task).toMatchObject({
      ...{ kind: 'ENABLE_REGIONS', status: 'SUCCEEDED', progress: { done: 4, total: 4 } },
    })
    const event = await told(follower, 'RegionsUpdateEvent', { state: 'ACTIVE' })
    expect(event.detail).toMatchObject({
      ...{ status: 'SUCCESS', configuration: { Enabled, Disabled: ['us-west-1'] } },
    })
    expect((await call('GET', '/services/regions')).body).toMatchObject({
      ...{ state: 'ACTIVE', version: 2, configuration: { Enabled } },
    })
    const credentials = await hub.profile('member')
    const bridge = new EventBridgeClient({ endpoint: hub.url, region: NEW_REGION, credentials })
    const buses = await bridge.send(new ListEventBusesCommand({}))
    expect(buses.EventBuses?.map(({ Name }) => Name)).toEqual(['default'])
  })

  it('are not taken away, and not enabled and disabled at once', async () => {
    const fewer = await configure('regions', { Enabled: [REGION] })
    expect(fewer).toMatchObject({ status: 409, body: { code: 'organisation.region-in-use' } })
    await told(follower, 'RegionsUpdateEvent', { status: 'FAILED' })
    const Enabled = [REGION, OTHER_REGION, NEW_REGION]
    const both = await configure('regions', { Enabled, Disabled: [REGION] })
    expect(both).toMatchObject({ status: 400, body: { code: 'service.invalid-configuration' } })
  })

  it('whose enabling is cut off by a crash are enabled after the next start', async () => {
    const Enabled = [REGION, OTHER_REGION, NEW_REGION, 'us-west-2']
    const [{ body }, second] = await Promise.all([
      configure('regions', { Enabled }),
      configure('regions', { Enabled: [...Enabled, 'eu-west-2'] }),
    ])
    const refusals = [body, second.body].filter(({ code }) => code === 'service.configuring')
    expect(refusals.length).toBeLessThanOrEqual(1)
    const taskId = body.taskId ?? second.body.taskId
    await hub.kill('SIGKILL')
    hub = await startHubProcess(folder)
    expect(await ended(hub, taskId)).toMatchObject({ status: 'SUCCEEDED' })
    const { configuration } = (await call('GET', '/services/regions')).body
    expect(configuration.Enabled).toEqual(expect.arrayContaining([REGION, 'us-west-2']))
  })
})
