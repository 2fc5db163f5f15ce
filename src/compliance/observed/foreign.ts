import type { Severity } from '#src/model/alert.ts'
import { SEVERITIES } from '#src/model/alert.ts'

/** JSON that others wrote: nothing in it is sure to be there, or to be what it should. */
export type Foreign = unknown

/** The value at a path of members and indexes; undefined where there is none. */
export function at(value: Foreign, ...path: readonly (string | number)[]): Foreign {
  let inner = value
  for (const step of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, step)) return undefined
    inner = (inner as Readonly<Record<string | number, unknown>>)[step]
  }
  return inner
}

/** A text that is not empty. */
export function textAt(value: Foreign, ...path: readonly (string | number)[]): string | undefined {
  const found = at(value, ...path)
  return typeof found === 'string' && found !== '' ? found : undefined
}

export function numberAt(
  value: Foreign,
  ...path: readonly (string | number)[]
): number | undefined {
  const found = at(value, ...path)
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined
}

export function listAt(value: Foreign, ...path: readonly (string | number)[]): readonly Foreign[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}

/** The texts of a list. */
export function textsAt(value: Foreign, ...path: readonly (string | number)[]): readonly string[] {
  return listAt(value, ...path).filter((item): item is string => typeof item === 'string')
}

/** Tags as an object, or as a list of keys and values. */
export function tagsAt(
  value: Foreign,
  ...path: readonly (string | number)[]
): Readonly<Record<string, string>> {
  const found = at(value, ...path)
  if (Array.isArray(found)) {
    return Object.fromEntries(
      found.flatMap((tag) => {
        const key = textAt(tag, 'key') ?? textAt(tag, 'Key') ?? textAt(tag, 'name')
        const content = at(tag, 'value') ?? at(tag, 'Value')
        return key !== undefined && typeof content === 'string' ? [[key, content]] : []
      }),
    )
  }
  if (typeof found !== 'object' || found === null) return {}
  return Object.fromEntries(
    Object.entries(found).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  )
}

/**
 * The instant of a time: ISO 8601, or as Inspector writes it ("Dec 3, 2021, 6:02:30 PM", in UTC),
 * or epoch ms. @returns NaN where it is none
 */
export function instantOf(value: Foreign): number {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return Number.NaN
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/i.test(value)
  return Date.parse(
    hasZone ? value : `${value.replace(/\.\d+$/, '')}${isoLike(value) ? 'Z' : ' UTC'}`,
  )
}

function isoLike(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT/.test(text)
}

/** By AWS's labels in any case; what is unknown is in the middle. */
export function severityOf(label: string | undefined): Severity {
  const upper = label?.toUpperCase()
  if (upper === 'FATAL') return 'CRITICAL'
  return SEVERITIES.find((severity) => severity === upper) ?? 'MEDIUM'
}

/** The first that is 12 digits: some samples and tools have others. */
export function accountOf(...candidates: readonly Foreign[]): string | undefined {
  return candidates.find(
    (candidate): candidate is string =>
      typeof candidate === 'string' && /^[0-9]{12}$/.test(candidate),
  )
}

/** Only the members that have a value. */
export function given<T extends object>(members: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>
  }
}
