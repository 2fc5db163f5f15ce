/**
 * Nothing, one thing, a list, or a map with how often each is there. Most places in a large set of
 * rules hold one thing, and a list for it would take as much memory as the thing; in a list of many
 * one would be looked for too long.
 */
export type OneOrMany<Thing extends object | string> =
  | Thing
  | Thing[]
  | Map<Thing, number>
  | undefined

const LIST_MAX = 16

/** The things and one more. */
export function withOne<Thing extends object | string>(
  things: OneOrMany<Thing>,
  added: Thing,
): OneOrMany<Thing> {
  if (things === undefined) return added
  if (things instanceof Map) return things.set(added, (things.get(added) ?? 0) + 1)
  if (!Array.isArray(things)) return [things, added]
  things.push(added)
  if (things.length <= LIST_MAX) return things
  const counts = new Map<Thing, number>()
  for (const thing of things) counts.set(thing, (counts.get(thing) ?? 0) + 1)
  return counts
}

/** The things and this one less; where it is there twice, once less. */
export function withoutOne<Thing extends object | string>(
  things: OneOrMany<Thing>,
  removed: Thing,
): OneOrMany<Thing> {
  if (things instanceof Map) {
    const left = (things.get(removed) ?? 0) - 1
    if (left > 0) things.set(removed, left)
    else things.delete(removed)
    return things.size === 0 ? undefined : things
  }
  if (!Array.isArray(things)) return things === removed ? undefined : things
  const at = things.indexOf(removed)
  if (at !== -1) things.splice(at, 1)
  return things.length === 1 ? things[0] : things
}

/** Whether the thing is among them. */
export function hasOne<Thing extends object | string>(
  things: OneOrMany<Thing>,
  thing: Thing,
): boolean {
  if (things instanceof Map) return things.has(thing)
  return Array.isArray(things) ? things.includes(thing) : things === thing
}

/** The things, each once or more. */
export function listOf<Thing extends object | string>(things: OneOrMany<Thing>): readonly Thing[] {
  if (things === undefined) return []
  if (things instanceof Map) return [...things.keys()]
  return Array.isArray(things) ? things : [things]
}
