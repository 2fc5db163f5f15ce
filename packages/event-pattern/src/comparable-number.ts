const ZERO = 0x30

/**
 * The double that a number literal stands for, or undefined when the number is not comparable: its
 * decimal value has no double that prints as that value (9007199254740993, 1e400, 1e-400).
 *
 * event-ruler 2.0.1 observes the same with Java's Double.toString. Before JDK 19 that was not
 * always the shortest text, so that a few numbers such as 2e23 are comparable here and not there.
 */
export function comparableNumber(literal: string): number | undefined {
  const double = Number(literal)
  const printed = String(double)
  if (printed === literal) return double
  if (!Number.isFinite(double) || decimalValue(literal) !== decimalValue(printed)) return undefined
  return double === 0 ? 0 : double
}

/** One text for each decimal value: 300, 300.0 and 3e2 all give "3e2". */
function decimalValue(literal: string): string {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().split('e')
  const sign = mantissa.startsWith('-') ? '-' : ''
  const [whole = '', fraction = ''] = mantissa.slice(sign.length).split('.')
  const digits = whole + fraction
  let start = 0
  while (digits.charCodeAt(start) === ZERO) start++
  if (start === digits.length) return '0'
  let end = digits.length
  while (digits.charCodeAt(end - 1) === ZERO) end--
  const scale = Number(exponent) - fraction.length + (digits.length - end)
  return `${sign}${digits.slice(start, end)}e${scale}`
}
