/**
 * Why an event matches a pattern or does not: plain data, fit for JSON. All sentences are finished,
 * without a full stop, and every text and list is cut to a length that a person reads.
 */
export type Explanation = {
  /** What `EventPattern.matches` answers. */
  readonly matches: boolean
  /** The verdict and its main reason in a sentence. */
  readonly summary: string
  /** Why the event could not be read; then there are no alternatives. */
  readonly fault?: TextFault
  /** Slips of the event as a whole, such as one that is wrapped in another object. */
  readonly hints: readonly string[]
  /**
   * The ways to match: one, or with `$or` one for each combination of branches. Those that match
   * come first, then the closest: the one with the fewest fields that fail.
   */
  readonly alternatives: readonly AlternativeExplanation[]
  /** How many more ways there are, none closer than the ones above. */
  readonly alternativesLeftOut: number
}

/** What is wrong with a JSON text, and where. */
export type TextFault = {
  readonly reason: string
  /** From 1. */
  readonly line?: number
  /**
   * From 1: the last character that had been read when the fault showed, or where the text ends too
   * early. AWS's own messages name the column after it.
   */
  readonly column?: number
  /** What to write instead, for a usual slip. */
  readonly hint?: string
}

/** How the event does with one way to match. */
export type AlternativeExplanation = {
  readonly matches: boolean
  /** The branches of `$or` that make this way, outer ones first; none without `$or`. */
  readonly branches: readonly Branch[]
  /** The fields that fail come first, each part in the order of the paths. */
  readonly fields: readonly FieldExplanation[]
  /** How many more fields there are. */
  readonly fieldsLeftOut: number
  readonly fieldsFailing: number
  /** Fields that pass, each for itself, but not in the same element of an array: why. */
  readonly conflict?: string
}

/** One branch of an `$or`. */
export type Branch = {
  /** The path of the `$or` itself: `$or` or `detail.$or`. */
  readonly path: string
  /** From 1. */
  readonly number: number
  /** How many branches that `$or` has. */
  readonly of: number
}

/** How the event does with one field of the pattern. */
export type FieldExplanation = {
  /** Names joined with dots. */
  readonly path: string
  readonly passes: boolean
  /** What the pattern wants of the field, in words: `one of "running", "stopped"`. */
  readonly wanted: string
  /** What the event has there as JSON; an object that is not empty is `{…}`. */
  readonly found: readonly string[]
  /** How many more values the event has there. */
  readonly foundLeftOut: number
  /** Why it passes or fails, in a sentence. */
  readonly reason: string
  /** What probably went wrong and what to do. Only what would help, for a field that fails. */
  readonly hints: readonly string[]
  /** What surprises about the field: a list that another one has replaced, a value that is enough. */
  readonly notes: readonly string[]
}
