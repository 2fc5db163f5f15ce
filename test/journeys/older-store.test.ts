import { afterAll, expect, it, vi } from 'vitest'

import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import { collection } from '#src/ports/state.ts'
import { configChange, ingest } from '../finding-events.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import { ACCOUNTS, createOrganisation } from '../organisation.ts'

const folder = newDataFolder()
afterAll(() => removeDataFolder(folder))

/** Deletes what versions before account scores did not write. */
async function makeOlder(): Promise<void> {
  const store = await openSqliteStore({ folder })
  for (const name of ['finding-counts-of-accounts', 'finding-counting']) {
    const documents = await store.state.list(collection(name), { limit: 100 })
    expect(documents.length).toBeGreaterThan(0)
    await store.state.transact(async (transaction) => {
      for (const { key } of documents) transaction.delete(collection(name), key)
    })
  }
  await store.close()
}

it('a store of an older version has right scores at the first start', async () => {
  const before = await startHubProcess(folder)
  const { ingestKey } = await createOrganisation(before)
  const volumes = Array.from({ length: 4 }, (_, n) =>
    configChange({
      ...{ resourceId: `vol-${n}`, recordedAt: '2026-01-31T08:10:00.000Z' },
      complianceType: n === 0 ? 'NON_COMPLIANT' : 'COMPLIANT',
    }),
  )
  await ingest(before, ingestKey, volumes)
  const right = { awsAccountId: ACCOUNTS.MEMBER, score: 75, passing: 3, failing: 1, excepted: 0 }
  await vi.waitFor(
    async () => {
      const { items } = (await before.rest('GET', '/compliance/scores')).body
      expect(items).toMatchObject([right])
    },
    { timeout: 20_000 },
  )
  await before.kill('SIGTERM')
  await makeOlder()

  const after = await startHubProcess(folder)
  expect((await after.rest('GET', '/compliance/scores')).body.items).toMatchObject([right])
  await after.kill('SIGTERM')
}, 60_000)
