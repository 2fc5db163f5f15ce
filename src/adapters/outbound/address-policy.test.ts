import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refusalOfAddress } from './address-policy.ts'

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '52.94.5.1',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.1',
  '168.63.129.15',
  '168.63.129.17',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '192.0.3.0',
  '192.88.98.255',
  '192.88.100.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2001:200::1',
  '2001:4860:4860::8888',
  '2001:db7:ffff::1',
  '2001:db9::1',
  '2003::1',
  '2606:4700:4700::1111',
  '2a00:1450:4001:81b::200e',
  '3ffe:ffff::1',
  '3fff:1000::1',
  '::ffff:8.8.8.8',
  '::ffff:808:808',
  '0:0:0:0:0:ffff:0808:0808',
  '64:ff9b::8.8.8.8',
  '64:ff9b::808:808',
]

const METADATA = [
  '169.254.169.254',
  '169.254.169.253',
  '169.254.169.123',
  '169.254.170.2',
  '169.254.170.23',
  '169.254.42.42',
  '169.254.0.23',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
  'fd00:ec2::254',
  'fd00:ec2::23',
  'fd00:ec2::253',
  'fd00:ec2:0:0:0:0:0:254',
  'FD00:EC2::254',
  'fd20:ce::254',
  'fd00:42::42',
  'fe80::a9fe:a9fe',
  'fe80::a9fe:a9fe%eth0',
  'fe80::169.254.169.254',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '0:0:0:0:0:ffff:a9fe:a9fe',
  '::ffff:a9fe:aa02',
  '::ffff:a83f:8110',
  '::ffff:100.100.100.200',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b::169.254.169.254',
  '64:ff9b::a83f:8110',
]

const LOOPBACK = [
  '127.0.0.1',
  '127.0.0.0',
  '127.1.2.3',
  '127.255.255.255',
  '::1',
  '0:0:0:0:0:0:0:1',
  '::1%lo',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '0:0:0:0:0:ffff:7f00:0001',
  '64:ff9b::7f00:1',
  '64:ff9b::127.0.0.1',
]

const PRIVATE = [
  '10.0.0.0',
  '10.0.0.5',
  '10.255.255.255',
  '172.16.0.0',
  '172.31.255.255',
  '192.168.0.0',
  '192.168.255.255',
  '100.64.0.0',
  '100.127.255.255',
  '198.18.0.0',
  '198.19.255.255',
  'fc00::1',
  'fdff:ffff:ffff::1',
  'fd00::1',
  '::ffff:10.0.0.5',
  '::ffff:c0a8:101',
  '64:ff9b::a00:5',
  '64:ff9b::c0a8:101',
]

const LINK_LOCAL = [
  '169.254.0.1',
  '169.254.168.255',
  '169.254.171.0',
  '169.254.255.255',
  'fe80::1',
  'fe80::1%eth0',
  'febf:ffff::1',
  '::ffff:169.254.1.1',
  '64:ff9b::a9fe:101',
]

const RESERVED = [
  '0.0.0.0',
  '0.0.0.1',
  '0.255.255.255',
  '192.0.0.1',
  '192.0.0.255',
  '192.0.2.1',
  '198.51.100.7',
  '203.0.113.9',
  '192.88.99.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::2',
  '::7f00:1', // v4-compatible
  '::127.0.0.1',
  '::8.8.8.8',
  '::a9fe:a9fe',
  '::ffff:0:0',
  '::ffff:0.0.0.0',
  '::ffff:e000:1',
  '::ffff:0:127.0.0.1', // v4-translated
  '::ffff:0:7f00:1',
  '::fffe:808:808',
  '64:ff9b::', // NAT64 of 0.0.0.0
  '64:ff9b:1::7f00:1', // local NAT64
  '64:ff9b:1:a9fe:a9:fe00::',
  '64:ff9b:0:1::808:808',
  '100::1', // discard
  '100:0:0:1::1',
  '2001::1', // Teredo
  '2001:0:4136:e378:8000:63bf:80ff:fffe',
  '2001:0:808:808:0:0:f7f7:f7f7',
  '2001:2::1',
  '2001:10::1',
  '2001:20::1',
  '2001:1ff:ffff::1',
  '2001:db8::1',
  '2001:db8:ffff::1',
  '2002::1', // 6to4
  '2002:7f00:1::',
  '2002:a9fe:a9fe::1',
  '2002:808:808::1',
  '3fff::1',
  '3fff:fff::1',
  '4000::1',
  '5f00::1',
  'fe00::1',
  'fec0::1', // site-local
  'feff::1',
  'ff00::1',
  'ff02::1',
  'ff0e::1',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
]

const NO_ADDRESS = [
  '',
  'localhost',
  '127.1',
  '2130706433',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '8.8.8.08',
  '8.8.8',
  '8.8.8.8.8',
  '8.8.8.256',
  ' 8.8.8.8',
  '8.8.8.8 ',
  '8.8.8.8\u0000',
  '[2606:4700:4700::1111]',
  '2606:4700::4700::1111',
  ':::1',
  '2606:4700:4700::1111/64',
  '%eth0',
]

const what = (address: string, allowPrivateTargets: boolean) =>
  refusalOfAddress(address, allowPrivateTargets)?.what

describe('with private targets refused', () => {
  it.each(PUBLIC)('"%s" is allowed', (address) => {
    expect(what(address, false)).toBeUndefined()
  })

  it.each([
    ...METADATA.map((address) => [address, 'cloud metadata address']),
    ...LOOPBACK.map((address) => [address, 'loopback address']),
    ...PRIVATE.map((address) => [address, 'private address']),
    ...LINK_LOCAL.map((address) => [address, 'link-local address']),
    ...RESERVED.map((address) => [address, 'reserved address']),
    ...NO_ADDRESS.map((address) => [address, 'not an IP address']),
  ] as [string, string][])('"%s" is refused as %s', (address, reason) => {
    expect(what(address, false)).toBe(reason)
  })
})

describe('with private targets allowed', () => {
  it.each([...PUBLIC, ...LOOPBACK, ...PRIVATE, ...LINK_LOCAL])('"%s" is allowed', (address) => {
    expect(what(address, true)).toBeUndefined()
  })

  it.each([...METADATA, ...RESERVED, ...NO_ADDRESS])('"%s" stays refused', (address) => {
    expect(refusalOfAddress(address, true)).toMatchObject({ isPrivateTarget: false })
  })
})

// Written apart from the tables, in plain arithmetic: the first octets that are never public.
function isPublicIpv4(a: number, b: number, c: number, d: number): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false
  if (a === 100) return b < 64 || b > 127
  if (a === 168) return !(b === 63 && c === 129 && d === 16)
  if (a === 169) return b !== 254
  if (a === 172) return b < 16 || b > 31
  if (a === 192 && b === 0) return c !== 0 && c !== 2
  if (a === 192) return b !== 168 && !(b === 88 && c === 99)
  if (a === 198) return b !== 18 && b !== 19 && !(b === 51 && c === 100)
  if (a === 203) return !(b === 0 && c === 113)
  return true
}

/** Octets near the edges of the tables, and any others. */
const octet = fc.oneof(
  fc.constantFrom(0, 1, 2, 10, 15, 16, 18, 19, 31, 32, 51, 63, 64, 88, 99, 100, 113, 127, 128),
  fc.constantFrom(129, 168, 169, 172, 192, 198, 203, 223, 224, 254, 255),
  fc.integer({ min: 0, max: 255 }),
)

it('an IPv4 address is judged alike in all spellings, and as arithmetic says', () => {
  fc.assert(
    fc.property(octet, octet, octet, octet, (a, b, c, d) => {
      const dotted = `${a}.${b}.${c}.${d}`
      const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
      const allowed = isPublicIpv4(a, b, c, d)
      for (const spelling of [dotted, `::ffff:${dotted}`, `::ffff:${hex}`, `64:ff9b::${hex}`]) {
        expect([spelling, what(spelling, false) === undefined]).toEqual([spelling, allowed])
      }
      for (const wrapped of [`::${hex}`, `2002:${hex}::1`, `64:ff9b:1::${hex}`]) {
        expect([wrapped, what(wrapped, false) === undefined]).toEqual([wrapped, false])
      }
    }),
    { numRuns: 2_000 },
  )
})

it('no IPv6 address outside global unicast is allowed', () => {
  const group = fc.integer({ min: 0, max: 0xffff })
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const first = groups[0] ?? 0
      const isGlobalUnicast = first >= 0x2000 && first <= 0x3fff
      const address = groups.map((value) => value.toString(16)).join(':')
      fc.pre(!isGlobalUnicast)
      expect(what(address, false)).toBeDefined()
    }),
    { numRuns: 2_000 },
  )
})
