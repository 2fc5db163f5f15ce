import { percentEncoded } from './percent-encoding.ts'

/** A name and a value of a header or a query string. */
export type Pair = readonly [name: string, value: string]

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html */
const NOT_SETTABLE = new Set(
  (
    'a-im accept-charset accept-datetime accept-encoding cache-control connection ' +
    'content-encoding content-length content-md5 date expect forwarded from host ' +
    'http2-settings max-forwards origin pragma proxy-authorization range referer te trailer ' +
    'transfer-encoding user-agent upgrade via warning'
  ).split(' '),
)

/** Whether a user may set a header: the others are EventBridge's own, and left out. */
export function isSettableHeader(name: string): boolean {
  const lower = name.toLowerCase()
  return !NOT_SETTABLE.has(lower) && !lower.startsWith('if-')
}

/** Headers in lower case without those that a user may not set; of a name the last one counts. */
export function settableHeaders(pairs: readonly Pair[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.flatMap(([name, value]) => (isSettableHeader(name) ? [[name.toLowerCase(), value]] : [])),
  )
}

/** The URL with a query; the pairs take the place of what it has under the same names. */
export function withQuery(url: string, pairs: readonly Pair[]): string {
  if (pairs.length === 0) return url
  const [base = '', own = ''] = splitOnce(url, '?')
  const given = new Map(pairs)
  const kept = own.split('&').filter((part) => part !== '' && !given.has(nameOf(part)))
  const added = Array.from(given, (pair) => pair.map(percentEncoded).join('='))
  return `${base}?${[...kept, ...added].join('&')}`
}

/** The name in `name=value`, as it is without its encoding. */
function nameOf(part: string): string {
  return new URLSearchParams(part).keys().next().value ?? ''
}

export function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}
