import { CATALOGUE } from './catalogue.ts'

const NAMES_MAX = 3
const LIKENESS_MIN = 0.5

/** Says that there is no event of a name, and which one may have been meant. */
export function noSuchEvent(name: string): string {
  const near = namesNear(name)
  const hint = near.length === 0 ? '' : `; near it are ${near.join(', ')}`
  return `the catalogue has no event "${name}"${hint}`
}

/** Names of event types that are spelt like one that does not exist, the nearest first. */
function namesNear(name: string): readonly string[] {
  const given = pairsOf(name)
  return CATALOGUE.map((type) => ({
    name: type.name,
    likeness: likeness(given, pairsOf(type.name)),
  }))
    .filter((candidate) => candidate.likeness >= LIKENESS_MIN)
    .toSorted((a, b) => b.likeness - a.likeness)
    .slice(0, NAMES_MAX)
    .map((candidate) => candidate.name)
}

/** Neighbouring letters of a name without the `Event` that all names end with. */
function pairsOf(name: string): ReadonlySet<string> {
  const text = name.toLowerCase().replace(/event$/, '')
  return new Set(Array.from(text.slice(1), (letter, index) => `${text[index]}${letter}`))
}

/** Dice's coefficient: 1 for the same pairs, 0 for none in common. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  return (2 * [...a].filter((pair) => b.has(pair)).length) / (a.size + b.size || 1)
}
