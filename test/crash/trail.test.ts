import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, expect, it, vi } from 'vitest'

import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { createOrganisation } from '../organisation.ts'

/**
 * A hub is killed with SIGKILL again and again while accounts are made and the trail is written in
 * both formats: every other time in the midst of a flush, as soon as one of its objects is there,
 * else at any time. Afterwards every account that was acknowledged must be in the trail exactly
 * once, in each format, every event once, and the chain intact; and some of the kills must have
 * left a flush half done, or the run has shown nothing. BELFRY_CRASH_KILLS sets its length.
 */
const KILLS = Number(process.env['BELFRY_CRASH_KILLS'] ?? 6)
/** A flush is every second: some lives end before the first one. */
const LIFE_MS_MIN = 200
const LIFE_MS_MAX = 2_200
const CALLERS = 4
const FLAGS = ['--allow-private-targets', '--trail-flush-seconds', '1', '--trail-format', 'both']
const FORMATS = 2

const folder = newDataFolder()
afterAll(() => removeDataFolder(folder))

it(`keeps every acknowledged action in the trail exactly once over ${KILLS} kills`, async () => {
  let hub = await startHubProcess(folder, FLAGS)
  const { organisationId } = await createOrganisation(hub)
  const trail = join(folder, 'trail', `stax-staxtrail-${organisationId}`)
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

  let halfDone = 0
  for (let kill = 0; kill < KILLS; kill += 1) {
    const written = sequencesIn(trail).length
    const life = new AbortController()
    const living = hub
    const making = Array.from({ length: CALLERS }, () => makeAccountsOn(living, life.signal))
    if (kill % 2 === 0) {
      const isFlushing = () => sequencesIn(trail).length > written
      await vi.waitUntil(isFlushing, { timeout: 30_000, interval: 2 })
    } else {
      const lifeMs = LIFE_MS_MIN + Math.random() * (LIFE_MS_MAX - LIFE_MS_MIN)
      await new Promise((resolve) => setTimeout(resolve, lifeMs))
    }
    await hub.kill('SIGKILL')
    life.abort()
    await Promise.all(making)
    if (hasFlushHalfDone(trail)) halfDone += 1
    hub = await startHubProcess(folder, FLAGS)
  }

  const lost = () => {
    const kept = accountsIn(eventsOf(trail))
    return [...acknowledged].filter((account) => !kept.includes(account))
  }
  const isAllThere = async () => {
    const [status] = (await hub.rest('GET', '/trail')).body.items
    expect(status).toMatchObject({ lagSeconds: 0, events: eventsOf(trail).length })
    expect(lost()).toEqual([])
  }
  await vi.waitFor(isAllThere, { timeout: 30_000, interval: 300 })
  const events = eventsOf(trail)
  const accounts = accountsIn(events)
  process.stdout.write(
    `  ${KILLS} kills, ${halfDone} of them in a flush: ${acknowledged.size} accounts acknowledged, ${events.length} events in the trail\n`,
  )
  expect(halfDone).toBeGreaterThan(0)
  expect(acknowledged.size).toBeGreaterThan(KILLS)
  expect(new Set(accounts).size).toBe(accounts.length)
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
  const verdict = await verdictOf(hub, organisationId)
  expect(verdict).toMatchObject({ intact: true, problems: 0 })
  expect(verdict.events).toBe(eventsOf(trail).length * FORMATS)
  await hub.kill('SIGTERM')
  expect(hasFlushHalfDone(trail)).toBe(false)
})

function namesIn(trail: string): readonly string[] {
  return existsSync(trail) ? readdirSync(trail, { recursive: true, encoding: 'utf8' }) : []
}

/** Of the flushes that have objects. */
function sequencesIn(trail: string): readonly string[] {
  const found = namesIn(trail).map((name) => /events.*\/(\d{12})-\d+\./.exec(name)?.[1])
  return [...new Set(found)].filter((sequence) => sequence !== undefined)
}

/** Whether there are objects whose manifest is not there yet. */
function hasFlushHalfDone(trail: string): boolean {
  const manifests = namesIn(trail).filter((name) => name.endsWith('.json'))
  return sequencesIn(trail).length > manifests.length
}

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
