/**
 * Nothing, one thing or a list. Most places in a large set of rules hold one thing, and a list for
 * it would take as much memory as the thing.
 */
export type OneOrMany<Thing extends object | string> = Thing | Thing[] | undefined

/** The things and one more. */
export function withOne<Thing extends object | string>(
  things: OneOrMany<Thing>,
  added: Thing,
): OneOrMany<Thing> {
  if (things === undefined) return added
  if (!Array.isArray(things)) return [things, added]
  things.push(added)
  return things
}

/** The things and one of them less, as often as it may be there. */
export function withoutOne<Thing extends object | string>(
  things: OneOrMany<Thing>,
  removed: Thing,
): OneOrMany<Thing> {
  if (!Array.isArray(things)) return things === removed ? undefined : things
  const at = things.indexOf(removed)
  if (at !== -1) things.splice(at, 1)
  return things.length === 1 ? things[0] : things
}

/** The things as a list. */
export function listOf<Thing extends object | string>(things: OneOrMany<Thing>): readonly Thing[] {
  if (things === undefined) return []
  return Array.isArray(things) ? things : [things]
}
