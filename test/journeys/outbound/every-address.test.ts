import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { delivered, giveTargets, newRule } from './giving-urls.ts'
import { ZONE } from './hostile-names.ts'
import { PUBLIC, hostileUrls } from './hostile-urls.ts'
import type { HostileUrl } from './hostile-urls.ts'
import {
  API_DESTINATION,
  AWS_ORGANIZATION,
  CHANNEL,
  CONNECTION,
  OPENID_ISSUER,
  SCHEDULE,
  TARGET,
} from './url-places.ts'
import { EVERY_ADDRESS, inParallel, openSurroundings, startWorld } from './world.ts'
import type { Surroundings, World } from './world.ts'

/**
 * On a machine that is every address of the Internet at once, so that the canary sits at each
 * address that a hostile URL can mean: a network namespace of Linux whose loopback interface takes
 * what is sent anywhere, and where names are asked of the test's own name server. This file runs
 * itself there.
 */
const OWN_ADDRESSES = ['9.9.9.9/32', '2620:fe::9/128']
const SETUP = [
  'set -e',
  'ip link set lo up',
  ...OWN_ADDRESSES.map((address) => `ip addr add ${address} dev lo`),
  'ip route add local 0.0.0.0/0 dev lo',
  'ip -6 route add local ::/0 dev lo',
  'folder=$(mktemp -d)',
  'echo nameserver 127.0.0.1 > $folder/resolv.conf',
  'mount --bind $folder/resolv.conf /etc/resolv.conf',
  'echo hosts: files dns > $folder/nsswitch.conf',
  '[ ! -e /etc/nsswitch.conf ] || mount --bind $folder/nsswitch.conf /etc/nsswitch.conf',
].join('\n')
/** Updates ask the same policy: hostile-urls.test.ts shows that they do. */
const PLACES = [
  ...[TARGET, API_DESTINATION, CONNECTION, SCHEDULE, OPENID_ISSUER, AWS_ORGANIZATION],
  CHANNEL,
]
/** A user in a namespace of its own may do all of it, where the system lets users have such. */
const inNamespace = (script: string) => ['-Urnm', 'sh', '-c', `${SETUP}\n${script}`]

const [whyNot] = EVERY_ADDRESS ? ['this is the inside'] : reasonsAgainst()

function reasonsAgainst(): readonly string[] {
  if (process.platform !== 'linux') return ['network namespaces are a thing of Linux']
  try {
    execFileSync('unshare', inNamespace('true'), { stdio: 'pipe' })
    return []
  } catch (error) {
    return [`no network namespace can be made: ${(error as Error).message.split('\n').at(-1)}`]
  }
}

it.skipIf(whyNot !== undefined)(
  'a hub on a machine that is every address of the Internet connects to the public ones alone',
  { timeout: 300_000 },
  async () => {
    const vitest = fileURLToPath(
      new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url),
    )
    const run = inNamespace(`exec "${process.execPath}" "${vitest}" run "${import.meta.filename}"`)
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1' }
    const inside = { ...env, BELFRY_TEST_EVERY_ADDRESS: '1' }
    const { stdout } = await promisify(execFile)('unshare', run, { env: inside }).catch(
      ({ stdout: said, stderr }) => expect.fail(`${said}\n${stderr}`),
    )
    process.stdout.write(stdout.replaceAll(/^(?! {2}\w).*\n/gm, ''))
  },
)
if (whyNot !== undefined && !EVERY_ADDRESS) process.stdout.write(`  skipped: ${whyNot}\n`)

describe.runIf(EVERY_ADDRESS)('where every address is this machine', () => {
  let surroundings: Surroundings
  /** What names lead to at each look-up after the other; the last one stays. */
  const REBINDING: Readonly<Record<string, readonly (readonly string[])[]>> = {
    'then-loopback': [[PUBLIC], ['127.0.0.1']],
    'then-loopback6': [[PUBLIC], ['::1']],
    'then-metadata': [[PUBLIC], ['169.254.169.254']],
    'then-private': [[PUBLIC], ['10.0.0.5']],
    'then-mixed': [[PUBLIC], [PUBLIC, '127.0.0.1']],
    'then-own': [[PUBLIC], ['9.9.9.9']],
  }
  beforeAll(async () => {
    surroundings = await openSurroundings((name, times) => {
      const answers = REBINDING[name.replace(`.rebind.${ZONE}`, '')]
      return answers?.[Math.min(times, answers.length) - 1]
    })
  })
  afterAll(() => surroundings.close())

  let uses = 0
  const urlsFor = (scheme: 'http' | 'https') =>
    hostileUrls({ scheme, port: surroundings.canary.port, of: `use${(uses += 1)}` })
  const isSomewhere = ({ leads }: HostileUrl) => leads !== 'nowhere'

  it('a client without a policy reaches the canary by most of the URLs', async () => {
    const urls = urlsFor('http').filter(isSomewhere)
    const before = (await surroundings.canary.heard()).length
    const failures = await inParallel(urls, 16, async ({ url }) => dial(url))
    expect(failures.filter((failure) => failure !== undefined)).toEqual([])
    expect((await surroundings.canary.heard()).length - before).toBe(urls.length)
    process.stdout.write(`  a client without a policy: ${urls.length} URLs arrive\n`)
  })

  describe('a hub that is started without flags', () => {
    let world: World
    beforeAll(async () => {
      world = await startWorld(surroundings, [])
    })
    afterAll(() => world.close())

    it.each(PLACES)('connects to nothing that is $name', { timeout: 120_000 }, async (place) => {
      const urls = urlsFor(place.scheme)
      const before = (await surroundings.canary.heard()).length
      const verdicts = await place.use(
        world,
        urls.map(({ url }) => url),
      )
      expect(verdicts.filter(({ refusedBy }) => refusedBy === undefined)).toEqual([])
      expect((await surroundings.canary.heard()).slice(before)).toEqual([])
      process.stdout.write(`  ${place.name}: ${urls.length} URLs, 0 connections\n`)
    })

    it('delivers to public addresses, and not where a name leads afterwards', async () => {
      const { canary } = surroundings
      const names = Object.keys(REBINDING).map((name) => `${name}.rebind.${ZONE}`)
      const hosts = [PUBLIC, '[2606:4700:4700::1111]', ...names]
      const put = async (path: string) => {
        const rule = await newRule(world)
        const urls = hosts.map((host, at) => `http://${host}:${canary.port}/${path}-${at}`)
        const before = (await canary.heard()).length
        const verdicts = await delivered(world, rule, await giveTargets(world, rule, urls))
        const addresses = (await canary.heard()).slice(before).map(({ address }) => address)
        return { refused: verdicts.map(({ refusedBy }) => refusedBy), addresses }
      }
      const first = await put('first')
      expect(first.refused).toEqual(hosts.map(() => undefined))
      const everywhere = [...names.map(() => PUBLIC), PUBLIC, '2606:4700:4700::1111']
      expect(first.addresses.toSorted()).toEqual(everywhere.toSorted())
      // The canary ends each connection, so that the next event needs a new one.
      const second = await put('second')
      expect(second.refused).toEqual([undefined, undefined, ...names.map(() => 'policy')])
      expect(second.addresses.toSorted()).toEqual(['2606:4700:4700::1111', PUBLIC])
    })
  })

  describe('a hub whose operator allows private targets', () => {
    let world: World
    beforeAll(async () => {
      world = await startWorld(surroundings, ['--allow-private-targets'])
    })
    afterAll(() => world.close())

    it.each([TARGET, API_DESTINATION, CONNECTION])(
      'reaches the canary at private addresses by what is $name, and no others',
      { timeout: 120_000 },
      async ({ name, use, schemeInPrivate, form = /./ }) => {
        const urls = urlsFor(schemeInPrivate).filter(
          (one) => one.allowed === false || (one.allowed && isSomewhere(one) && form.test(one.url)),
        )
        const before = (await surroundings.canary.heard()).length
        const verdicts = await use(
          world,
          urls.map(({ url }) => url),
        )
        const taken = verdicts.filter(({ refusedBy }) => refusedBy === undefined)
        expect(taken.map(({ url }) => url)).toEqual(
          urls.filter(({ allowed }) => allowed).map(({ url }) => url),
        )
        expect((await surroundings.canary.heard()).length - before).toBe(taken.length)
        process.stdout.write(`  ${name}: ${taken.length} URLs arrive where they are allowed\n`)
      },
    )
  })
})

/** @returns why there is no connection, or undefined */
async function dial(url: string): Promise<string | undefined> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port || 80), hostname.replace(/^\[|\]$/g, ''))
  try {
    await once(socket, 'connect')
    return undefined
  } catch (error) {
    return `${url}: ${(error as Error).message}`
  } finally {
    socket.destroy()
  }
}
