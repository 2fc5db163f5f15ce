import { Putter } from './crash/putter.ts'
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
  /** A number that was not used before. */
  readonly next: () => number
  /** Makes something as the operator. @throws Error where the hub refuses it */
  readonly made: (path: string, body: object) => Promise<any>
  /** The id of the event's dead letter, once it is one: a redrive makes it one again. */
  readonly deadLetterId: () => Promise<number>
}

export async function createWorld(hub: HubProcess): Promise<World> {
  const { organisationId, accountIds } = await createOrganisation(hub)
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
  return { ...things, taskId, eventId, deadLetterId }
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
export const newCostImport = ({
  organisationId,
  next,
}: Pick<World, 'organisationId' | 'next'>) => ({
  ...{ organisationId, exportName: `export-${next()}`, from: { kind: 'upload' } },
})
export const newCostSource = (world: Pick<World, 'organisationId' | 'next'>) => ({
  ...newCostImport(world),
  from: { kind: 'folder', path: 'none' },
})
export const newWebhookSecret = ({ next }: Pick<Named, 'next'>) => ({
  ...{ awsAccountId: ACCOUNTS.MEMBER, url: `https://hooks.example.com/${next()}` },
})
