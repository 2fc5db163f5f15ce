import { isIP } from 'node:net'

/** A flag with its environment variable; a flag wins. */
export interface Setting {
  readonly env: string
  readonly fallback?: string
  readonly help: string
  readonly value?: string
}

// Checks of single values: a fault says which setting is wrong and what it may be.

export function numberOf(name: string, text: string, min: number, max: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= min && number <= max) return number
  throw new Error(`--${name} must be a whole number from ${min} to ${max}, not "${text}"`)
}

/** Ports above 1023 that browsers, and fetch of Node, refuse: the Fetch standard's "bad ports". */
const REFUSED_BY_CLIENTS: ReadonlySet<number> = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669,
  6679, 6697, 10_080,
])

/** A port to listen on that clients will connect to; 0: any that is free. */
export function portOf(name: string, text: string): number {
  const port = numberOf(name, text, 0, 65_535)
  if (!REFUSED_BY_CLIENTS.has(port)) return port
  throw new Error(
    `--${name} ${port} is a port that browsers and the command line refuse: choose another`,
  )
}

export function flagOf(name: string, text: string): boolean {
  if (['', '0', 'false'].includes(text)) return false
  if (['1', 'true'].includes(text)) return true
  throw new Error(`--${name} must be true or false, not "${text}"`)
}

/** Which form a text has, and the same in words. */
export interface Form {
  readonly pattern: RegExp
  readonly words: string
}

export function matching(name: string, text: string, { pattern, words }: Form): string {
  if (pattern.test(text)) return text
  throw new Error(`--${name} must be ${words}, not "${text}"`)
}

/** An IP address, or a network in CIDR notation that is not all addresses there are. */
export function addressOrNetwork(name: string, text: string): string {
  const [address = '', bits, ...more] = text.split('/')
  const version = address.includes('%') ? 0 : isIP(address)
  const bitsMax = version === 4 ? 32 : 128
  const isNetwork = bits === undefined || (/^\d{1,3}$/.test(bits) && inRange(Number(bits), bitsMax))
  if (version !== 0 && isNetwork && more.length === 0) return text
  throw new Error(
    `--${name} must be IP addresses or networks such as 10.0.0.0/8 or fd00::/8, none of them everybody, not "${text}"`,
  )
}

function inRange(bits: number, max: number): boolean {
  return bits >= 1 && bits <= max
}

/** `name=number` pairs, comma-separated, over what holds where nothing is given. */
export function numbersOf<T extends Readonly<Record<string, number>>>(
  name: string,
  text: string,
  fallback: T,
  max: (of: string) => number,
): T {
  const given = text.split(',').filter((pair) => pair.trim() !== '')
  const pairs = given.map((pair) => {
    const [of = '', value = '', ...rest] = pair.split('=').map((part) => part.trim())
    if (!Object.hasOwn(fallback, of) || rest.length > 0) {
      const known = Object.keys(fallback).join(', ')
      throw new Error(`--${name} must be name=number with one of ${known}, not "${pair.trim()}"`)
    }
    return [of, numberOf(`${name} ${of}`, value, 1, max(of))] as const
  })
  return { ...fallback, ...Object.fromEntries(pairs) }
}

export function oneOf<T extends string>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === text)
  if (found !== undefined) return found
  throw new Error(`--${name} must be one of ${allowed.join(', ')}, not "${text}"`)
}
