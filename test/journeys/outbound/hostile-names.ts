import { HERE_IN_IPV6, IPV4, IPV6, SOME_IPV4 } from './hostile-addresses.ts'
import type { HostileAddress } from './hostile-addresses.ts'

/** The zone that the name server of these tests answers for. */
export const ZONE = 'hostile.test'

/** A public name by its looks; what matters is where it leads. */
export interface HostileName extends Pick<HostileAddress, 'leads'> {
  readonly name: string
  /** Undefined: one of its addresses is public, and nobody may be bothered in a test. */
  readonly allowed: boolean | undefined
}

type Answer = [name: string, addresses: string[]]

/** What names of the zone resolve to; all others resolve to 127.0.0.1. */
export const ANSWERS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...[...IPV4, ...IPV6].map(({ address }) => [nameFor(address), [address]] satisfies Answer),
  ...SOME_IPV4.map(
    ({ address }) => [`mapped-${nameFor(address)}`, [`::ffff:${address}`]] satisfies Answer,
  ),
  [`public-loopback.${ZONE}`, ['8.8.8.8', '127.0.0.1']],
  [`loopback-public.${ZONE}`, ['127.0.0.1', '8.8.8.8']],
  [`public-private.${ZONE}`, ['8.8.8.8', '9.9.9.9', '10.0.0.5']],
  [`public-loopback6.${ZONE}`, ['8.8.8.8', '::1']],
  [`public6-loopback.${ZONE}`, ['2606:4700:4700::1111', '127.0.0.1']],
  [`public-metadata.${ZONE}`, ['8.8.8.8', '169.254.169.254']],
  [`loopback-metadata.${ZONE}`, ['127.0.0.1', '169.254.169.254']],
  [`loopback-metadata6.${ZONE}`, ['127.0.0.1', 'fd00:ec2::254']],
])

/** Forms that a name may have on its way to a resolver; all lead to 127.0.0.1. */
const FORMS = [
  ...['', 'loopback', 'LOOPBACK', 'a_b', 'a-b', '1', '127.0.0.1', '0x7f.1', '2130706433'],
  ...['localhost', 'metadata.goog', 'a.b.c.d.e.f', 'a'.repeat(63), 'xn--bcher-kva'],
  ...['bücher', 'BÜCHER', '💥', 'ｆｕｌｌ', '%61bc', 'ⓗⓞⓢⓣ', 'so\u00adft', 'ﬁ', 'ß', '日本'],
]

export const HOSTILE_NAMES: readonly HostileName[] = [
  ...[...IPV4, ...IPV6].map(({ address, ...about }) => ({ name: nameFor(address), ...about })),
  ...SOME_IPV4.map(({ address, allowed, leads }) => ({
    name: `mapped-${nameFor(address)}`,
    allowed,
    leads: leads === 'here' ? HERE_IN_IPV6 : leads,
  })),
  ...FORMS.map((form) => ({
    name: form === '' ? ZONE : `${form}.${ZONE}`,
    ...({ allowed: true, leads: 'here' } as const),
  })),
  ...[`a。${ZONE.replace('.', '。')}`, `a．${ZONE}`].map((name) => ({
    ...{ name, ...({ allowed: true, leads: 'here' } as const) },
  })),
  ...Array.from(ANSWERS)
    .filter(([, addresses]) => addresses.length > 1)
    .map(([name, addresses]) => ({
      name,
      allowed: addresses.some(isPublic) ? undefined : false,
      leads: 'nowhere' as const,
    })),
]

function isPublic(address: string): boolean {
  return address === '8.8.8.8' || address.startsWith('2606:')
}

function nameFor(address: string): string {
  return `at-${address.replaceAll('.', '-').replaceAll(':', 'x')}.${ZONE}`
}
