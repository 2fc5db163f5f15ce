import type { CheckResult, Suppression } from './check-result.ts'
import type { StoredFinding } from './documents.ts'
import { isNewer } from './newest.ts'

type Muted = NonNullable<CheckResult['muted']>

/** A result that is muted by itself, or by what Security Hub said last. */
export type HeldResult = Omit<CheckResult, 'suppressed'> & Pick<StoredFinding, 'suppression'>

/** What a finding is by one more result of it; undefined where that changes nothing. */
export function newestOf(
  { suppressed, ...given }: CheckResult,
  before: StoredFinding | undefined,
): HeldResult | undefined {
  const known = before?.suppression
  const itself = known === undefined ? before?.muted : known.mutedItself
  const isNewest = before === undefined || isNewer(given, mutedAs(before, itself))
  const word = suppressed === undefined ? undefined : lastWord(suppressed, given, known)
  if (!isNewest && word === undefined) return undefined
  const newest: HeldResult = isNewest ? given : before
  const mutedItself = isNewest ? given.muted : itself
  const said = word ?? known
  if (said === undefined) return newest
  const { isSuppressed, sentAt, evaluatedAt } = said
  return {
    ...mutedAs(newest, mutedItself ?? (isSuppressed ? 'SUPPRESSED' : undefined)),
    suppression: {
      isSuppressed,
      sentAt,
      evaluatedAt,
      ...(mutedItself !== undefined && { mutedItself }),
    },
  }
}

/** What Security Hub says, where it did not say something later. */
function lastWord(
  isSuppressed: boolean,
  { sentAt, evaluatedAt }: Pick<CheckResult, 'sentAt' | 'evaluatedAt'>,
  known: Suppression | undefined,
): Suppression | undefined {
  const word = { isSuppressed, sentAt, evaluatedAt }
  if (known === undefined || sentAt !== known.sentAt) {
    return known === undefined || sentAt > known.sentAt ? word : undefined
  }
  if (evaluatedAt !== known.evaluatedAt) return evaluatedAt > known.evaluatedAt ? word : undefined
  return isSuppressed && !known.isSuppressed ? word : undefined
}

function mutedAs<T extends { readonly muted?: Muted | undefined }>(
  { muted: _, ...rest }: T,
  muted: Muted | undefined,
) {
  return { ...rest, ...(muted !== undefined && { muted }) }
}
