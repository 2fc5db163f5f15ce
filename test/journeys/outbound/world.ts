import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'

import { signedHeaders } from '#src/model/sigv4.ts'
import { newDataFolder, removeDataFolder, startHubProcess } from '../../hub-process.ts'
import type { HubProcess } from '../../hub-process.ts'
import { REGION, createOrganisation } from '../../organisation.ts'
import { startCanary } from './canary.ts'
import type { Canary } from './canary.ts'
import { ANSWERS, ZONE } from './hostile-names.ts'
import { FORBIDDEN_PORTS } from './hostile-urls.ts'
import { startNameServer } from './name-server.ts'
import type { NameServer } from './name-server.ts'

/** Set where every address of the Internet is this machine: see every-address.test.ts. */
export const EVERY_ADDRESS = process.env['BELFRY_TEST_EVERY_ADDRESS'] === '1'

/** What surrounds the hubs of a test: the canary, and what names mean. */
export interface Surroundings {
  readonly canary: Canary
  readonly names: NameServer
  close(): Promise<void>
}

/** @param answer for names of the zone that are the test's own */
export async function openSurroundings(
  answer: (name: string, times: number) => readonly string[] | undefined = () => undefined,
): Promise<Surroundings> {
  // Where names are asked of the system, the system asks at the port of DNS.
  const canary = await startCanary(EVERY_ADDRESS ? [80, 443, ...FORBIDDEN_PORTS] : [])
  const names = await startNameServer(
    (name, times) => answer(name, times) ?? addressesOf(name),
    EVERY_ADDRESS ? 53 : 0,
  )
  return {
    canary,
    names,
    close: async () => {
      await canary.close()
      await names.close()
    },
  }
}

/** How a part of the hub that runs in the test itself resolves names. */
export async function resolveInZone(name: string): Promise<readonly LookupAddress[]> {
  const addresses = addressesOf(name) ?? (name === 'localhost' ? ['127.0.0.1'] : [])
  return addresses.map((address) => ({ address, family: isIP(address) }))
}

function addressesOf(name: string): readonly string[] | undefined {
  const known = ANSWERS.get(name)
  return known ?? (name === ZONE || name.endsWith(`.${ZONE}`) ? ['127.0.0.1'] : undefined)
}

/** A hub in its own process and calls in one of its accounts. */
export interface World extends Surroundings {
  readonly hub: HubProcess
  readonly organisationId: string
  /** EventBridge: anything but 200 is an answer like the others. */
  events(operation: string, input: object): Promise<Answer>
  /** EventBridge Scheduler. */
  schedule(method: 'POST' | 'PUT', name: string, input: object): Promise<Answer>
  /** Ends the hub and leaves its folder. */
  stop(): Promise<void>
}

export interface Answer {
  readonly ok: boolean
  readonly text: string
  readonly body: any
}

const QUOTAS = ['--quota', 'targets=10000,rules=10000']

/** Starts a hub; of a folder that had one it is the same hub again, with other flags. */
export async function startWorld(
  surroundings: Surroundings,
  flags: readonly string[],
  folder: string = newDataFolder(),
): Promise<World> {
  const preload = new URL('ask-name-server.mjs', import.meta.url).href
  const env = {
    BELFRY_TEST_NAME_SERVER: surroundings.names.address,
    NODE_OPTIONS: `--import ${preload}`,
  }
  const hub = await startHubProcess(folder, [...QUOTAS, ...flags], EVERY_ADDRESS ? {} : env)
  const [known] = (await hub.rest('GET', '/organisations')).body.items
  const organisationId = known?.id ?? (await createOrganisation(hub)).organisationId
  const caller = await hub.profile('member')

  const send = async (
    service: string,
    request: { method: string; url: string; headers: Record<string, string>; body: string },
  ): Promise<Answer> => {
    const host = new URL(hub.url).host
    const headers = signedHeaders(
      { ...request, headers: { host, ...request.headers } },
      { ...caller, region: REGION, service, now: Date.now() },
    )
    const { method, url, body } = request
    const response = await fetch(hub.url + url, { method, headers, body })
    const text = await response.text()
    return { ok: response.ok, text, body: JSON.parse(text) }
  }
  return {
    ...surroundings,
    hub,
    organisationId,
    events: async (operation, input) =>
      send('events', {
        ...{ method: 'POST', url: '/', body: JSON.stringify(input) },
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': `AWSEvents.${operation}`,
        },
      }),
    schedule: async (method, name, input) =>
      send('scheduler', {
        ...{ method, url: `/schedules/${name}`, body: JSON.stringify(input) },
        headers: { 'content-type': 'application/json' },
      }),
    stop: () => hub.kill('SIGTERM'),
    close: async () => {
      await hub.kill('SIGTERM')
      removeDataFolder(folder)
    },
  }
}

/** Short for what is asked for hundreds of times; longer and longer for what takes its time. */
const POLL_MS = { first: 5, max: 200 }
const WAIT_MS_MAX = 60_000

/** Asks until there is an answer. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = Date.now() + WAIT_MS_MAX
  for (let pauseMs = POLL_MS.first; ; pauseMs = Math.min(pauseMs * 1.5, POLL_MS.max)) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

/** Some at a time, in order. */
export async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await work(items[index] as T, index)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}
