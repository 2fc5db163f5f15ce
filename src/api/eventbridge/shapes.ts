import { AwsError } from '#src/errors.ts'

export interface StringShape {
  readonly type: 'string'
  readonly min?: number
  readonly max?: number
  readonly pattern?: TextPattern
  /** In the order in which AWS prints them. */
  readonly enum?: readonly string[]
  /** AWS leaves such a value out of its errors. */
  readonly sensitive?: true
}

/** What the whole of a text must match. */
interface TextPattern {
  /** As AWS's service model has it, and its errors print it. */
  readonly text: string
  readonly regExp: RegExp
}

/** The part of AWS's service model that checks an input. */
export type Shape =
  | StringShape
  | { readonly type: 'integer'; readonly min?: number; readonly max?: number }
  | { readonly type: 'boolean' }
  | { readonly type: 'timestamp' }
  | {
      readonly type: 'list'
      readonly member: Shape
      readonly min?: number
      readonly max?: number
      /** How a value of the list is printed in an error, where that is known of AWS's Java. */
      readonly print?: (value: unknown) => string
    }
  | {
      readonly type: 'map'
      readonly key: StringShape
      readonly value: StringShape
      readonly max?: number
    }
  | { readonly type: 'structure'; readonly members: Readonly<Record<string, Member>> }

export interface Member {
  readonly shape: Shape
  readonly required?: boolean
  /** Known to AWS and not to Belfry: refused, never ignored; where that is not all, with why. */
  readonly unsupported?: true | string
}

export const string = (constraints: Omit<StringShape, 'type'> = {}): StringShape => ({
  type: 'string',
  ...constraints,
})
/** @param regExp of what is as good as AWS's own, where that takes exponential time on some texts */
export function textPattern(text: string, regExp = new RegExp(`^(?:${text})$`)): TextPattern {
  return { text, regExp }
}
export const optional = (shape: Shape): Member => ({ shape })
export const required = (shape: Shape): Member => ({ shape, required: true })
export const UNSUPPORTED: Member = { shape: { type: 'boolean' }, unsupported: true }
/** @param why a whole sentence, for the caller */
export const unsupported = (why: string): Member => ({ ...UNSUPPORTED, unsupported: why })

/**
 * Checks an input against its shape, and takes out of it the members that are null: AWS's JSON reads
 * those as absent, and whoever uses the input need not know.
 * @throws AwsError SerializationException for a wrong type, ValidationException with all
 * violations in AWS's words, or for a parameter that Belfry does not support.
 */
export function checkInput(shape: Shape, input: unknown): void {
  const violations: string[] = []
  check(shape, input, '', violations)
  if (violations.length === 0) return
  const count = `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected`
  throw new AwsError('ValidationException', `${count}: ${violations.join('; ')}`)
}

function check(shape: Shape, value: unknown, path: string, violations: string[]): void {
  switch (shape.type) {
    case 'string':
      return checkString(shape, value, path, violations)
    case 'integer':
      return checkInteger(shape, value, path, violations)
    case 'boolean':
      if (typeof value !== 'boolean') throw wrongType(path, 'a boolean')
      return
    case 'timestamp':
      if (Number.isNaN(timestampMs(value))) throw wrongType(path, A_TIME)
      return
    case 'list':
      return checkList(shape, value, path, violations)
    case 'map':
      return checkMap(shape, value, path, violations)
    case 'structure':
      return checkStructure(shape.members, value, path, violations)
    default:
      return shape satisfies never
  }
}

function checkString(shape: StringShape, value: unknown, path: string, violations: string[]): void {
  if (typeof value !== 'string') throw wrongType(path, 'a string')
  for (const constraint of constraintsOf(shape)) {
    const shown = shape.sensitive ? undefined : value
    if (!constraint.holds(value)) violations.push(violation(shown, path, constraint.words))
  }
}

interface Constraint {
  readonly words: string
  readonly holds: (value: string) => boolean
}

function constraintsOf({ pattern, min, max, enum: values }: StringShape): readonly Constraint[] {
  const constraints: Constraint[] = []
  const add = (words: string, holds: Constraint['holds']) => constraints.push({ words, holds })
  if (values !== undefined) {
    const words = `Member must satisfy enum value set: [${values.join(', ')}]`
    add(words, (value) => values.includes(value))
  }
  if (pattern !== undefined) {
    const words = `Member must satisfy regular expression pattern: ${pattern.text}`
    add(words, (value) => pattern.regExp.test(value))
  }
  if (max !== undefined) add(lengthAtMost(max), ({ length }) => length <= max)
  if (min !== undefined) add(lengthAtLeast(min), ({ length }) => length >= min)
  return constraints
}

function checkInteger(
  { min, max }: { readonly min?: number; readonly max?: number },
  value: unknown,
  path: string,
  violations: string[],
): void {
  if (!Number.isInteger(value)) throw wrongType(path, 'an integer')
  const number = value as number
  if (max !== undefined && number > max) {
    violations.push(
      violation(String(number), path, `Member must have value less than or equal to ${max}`),
    )
  }
  if (min !== undefined && number < min) {
    violations.push(
      violation(String(number), path, `Member must have value greater than or equal to ${min}`),
    )
  }
}

function checkList(
  shape: Extract<Shape, { type: 'list' }>,
  value: unknown,
  path: string,
  violations: string[],
): void {
  if (!Array.isArray(value)) throw wrongType(path, 'a list')
  const items: readonly unknown[] = value
  const printed = () => `[${items.map(shape.print ?? printedItem).join(', ')}]`
  if (shape.max !== undefined && items.length > shape.max) {
    violations.push(violation(printed(), path, lengthAtMost(shape.max)))
  }
  if (shape.min !== undefined && items.length < shape.min) {
    violations.push(violation(printed(), path, lengthAtLeast(shape.min)))
  }
  for (const [index, item] of items.entries()) {
    check(shape.member, item, `${path}.${index + 1}.member`, violations)
  }
}

/** One may have members that keep it from being made a text. */
export function printedItem(item: unknown): string {
  return typeof item === 'string' ? item : JSON.stringify(item)
}

/** AWS prints a map as Java does, and all constraints of its keys or values with the first slip. */
function checkMap(
  { key, value: item, max }: Extract<Shape, { type: 'map' }>,
  value: unknown,
  path: string,
  violations: string[],
): void {
  const entries = isStructure(value) ? Object.entries(value) : undefined
  if (entries === undefined) throw wrongType(path, 'a map')
  const printed = `{${entries.map(([name, text]) => `${name}=${printedItem(text)}`).join(', ')}}`
  const violate = (constraint: string) => violations.push(violation(printed, path, constraint))
  if (max !== undefined && entries.length > max) violate(lengthAtMost(max))
  const wordsOf = (constraints: readonly Constraint[]) =>
    `[${constraints.map(({ words }) => words).join(', ')}]`
  const [ofKeys, ofValues] = [constraintsOf(key), constraintsOf(item)]
  if (!entries.every(([name]) => ofKeys.every(({ holds }) => holds(name)))) {
    violate(`Map keys must satisfy constraint: ${wordsOf(ofKeys)}`)
  }
  const areValuesRight = entries.every(([name, text]) => {
    if (typeof text !== 'string') throw wrongType(`${path}.${name}`, 'a string')
    return ofValues.every(({ holds }) => holds(text))
  })
  if (!areValuesRight) violate(`Map value must satisfy constraint: ${wordsOf(ofValues)}`)
}

function checkStructure(
  members: Readonly<Record<string, Member>>,
  value: unknown,
  path: string,
  violations: string[],
): void {
  if (!isStructure(value)) throw wrongType(path, 'a structure')
  for (const name in members) {
    const member = members[name] as Member
    const memberValue = value[name]
    if (memberValue === null) delete value[name]
    const absent = memberValue === undefined || memberValue === null
    if (absent && !member.required) continue
    const memberPath = (path === '' ? '' : `${path}.`) + lowerCamel(name)
    if (absent) violations.push(violation('null', memberPath, 'Member must not be null', false))
    else if (member.unsupported) {
      const why = member.unsupported === true ? undefined : member.unsupported
      const message = why ?? `Parameter ${name} is not supported by Belfry.`
      throw new AwsError('ValidationException', message)
    } else check(member.shape, memberValue, memberPath, violations)
  }
}

function isStructure(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const lengthAtMost = (max: number) => `Member must have length less than or equal to ${max}`
const lengthAtLeast = (min: number) => `Member must have length greater than or equal to ${min}`

/** What events and ISO 8601 can write: a year has four digits. */
const TIME_MS_MIN = Date.parse('0000-01-01T00:00:00Z')
const TIME_MS_MAX = Date.parse('9999-12-31T23:59:59.999Z')
const A_TIME = 'a time of the years 0000 to 9999, in seconds since 1970-01-01'

/**
 * Epoch ms of a JSON 1.1 timestamp: seconds since the epoch, or ISO text as some clients send; NaN
 * for what is none, or of no year that has four digits, such as the milliseconds of today.
 */
export function timestampMs(value: unknown): number {
  if (typeof value !== 'number' && typeof value !== 'string') return Number.NaN
  const time = typeof value === 'number' ? value * 1_000 : Date.parse(value)
  return time >= TIME_MS_MIN && time <= TIME_MS_MAX ? time : Number.NaN
}

function violation(
  value: string | undefined,
  path: string,
  constraint: string,
  quoted = true,
): string {
  const shown = value === undefined ? '' : ` ${quoted ? `'${value}'` : value}`
  return `Value${shown} at '${path}' failed to satisfy constraint: ${constraint}`
}

function lowerCamel(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

function wrongType(path: string, wanted: string): AwsError {
  const where = path === '' ? 'the request' : `'${path}'`
  return new AwsError('SerializationException', `the value at ${where} must be ${wanted}`)
}
