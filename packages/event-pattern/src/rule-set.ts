import type { Alternative } from './compile.ts'
import { flattenEvent } from './flatten-event.ts'
import type { FlatEvent } from './flatten-event.ts'
import { matchesAny } from './matcher.ts'
import type { EventPattern } from './pattern.ts'
import { wantedMembers } from './wanted-members.ts'

type Rule<Key> = { readonly key: Key; readonly pattern: EventPattern }

export type MatchOptions = {
  /**
   * The event is known to be valid JSON, compact and without repeated names, such as one that has
   * been through a hub: parts that no pattern asks for are not read.
   */
  readonly trusted?: boolean
}

/** Patterns under keys: tells which keys an event matches and reads the event once for all. */
export class RuleSet<Key> {
  readonly #rules = new Map<Key, Map<string, Rule<Key>>>()
  /** The rules that only events of certain sources can match, by source. */
  readonly #bySource = new Map<string, Set<Rule<Key>>>()
  /** All other rules. */
  readonly #ofAnySource = new Set<Rule<Key>>()
  /** Every path of every pattern and each shorter path of it, with how many patterns have it. */
  readonly #paths = new Map<string, number>()

  /** Adds a pattern under a key; a key may have several, and the same one twice is one. */
  add(key: Key, pattern: EventPattern): void {
    const ofKey = this.#rules.get(key) ?? new Map<string, Rule<Key>>()
    if (ofKey.has(pattern.text)) return
    const rule = { key, pattern }
    this.#rules.set(key, ofKey.set(pattern.text, rule))
    for (const path of pathsOf(pattern)) this.#paths.set(path, (this.#paths.get(path) ?? 0) + 1)
    const sources = exactSources(pattern.alternatives)
    if (sources === undefined) this.#ofAnySource.add(rule)
    for (const source of sources ?? []) {
      const ofSource = this.#bySource.get(source) ?? new Set<Rule<Key>>()
      this.#bySource.set(source, ofSource.add(rule))
    }
  }

  /** Removes the pattern with this one's text from the key; tells whether it was there. */
  delete(key: Key, pattern: EventPattern): boolean {
    const ofKey = this.#rules.get(key)
    const rule = ofKey?.get(pattern.text)
    if (ofKey === undefined || rule === undefined) return false
    ofKey.delete(pattern.text)
    if (ofKey.size === 0) this.#rules.delete(key)
    for (const path of pathsOf(pattern)) {
      const left = (this.#paths.get(path) ?? 0) - 1
      if (left > 0) this.#paths.set(path, left)
      else this.#paths.delete(path)
    }
    this.#ofAnySource.delete(rule)
    for (const source of exactSources(pattern.alternatives) ?? []) {
      const ofSource = this.#bySource.get(source)
      ofSource?.delete(rule)
      if (ofSource?.size === 0) this.#bySource.delete(source)
    }
    return true
  }

  /** The keys of all patterns that match the event, each once and in no particular order. */
  match(event: string | Uint8Array, { trusted = false }: MatchOptions = {}): Key[] {
    if (this.#rules.size === 0) return []
    const read = trusted && typeof event === 'string' ? wantedMembers(event, this.#paths) : event
    const fields = flattenEvent(read)
    if (fields === undefined) return []
    const keys = new Set<Key>()
    for (const { key, pattern } of this.#candidates(fields)) {
      if (!keys.has(key) && matchesAny(fields, pattern.alternatives)) keys.add(key)
    }
    return [...keys]
  }

  *#candidates(event: FlatEvent): Generator<Rule<Key>> {
    yield* this.#ofAnySource
    const sources = new Set(event.get('source')?.map((value) => value.text))
    for (const source of sources) yield* this.#bySource.get(source) ?? []
  }
}

/** `detail.state.name` asks for `detail`, `detail.state` and itself: a name may hold the dots. */
function pathsOf({ alternatives }: EventPattern): ReadonlySet<string> {
  const paths = new Set<string>()
  for (const { path } of alternatives.flat()) {
    for (let dot = path.indexOf('.'); dot !== -1; dot = path.indexOf('.', dot + 1)) {
      paths.add(path.slice(0, dot))
    }
    paths.add(path)
  }
  return paths
}

/** The sources that a matching event must have one of, or undefined when any may match. */
function exactSources(alternatives: readonly Alternative[]): ReadonlySet<string> | undefined {
  const sources = new Set<string>()
  for (const alternative of alternatives) {
    const field = alternative.find(({ path }) => path === 'source')
    if (field === undefined) return undefined
    for (const test of field.tests) {
      if (test.kind !== 'string') return undefined
      sources.add(test.text)
    }
  }
  return sources
}
