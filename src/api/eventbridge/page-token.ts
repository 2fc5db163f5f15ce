import { AwsError } from '#src/errors.ts'

/** An opaque NextToken: the list that it continues, and the key after which it goes on. */
export function pageToken(list: string, last: string | undefined): string | undefined {
  if (last === undefined) return undefined
  return Buffer.from(JSON.stringify([list, last])).toString('base64url')
}

/**
 * The key after which a list goes on.
 * @throws AwsError InvalidTokenException for a token of another list, or none of ours.
 */
export function afterOf(list: string, token: string | undefined): string | undefined {
  if (token === undefined) return undefined
  try {
    const [of, after] = JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown[]
    if (of === list && typeof after === 'string') return after
  } catch {
    // Not ours: the same answer as for a token of another list.
  }
  throw new AwsError('InvalidTokenException', 'The provided NextToken is not valid.')
}
