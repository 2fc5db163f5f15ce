import { InvalidEventPatternError } from './errors.ts'

/**
 * A range of addresses as hex digits: 8 for IPv4, 32 for IPv6.
 *
 * event-ruler 2.0.1 compares digit by digit and stops at the first one that decides, without
 * asking for the family: "::/0" holds 10.0.0.1 and "0.0.0.0/0" holds ::1.
 */
export type AddressRange = { readonly bottom: string; readonly top: string }

const IPV4 = /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$/
const IPV4_CHARACTERS_MAX = 15
const IPV6 = /^[0-9a-fA-F:]*:[0-9a-fA-F:]*$/
const IPV6_GROUPS = 8
const IPV4_IN_IPV6_PREFIX = `${'0'.repeat(20)}FFFF`

/** The hex digits of an address, or undefined when the text is not an address. */
export function addressDigits(text: string): string | undefined {
  if (IPV4.test(text)) return ipv4Digits(text)
  if (IPV6.test(text)) return ipv6Digits(text)
  return undefined
}

/** Whether the address with these digits lies in the range. */
export function rangeHolds(range: AddressRange, digits: string): boolean {
  const { bottom, top } = range
  if (digits.length >= bottom.length) {
    const compared = digits.slice(0, bottom.length)
    return bottom <= compared && compared <= top
  }
  // The digits end before they reach the end of a bound, so they must have left both before.
  return bottom.slice(0, digits.length) < digits && digits < top.slice(0, digits.length)
}

/** The range of a block such as 10.0.0.0/24. AWS gives no location with these errors. */
export function cidrRange(block: string): AddressRange {
  const parts = block.split('/')
  // Java's String.split drops empty strings at the end: "10.0.0.0/8/" is accepted.
  while (parts.at(-1) === '') parts.pop()
  const [address, bits] = parts
  if (address === undefined || bits === undefined || parts.length !== 2) {
    throw new InvalidEventPatternError("Malformed CIDR, one '/' required")
  }
  const maskBits = parseMaskBits(bits)
  const digits = addressDigits(address)
  if (digits === undefined) {
    const fault = IPV4.test(address) || IPV6.test(address) ? 'Invalid' : 'Nonstandard'
    throw new InvalidEventPatternError(`${fault} IP address: ${address}`)
  }
  const addressBits = digits.length * 4
  if (maskBits >= addressBits) {
    const family = addressBits === 32 ? 'IPv4' : 'IPv6'
    throw new InvalidEventPatternError(`${family} mask bits must be < ${addressBits}`)
  }
  const hostMask = (1n << BigInt(addressBits - maskBits)) - 1n
  const top = BigInt(`0x${digits}`) | hostMask
  return {
    bottom: hexDigits(top ^ hostMask, digits.length),
    top: hexDigits(top, digits.length),
  }
}

function parseMaskBits(text: string): number {
  const bits = /^[+-]?[0-9]+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(bits) || Math.abs(bits) > 0x7fffffff) {
    throw new InvalidEventPatternError('Malformed CIDR, mask bits must be an integer')
  }
  if (bits < 0) {
    throw new InvalidEventPatternError('Malformed CIDR, mask bits must not be negative')
  }
  return bits
}

// Java reads the parts as decimal, with leading zeros: 010.0.0.1 is 10.0.0.1.
function ipv4Digits(text: string): string | undefined {
  const octets = text.split('.').map(Number)
  if (text.length > IPV4_CHARACTERS_MAX || octets.some((octet) => octet > 255)) return undefined
  return octets.map((octet) => hexDigits(BigInt(octet), 2)).join('')
}

function ipv6Digits(text: string): string | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = IPV6_GROUPS - left.length - right.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right]
  const values = groups.map((group) => (group === '' ? Number.NaN : Number.parseInt(group, 16)))
  if (!values.every((value) => value <= 0xffff)) return undefined
  const digits = values.map((value) => hexDigits(BigInt(value), 4)).join('')
  // Java turns ::ffff:a00:1 into the IPv4 address 10.0.0.1.
  return digits.startsWith(IPV4_IN_IPV6_PREFIX) ? digits.slice(IPV4_IN_IPV6_PREFIX.length) : digits
}

function hexDigits(value: bigint, length: number): string {
  return value.toString(16).toUpperCase().padStart(length, '0')
}
