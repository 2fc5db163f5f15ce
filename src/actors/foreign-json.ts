/** Reads values of events that others wrote: what is not of the expected form is absent. */

export type Fields = Readonly<Record<string, unknown>>

/** Names are shown to people; AWS's own longest, a role's ARN, is shorter. */
const TEXT_CHARACTERS_MAX = 1_024

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

/** Trimmed; absent where there is none, or only white space. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value.trim().slice(0, TEXT_CHARACTERS_MAX)
  return text === '' ? undefined : text
}

/** Only the entries that are known. */
export function knownOnly<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as never
}
