import { afterAll, expect, it } from 'vitest'

import { follow } from '../event-follower.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, REGION, createOrganisation } from '../organisation.ts'

/**
 * A hub is killed with SIGKILL again and again while users, API tokens and accounts are made,
 * changed and deleted. Afterwards every action has its event and every event its action, whether
 * it was acknowledged or not. BELFRY_CRASH_KILLS sets the length of the run.
 */
const KILLS = Number(process.env['BELFRY_CRASH_KILLS'] ?? 6)
const LIFE_MS_MIN = 50
const LIFE_MS_MAX = 700
const CALLERS = 6

const folder = newDataFolder()
afterAll(() => removeDataFolder(folder))

/** What was acknowledged, by the name of its event. */
interface Acknowledged {
  readonly event: string
  readonly field: string
  readonly id: string
}

let serial = 0
const next = () => (serial += 1)

it(`tells every action, and nothing else, in ${KILLS} kills`, async () => {
  let hub = await startHubProcess(folder)
  const { organisationId } = await createOrganisation(hub)
  const acknowledged: Acknowledged[] = []
  for (let kill = 0; kill < KILLS; kill += 1) {
    const life = new AbortController()
    const acting = Array.from({ length: CALLERS }, () =>
      actUntil(life.signal, hub, { organisationId, acknowledged }),
    )
    const lifeMs = LIFE_MS_MIN + Math.random() * (LIFE_MS_MAX - LIFE_MS_MIN)
    await new Promise((resolve) => setTimeout(resolve, lifeMs))
    await hub.kill('SIGKILL')
    life.abort()
    await Promise.all(acting)
    hub = await startHubProcess(folder)
  }

  const marker = await hub.rest('POST', '/ingest-keys', { organisationId, name: 'marker' })
  const follower = await follow(hub, await hub.profile('operator'), {
    ...{ since: 'start', bus: `aws.partner/stax.io/${ACCOUNTS.LOGGING}/default` },
  })
  await follower.waitFor(1, ({ data }) => data.event.detail.ingestKeyId === marker.body.id)
  const details = follower.events.map(({ data }) => data.event.detail)
  const events = [...new Map(details.map((detail) => [detail.staxEventID, detail])).values()]
  follower.close()

  // Every acknowledged action has its one event.
  const count = (event: string, field: string, id: string) =>
    events.filter((detail) => detail.staxEventName === event && detail[field] === id).length
  expect(acknowledged.length).toBeGreaterThan(KILLS)
  const untold = acknowledged.filter(({ event, field, id }) => count(event, field, id) !== 1)
  expect(untold).toEqual([])

  // Every event has its action, acknowledged or not, and every action its event.
  const named = (name: string, field: string) =>
    events.filter(({ staxEventName }) => staxEventName === name).map((detail) => detail[field])
  const users = await all(hub, `/users?organisationId=${organisationId}`)
  expect(sorted(named('UserCreateEvent', 'userID'))).toEqual(sorted(users.map(({ id }) => id)))
  for (const user of users) {
    const changes = events.filter(
      (detail) => detail.staxEventName === 'UserUpdateEvent' && detail.userID === user.id,
    )
    // The names of each event are those of its time, so the last one's are those of now.
    const names = ['made', ...changes.map((detail) => detail.firstName)]
    expect(user.firstName).toBe(names.at(-1))
    expect(new Set(names).size).toBe(names.length)
  }
  const ofTest = (tokens: readonly any[]) => tokens.filter(({ name }) => name.startsWith('crash-'))
  const tokens = ofTest(await all(hub, '/api-tokens')).map(({ accessKeyId }) => accessKeyId)
  const made = events.filter(
    ({ staxEventName, tokenName }) =>
      staxEventName === 'APITokenCreateEvent' && tokenName.startsWith('crash-'),
  )
  const deleted = new Set(named('APITokenDeleteEvent', 'accessKeyId'))
  const left = made.map(({ accessKeyId }) => accessKeyId).filter((id) => !deleted.has(id))
  expect(sorted(left)).toEqual(sorted(tokens))

  process.stdout.write(
    `  ${KILLS} kills: ${acknowledged.length} actions acknowledged, ${events.length} events, ${details.length - events.length} duplicates\n`,
  )
  await hub.kill('SIGTERM')
})

async function actUntil(
  signal: AbortSignal,
  hub: HubProcess,
  { organisationId, acknowledged }: { organisationId: string; acknowledged: Acknowledged[] },
): Promise<void> {
  const done = (event: string, field: string, id: string) => acknowledged.push({ event, field, id })
  const call = async (method: string, path: string, body?: object) => {
    const answer = await hub.rest(method, path, body)
    if (answer.status >= 300) throw new Error(JSON.stringify(answer))
    return answer.body
  }
  while (!signal.aborted) {
    try {
      const n = next()
      const user = await call('POST', '/users', {
        ...{ organisationId, email: `user${n}@example.com`, role: 'customer_user' },
        ...{ firstName: 'made', lastName: 'L' },
      })
      done('UserCreateEvent', 'userID', user.id)
      await call('PATCH', `/users/${user.id}`, { firstName: `changed-${n}` })
      done('UserUpdateEvent', 'userID', user.id)
      const token = await call('POST', '/api-tokens', {
        ...{ organisationId, name: `crash-${n}`, role: 'api_readonly' },
      })
      done('APITokenCreateEvent', 'accessKeyId', token.accessKeyId)
      if (n % 2 === 0) {
        await call('DELETE', `/api-tokens/${token.accessKeyId}`)
        done('APITokenDeleteEvent', 'accessKeyId', token.accessKeyId)
      }
      const source = { awsAccountId: ACCOUNTS.MEMBER, region: REGION, label: `crash-${n}` }
      const { name } = await call('POST', '/event-sources', source)
      done('EventSourceCreateEvent', 'eventSourceName', name)
    } catch (error) {
      // What the kill cut off may have happened or not; both are looked at afterwards.
      if (!signal.aborted && !(error instanceof TypeError)) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

async function all(hub: HubProcess, path: string): Promise<any[]> {
  const items: any[] = []
  let nextToken: string | undefined
  do {
    const token = nextToken === undefined ? '' : `&nextToken=${nextToken}`
    const separator = path.includes('?') ? '&' : '?'
    const { body } = await hub.rest('GET', `${path}${separator}limit=1000${token}`)
    items.push(...body.items)
    nextToken = body.nextToken
  } while (nextToken !== undefined)
  return items
}

function sorted(texts: readonly string[]): readonly string[] {
  return texts.toSorted()
}
