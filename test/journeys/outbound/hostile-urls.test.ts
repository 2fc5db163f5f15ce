import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { newDataFolder } from '../../hub-process.ts'
import {
  delivered,
  fired,
  giveApiDestinations,
  giveSchedules,
  giveTargets,
  newRule,
  setAwsOrganization,
  setIssuer,
  signInBegun,
  synced,
} from './giving-urls.ts'
import { hostileUrls } from './hostile-urls.ts'
import type { HostileUrl } from './hostile-urls.ts'
import { API_DESTINATION, URL_PLACES } from './url-places.ts'
import { EVERY_ADDRESS, openSurroundings, startWorld } from './world.ts'
import type { Surroundings, World } from './world.ts'

/**
 * Hostile URLs, given to every place where a user of the hub may give one, through the public door
 * of a hub in its own process. A canary listens on every address of the machine; it must stay
 * silent, and hear of the very same URLs where the operator allows private targets.
 */
let surroundings: Surroundings

beforeAll(async () => {
  surroundings = await openSurroundings()
})
afterAll(() => surroundings.close())

let uses = 0
const urlsFor = (scheme: 'http' | 'https') =>
  hostileUrls({ scheme, port: surroundings.canary.port, of: `use${(uses += 1)}` })
const textsOf = (urls: readonly HostileUrl[]) => urls.map(({ url }) => url)
/** Whether a client that trusts the URL would connect to the canary. */
const reaches = ({ leads }: HostileUrl) => leads === 'here' || (EVERY_ADDRESS && leads === 'there')
const note = (text: string) => process.stdout.write(`  ${text}\n`)

describe('a hub as it is started without flags', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld(surroundings, [])
  })
  afterAll(() => world.close())

  it.each(URL_PLACES)('connects to nothing that is $name', { timeout: 120_000 }, async (place) => {
    const { canary } = surroundings
    const urls = urlsFor(place.scheme)
    expect(new Set(textsOf(urls)).size).toBe(urls.length)
    expect(urls.length).toBeGreaterThanOrEqual(300)
    const before = (await canary.heard()).length
    const verdicts = await place.use(world, textsOf(urls))
    expect(verdicts.filter(({ refusedBy }) => refusedBy === undefined)).toEqual([])
    expect((await canary.heard()).slice(before)).toEqual([])
    // A door that takes what it could have refused lets its user wait for a dead letter.
    const taken = verdicts.filter(({ refusedBy }) => refusedBy === 'policy')
    const resolved = new Set(textsOf(urls.filter((one) => one.resolved)))
    expect(taken.filter(({ url }) => !resolved.has(url))).toEqual([])
    expect(taken.length).toBeGreaterThan(50)
    note(`${place.name}: ${urls.length} URLs, ${taken.length} refused when used, 0 connections`)
  })
})

describe('a hub whose operator allows private targets', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld(surroundings, ['--allow-private-targets'])
  })
  afterAll(() => world.close())

  it.each(URL_PLACES)(
    'reaches the canary by what is $name, but where nobody may',
    { timeout: 120_000 },
    async ({ name, schemeInPrivate, form = /./, use }) => {
      const { canary } = surroundings
      const urls = urlsFor(schemeInPrivate).filter(
        (one) => one.allowed === false || (one.allowed && reaches(one) && form.test(one.url)),
      )
      const allowed = urls.filter((one) => one.allowed)
      const before = (await canary.heard()).length
      const verdicts = await use(world, textsOf(urls))
      const taken = verdicts.filter(({ refusedBy }) => refusedBy === undefined)
      expect(taken.map(({ url }) => url)).toEqual(textsOf(allowed))
      expect(taken.length).toBeGreaterThan(20)
      const hits = (await canary.heard()).slice(before)
      // A handshake of TLS does not tell the path.
      if (schemeInPrivate === 'https') expect(hits).toHaveLength(taken.length)
      else expect(useOf(hits)).toEqual(useOf(taken.map(({ url }) => ({ path: url }))))
      note(`${name}: ${taken.length} URLs arrived, ${urls.length - taken.length} refused`)
    },
  )
})

/** The parts of paths by which each URL is known. */
function useOf(hits: readonly { readonly path?: string }[]): readonly string[] {
  const found = hits.map(({ path = '' }) => /use\d+-\d+(?=\/)/.exec(path)?.[0] ?? path)
  return [...new Set(found)].toSorted()
}

/** Long enough for the first hub to end before. */
const FIRES_IN_MS = 10_000

it(
  'a hub that allowed them once refuses what it has stored of them when it no longer does',
  { timeout: 120_000 },
  async () => {
    const { canary } = surroundings
    const folder = newDataFolder()
    const trusting = await startWorld(surroundings, ['--allow-private-targets'], folder)
    const allowed = urlsFor('https').filter((one) => one.allowed && reaches(one))
    const urls = textsOf(allowed.filter(({ url }) => API_DESTINATION.form?.test(url)))
    const plain = urls.map((url) => url.replace(/^https/, 'http'))
    const rules = [await newRule(trusting), await newRule(trusting)] as const
    const targets = await giveTargets(trusting, rules[0], plain)
    const destinations = await giveApiDestinations(trusting, rules[1], urls)
    const [issuer, endpoint] = [
      `https://127.0.0.1:${canary.port}`,
      `http://127.0.0.1:${canary.port}`,
    ]
    expect(await setIssuer(trusting, issuer)).toBeUndefined()
    expect(await setAwsOrganization(trusting, endpoint)).toBeUndefined()
    await synced(trusting, endpoint)
    const schedules = await giveSchedules(trusting, plain, FIRES_IN_MS)
    const given = [targets, destinations, schedules]
    expect(given.flat().filter(({ refusedBy }) => refusedBy !== undefined)).toEqual([])
    await trusting.stop()

    const before = (await canary.heard()).length
    const cautious = await startWorld(surroundings, [], folder)
    const verdicts = [
      ...(await delivered(cautious, rules[0], targets)),
      ...(await delivered(cautious, rules[1], destinations)),
      ...(await fired(cautious, schedules)),
      await signInBegun(cautious, issuer),
      await synced(cautious, endpoint),
    ]
    await cautious.close()
    expect(verdicts.filter(({ refusedBy }) => refusedBy !== 'policy')).toEqual([])
    expect(verdicts.length).toBe(given.flat().length + 2)
    expect((await canary.heard()).slice(before)).toEqual([])
  },
)
