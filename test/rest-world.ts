import { eventTypeOf } from '#src/model/catalogue/catalogue.ts'
import { Putter } from './crash/putter.ts'
import { configChange, ingest } from './finding-events.ts'
import type { HubProcess } from './hub-process.ts'
import { ACCOUNTS, createOrganisation } from './organisation.ts'
import { ended } from './tenancy-calls.ts'

/** What the calls of the REST API are about, all of it real. */
export interface World {
  readonly hub: HubProcess
  readonly organisationId: string
  readonly customerId: string
  /** By role. */
  readonly accountIds: Readonly<Record<string, string>>
  /** Of a task that has ended. */
  readonly taskId: string
  /** Of an event on the member account's default bus. */
  readonly eventId: string
  /** Of a finding about the member account. */
  readonly findingId: string
  /** A number that was not used before. */
  readonly next: () => number
  /** Makes something as the operator. @throws Error where the hub refuses it */
  readonly made: (path: string, body: object) => Promise<any>
  /** The id of the event's dead letter, once it is one: a redrive makes it one again. */
  readonly deadLetterId: () => Promise<number>
}

export async function createWorld(hub: HubProcess): Promise<World> {
  const { organisationId, accountIds, ingestKey } = await createOrganisation(hub)
  const findingId = await findingOf(hub, ingestKey)
  const { customerId } = (await hub.rest('GET', `/organisations/${organisationId}`)).body
  let serial = 0
  const next = () => (serial += 1)
  const made: World['made'] = async (path, body) => {
    const answer = await hub.rest('POST', path, body)
    if (answer.status === 201) return answer.body
    throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  }
  const things = { hub, organisationId, customerId, accountIds, next, made }
  const closing = await made('/accounts', newAccount(things))
  const { taskId } = (await hub.rest('POST', `/accounts/${closing.id}/close`)).body
  await ended(hub, taskId)
  const settings = { enabled: false, region: 'us-east-1', credentials: KEYS }
  await hub.rest('PUT', `/organisations/${organisationId}/aws-organization`, settings)
  const eventId = await putUndeliverable(hub)
  const deadLetterId = async () => {
    for (;;) {
      const { items } = (await hub.rest('GET', `/dead-letters?eventId=${eventId}`)).body
      if (items.length > 0) return items[0].id as number
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  return { ...things, taskId, eventId, findingId, deadLetterId }
}

/** Puts an event whose only delivery is refused for good. */
async function putUndeliverable(hub: HubProcess): Promise<string> {
  const member = new Putter(await hub.profile('member'))
  const EventPattern = '{"source":["undeliverable"]}'
  await member.call(hub.url, 'PutRule', { Name: 'undeliverable', EventPattern })
  const RetryPolicy = { MaximumRetryAttempts: 0 }
  const Targets = [{ Id: 'nowhere', Arn: `${hub.url}/nowhere`, RetryPolicy }]
  await member.call(hub.url, 'PutTargets', { Rule: 'undeliverable', Targets })
  const Entries = [{ Source: 'undeliverable', DetailType: 'd', Detail: '{}' }]
  return (await member.call(hub.url, 'PutEvents', { Entries })).Entries[0].EventId
}

/** Has AWS Config find something in the member account. */
async function findingOf(hub: HubProcess, ingestKey: string): Promise<string> {
  const recordedAt = '2026-01-31T08:15:00Z'
  const event = configChange({ resourceId: 'vol-1', complianceType: 'NON_COMPLIANT', recordedAt })
  await ingest(hub, ingestKey, [event])
  for (;;) {
    const { items } = (await hub.rest('GET', '/findings')).body
    if (items.length > 0) return items[0].id as string
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

type Named = Pick<World, 'organisationId' | 'next'>

export const KEYS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'a secret access key' }

/** What a new thing of an organisation is made with: a name that no other has. */
export const named = ({ organisationId, next }: Named, prefix = 'thing') => ({
  organisationId,
  name: `${prefix}-${next()}`,
})
export const newAccount = (world: Named) => ({
  ...named(world, 'account'),
  awsAccountId: String(700_000_000_000 + world.next()),
})
export const newUser = ({ organisationId, next }: Named, more: object = {}) => ({
  ...{ organisationId, email: `user${next()}@example.com`, firstName: 'Ada', lastName: 'L' },
  ...{ role: 'customer_readonly', ...more },
})
export const newToken = (world: Named, more: object = {}) => ({
  ...named(world, 'token'),
  ...{ role: 'api_user', ...more },
})
export const newEventSource = ({ next }: Named) => ({
  ...{ awsAccountId: ACCOUNTS.MEMBER, label: `source-${next()}` },
})
export const newChannel = (world: Named, url = 'https://hooks.example.com/') => ({
  ...named(world, 'channel'),
  settings: { kind: 'webhook', url },
})
export const newView = (world: Named) => ({
  ...{ ...named(world, 'view'), kind: 'SINGLE_DIMENSION', dimension: { dimension: 'REGION' } },
  segments: [{ title: 'Europe', values: ['eu-west-1'] }],
})
export const newBudget = (world: Named) => ({ ...named(world, 'budget'), yearAmount: '12000' })
export const newSpikeDetector = (world: Named) => ({
  ...named(world, 'detector'),
  scope: { kind: 'ACCOUNTS' },
})
export const newCostImport = ({
  organisationId,
  next,
}: Pick<World, 'organisationId' | 'next'>) => ({
  ...{ organisationId, exportName: `export-${next()}`, from: { kind: 'upload' } },
})
export const newBundle = ({ organisationId, next }: Named) => ({
  organisationId,
  text: `bundle: own-${next()}
version: 1.0.0
rules: [{ id: one, title: One, severity: LOW, assert: 'true' }]`,
})
const MS_PER_DAY = 86_400_000
export const newException = ({ organisationId, next }: Named) => ({
  ...{ organisationId, scope: { ruleId: `rule-${next()}` }, reason: 'for a test' },
  until: Date.now() + MS_PER_DAY,
})
export const newCostSource = (world: Pick<World, 'organisationId' | 'next'>) => ({
  ...newCostImport(world),
  from: { kind: 'folder', path: 'none' },
})
export const newWebhookSecret = ({ next }: Pick<Named, 'next'>) => ({
  ...{ awsAccountId: ACCOUNTS.MEMBER, url: `https://hooks.example.com/${next()}` },
})

/** By world: an organisation has no room for as many as there are calls. */
const kept = new WeakMap<World['made'], Promise<{ channelId: string; notificationId: string }>>()

/** A channel and a notification that stay. */
export function keptNotification(world: World) {
  const before = kept.get(world.made)
  if (before !== undefined) return before
  const making = (async () => {
    // A name that leads nowhere: RFC 6761.
    const channel = await world.made('/channels', newChannel(world, 'https://channels.invalid/'))
    const given = { ...named(world, 'kept'), channelId: channel.id, alerts: { compliance: {} } }
    const notification = await world.made('/notifications', given)
    return { channelId: channel.id as string, notificationId: notification.id as string }
  })()
  kept.set(world.made, making)
  return making
}
export const newNotification = async (world: World) => ({
  ...named(world, 'notification'),
  channelId: (await keptNotification(world)).channelId,
  alerts: { budgets: {} },
})
export const newSilence = ({ organisationId }: Pick<Named, 'organisationId'>) => ({
  organisationId,
  pattern: { detail: { ruleId: ['nothing'] } },
  reason: 'For a test.',
  endsAt: Date.now() + 3_600_000,
})
export const newInhibition = (world: Named) => ({
  ...named(world, 'inhibition'),
  ...{ source: { detail: { ruleId: ['a'] } }, target: { detail: { ruleId: ['b'] } }, equal: [] },
})

/** By world. */
const keptViews = new WeakMap<World['made'], Promise<any>>()

/** The path of the default segment of a user who has one. */
export async function narrowedUser(world: World): Promise<string> {
  const view = await (keptViews.get(world.made) ?? world.made('/views', newView(world)))
  keptViews.set(world.made, Promise.resolve(view))
  const { id } = await world.made('/users', newUser(world))
  const path = `/users/${id}/default-segment`
  await world.hub.rest('PUT', path, { viewId: view.id, segmentId: view.segments[0].id })
  return path
}

/** The path of an incident that nobody has seen to. */
export async function incident(world: World): Promise<string> {
  const { hub, organisationId } = world
  const { notificationId } = await keptNotification(world)
  const example = eventTypeOf('ComplianceAlertEvent')?.example
  const ruleId = `rule-${world.next()}`
  const fields = { ...example, ruleId, alertId: ruleId }
  const events = [{ organisationId, name: 'ComplianceAlertEvent', fields }]
  await hub.rest('POST', '/tenancy-events', { events })
  const query = new URLSearchParams({ organisationId, notificationId })
  for (;;) {
    const { items } = (await hub.rest('GET', `/incidents?${query.toString()}`)).body
    const found = items.find(({ cause }: any) => cause === `rule ${ruleId} of belfry`)
    if (found !== undefined) return `/incidents/${found.id}`
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
