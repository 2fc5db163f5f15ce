import type { CostTags } from '#src/model/cost.ts'

/** Tags as text in which equal tags are equal: JSON with its keys in order. */
export type TagText = string

export const NO_TAGS: TagText = '{}'
/** Rows with the same tags mostly stand in their thousands. */
const REMEMBERED_MAX = 50_000

/**
 * AWS's cost categories are tags under the key that FOCUS 1.2 exports of AWS have them under, in whatever
 * export they stand: one view holds for all.
 */
const COST_CATEGORY = 'aws:tags:CostCategory/'

export function costCategoryKey(name: string): string {
  return name.startsWith(COST_CATEGORY) ? name : COST_CATEGORY + name
}

export interface TagReader {
  /** Of a JSON object; undefined for what is none. */
  ofJson(text: string): TagText | undefined
  /** Of a map; keys without a value, and those that are not kept, are left out. */
  ofMap(tags: Readonly<Record<string, unknown>>): TagText
  /** Both of them as one. */
  joined(tags: TagText, more: TagText): TagText
}

/**
 * Reads tags. Keys lose blanks around them, which real exports have, and text is kept as it is otherwise;
 * a tag without a value is `true`.
 * @param keep the only keys that rows are told apart by; absent: all
 * @param keyOf the key of what stands under a name
 */
export function createTagReader(
  keep?: readonly string[],
  keyOf: (name: string) => string = (name) => name,
): TagReader {
  const kept = keep && new Set(keep)
  const known = new Map<string, TagText | undefined>()
  const knownJoined = new Map<string, TagText>()
  const ofMap = (tags: Readonly<Record<string, unknown>>): TagText => {
    const entries = Object.entries(tags).flatMap(([key, value]) => {
      if (key.trim() === '' || value === null || value === undefined) return []
      const name = keyOf(key.trim())
      if (kept !== undefined && !kept.has(name)) return []
      return [[name, value === true ? true : textOf(value)] as const]
    })
    return textOfEntries(entries)
  }
  const read = (text: string): TagText | undefined => {
    const tags = jsonObject(text)
    return tags && ofMap(tags)
  }
  return {
    ofMap,
    ofJson: (text) => {
      const found = known.get(text)
      if (found !== undefined || known.has(text)) return found
      if (known.size >= REMEMBERED_MAX) known.clear()
      const tags = read(text)
      known.set(text, tags)
      return tags
    },
    joined: (tags, more) => {
      if (more === NO_TAGS) return tags
      const both = `${tags}\n${more}`
      const found = knownJoined.get(both)
      if (found !== undefined) return found
      if (knownJoined.size >= REMEMBERED_MAX) knownJoined.clear()
      const text = textOfEntries(Object.entries({ ...tagsOf(tags), ...tagsOf(more) }))
      knownJoined.set(both, text)
      return text
    },
  }
}

/** Undefined for what is no JSON, or none of an object. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const found: unknown = JSON.parse(text)
    const isObject = typeof found === 'object' && found !== null && !Array.isArray(found)
    return isObject ? (found as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

export function tagsOf(text: TagText): CostTags {
  return JSON.parse(text) as CostTags
}

function textOfEntries(entries: readonly (readonly [string, string | true])[]): TagText {
  if (entries.length === 0) return NO_TAGS
  return JSON.stringify(Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
