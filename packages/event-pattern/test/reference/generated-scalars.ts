import type { Choices } from './choices.ts'

export const NAMES: readonly string[] = [
  'a',
  'b',
  'c',
  'a.b',
  'b.c',
  '',
  'A',
  'é',
  '\u{1f600}',
  '"',
  '\\',
  'a\nb',
  '/',
  '\ud83d',
  '__proto__',
  'detail',
  '.',
  'a name of more than thirty-two bytes: \u65e5\u672c',
]

const TEXTS: readonly string[] = [
  'a',
  'ab',
  'abc',
  'aab',
  'aaaa',
  '',
  'b',
  'A',
  'aB',
  'é',
  'É',
  'éa',
  '\u00df',
  'SS',
  'ss',
  '\ufb01',
  'FI',
  'k',
  '\u212a',
  '\u01c5',
  '\u0131',
  '\u2c65',
  '\u{1f600}',
  'a\u{1f600}b',
  '?',
  '??',
  '\ud83d',
  '\ude00a',
  '\u65e5\u672c\u8a9e',
  '\u{10400}',
  '*',
  'a*b',
  '\\',
  'a\\*',
  '"',
  '/',
  'a/b/c.png',
  '\n\t\r\b\f\u0000\u001f',
  'true',
  'null',
  '1',
  '3e2',
  `${'a'.repeat(31)}b`,
  `${'ab'.repeat(16)}é`,
  'x'.repeat(70),
]

const IPV4 = ['10.0.0.1', '10.0.0.2', '10.0.0.15', '10.0.1.1', '0.0.0.0', '255.255.255.255']
const IPV6 = ['::1', '::', '2001:db8::1', 'a00:1::', '::ffff:a00:1', '1:2:3:4:5:6:7:8']
/** Addresses that are the same, or are taken for the same, or nearly so. */
export const RELATED_ADDRESSES: readonly (readonly string[])[] = [
  ['10.0.0.1', '010.0.0.1', 'a00:1::', 'A00:0001:0::', '::ffff:a00:1', '10.0.0.2', '10.0.0.1 '],
  ['::1', '0:0:0:0:0:0:0:1', '0000:0000:0000:0000:0000:0000:0000:0001', '::2', '0.0.0.0', '::01'],
  [
    '2001:db8::1',
    '2001:DB8:0::1',
    '2001:0db8:0000:0000:0000:0000:0000:0001',
    '2001:db8::',
    '32.1.13.184',
  ],
]

const NO_ADDRESSES = [
  '10.0.0.256',
  '10.0.0',
  '1::2::3',
  ':',
  '10.0.0.1/8',
  '::ffff:10.0.0.1',
  'a:b',
]

const NUMBERS: readonly string[] = [
  '1',
  '0',
  '-0',
  '1.0',
  '300',
  '3e2',
  '0.1',
  '-5',
  '10',
  '2.5',
  '1e400',
  '1.0e400',
  '-1e400',
  '1e-400',
  '9007199254740992',
  '9007199254740993',
  '12345678901234567',
  '12345678901234567890',
  '0.30000000000000004',
  '1.0000000000000001',
  '1.7976931348623157E308',
  '5e-324',
  '123456789.125',
  '0e5',
]

const COMPARABLE = NUMBERS.filter((literal) => !/e-?400|\d{18}|993$|0001$/.test(literal))

const KEYWORDS = ['true', 'false', 'null']

export function someText(choices: Choices): string {
  if (choices.rarely(8)) return someAddress(choices)
  if (choices.rarely(4)) {
    const units = ['a', 'b', '*', 'A', 'é', '?', '\u{1f600}', '\\', '"', ',', ':']
    return Array.from({ length: choices.pick(6) }, () => choices.of(units)).join('')
  }
  return choices.of(TEXTS)
}

/** The text or one that differs a little. */
export function nearText(choices: Choices, text: string): string {
  switch (choices.pick(16)) {
    case 8:
      return `${text}a`
    case 9:
      return `b${text}`
    case 10:
      return text.slice(1)
    case 11:
      return text.slice(0, -1)
    case 12:
      return text.toUpperCase()
    case 13:
      return text.toLowerCase()
    case 14:
      return text.replace(/[^]$/, (last) => (last === 'a' ? 'A' : 'a'))
    case 15:
      return someText(choices)
    default:
      return text
  }
}

/** An address, in one of its spellings, or a text that is almost one. */
export function someAddress(choices: Choices): string {
  return choices.rarely(8) ? choices.of(NO_ADDRESSES) : someValidAddress(choices)
}

export function someValidAddress(choices: Choices): string {
  return choices.rarely(3) ? nearIpv6(choices) : nearIpv4(choices)
}

function nearIpv4(choices: Choices): string {
  const octets = choices.of(IPV4).split('.')
  if (choices.rarely(3)) octets[3] = String(choices.pick(256))
  return octets.map((octet) => (choices.rarely(6) ? octet.padStart(3, '0') : octet)).join('.')
}

function nearIpv6(choices: Choices): string {
  const address = choices.of(IPV6)
  switch (choices.pick(5)) {
    case 3:
      return address.toUpperCase()
    case 4:
      return address.replaceAll(/[0-9a-f]+/g, (group) => group.padStart(4, '0'))
    default:
      return address
  }
}

export function someNumber(choices: Choices): string {
  if (!choices.rarely(6)) return choices.of(NUMBERS)
  const digits = Array.from({ length: 1 + choices.pick(17) }, () => choices.pick(10)).join('')
  const whole = digits.replace(/^0+(?=.)/, '')
  const power = choices.rarely(2) ? `e${choices.pick(40) - 20}` : ''
  return `${choices.of(['', '-'])}${whole}${choices.of(['', '.5', '.0'])}${power}`
}

/** A number that can be compared, nearly always. */
export function someComparable(choices: Choices): string {
  return choices.rarely(20) ? someNumber(choices) : choices.of(COMPARABLE)
}

/** The number, another way to write it, or one that differs a little. */
export function nearNumber(choices: Choices, literal: string): string {
  const double = Number(literal)
  const isPlain = Number.isFinite(double) && /^-?[1-9][0-9]*$/.test(literal)
  switch (choices.pick(12)) {
    case 5:
      return isPlain ? `${literal}.0` : literal
    case 6:
      return Number.isFinite(double) ? double.toExponential() : literal
    case 7:
      return isPlain ? `${literal}0e-1` : literal
    case 8:
      return Number.isFinite(double) ? double.toPrecision(17) : literal
    case 9:
      return literal.replace(/[0-9]$/, (last) => String((Number(last) + 1) % 10))
    case 10:
      return Number.isFinite(double) ? String(double + 1) : literal
    case 11:
      return someNumber(choices)
    default:
      return literal
  }
}

/** Any string, number, true, false or null, as JSON text. */
export function someScalar(choices: Choices): string {
  switch (choices.pick(4)) {
    case 2:
      return someNumber(choices)
    case 3:
      return choices.of(KEYWORDS)
    default:
      return quoted(choices, someText(choices))
  }
}

export function someKeyword(choices: Choices): string {
  return choices.of(KEYWORDS)
}

/** The text as a JSON string, with more escapes than it needs or not. */
export function quoted(choices: Choices, text: string): string {
  const plain = (unit: string): string => JSON.stringify(unit).slice(1, -1)
  const escaped = (unit: string): string => {
    const hex = unit.charCodeAt(0).toString(16).padStart(4, '0')
    return `\\u${choices.rarely(2) ? hex.toUpperCase() : hex}`
  }
  const units = text.split('')
  switch (choices.pick(8)) {
    case 5:
      return `"${plain(text).replaceAll('/', '\\/')}"`
    case 6:
      return `"${units.map(escaped).join('')}"`
    case 7:
      return `"${units.map((unit) => (choices.rarely(2) ? escaped(unit) : plain(unit))).join('')}"`
    default:
      return `"${plain(text)}"`
  }
}
