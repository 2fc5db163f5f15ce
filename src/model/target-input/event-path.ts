import type { JsonValue } from './json-value.ts'

/**
 * The part of JSONPath that EventBridge knows: `$`, then steps by name, index or wildcard, such as
 * `$.detail.items[0].id` and `$.detail.items[*].id`.
 */
const PATH = /^\$(?:\.(?:[\w/-]+|\*)|\[(?:\d+|\*)\])*$/
const STEP = /\.([\w/-]+)|\[(\d+)\]|\.\*|\[\*\]/g

export function isEventPath(path: string): boolean {
  return PATH.test(path)
}

/**
 * The JSON text of what a path finds, as it was written: with a wildcard an array of all that it
 * finds, else one value, or undefined where there is none.
 */
export function textAt(event: JsonValue, path: string): string | undefined {
  let found: readonly JsonValue[] = [event]
  let isMany = false
  for (const [, name, index] of path.matchAll(STEP)) {
    if (name !== undefined) found = found.flatMap((value) => value.member(name) ?? [])
    else if (index !== undefined) found = found.flatMap((value) => value.item(Number(index)) ?? [])
    else {
      if (found.length === 0 && !isMany) return undefined
      found = found.flatMap((value) => value.children())
      isMany = true
    }
  }
  return isMany ? `[${found.map(({ text }) => text).join(',')}]` : found[0]?.text
}
