/** More flushes than one a second for thirty thousand years. */
const SEQUENCE_DIGITS = 12

/** Digits that keep numbers in order as text. */
export function padded(number: number, digits = SEQUENCE_DIGITS): string {
  return String(number).padStart(digits, '0')
}
