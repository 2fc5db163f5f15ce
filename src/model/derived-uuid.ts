import { createHash } from 'node:crypto'

/**
 * A UUID that follows from a text, so that what is made again has the same: version 8, the first
 * bits of a SHA-256 (RFC 9562, section 5.8).
 */
export function derivedUuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4]
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
