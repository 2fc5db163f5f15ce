/** As RFC 3986 and Signature Version 4 say: everything but letters, digits and -._~ is escaped. */
export function percentEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
