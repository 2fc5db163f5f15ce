/** What of a JSON Schema says in words which form a text has: `title` and the first of `examples`. */
interface FormSchema {
  readonly title?: string
  readonly examples?: readonly string[]
}

/**
 * What a text that does not fit the `pattern` of its schema must be, for people: undefined where
 * the schema has no words for it, and only the regular expression can be told.
 * @returns such as `must be a month, such as 2026-01`
 */
export function formText({ title, examples }: FormSchema): string | undefined {
  const example = examples?.[0]
  const such = example === undefined ? '' : `such as ${example}`
  if (title !== undefined) return ['must be ' + title, such].filter(Boolean).join(', ')
  return such === '' ? undefined : `must be of the form of ${example}`
}
