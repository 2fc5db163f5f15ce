import { IsDateTime } from 'typebox/format'

/**
 * What values of one place in events have looked like: for each type of JSON that was seen there,
 * what is known of its values. Nothing seen is `{}`. Merging is a least upper bound: it is
 * commutative, associative and idempotent, and what a shape admits, every merger of it admits.
 */
export interface ValueShape {
  readonly null?: true
  readonly boolean?: true
  readonly number?: true
  readonly string?: 'date-time' | 'text'
  /** The shape of all items of all arrays. */
  readonly array?: ValueShape
  /** `any`: told apart no further, because there is too much to tell. */
  readonly object?: ObjectShape | 'any'
}

export interface ObjectShape {
  /** In order; those that every object has had. */
  readonly required: readonly string[]
  readonly properties: Readonly<Record<string, ValueShape>>
}

/** An object with more is a table with keys of its own making, not a structure. */
const PROPERTIES_MAX = 256

export function shapeOf(value: unknown): ValueShape {
  if (typeof value === 'boolean') return { boolean: true }
  if (typeof value === 'number') return { number: true }
  if (typeof value === 'string') return { string: isDateTime(value) ? 'date-time' : 'text' }
  if (value === null) return { null: true }
  if (Array.isArray(value)) {
    return { array: value.map(shapeOf).reduce(merged, {}) }
  }
  return { object: objectShape(value as object) }
}

/** RFC 3339. The library also takes RFC 9557's suffixes in brackets, which others do not. */
function isDateTime(text: string): boolean {
  return !text.includes('[') && IsDateTime(text)
}

/** What admits all that either shape admits; `known` itself where it does already. */
export function merged(known: ValueShape, seen: ValueShape): ValueShape {
  const next = {
    null: known.null ?? seen.null,
    boolean: known.boolean ?? seen.boolean,
    number: known.number ?? seen.number,
    string: joined(known.string, seen.string, () => 'text' as const),
    array: joined(known.array, seen.array, merged),
    object: joined(known.object, seen.object, mergedObject),
  }
  const kinds = Object.entries(next).filter(([, kind]) => kind !== undefined)
  const unchanged = kinds.every(([name, kind]) => known[name as keyof ValueShape] === kind)
  return unchanged ? known : Object.fromEntries(kinds)
}

/** The shape with everything below so many levels told apart no further. */
export function cutBelow(shape: ValueShape, levels: number): ValueShape {
  const { array, object } = shape
  const cut = (of: ValueShape) => cutBelow(of, levels - 1)
  const cutObject = (): ValueShape['object'] => {
    if (object === undefined || object === 'any' || levels <= 0) return object && 'any'
    return { ...object, properties: mapped(object.properties, cut) }
  }
  return {
    ...shape,
    ...(array !== undefined && { array: cut(array) }),
    ...(object !== undefined && { object: cutObject() }),
  } as ValueShape
}

function objectShape(value: object): ObjectShape | 'any' {
  const names = Object.keys(value)
  if (names.length > PROPERTIES_MAX) return 'any'
  const properties = mapped(value as Readonly<Record<string, unknown>>, shapeOf)
  return { required: names.toSorted(), properties }
}

function mergedObject(
  known: NonNullable<ValueShape['object']>,
  seen: NonNullable<ValueShape['object']>,
): NonNullable<ValueShape['object']> {
  if (known === 'any' || seen === 'any') return 'any'
  const names = Object.keys({ ...known.properties, ...seen.properties })
  if (names.length > PROPERTIES_MAX) return 'any'
  const required = known.required.filter((name) => seen.required.includes(name))
  const properties = Object.fromEntries(
    names.toSorted().map((name) => [name, mergedProperty(known, seen, name)]),
  )
  const unchanged =
    required.length === known.required.length &&
    names.every((name) => own(known.properties, name) === own(properties, name))
  return unchanged ? known : { required, properties }
}

function mergedProperty(known: ObjectShape, seen: ObjectShape, name: string): ValueShape {
  const before = own(known.properties, name)
  const now = own(seen.properties, name)
  return before === undefined || now === undefined
    ? ((before ?? now) as ValueShape)
    : merged(before, now)
}

/** A property may be called like one that every object inherits. */
function own<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

function joined<T>(known: T | undefined, seen: T | undefined, join: (a: T, b: T) => T) {
  if (known === undefined || seen === undefined) return known ?? seen
  return known === seen ? known : join(known, seen)
}

function mapped<T, R>(values: Readonly<Record<string, T>>, to: (value: T) => R): Record<string, R> {
  return Object.fromEntries(
    Object.entries(values)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, to(value)]),
  )
}
