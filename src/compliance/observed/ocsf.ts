import type { FindingStatus } from '#src/model/finding.ts'
import type { CheckResult } from '../check-result.ts'
import type { AwsEvent } from './aws-event.ts'
import {
  accountOf,
  at,
  given,
  instantOf,
  listAt,
  numberAt,
  severityOf,
  tagsAt,
  textAt,
  textsAt,
} from './foreign.ts'
import type { Foreign } from './foreign.ts'
import { bySecurityHub, isHappening, kindByOcsf, serviceOf, serviceOfProduct } from './products.ts'

/** OCSF's Compliance Finding, whose `compliance` says how a check ended. */
const COMPLIANCE_FINDING = 2003
/** OCSF's `status_id` of a finding. */
const SUPPRESSED = 3
const RESOLVED = 4
const ARCHIVED = 5
/** OCSF's `severity_id`, by number. */
const SEVERITIES = ['UNKNOWN', 'INFORMATIONAL', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL', 'CRITICAL']
/** OCSF's `compliance.status_id`; Warning and others are neither. */
const COMPLIANCE: Readonly<Record<number, FindingStatus>> = { 1: 'PASSED', 3: 'FAILED' }
/** In ms a day of 1973; in seconds, one of the year 5138. */
const SECONDS_MAX = 100_000_000_000
/** In microseconds a day of 1973; in ms, one of the year 5138. */
const MS_MAX = 100_000_000_000_000
const PER_UNIT = 1_000
const COMPLIANCE_WORDS: Readonly<Record<string, FindingStatus>> = {
  PASS: 'PASSED',
  PASSED: 'PASSED',
  FAIL: 'FAILED',
  FAILED: 'FAILED',
}

/** `aws.securityhub`, `Findings Imported V2`: findings in OCSF, one an event. */
export function fromSecurityHubV2(event: AwsEvent): readonly CheckResult[] {
  const { detail } = event
  const found = listAt(detail, 'findings')
  const findings = found.length > 0 ? found : [detail]
  return findings.flatMap((finding) => fromOcsfFinding(event, finding)).map(bySecurityHub)
}

/** One finding in OCSF; of Prowler too, whose checks say PASS, FAIL or MANUAL in `status_code`. */
export function fromOcsfFinding(event: AwsEvent, finding: Foreign): readonly CheckResult[] {
  const isCheck =
    numberAt(finding, 'class_uid') === COMPLIANCE_FINDING || codeOf(finding) !== undefined
  const checkedBy = foundBy(finding)
  const resources = listAt(finding, 'resources')
  const result: Omit<CheckResult, 'resourceId' | 'tags'> = {
    checkedBy,
    ...(isCheck ? ruleOf(finding) : kindOf(checkedBy, finding)),
    severity: severityOf(
      SEVERITIES[numberAt(finding, 'severity_id') ?? -1] ?? textAt(finding, 'severity'),
    ),
    status: isCheck ? complianceOf(finding) : standing(finding),
    frameworks: [
      // Prowler's: names of frameworks, with what of each the check is for.
      ...Object.keys(at(finding, 'unmapped', 'compliance') ?? {}),
      ...textsAt(finding, 'compliance', 'standards'),
      ...textsAt(finding, 'compliance', 'requirements'),
    ],
    evaluatedAt: timeOf(finding),
    sentAt: event.sentAt,
    region: textAt(finding, 'cloud', 'region') ?? event.region,
    ...given({
      awsAccountId: accountOf(at(finding, 'cloud', 'account', 'uid'), event.account),
      muted: numberAt(finding, 'status_id') === ARCHIVED ? ('ARCHIVED' as const) : undefined,
      suppressed: suppressedBy(finding),
      atOnce:
        !isCheck && isHappening(checkedBy, textAt(finding, 'finding_info', 'types', 0))
          ? (true as const)
          : undefined,
      // That of `metadata` is Security Hub's own; the other is that of the service which found it.
      incident: isCheck
        ? undefined
        : (textAt(finding, 'finding_info', 'uid') ?? textAt(finding, 'metadata', 'uid')),
      title: isCheck ? undefined : textAt(finding, 'finding_info', 'title'),
      reason:
        textAt(finding, 'status_detail') ??
        (isCheck ? undefined : textAt(finding, 'finding_info', 'title')) ??
        textAt(finding, 'finding_info', 'desc'),
      link:
        textAt(finding, 'finding_info', 'src_url') ??
        textAt(finding, 'remediation', 'references', 0),
    }),
  }
  const subjects = isCheck ? resources : resources.slice(0, 1)
  return subjects.map((resource) => ({
    ...result,
    resourceId: resourceIdOf(resource),
    tags: { ...tagsAt(resource, 'tags'), ...labelsOf(resource) },
    ...given({ resourceType: textAt(resource, 'type'), region: textAt(resource, 'region') }),
  }))
}

/** As its own events call it, which tell of the same findings. */
function foundBy(finding: Foreign): string {
  const product = at(finding, 'metadata', 'product')
  const name = textAt(product, 'name') ?? 'securityhub'
  const word = name
    .toLowerCase()
    .replace(/^(aws|amazon)\b/, '')
    .replaceAll(/[^a-z0-9]/g, '')
  return serviceOfProduct(textAt(product, 'uid')) ?? serviceOf(word)
}

function ruleOf(finding: Foreign): Pick<CheckResult, 'ruleId' | 'ruleName'> {
  const title = textAt(finding, 'finding_info', 'title') ?? ''
  return {
    ruleId:
      textAt(finding, 'compliance', 'control') ??
      textAt(finding, 'metadata', 'event_code') ??
      textAt(finding, 'finding_info', 'analytic', 'uid') ??
      title,
    ruleName: title,
  }
}

/**
 * The kind of what is no check: its title is of one resource, and its `analytic` may be all that finds
 * anything, such as a detector of GuardDuty.
 */
function kindOf(checkedBy: string, finding: Foreign): Pick<CheckResult, 'ruleId' | 'ruleName'> {
  const kind = kindByOcsf(checkedBy, textsAt(finding, 'finding_info', 'types'))
  const ruleId = kind === '' ? ruleOf(finding).ruleId : kind
  return { ruleId, ruleName: ruleId }
}

const ACCOUNT_TYPE = 'AWS::::Account'

/** As ASFF has it: `uid` is the ARN or a part of it, and then the ARN is `uid_alt`. */
function resourceIdOf(resource: Foreign): string {
  const uid = textAt(resource, 'uid')
  const other = textAt(resource, 'uid_alt')
  if (textAt(resource, 'type') === ACCOUNT_TYPE && accountOf(uid) !== undefined) {
    return `${ACCOUNT_TYPE}:${uid}`
  }
  const arn = [uid, other].find((id) => id?.startsWith('arn:') === true)
  return arn ?? uid ?? textAt(resource, 'name') ?? ''
}

/** How a check ended by `status_code`, in which others than Prowler write what they like. */
function codeOf(finding: Foreign): FindingStatus | undefined {
  const code = textAt(finding, 'status_code')?.toUpperCase()
  return code === 'MANUAL' ? 'UNKNOWN' : COMPLIANCE_WORDS[code ?? '']
}

function complianceOf(finding: Foreign): FindingStatus {
  const byNumber = COMPLIANCE[numberAt(finding, 'compliance', 'status_id') ?? 0]
  const word = textAt(finding, 'compliance', 'status')?.toUpperCase() ?? ''
  return codeOf(finding) ?? byNumber ?? COMPLIANCE_WORDS[word] ?? 'UNKNOWN'
}

function standing(finding: Foreign): FindingStatus {
  return numberAt(finding, 'status_id') === RESOLVED ? 'PASSED' : 'FAILED'
}

function suppressedBy(finding: Foreign): boolean | undefined {
  const status = numberAt(finding, 'status_id')
  return status === undefined ? undefined : status === SUPPRESSED
}

/** Prowler writes tags as labels, "key:value". */
function labelsOf(resource: Foreign): Readonly<Record<string, string>> {
  return Object.fromEntries(
    textsAt(resource, 'labels')
      .filter((label) => label.includes(':'))
      .map((label) => [label.slice(0, label.indexOf(':')), label.slice(label.indexOf(':') + 1)]),
  )
}

/**
 * `time` is in epoch ms, and is when the finding was last changed where nothing else says so. It is
 * preferred to `time_dt`, which Prowler writes in the time of its machine, without saying which.
 */
export function timeOf(finding: Foreign): number {
  const modified = at(finding, 'finding_info', 'modified_time')
  const time = modified ?? at(finding, 'time') ?? at(finding, 'time_dt')
  // JSON of 1e999 is infinite, in any unit.
  return typeof time === 'number' && Number.isFinite(time) ? inMs(time) : instantOf(time)
}

/** OCSF says milliseconds; Prowler writes seconds, and others what their clock gives. */
function inMs(time: number): number {
  if (time < SECONDS_MAX) return time * PER_UNIT
  let ms = time
  while (ms > MS_MAX) ms /= PER_UNIT
  return ms
}
