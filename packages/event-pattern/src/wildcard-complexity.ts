import type { Wildcard } from './wildcard.ts'

/** Complexity is not counted on from here: it is far above what AWS allows. */
export const CAP = 100

/**
 * States visited after which wildcards count as too complex. Wildcards with less than ten states at
 * once need ten for each of their bytes, and that as often as they have different beginnings.
 */
const STATES_MAX = 3_000_000

/** Wildcards longer than this together count as too complex; AWS takes 4,096 characters. */
const BYTES_MAX = 100_000

/**
 * A state of the automaton that event-ruler makes of a wildcard, here a tree: byte by byte, from
 * the opening quote to the closing one, with one more state for each star, which no value leaves.
 */
type State = {
  readonly id: number
  readonly isStar: boolean
  readonly bytes: Map<number, State[]>
  star: State | undefined
}

type Tree = { readonly start: State; states: number; statesLeft: number }

/** A wildcard's texts between the stars, as bytes; the quotes belong to the first and the last. */
type Pieces = readonly Uint8Array[]

const CONTINUATION_BYTES_MASK = 0xc0
const CONTINUATION_BYTE = 0x80
const UTF8 = new TextEncoder()

/**
 * How many states of these wildcards of one field a value can be in at once, at worst.
 *
 * It is not searched for among all sets of states, which are exponentially many. A value can be
 * inside the text before the first star of some wildcard; then it is that text, and there is one
 * set for each of its bytes. Or it has passed the first stars of some wildcards, which are known
 * by the text it began with; then it can pass all their other stars too, one after the other, and
 * be inside any of the texts between them at last, again with one set for each of their bytes.
 * So there are as many sets as bytes, times the groups of wildcards that begin alike; it ends at
 * a set of CAP states, and after STATES_MAX states in all sets.
 * @param groups wildcards; the ones under one anything-but are one group and share their states
 */
export function wildcardComplexity(groups: readonly (readonly Wildcard[])[]): number {
  if (groups.flat(2).join('').length > BYTES_MAX) return CAP
  const tree = treeOf(groups.map((group) => group.map(piecesOf)))
  const wildcards = groups.flat().map(piecesOf)
  const behindStars = wildcards.flatMap((pieces) => pieces.slice(1))
  let highest = 0
  const seen = new Set<string>()
  for (const [first] of wildcards) {
    const { most, last } = walk(tree, [tree.start], first)
    highest = Math.max(highest, most)
    const begun = last.filter((state) => state.isStar)
    const key = begun.map((star) => star.id).join()
    if (highest < CAP && begun.length > 0 && !seen.has(key)) {
      seen.add(key)
      highest = Math.max(highest, mostBehind(tree, begun, behindStars))
    }
    if (highest >= CAP || tree.statesLeft < 0) return CAP
  }
  return highest
}

/** The greatest set of states once all stars behind these have been passed. */
function mostBehind(tree: Tree, begun: readonly State[], pieces: Pieces): number {
  const stars = allStars(tree, begun)
  let highest = stars.length
  for (const piece of pieces) {
    if (highest >= CAP || tree.statesLeft < 0) break
    highest = Math.max(highest, walk(tree, stars, piece).most)
  }
  return highest
}

/** The greatest set of states on the way along the bytes, and the last set. */
function walk(
  tree: Tree,
  from: readonly State[],
  bytes: Uint8Array | undefined,
): { readonly most: number; readonly last: readonly State[] } {
  let states: Iterable<State> = from
  let most = 0
  for (const byte of bytes ?? []) {
    const next = new Set<State>()
    for (const state of states) {
      tree.statesLeft--
      if (state.isStar) next.add(state)
      for (const following of state.bytes.get(byte) ?? []) {
        next.add(following)
        // A star may stand for nothing: its state counts as soon as it could begin.
        if (following.star !== undefined) next.add(following.star)
      }
    }
    states = next
    most = Math.max(most, next.size)
    if (most >= CAP || tree.statesLeft < 0) break
  }
  return { most, last: [...states] }
}

/** These stars and the ones behind them, each once: one of these may be behind another. */
function allStars(tree: Tree, begun: readonly State[]): readonly State[] {
  const stars: State[] = []
  const found = new Set<State>(begun)
  // A set is walked through in the order of insertion, with what is added on the way.
  for (const state of found) {
    tree.statesLeft--
    if ((state.isStar && stars.push(state) >= CAP) || tree.statesLeft < 0) break
    if (state.star !== undefined) found.add(state.star)
    for (const following of state.bytes.values()) for (const each of following) found.add(each)
  }
  return stars
}

/** The trees of all groups, joined at the start only. */
function treeOf(groups: readonly (readonly Pieces[])[]): Tree {
  const tree: Tree = { start: newState(0, false), states: 1, statesLeft: STATES_MAX }
  for (const group of groups) {
    const start = newState(0, false)
    for (const pieces of group) addWildcard(tree, start, pieces)
    for (const [byte, states] of start.bytes)
      for (const each of states) addState(tree.start, byte, each)
  }
  return tree
}

function addWildcard(tree: Tree, start: State, pieces: Pieces): void {
  let state = start
  let shares = true
  for (const [at, piece] of pieces.entries()) {
    const isBehindStar = at > 0
    if (isBehindStar) {
      shares &&= state.star !== undefined
      state.star ??= newState(tree.states++, true)
      state = state.star
    }
    for (const [offset, byte] of piece.entries()) {
      shares &&= !isBehindStar || !splits(state, piece, offset)
      const known: State | undefined = shares ? state.bytes.get(byte)?.[0] : undefined
      shares = known !== undefined
      state = known ?? addState(state, byte, newState(tree.states++, false))
    }
  }
}

function addState(state: State, byte: number, following: State): State {
  const known = state.bytes.get(byte)
  if (known === undefined) state.bytes.set(byte, [following])
  else known.push(following)
  return following
}

// event-ruler shares the beginning of two wildcards, but behind a star not further than to a
// letter that has two cases, and not where one of the two has its next star.
function splits(state: State, piece: Uint8Array, offset: number): boolean {
  const first = piece[offset] ?? 0
  if ((first & CONTINUATION_BYTES_MASK) === CONTINUATION_BYTE) return false
  if (state.star !== undefined) return true
  const [character = ''] = new TextDecoder().decode(piece.subarray(offset, offset + 4))
  return character.toLowerCase() !== character.toUpperCase()
}

function newState(id: number, isStar: boolean): State {
  return { id, isStar, bytes: new Map(), star: undefined }
}

function piecesOf(wildcard: Wildcard): Pieces {
  const last = wildcard.length - 1
  return wildcard.map((text, at) =>
    UTF8.encode(`${at === 0 ? '"' : ''}${text}${at === last ? '"' : ''}`),
  )
}
