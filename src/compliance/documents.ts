import { SEVERITIES } from '#src/model/alert.ts'
import type { Severity } from '#src/model/alert.ts'
import { derivedUuid } from '#src/model/derived-uuid.ts'
import { FINDING_STATUSES } from '#src/model/finding.ts'
import type { CheckRule, Finding, FindingStatus } from '#src/model/finding.ts'
import { collection } from '#src/ports/state.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import type { CheckResult, Suppression } from './check-result.ts'

export interface StoredFinding extends Finding {
  /** When the result was sent: decides between results of the same time. */
  readonly sentAt: number
  /** What was last told of it, by an alert of its own or in a summary. */
  readonly told?: 'FAILED' | 'PASSED' | 'WITHDRAWN'
  /** As a failure was told, where that is another by now: its end has to reach the same people. */
  readonly toldAs?: Pick<Finding, 'severity' | 'tags'>
  /** The rule whose summary tells that it fails, or is to. */
  readonly summaryOf?: string
  /** Where Security Hub has it. */
  readonly suppression?: Suppression
}

/** By findingKey: in the order of lists. */
export const FINDINGS = collection<StoredFinding>('findings')
/** By the id of a finding; holds its key. */
const FINDING_KEYS = collection<string>('finding-keys')
/** By organisation: how many it has. */
export const FINDING_COUNTS = collection<number>('finding-counts')
/** Each is about a kilobyte; what is found beyond is refused, and counted. */
export const FINDINGS_PER_ORGANISATION_MAX = 500_000
/** By ruleKey. */
export const CHECK_RULES = collection<CheckRule>('check-rules')
/** By settlingKey, the earliest first; holds the key of the rule. */
export const SETTLING = collection<string>('check-rules-settling')

const SEPARATOR = '|'
const MOMENT_DIGITS = String(Number.MAX_SAFE_INTEGER).length

/** The same for each result of one rule and resource, whoever brings it and however often. */
export function findingIdOf(
  organisationId: string,
  result: Pick<
    CheckResult,
    'awsAccountId' | 'checkedBy' | 'incident' | 'region' | 'resourceId' | 'ruleId'
  >,
): string {
  const { checkedBy, ruleId, awsAccountId = '', region = '', resourceId, incident } = result
  // An incident has an id of its own, and may be seen from more than one region.
  const named =
    incident === undefined
      ? [ruleId, awsAccountId, region, resourceId]
      : ['incident', awsAccountId, incident]
  return derivedUuid(['finding', organisationId, checkedBy, ...named].join('\n'))
}

/** Lists show what failed first, and of that what is worst. */
function findingKey({
  organisationId,
  status,
  severity,
  id,
}: Pick<Finding, 'organisationId' | 'status' | 'severity' | 'id'>): string {
  return `${findingPrefix(organisationId, status, severity)}${SEPARATOR}${id}`
}

/** What all keys of an organisation start with, or those of one status. */
export function findingPrefix(
  organisationId: string,
  status?: FindingStatus,
  severity?: Severity,
): string {
  const all = `${organisationId}${SEPARATOR}`
  if (status === undefined) return all
  const ofStatus = `${all}${FINDING_STATUSES.indexOf(status)}`
  return severity === undefined ? ofStatus : `${ofStatus}${mildnessOf(severity)}`
}

export function mildnessOf(severity: Severity): number {
  return SEVERITIES.length - 1 - SEVERITIES.indexOf(severity)
}

export function settlingKey({ settlesAt = 0, id }: CheckRule): string {
  return `${String(settlesAt).padStart(MOMENT_DIGITS, '0')}${SEPARATOR}${id}`
}

/** When the rule under a settlingKey has settled. */
export function settlesAtOf(key: string): number {
  return Number(key.slice(0, MOMENT_DIGITS))
}

/** Of any length may be what others call a rule. */
export function keyOfRule({
  organisationId,
  checkedBy,
  ruleId,
}: Pick<CheckRule, 'organisationId' | 'checkedBy' | 'ruleId'>): string {
  const named = derivedUuid(`check-rule\n${organisationId}\n${checkedBy}\n${ruleId}`)
  return `${organisationId}${SEPARATOR}${named}`
}

/** The finding of an id. */
export async function findingById(
  from: Pick<StateTransaction, 'get'>,
  id: string,
): Promise<StoredFinding | undefined> {
  const key = await from.get(FINDING_KEYS, id)
  return key === undefined ? undefined : from.get(FINDINGS, key)
}

/** Writes a finding in the place of what it was. */
export function putFinding(
  transaction: StateTransaction,
  before: StoredFinding | undefined,
  after: StoredFinding,
): void {
  const key = findingKey(after)
  const keyBefore = before && findingKey(before)
  transaction.put(FINDINGS, key, after)
  if (key === keyBefore) return
  if (keyBefore !== undefined) transaction.delete(FINDINGS, keyBefore)
  transaction.put(FINDING_KEYS, after.id, key)
}

export async function deleteFinding(
  transaction: StateTransaction,
  finding: StoredFinding,
): Promise<void> {
  const { id, organisationId } = finding
  transaction.delete(FINDINGS, findingKey(finding))
  transaction.delete(FINDING_KEYS, id)
  const count = (await transaction.get(FINDING_COUNTS, organisationId)) ?? 0
  transaction.put(FINDING_COUNTS, organisationId, Math.max(0, count - 1))
}
