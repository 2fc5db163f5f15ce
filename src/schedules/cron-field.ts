/** One field of a cron expression: what its numbers may be, and the names that stand for some. */
export interface CronField {
  readonly min: number
  readonly max: number
  /** Of the values from `min` on. */
  readonly names?: readonly string[]
  /** No range runs over the end, as `SAT-SUN` does in a week and `20-2` in a day's hours. */
  readonly linear?: true
}

const ELEMENT = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/

/** The values that a field's text names, in order; undefined where it is not valid. */
export function valuesOf(text: string, field: CronField): readonly number[] | undefined {
  const values = new Set<number>()
  for (const element of text.split(',')) {
    const named = valuesOfElement(element, field)
    if (named === undefined) return undefined
    for (const value of named) values.add(value)
  }
  return [...values].toSorted((a, b) => a - b)
}

/** The value that a number or a name stands for; undefined where it is none of the field's. */
export function valueOf(text: string, { min, max, names }: CronField): number | undefined {
  const named = names?.indexOf(text.toUpperCase()) ?? -1
  const value = named >= 0 ? named + min : /^\d+$/.test(text) ? Number(text) : Number.NaN
  return value >= min && value <= max ? value : undefined
}

function valuesOfElement(element: string, field: CronField): readonly number[] | undefined {
  const parts = ELEMENT.exec(element)
  if (parts === null) return undefined
  const [, firstText, lastText, stepText] = parts
  const first = firstText === undefined ? field.min : valueOf(firstText, field)
  const last = lastOf(first, { firstText, lastText, stepText }, field)
  const step = stepText === undefined ? 1 : Number(stepText)
  const size = field.max - field.min + 1
  if (first === undefined || last === undefined || step < 1 || step > size) return undefined
  const length = last >= first ? last - first : last + size - first
  if (last < first && field.linear) return undefined
  const values: number[] = []
  for (let offset = 0; offset <= length; offset += step) {
    values.push(field.min + ((first - field.min + offset) % size))
  }
  return values
}

/** `5` is itself, `5/2` goes on to the end of the field, as `*` does. */
function lastOf(
  first: number | undefined,
  texts: Readonly<Record<'firstText' | 'lastText' | 'stepText', string | undefined>>,
  field: CronField,
): number | undefined {
  if (texts.lastText !== undefined) return valueOf(texts.lastText, field)
  return texts.firstText === undefined || texts.stepText !== undefined ? field.max : first
}
