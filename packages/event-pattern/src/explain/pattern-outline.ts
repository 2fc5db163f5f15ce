import { joinPath } from '../flatten-event.ts'
import { JsonReader } from '../json-reader.ts'
import type { JsonToken } from '../json-reader.ts'
import type { Branch } from './explanation.ts'

/** What the compiled form of a pattern no longer tells about one alternative. */
export type AlternativeOutline = {
  readonly branches: readonly Branch[]
  readonly fields: ReadonlyMap<string, FieldOutline>
}

/** The list of one field as it is written. */
export type FieldOutline = {
  /** One for each test of the compiled field, in the same order. */
  readonly entries: readonly PatternValue[]
  /** The branches of `$or` that the list stands in. */
  readonly within: readonly Branch[]
  /** An earlier list for the same field, which this one replaces. */
  readonly replaces?: FieldOutline
}

/** A part of a field's list: a value, or an operator with its operand. */
export type PatternValue =
  | { readonly kind: 'string' | 'number' | 'keyword'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly PatternValue[] }
  | { readonly kind: 'operator'; readonly name: string; readonly operand: PatternValue }

type Draft = {
  readonly branches: readonly Branch[]
  readonly fields: Map<string, FieldOutline>
}

type Place = { readonly path: string | undefined; readonly within: readonly Branch[] }

/** Reads a valid pattern's text: its alternatives in the order in which compilePattern has them. */
export function outlinePattern(text: string): readonly AlternativeOutline[] {
  const reader = new JsonReader(text)
  reader.next()
  const draft = { branches: [], fields: new Map<string, FieldOutline>() }
  return readObject(reader, [draft], { path: undefined, within: [] })
}

function readObject(reader: JsonReader, drafts: readonly Draft[], place: Place): readonly Draft[] {
  let current = drafts
  for (let token = reader.next(); token !== '}'; token = reader.next()) {
    const path = joinPath(place.path, reader.text())
    if (reader.text() === '$or') {
      current = readOr(reader, current, { ...place, path })
    } else if (reader.next() === '{') {
      current = readObject(reader, current, { ...place, path })
    } else {
      const entries = readItems(reader)
      for (const { fields } of current) {
        const replaces = fields.get(path)
        const { within } = place
        fields.set(path, { entries, within, ...(replaces !== undefined && { replaces }) })
      }
    }
  }
  return current
}

function readOr(reader: JsonReader, drafts: readonly Draft[], place: Place): readonly Draft[] {
  const path = place.path ?? ''
  const outer = path.slice(0, -'.$or'.length)
  // How many there are is known at the end.
  const branches: { path: string; number: number; of: number }[] = []
  const combined: Draft[] = []
  reader.next()
  while (reader.next() !== ']') {
    const branch = { path, number: branches.length + 1, of: 0 }
    branches.push(branch)
    const copies = drafts.map(({ branches: others, fields }) => ({
      branches: [...others, branch],
      fields: new Map(fields),
    }))
    combined.push(
      ...readObject(reader, copies, {
        path: path === '$or' ? undefined : outer,
        within: [...place.within, branch],
      }),
    )
  }
  for (const branch of branches) branch.of = branches.length
  return combined
}

function readItems(reader: JsonReader): readonly PatternValue[] {
  const items: PatternValue[] = []
  for (let token = reader.next(); token !== ']'; token = reader.next()) {
    items.push(readValue(reader, token))
  }
  return items
}

// In a valid pattern no operand nests deeper than anything-but, prefix, list.
function readValue(reader: JsonReader, token: JsonToken): PatternValue {
  if (token === '[') return { kind: 'list', items: readItems(reader) }
  if (token !== '{') {
    const kind = token === 'string' || token === 'number' ? token : 'keyword'
    return { kind, text: reader.text() }
  }
  reader.next()
  const name = reader.text()
  const operand = readValue(reader, reader.next())
  reader.next()
  return { kind: 'operator', name, operand }
}
