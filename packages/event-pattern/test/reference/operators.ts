import type { Json, Scalar } from './json.ts'

/** Whether a value passes one entry of a field's list; absence is not looked for here. */
export function passes(value: Scalar, entry: Json): boolean {
  if (entry.kind === 'object') {
    const [operator, operand] = entry.members[0] ?? fail(entry)
    return passesOperator(value, operator, operand)
  }
  if (entry.kind === 'array') return fail(entry)
  if (entry.kind === 'number') return value.kind === 'number' && isSameNumber(value, entry)
  if (entry.kind === 'string' && addressDigits(entry.text) !== undefined) {
    const digits = addressDigits(entry.text) ?? ''
    return isInRange(value, digits, digits)
  }
  return isSame(value, entry)
}

function passesOperator(value: Scalar, operator: string, operand: Json): boolean {
  switch (operator) {
    case 'exists':
      return textOf(operand) === 'true'
    case 'exactly':
      return isSame(value, operand)
    case 'numeric':
      return isWithin(value, elementsOf(operand).map(textOf))
    case 'cidr':
      return isInBlock(value, textOf(operand))
    case 'anything-but':
      return !isExcluded(value, operand)
    default:
      return value.kind === 'string' && fitsText(value.text, operator, operand)
  }
}

function fitsText(text: string, operator: string, operand: Json): boolean {
  const ignoresCase = operand.kind === 'object'
  const wanted = textOf(operand.kind === 'object' ? (operand.members[0]?.[1] ?? operand) : operand)
  switch (operator) {
    case 'prefix':
      return ignoresCase ? restsIgnoringCase(text, wanted).length > 0 : text.startsWith(wanted)
    case 'suffix':
      if (!ignoresCase) return text.endsWith(wanted)
      return text
        .split('')
        .concat('')
        .some((_, start) => restsIgnoringCase(text.slice(start), wanted).includes(''))
    case 'equals-ignore-case':
      return restsIgnoringCase(text, wanted).includes('')
    case 'wildcard':
      return new RegExp(`^${wildcardSource(wanted)}$`, 's').test(text)
    default:
      return fail(operator)
  }
}

function isExcluded(value: Scalar, operand: Json): boolean {
  if (operand.kind === 'object') {
    const [operator, texts] = operand.members[0] ?? fail(operand)
    const list = texts.kind === 'array' ? texts.elements : [texts]
    return value.kind === 'string' && list.some((text) => fitsText(value.text, operator, text))
  }
  const list = operand.kind === 'array' ? operand.elements : [operand]
  return list.some((entry) =>
    entry.kind === 'number'
      ? value.kind === 'number' && comparable(entry.text) === comparable(value.text)
      : isSame(value, entry),
  )
}

function isSame(value: Scalar, entry: Json): boolean {
  return value.kind === entry.kind && value.text === textOf(entry)
}

/** What may be left of the text after units that each stand for their lower or upper case. */
function restsIgnoringCase(text: string, units: string): readonly string[] {
  let rests = [text]
  for (const unit of units.split('')) {
    const whole = /[\ud800-\udfff]/.test(unit) ? '?' : unit
    const cases = [whole.toLowerCase(), whole.toUpperCase()]
    rests = rests.flatMap((rest) =>
      cases.filter((each) => rest.startsWith(each)).map((each) => rest.slice(each.length)),
    )
    rests = [...new Set(rests)]
  }
  return rests
}

function wildcardSource(wildcard: string): string {
  return wildcard.replaceAll(/\\[\\*]|[^]/g, (token) => {
    if (token === '*') return '.*'
    const unit = token.length === 2 ? token.charCodeAt(1) : token.charCodeAt(0)
    return `\\u${unit.toString(16).padStart(4, '0')}`
  })
}

// --- numbers

function isSameNumber(value: Scalar, entry: Scalar): boolean {
  const number = comparable(entry.text)
  return value.text === entry.text || (number !== undefined && number === comparable(value.text))
}

function isWithin(value: Scalar, operand: readonly string[]): boolean {
  const number = value.kind === 'number' ? comparable(value.text) : undefined
  if (number === undefined) return false
  for (let at = 0; at < operand.length; at += 2) {
    const bound = Number(operand[at + 1])
    const operator = operand[at]
    if (operator === '=' && number !== bound) return false
    if (operator === '<' && number >= bound) return false
    if (operator === '<=' && number > bound) return false
    if (operator === '>' && number <= bound) return false
    if (operator === '>=' && number < bound) return false
  }
  return true
}

/** The double, where its shortest text has the same value as the literal. */
function comparable(literal: string): number | undefined {
  const double = Number(literal)
  if (!Number.isFinite(double)) return undefined
  return decimal(literal) === decimal(String(double)) ? double : undefined
}

/** The value as digits without zeros at either end, and a power of ten. */
function decimal(literal: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)([0-9]*)\.?([0-9]*)(?:[eE](.*))?$/.exec(literal) ?? fail(literal)
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return '0'
  const significant = digits.replace(/0+$/, '')
  const exponent = BigInt(power.replace('+', '')) - BigInt(fraction.length)
  return `${sign}${significant}e${exponent + BigInt(digits.length - significant.length)}`
}

// --- addresses

function isInBlock(value: Scalar, block: string): boolean {
  const [address = '', bits = ''] = block.split('/')
  const base = bitsOf(addressDigits(address) ?? fail(block)).slice(0, Number(bits))
  const length = (addressDigits(address) ?? '').length * 4
  const hex = (all: string): string =>
    (all.match(/.{4}/g) ?? []).map((four) => Number.parseInt(four, 2).toString(16)).join('')
  return isInRange(value, hex(base.padEnd(length, '0')), hex(base.padEnd(length, '1')))
}

/** Digit by digit, until both bounds are left behind or all their digits have been met. */
function isInRange(value: Scalar, bottom: string, top: string): boolean {
  const digits = value.kind === 'string' ? addressDigits(value.text) : undefined
  if (digits === undefined) return false
  let [isAbove, isBelow] = [false, false]
  for (let at = 0; at < bottom.length && !(isAbove && isBelow); at++) {
    const [digit, low, high] = [digits[at], bottom[at], top[at]].map((each) =>
      Number.parseInt(each ?? '', 16),
    ) as [number, number, number]
    if (Number.isNaN(digit) || (!isAbove && digit < low) || (!isBelow && digit > high)) return false
    isAbove ||= digit > low
    isBelow ||= digit < high
  }
  return true
}

/** An IPv4 address as 8, an IPv6 address as 32 hex digits. */
function addressDigits(text: string): string | undefined {
  if (/^[0-9]+(\.[0-9]+){3}$/.test(text)) {
    const octets = text.split('.').map(Number)
    if (text.length > 15 || octets.some((octet) => octet > 255)) return undefined
    return octets.map((octet) => octet.toString(16).padStart(2, '0')).join('')
  }
  if (!/^[0-9a-fA-F:]*:[0-9a-fA-F:]*$/.test(text)) return undefined
  const parts = text.split('::')
  const groups = parts.map((part) => (part === '' ? [] : part.split(':')))
  const missing = 8 - groups.flat().length
  if (parts.length === 2 ? missing < 1 : parts.length > 2 || missing !== 0) return undefined
  const zeros = Array.from({ length: missing }, () => '0')
  const all = [...(groups[0] ?? []), ...zeros, ...(groups[1] ?? [])]
  if (all.some((group) => group === '' || Number.parseInt(group, 16) > 0xffff)) return undefined
  const digits = all
    .map((group) => Number.parseInt(group, 16).toString(16).padStart(4, '0'))
    .join('')
  return digits.replace(/^0{20}ffff/, '')
}

function bitsOf(digits: string): string {
  return digits
    .split('')
    .map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0'))
    .join('')
}

// --- operands

function textOf(json: Json): string {
  return json.kind === 'object' || json.kind === 'array' ? fail(json) : json.text
}

function elementsOf(json: Json): readonly Json[] {
  return json.kind === 'array' ? json.elements : fail(json)
}

function fail(found: unknown): never {
  throw new Error(`not a valid pattern: ${JSON.stringify(found)}`)
}
