import { networkInterfaces } from 'node:os'

/** Where a client that trusts an address arrives. */
export type Leads =
  /** At this machine, wherever the test runs. */
  | 'here'
  /** Elsewhere; at this machine only where every address is this machine (every-address.test.ts). */
  | 'there'
  /** Nowhere: multicast, a name that nobody knows, no URL at all. */
  | 'nowhere'

export interface HostileAddress {
  readonly address: string
  /** Whether a hub that allows private targets connects to it. */
  readonly allowed: boolean
  readonly leads: Leads
}

/** Containers often have no IPv6. */
export const HERE_IN_IPV6: Leads = Object.values(networkInterfaces()).some((found) =>
  found?.some(({ address }) => address === '::1'),
)
  ? 'here'
  : 'there'

const PRIVATE_V4 =
  '10.0.0.5 172.16.0.1 172.31.255.254 192.168.1.1 100.64.0.1 198.18.0.1 169.254.1.1'
const METADATA_V4 =
  '169.254.169.254 169.254.169.253 169.254.170.2 169.254.170.23 169.254.42.42 169.254.0.23 ' +
  '100.100.100.200 192.0.0.192 168.63.129.16'
const RESERVED_V4 =
  '0.1.2.3 192.0.0.8 192.0.2.2 198.51.100.7 203.0.113.9 192.88.99.1 240.0.0.1 255.255.255.254'

const PRIVATE_V6 = 'fc00::1 fd00::5 fdff:ffff:ffff::1'
const METADATA_V6 = 'fd00:ec2::254 fd00:ec2::23 fd00:ec2::253 fd20:ce::254 fd00:42::42'
const RESERVED_V6 =
  '::2 100::1 100:0:0:1::1 2001::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 3fff::1 4000::1 ' +
  '5f00::1 fe00::1 fec0::1 64:ff9b:1::1 64:ff9b:0:1::808:808'

const each = (texts: string, allowed: boolean, leads: Leads = 'there'): HostileAddress[] =>
  texts.split(' ').map((address) => ({ address, allowed, leads }))

export const IPV4: readonly HostileAddress[] = [
  ...each('127.0.0.1', true, 'here'),
  ...each('127.1.2.3 127.255.255.254', true),
  ...each('0.0.0.0', false),
  ...each(PRIVATE_V4, true),
  ...each(METADATA_V4, false),
  ...each(RESERVED_V4, false),
  ...each('224.0.0.1 239.255.255.255 255.255.255.255', false, 'nowhere'),
]

export const IPV6: readonly HostileAddress[] = [
  ...each('::1', true, HERE_IN_IPV6),
  ...each('::', false),
  ...each(PRIVATE_V6, true),
  ...each(METADATA_V6, false),
  ...each(RESERVED_V6, false),
  // Without a zone they lead nowhere, and with one they are no URL.
  ...each('fe80::1 febf:ffff::1', true, 'nowhere'),
  ...each('fe80::a9fe:a9fe ff02::1 ff0e::1', false, 'nowhere'),
]

/** One of each kind, for all that can be made of an IPv4 address. */
export const SOME_IPV4: readonly HostileAddress[] = IPV4.filter(({ address }) =>
  (
    '127.0.0.1 0.0.0.0 10.0.0.5 192.168.1.1 100.64.0.1 169.254.1.1 169.254.169.254 169.254.170.2 ' +
    '100.100.100.200 168.63.129.16 198.51.100.7 240.0.0.1'
  )
    .split(' ')
    .includes(address),
)

/** The loopback address of IPv6, at length. */
export const LONG_LOOPBACK: readonly HostileAddress[] = [
  ...each('0:0:0:0:0:0:0:1 0000:0000:0000:0000:0000:0000:0000:0001 ::0001', true, HERE_IN_IPV6),
]

/** A host of a URL that stands for an IPv4 address. */
export type Spelling = readonly [host: string, more?: Partial<HostileAddress>]

/** Other addresses around an IPv4 address; some systems send them on to it. */
export function wrapped({ address, leads }: HostileAddress): readonly Spelling[] {
  const mapped = { leads: leads === 'here' ? HERE_IN_IPV6 : leads }
  const [a = 0, b = 0, c = 0, d = 0] = octets(address)
  const groups = `${hex(a * 256 + b)}:${hex(c * 256 + d)}`
  const inverted = `${hex(0xffff - (a * 256 + b))}:${hex(0xffff - (c * 256 + d))}`
  const never = { allowed: false, leads: 'there' } as const
  return [
    [`[::ffff:${address}]`, mapped],
    [`[::ffff:${groups}]`, mapped],
    // NAT64 is judged as what it wraps.
    [`[64:ff9b::${groups}]`, { leads: 'there' }],
    [`[64:ff9b:1::${groups}]`, never],
    [`[::${groups}]`, never],
    [`[::ffff:0:${groups}]`, never],
    [`[2002:${groups}::1]`, never],
    [`[2001:0:${groups}:8000:0:${inverted}]`, never],
  ]
}

/** The same address as `URL` reads it, and as filters that look at the text do not. */
export function spelled(address: string): readonly Spelling[] {
  const [a = 0, b = 0, c = 0, d = 0] = octets(address)
  const whole = ((a * 256 + b) * 256 + c) * 256 + d
  const tail = (b * 256 + c) * 256 + d
  const [ah, bh, ch, dh] = [a, b, c, d].map((octet) => `0x${hex(octet)}`)
  const [ao, bo, co, dO] = [a, b, c, d].map((octet) => `0${octet.toString(8)}`)
  const inDigits = (zero: number) =>
    address.replaceAll(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)))
  return [
    [`${whole}`],
    [`0x${hex(whole)}`],
    [`0x000000${hex(whole).padStart(8, '0').toUpperCase()}`],
    [`0${whole.toString(8)}`],
    [`${a}.${tail}`],
    [`${a}.${b}.${c * 256 + d}`],
    [`0x${hex(a)}.${tail}`],
    [`${ao}.0x${hex(tail)}`],
    [`${ah}.${bh}.${ch}.${dh}`],
    [`${ao}.${bo}.${co}.${dO}`],
    [`${ah}.${bo}.${c}.${d}`],
    [`000${ao}.${b}.${c}.${d}`],
    [`${address}.`],
    [address.replaceAll('.', '。')],
    [address.replaceAll('.', '．')],
    [address.replaceAll('.', '｡')],
    [inDigits(0xff10)],
    [inDigits(0x1d7ce)],
    [inDigits(0x1d7f6)],
    [`${address.slice(0, 2)}\u00ad${address.slice(2)}`],
    [`${address.slice(0, 1)}\u200b${address.slice(1)}`],
    [address.replaceAll(/\d/g, (digit) => `%3${digit}`)],
    [address.replaceAll('.', '%2e')],
    [address.replaceAll('.', '%E3%80%82')],
  ]
}

function octets(address: string): readonly number[] {
  return address.split('.').map(Number)
}

function hex(value: number): string {
  return value.toString(16)
}
