import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, expect, it, vi } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'

/**
 * A hub is killed with SIGKILL again and again while accounts are made and the trail is written.
 * Afterwards every account that was acknowledged must be in the trail exactly once, and the chain
 * intact. BELFRY_CRASH_KILLS sets the length of the run.
 */
const KILLS = Number(process.env['BELFRY_CRASH_KILLS'] ?? 6)
/** A flush is every second: some lives end before one, some in its midst. */
const LIFE_MS_MIN = 200
const LIFE_MS_MAX = 2_200
const CALLERS = 4
const FLAGS = ['--allow-private-targets', '--trail-flush-seconds', '1', '--trail-format', 'both']

const folder = newDataFolder()
afterAll(() => removeDataFolder(folder))

it(`keeps every acknowledged action in the trail exactly once over ${KILLS} kills`, async () => {
  let hub = await startHubProcess(folder, FLAGS)
  const { organisationId } = await createOrganisation(hub)
  const acknowledged = new Set<string>()
  let next = 500_000_000_000

  const makeAccountsOn = async (on: HubProcess, life: AbortSignal) => {
    while (!life.aborted) {
      const awsAccountId = String((next += 1))
      const given = { organisationId, awsAccountId, name: awsAccountId, accountRole: 'MEMBER' }
      // Not acknowledged where the kill came first: the account may be there or not.
      const answer = await on.rest('POST', '/accounts', given).catch(() => undefined)
      if (answer?.status === 201) acknowledged.add(awsAccountId)
    }
  }

  for (let kill = 0; kill < KILLS; kill += 1) {
    const life = new AbortController()
    const living = hub
    const making = Array.from({ length: CALLERS }, () => makeAccountsOn(living, life.signal))
    const lifeMs = LIFE_MS_MIN + Math.random() * (LIFE_MS_MAX - LIFE_MS_MIN)
    await new Promise((resolve) => setTimeout(resolve, lifeMs))
    life.abort()
    await hub.kill('SIGKILL')
    await Promise.all(making)
    hub = await startHubProcess(folder, FLAGS)
  }

  const trail = join(folder, 'trail', `stax-staxtrail-${organisationId}`)
  const lost = () => {
    const kept = accountsIn(eventsOf(trail))
    return [...acknowledged].filter((account) => !kept.includes(account))
  }
  await vi.waitFor(() => expect(lost()).toEqual([]), { timeout: 30_000, interval: 300 })
  const events = eventsOf(trail)
  const accounts = accountsIn(events)
  process.stdout.write(
    `  ${KILLS} kills: ${acknowledged.size} accounts acknowledged, ${events.length} events in the trail\n`,
  )
  expect(acknowledged.size).toBeGreaterThan(KILLS)
  expect(new Set(accounts).size).toBe(accounts.length)
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
  expect(await verdictOf(hub, organisationId)).toMatchObject({ intact: true, problems: 0 })
  await hub.kill('SIGTERM')
})

function eventsOf(trail: string): readonly any[] {
  return readdirSync(trail, { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.endsWith('.ndjson.gz'))
    .flatMap(({ parentPath, name }) =>
      gunzipSync(readFileSync(join(parentPath, name)))
        .toString()
        .trimEnd()
        .split('\n'),
    )
    .map((line) => JSON.parse(line))
}

function accountsIn(events: readonly any[]): readonly string[] {
  return events
    .filter(({ detail }) => detail.staxEventName === 'AccountCreateEvent')
    .map(({ detail }) => detail.awsAccountId)
}

async function verdictOf(hub: HubProcess, organisationId: string): Promise<any> {
  const lines = await hub.restText('POST', '/trail/verify', { organisationId })
  return JSON.parse(lines.trimEnd().split('\n').at(-1) ?? '')
}
