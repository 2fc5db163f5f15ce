import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { systemIds as ids } from '#src/ports/ids.ts'
import type { State } from '#src/ports/state.ts'
import { createActions } from './actions.ts'
import { createCredentials } from './credentials.ts'
import { API_TOKENS, TOKEN_USES } from './documents.ts'
import { OPERATOR, createTestTenancy, testVault } from './tenancy.fixture.ts'
import type { TestTenancy } from './tenancy.fixture.ts'
import { createTokenUses } from './token-use.ts'

let given: TestTenancy
beforeAll(async () => {
  given = await createTestTenancy()
})
afterAll(() => given.close())

const newToken = () =>
  given.tenancy.apiTokens.create(OPERATOR, {
    ...{ organisationId: given.organisationId, name: 'token', role: 'api_user' },
  })
const clock = { now: () => given.now() }

describe('the credential of an API token', () => {
  it('is forgotten with the token, also by who was reading it just then', async () => {
    const { accessKeyId } = await newToken()
    const gate = Promise.withResolvers<void>()
    const slowly: State = {
      ...given.state,
      get: async (from, key) => {
        const found = await given.state.get(from, key)
        await gate.promise
        return found
      },
    }
    const credentials = createCredentials({ state: slowly, clock, ids, vault: testVault })
    const reading = credentials.find(accessKeyId)
    await given.tenancy.apiTokens.remove(OPERATOR, accessKeyId)
    gate.resolve()
    await reading
    expect(await credentials.find(accessKeyId)).toBeUndefined()
  })

  it('is not that of another token, into whose document its secret was copied', async () => {
    const [one, other] = [await newToken(), await newToken()]
    await given.state.transact(async (transaction) => {
      const stored = await transaction.get(API_TOKENS, one.accessKeyId)
      const { accessKeyId } = other
      if (stored !== undefined) {
        transaction.put(API_TOKENS, accessKeyId, { ...stored, accessKeyId })
      }
    })
    const { credentials } = given.restarted()
    expect((await credentials.find(one.accessKeyId))?.secretAccessKey).toBe(one.secretAccessKey)
    expect(await credentials.find(other.accessKeyId)).toBeUndefined()
  })
})

describe('the use of an API token', () => {
  it('is noted by the next call when the store failed at one', async () => {
    const { accessKeyId } = await newToken()
    const principal = { ...OPERATOR, accessKeyId, organisationId: given.organisationId }
    let failing = true
    const state: State = {
      ...given.state,
      get: (from, key) =>
        failing ? Promise.reject(new Error('the disk failed')) : given.state.get(from, key),
    }
    const actions = createActions({ state: given.state, clock, ids })
    const uses = createTokenUses({ state, actions, clock })
    await expect(uses.note(principal, { ok: true }, undefined)).rejects.toThrow('the disk failed')
    failing = false
    await uses.note(principal, { ok: true }, undefined)
    const usedAt = given.now()
    expect(await given.state.get(TOKEN_USES, accessKeyId)).toMatchObject({ usedAt })
  })
})
