import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidEventPatternError } from './errors.ts'
import { addressDigits, cidrRange, rangeHolds } from './ip-address.ts'

describe('what is an address, and which', () => {
  test.each([
    ['10.0.0.1', '0A000001'],
    ['010.0.0.01', '0A000001'],
    ['255.255.255.255', 'FFFFFFFF'],
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['0:0:0:0:0:0:0:1', `${'0'.repeat(31)}1`],
    ['2001:DB8::1', '20010DB8000000000000000000000001'],
    ['00001::', `0001${'0'.repeat(28)}`],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['::ffff:a00:1', '0A000001'],
  ])('%s', (text, digits) => {
    expect(addressDigits(text)).toBe(digits)
  })

  // All of these were also given to JDK 17's InetAddress.
  test.each([
    '',
    '1',
    '10.0.0',
    '256.0.0.1',
    '999.1.1.1',
    '0000000010.0.0.1',
    '10.0.0.5/32',
    ':',
    '1:',
    ':1',
    ':::',
    '1::2::3',
    '12345::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
    '1::2:',
    '::ffff:10.0.0.1',
    '10:30',
    'abc:def',
    'fe80::1%eth0',
  ])('%s is none', (text) => {
    expect(addressDigits(text)).toBeUndefined()
  })
})

describe('cidr', () => {
  test.each([
    ['10.0.0.0/24', '0A000000', '0A0000FF'],
    ['10.0.0.77/24', '0A000000', '0A0000FF'],
    ['10.0.0.0/0', '00000000', 'FFFFFFFF'],
    ['10.0.0.2/31', '0A000002', '0A000003'],
    ['10.0.0.0/+8', '0A000000', '0AFFFFFF'],
    ['10.0.0.0/8/', '0A000000', '0AFFFFFF'],
    ['2001:db8::/33', '20010DB8000000000000000000000000', '20010DB87FFFFFFFFFFFFFFFFFFFFFFF'],
  ])('%s', (block, bottom, top) => {
    expect(cidrRange(block)).toEqual({ bottom, top })
  })

  test.each([
    ['', "Malformed CIDR, one '/' required"],
    ['10.0.0.0', "Malformed CIDR, one '/' required"],
    ['10.0.0.0/', "Malformed CIDR, one '/' required"],
    ['10.0.0.0/8/9', "Malformed CIDR, one '/' required"],
    ['10.0.0.0/x', 'Malformed CIDR, mask bits must be an integer'],
    ['10.0.0.0/8.0', 'Malformed CIDR, mask bits must be an integer'],
    ['10.0.0.0/99999999999', 'Malformed CIDR, mask bits must be an integer'],
    ['10.0.0.0/-1', 'Malformed CIDR, mask bits must not be negative'],
    ['10.0.0.0/32', 'IPv4 mask bits must be < 32'],
    ['::1/128', 'IPv6 mask bits must be < 128'],
    ['/8', 'Nonstandard IP address: '],
    ['localhost/8', 'Nonstandard IP address: localhost'],
    ['300.0.0.0/8', 'Invalid IP address: 300.0.0.0'],
    ['1::2::3/8', 'Invalid IP address: 1::2::3'],
  ])('%s is refused, without a location', (block, message) => {
    expect(() => cidrRange(block)).toThrow(new InvalidEventPatternError(message))
  })

  test('a block holds the addresses that share its first bits', () => {
    const octet = fc.nat({ max: 255 })
    const address = fc.tuple(octet, octet, octet, octet)
    fc.assert(
      fc.property(address, address, fc.nat({ max: 31 }), (block, other, bits) => {
        const range = cidrRange(`${block.join('.')}/${bits}`)
        const digits = addressDigits(other.join('.'))
        const first = (octets: number[]) =>
          octets
            .map((value) => value.toString(2).padStart(8, '0'))
            .join('')
            .slice(0, bits)
        expect(rangeHolds(range, digits ?? '')).toBe(first(block) === first(other))
      }),
    )
  })
})

describe('the families are not told apart', () => {
  test.each([
    ['::/0', '10.0.0.1', true],
    ['::/0', '0.0.0.0', false],
    ['::/0', '255.255.255.255', false],
    ['0.0.0.0/0', '::1', true],
    ['10.0.0.0/8', 'a00::', true],
    ['10.0.0.0/8', 'b00::', false],
    ['a00::/8', '10.0.0.1', true],
    ['a00::/8', '11.0.0.1', false],
  ])('%s and %s', (block, address, holds) => {
    expect(rangeHolds(cidrRange(block), addressDigits(address) ?? '')).toBe(holds)
  })
})
