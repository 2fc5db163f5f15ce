/** What of a JSON Schema says in words which form a text has: `title` and the first of `examples`. */
interface FormSchema {
  readonly title?: string
  readonly examples?: readonly string[]
  readonly format?: string
}

/** Of the formats that schemas here have. */
const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'must be a UUID, such as 0190f2c4-8d7e-7c1a-9b3f-2f6f0d1c5a7e',
  date: 'must be a day, such as 2026-01-31',
  'date-time': 'must be an instant, such as 2026-01-31T08:00:00Z',
}

/**
 * What a text that does not fit the `pattern` or the `format` of its schema must be, for people: undefined where
 * the schema has no words for it, and only the regular expression can be told.
 * @returns such as `must be a month, such as 2026-01`
 */
export function formText({ title, examples, format }: FormSchema): string | undefined {
  const example = examples?.[0]
  const such = example === undefined ? '' : `such as ${example}`
  if (title !== undefined) return ['must be ' + title, such].filter(Boolean).join(', ')
  return such === '' ? FORMATS[format ?? ''] : `must be of the form of ${example}`
}
