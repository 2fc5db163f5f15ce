import type { EventValue } from '../flatten-event.ts'
import { editDistance } from './edit-distance.ts'
import { fittingValueAt } from './judged-field.ts'
import type { JudgedField } from './judged-field.ts'
import { wantsAlso } from './pattern-words.ts'
import { holdsObjects } from './read-event.ts'
import type { ReadEvent } from './read-event.ts'
import { shownPath, shownValue } from './shortened.ts'

/** Paths of the event that are looked at. */
const PATHS_MAX = 1_000
/** Suggestions for one field. */
const SUGGESTIONS_MAX = 2
/** A longer path is not compared letter by letter. */
const PATH_CHARACTERS_MAX = 200
/** In a shorter name another letter makes another name. */
const ONE_SLIP_CHARACTERS_MIN = 4
const TWO_SLIPS_CHARACTERS_MIN = 8
const SLIPS_MAX = 2
const ENVELOPE = new Set(['source', 'detail-type', 'account', 'region', 'resources'])

/** How a path of the event resembles the wanted one, the likeliest slip first. */
const LIKENESSES = [
  'the same name',
  'inside detail',
  'letters',
  'outside detail',
  'level',
  'last name',
] as const
type Likeness = (typeof LIKENESSES)[number]

type Suggestion = {
  readonly path: string
  readonly likeness: Likeness
  /** The value there that fits, if one does. */
  readonly fitting: EventValue | undefined
}

/** Where the event has what the pattern looks for at a path that the event does not have. */
export function missingPathHints(field: JudgedField, event: ReadEvent): readonly string[] {
  const suggestions = suggestionsFor(field, event)
  const helpful = suggestions.filter(({ fitting }) => fitting !== undefined)
  if (helpful.length > 0) return hintsOf(helpful, event)
  // Right spelling helps also where the value is then to be corrected too; other places do not.
  const respelt = suggestions.filter(({ likeness }) => isRespelling(likeness))
  return hintsOf(respelt.slice(0, 1), event)
}

/** Where the event has a fitting value of that name, when the one that the pattern names does not fit. */
export function otherPlaceHints(field: JudgedField, event: ReadEvent): readonly string[] {
  const { entries, test } = field
  // These fit almost everywhere.
  if (wantsAlso(entries, 'anything-but') || wantsAlso(entries, 'exists')) return []
  const suggestions = suggestionsFor(field, event).filter(({ fitting }) => fitting !== undefined)
  if (suggestions.length > 0) return hintsOf(suggestions, event)
  if (!ENVELOPE.has(test.path)) return []
  const swapped = [...ENVELOPE].map((path): Suggestion => {
    return { path, likeness: 'last name', fitting: fittingValueAt(path, field, event) }
  })
  return hintsOf(
    swapped.filter(({ fitting }) => fitting !== undefined),
    event,
  )
}

function suggestionsFor(field: JudgedField, event: ReadEvent): readonly Suggestion[] {
  const wanted = field.test.path
  const isLoose = wantsAlso(field.entries, 'anything-but')
  const suggestions: Suggestion[] = []
  for (const path of [...event.values.keys()].slice(0, PATHS_MAX)) {
    const likeness = path === wanted ? undefined : likenessOf(path, wanted)
    if (likeness === undefined) continue
    // Everything fits it almost everywhere: the name alone says too little.
    if (isLoose && !isRespelling(likeness)) continue
    // The objects beside such a value are where the field belongs.
    if (parentOf(wanted) === path && holdsObjects(event.containers.get(path))) continue
    suggestions.push({ path, likeness, fitting: fittingValueAt(path, field, event) })
  }
  const rank = ({ likeness }: Suggestion) => LIKENESSES.indexOf(likeness)
  return suggestions.toSorted((left, right) => rank(left) - rank(right))
}

function likenessOf(path: string, wanted: string): Likeness | undefined {
  if (sameLetters(path) === sameLetters(withoutIndexes(wanted))) return 'the same name'
  if (path === `detail.${wanted}`) return 'inside detail'
  if (isSlip(path, wanted)) return 'letters'
  if (`detail.${path}` === wanted) return 'outside detail'
  if (parentOf(path) === wanted || parentOf(wanted) === path) return 'level'
  return lastName(path) === lastName(wanted) ? 'last name' : undefined
}

function isRespelling(likeness: Likeness): boolean {
  return likeness === 'the same name' || likeness === 'inside detail' || likeness === 'letters'
}

function hintsOf(suggestions: readonly Suggestion[], event: ReadEvent): readonly string[] {
  return suggestions.slice(0, SUGGESTIONS_MAX).map((suggestion) => hintOf(suggestion, event))
}

function hintOf({ path, fitting }: Suggestion, { values }: ReadEvent): string {
  const value = fitting ?? values.get(path)?.[0]
  const found = value === undefined ? 'a value' : shownValue(value)
  const verdict = fitting !== undefined ? 'which fits' : 'though that does not fit either'
  return `did you mean ${shownPath(path)}? The event has ${found} there, ${verdict}`
}

/** `detailType`, `detail_type` and `Detail-Type` are `detail-type`. */
function sameLetters(path: string): string {
  return path.replaceAll(/[-_ ]/g, '').toLowerCase()
}

/** As other languages of paths write it: `$.detail.items[0].name`, `detail.items.0.name`. */
function withoutIndexes(path: string): string {
  return path
    .replace(/^\$\.?/, '')
    .replaceAll(/\[[\d*]*\]/g, '')
    .replaceAll(/\.(?:\d+|\*)(?=\.|$)/g, '')
}

function isSlip(path: string, wanted: string): boolean {
  if (Math.max(path.length, wanted.length) > PATH_CHARACTERS_MAX) return false
  const names = path.split('.')
  const wantedNames = wanted.split('.')
  if (names.length !== wantedNames.length) return false
  let slips = 0
  for (const [at, name] of names.entries()) {
    const wantedName = wantedNames[at] ?? ''
    if (name === wantedName) continue
    const allowed = slipsAllowed(Math.min(name.length, wantedName.length))
    const distance = editDistance(name, wantedName, allowed)
    if (distance > allowed) return false
    slips += distance
  }
  return slips <= SLIPS_MAX
}

function slipsAllowed(characters: number): number {
  if (characters < ONE_SLIP_CHARACTERS_MIN) return 0
  return characters < TWO_SLIPS_CHARACTERS_MIN ? 1 : SLIPS_MAX
}

function parentOf(path: string): string | undefined {
  const dot = path.lastIndexOf('.')
  return dot < 0 ? undefined : path.slice(0, dot)
}

function lastName(path: string): string {
  return sameLetters(path.slice(path.lastIndexOf('.') + 1))
}
