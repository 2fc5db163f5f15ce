import { afterAll, expect, it, vi } from 'vitest'

import { follow } from '../event-follower.ts'
import { configChange, ingest } from '../finding-events.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../hub-process.ts'
import type { HubProcess } from '../hub-process.ts'
import { ACCOUNTS, createOrganisation } from '../organisation.ts'

/**
 * A hub is killed with SIGKILL again and again while resources fail and pass a rule in turn.
 * Afterwards each change that was sent has its one alert, in order: none is lost, none is told twice.
 * BELFRY_CRASH_KILLS sets the length of the run.
 */
const KILLS = Number(process.env['BELFRY_CRASH_KILLS'] ?? 4)
const LIFE_MS_MIN = 300
const LIFE_MS_MAX = 1_200
const RESOURCES = 25
const FLAGS = ['--allow-private-targets', '--rule-settling-seconds', '0']
const FIRST_AT = Date.parse('2026-01-31T00:00:00Z')

const folder = newDataFolder()
afterAll(() => removeDataFolder(folder))

it(`tells each change of a finding once, in ${KILLS} kills`, async () => {
  let hub = await startHubProcess(folder, FLAGS)
  const { ingestKey } = await createOrganisation(hub)
  /** How many rounds of changes are taken in. */
  let rounds = 0
  const momentOf = (round: number) => FIRST_AT + round * 1_000
  const changes = (round: number) =>
    Array.from({ length: RESOURCES }, (_, n) =>
      configChange({
        resourceId: `vol-${n}`,
        complianceType: round % 2 === 0 ? 'NON_COMPLIANT' : 'COMPLIANT',
        recordedAt: new Date(momentOf(round)).toISOString(),
      }),
    )
  /** Whether the changes of a round are taken in: AWS's events may overtake each other before. */
  const isTakenIn = async (by: HubProcess, round: number) => {
    const { items } = (await by.rest('GET', '/findings?limit=1000')).body
    const taken = items.filter(({ evaluatedAt }: any) => evaluatedAt === momentOf(round))
    return taken.length === RESOURCES
  }
  const sendUntil = async (to: HubProcess, signal: AbortSignal) => {
    while (!signal.aborted) {
      try {
        await ingest(to, ingestKey, changes(rounds))
        while (!(await isTakenIn(to, rounds))) {
          if (signal.aborted) return
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
        rounds += 1
      } catch {
        // What the kill cut off is sent again, as AWS would.
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
  for (let kill = 0; kill < KILLS; kill += 1) {
    const life = new AbortController()
    const sending = sendUntil(hub, life.signal)
    const lifeMs = LIFE_MS_MIN + Math.random() * (LIFE_MS_MAX - LIFE_MS_MIN)
    await new Promise((resolve) => setTimeout(resolve, lifeMs))
    await hub.kill('SIGKILL')
    life.abort()
    await sending
    hub = await startHubProcess(folder, FLAGS)
  }
  await ingest(hub, ingestKey, changes(rounds))
  rounds += 1

  const bus = `aws.partner/stax.io/${ACCOUNTS.LOGGING}/default`
  const follower = await follow(hub, await hub.profile('operator'), { since: 'start', bus })
  const told = () => {
    const details = follower.events.map(({ data }) => data.event.detail)
    const alerts = details.filter(({ staxEventName }) => staxEventName === 'ComplianceAlertEvent')
    // An event may be delivered more than once, under the same id.
    return [...new Map(alerts.map((alert) => [alert.staxEventID, alert])).values()]
  }
  await vi.waitFor(() => expect(told().length).toBeGreaterThanOrEqual(rounds * RESOURCES), {
    ...{ timeout: 60_000, interval: 200 },
  })
  const expected = Array.from({ length: rounds }, (_, n) => (n % 2 === 0 ? 'FAILED' : 'PASSED'))
  for (let n = 0; n < RESOURCES; n += 1) {
    const ofResource = told().filter(({ resourceId }) => resourceId === `vol-${n}`)
    expect(ofResource.map(({ change }) => change)).toEqual(expected)
  }
  process.stdout.write(`  ${KILLS} kills: ${rounds * RESOURCES} changes, each told once\n`)
  follower.close()
  await hub.kill('SIGTERM')
})
