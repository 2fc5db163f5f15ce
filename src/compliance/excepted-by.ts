import type { ComplianceException } from '#src/model/compliance-exception.ts'
import type { StoredFinding } from './documents.ts'

/** Whether a finding falls under an exception. */
export type IsExcepted = (
  finding: Pick<StoredFinding, 'checkedBy' | 'ruleId' | 'resourceId' | 'awsAccountId' | 'tags'>,
) => boolean

/** The most particular first. */
const NAMES = ['resourceId', 'ruleId', 'awsAccountId', 'checkedBy'] as const

/**
 * Of exceptions that are not over. Each is looked up by the most particular that its scope names, so
 * that a finding is compared with few of them.
 */
export function exceptedBy(exceptions: readonly ComplianceException[], now: number): IsExcepted {
  const current = exceptions.filter(({ until }) => until > now)
  const byPlace = Map.groupBy(current, ({ scope }) => {
    const name = NAMES.find((one) => scope[one] !== undefined)
    return name === undefined ? placeOf('tag', scope.tag?.key) : placeOf(name, scope[name])
  })
  if (byPlace.size === 0) return () => false
  return (finding) => {
    const places = [
      ...NAMES.map((name) => placeOf(name, finding[name])),
      ...Object.keys(finding.tags).map((key) => placeOf('tag', key)),
    ]
    return places.some((place) => byPlace.get(place)?.some((one) => isIn(one, finding)) ?? false)
  }
}

function placeOf(name: string, value: string | undefined): string {
  return `${name}|${value ?? ''}`
}

function isIn(
  { scope: { tag, ...named } }: ComplianceException,
  finding: Parameters<IsExcepted>[0],
): boolean {
  if (tag !== undefined && !Object.hasOwn(finding.tags, tag.key)) return false
  if (tag?.value !== undefined && finding.tags[tag.key] !== tag.value) return false
  return Object.entries(named).every(
    ([name, value]) => finding[name as keyof typeof named] === value,
  )
}
