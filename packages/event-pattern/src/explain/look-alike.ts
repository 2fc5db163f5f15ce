/** A longer text is not compared. */
const TEXT_CHARACTERS_MAX = 5_000
const OTHER_SPACES = /[\u00a0\u2000-\u200a\u202f\u205f\u3000]/g
const ZERO_WIDTH = /[\u00ad\u200b\u2060\ufeff]|\u200c|\u200d/g

/** Tells two texts apart that a reader cannot: by the first character in which they differ. */
export function lookAlikeSlip(found: string, wanted: string): string | undefined {
  if (Math.max(found.length, wanted.length) > TEXT_CHARACTERS_MAX) return undefined
  if (found === wanted || asSeen(found) !== asSeen(wanted)) return undefined
  const foundCharacters = Array.from(found)
  const wantedCharacters = Array.from(wanted)
  let at = 0
  while (foundCharacters[at] === wantedCharacters[at]) at++
  return `the two look alike, but character ${at + 1} differs: the event has ${codePoint(foundCharacters[at])}, the pattern ${codePoint(wantedCharacters[at])}`
}

function asSeen(text: string): string {
  return text.replaceAll(OTHER_SPACES, ' ').replaceAll(ZERO_WIDTH, '').normalize('NFC')
}

function codePoint(character: string | undefined): string {
  if (character === undefined) return 'none'
  const digits = character.codePointAt(0)?.toString(16).toUpperCase() ?? ''
  return `U+${digits.padStart(4, '0')}`
}
