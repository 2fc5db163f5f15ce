import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { actorOf } from './actor-of.ts'
import { ACCOUNT, organisations } from './organisations.fixture.ts'
import type { Organisations } from './organisations.fixture.ts'

const MEI = { kind: 'person', name: 'Mei Tanaka', email: 'mei@example.com' } as const
let known: Organisations

beforeAll(async () => {
  known = await organisations()
})
afterAll(() => known.remove())

/** The actor of an event of the tenancy of Mei's organisation. */
function actorIn(detail: unknown, source = 'aws.partner/stax.io/222233334444/default') {
  const json = JSON.stringify({ detail })
  const event = { source, detailType: 'Security: x', account: ACCOUNT, acceptedAt: Date.now() }
  return actorOf({ ...event, json }, known)
}

describe('an event of the tenancy', () => {
  it('names the user of the tenancy, and no other organisation’s', async () => {
    const detail = { meta: { user: { id: known.mei } } }
    expect(await actorIn(detail)).toMatchObject({
      ...{ ...MEI, userId: known.mei, confidence: 'certain' },
    })
    const foreign = await actorIn({ meta: { user: { id: known.eve } } })
    expect(foreign).toMatchObject({ name: known.eve, confidence: 'claimed' })
    expect(await actorIn({ meta: {} })).toBeUndefined()
  })

  it('is one of the hub’s own partner: the word of another partner is not believed', async () => {
    const detail = { meta: { user: { id: known.mei } } }
    expect(await actorIn(detail, 'aws.partner/example.com/1/stax.io')).toBeUndefined()
  })

  it('of a sign-in that failed names nobody for certain', async () => {
    const meta = { user: { id: known.mei } }
    const failed = { meta, authMethod: 'Login', status: 'FAILED' }
    expect(await actorIn(failed)).toMatchObject({ ...MEI, confidence: 'claimed' })
  })

  it('that a publisher emitted is its word', async () => {
    const apiToken = { accessKeyId: 'a-key', tokenName: 'deploy' }
    const emitted = { meta: { user: { id: known.mei }, apiToken, emitted: true } }
    expect(await actorIn(emitted)).toMatchObject({
      ...{ kind: 'person', confidence: 'claimed' },
      steps: expect.arrayContaining([expect.stringContaining('deploy emitted the event')]),
    })
  })

  it('of a call with an API token names the token, unless its secret was wrong', async () => {
    const meta = { apiToken: { accessKeyId: 'a-key', tokenName: 'deploy' } }
    expect(await actorIn({ meta, accessKeyId: 'another', status: 'SUCCESS' })).toMatchObject({
      ...{ kind: 'workload', name: 'API token deploy', confidence: 'certain' },
    })
    const forged = { meta, accessKeyId: 'a-key', status: 'FAILED' }
    expect(await actorIn(forged)).toMatchObject({ confidence: 'claimed' })
  })
})
