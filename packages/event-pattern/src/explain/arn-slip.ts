import { quoted } from './shortened.ts'

/** An ARN's parts after "arn:"; the last one may hold colons. */
const PARTS = ['partition', 'service', 'region', 'account', 'resource']
const ARN = /^arn:([^:]*):([^:]*):([^:]*):([^:]*):([^]*)$/

/** Which part of two ARNs differs, where only one does. */
export function arnSlip(found: string, wanted: string): string | undefined {
  const foundParts = ARN.exec(found)
  const wantedParts = ARN.exec(wanted)
  if (foundParts === null || wantedParts === null) return undefined
  const differing = PARTS.flatMap((name, at) => {
    const there = foundParts[at + 1] ?? ''
    const here = wantedParts[at + 1] ?? ''
    return there === here ? [] : [{ name, there, here }]
  })
  const [only] = differing
  if (only === undefined || differing.length > 1) return undefined
  return `only the ${only.name} of the ARN differs: the event has ${quoted(only.there)}, the pattern ${quoted(only.here)}`
}
