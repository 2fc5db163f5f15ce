// A half of a surrogate pair; Java's UTF-8 for it is a question mark.
const SURROGATE = /[\ud800-\udfff]/

/** A text of which each UTF-16 unit may also appear in lower or in upper case. */
export type FoldedText = readonly FoldedUnit[]

type FoldedUnit = { readonly lower: string; readonly upper: string }

/**
 * Only the pattern is folded, unit by unit, as event-ruler 2.0.1 does: "ß" then stands for "ß" and
 * "SS" but not for "ss", a unit that is neither of its two cases does not stand for itself, and a
 * character of two units stands for "??", which is what Java makes of its halves.
 */
export function foldCase(text: string): FoldedText {
  return text.split('').map((unit) => {
    const whole = SURROGATE.test(unit) ? '?' : unit
    return { lower: whole.toLowerCase(), upper: whole.toUpperCase() }
  })
}

export function equalsIgnoringCase(value: string, folded: FoldedText): boolean {
  return lengthOfStart(value, folded) === value.length
}

export function startsIgnoringCase(value: string, folded: FoldedText): boolean {
  return lengthOfStart(value, folded) !== undefined
}

export function endsIgnoringCase(value: string, folded: FoldedText): boolean {
  let end = value.length
  for (const { lower, upper } of folded.toReversed()) {
    if (value.endsWith(lower, end)) end -= lower.length
    else if (value.endsWith(upper, end)) end -= upper.length
    else return false
  }
  return true
}

// Taking the first case that fits is enough, here and above: of no unit is one case the start or
// the end of the other (checked over all units, Unicode 17).
function lengthOfStart(value: string, folded: FoldedText): number | undefined {
  let at = 0
  for (const { lower, upper } of folded) {
    if (value.startsWith(lower, at)) at += lower.length
    else if (value.startsWith(upper, at)) at += upper.length
    else return undefined
  }
  return at
}
