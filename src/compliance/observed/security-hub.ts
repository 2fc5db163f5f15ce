import type { FindingStatus } from '#src/model/finding.ts'
import type { CheckResult } from '../check-result.ts'
import { ACCESS_ANALYZER, unusedAccessOf } from './access-analyzer.ts'
import type { AwsEvent } from './aws-event.ts'
import {
  accountOf,
  at,
  given,
  instantOf,
  listAt,
  severityOf,
  tagsAt,
  textAt,
  textsAt,
} from './foreign.ts'
import type { Foreign } from './foreign.ts'
import { bySecurityHub, isHappening, kindByAsff, serviceOfProduct } from './products.ts'

/** WARNING and NOT_AVAILABLE: the check could not be made, or not wholly. */
const STATUSES: Readonly<Record<string, FindingStatus>> = { PASSED: 'PASSED', FAILED: 'FAILED' }
/** How controls are called where one finding stands for all standards. */
const CONTROL = 'security-control/'
const PROWLER = 'prowler-'

/** `aws.securityhub`, `Security Hub Findings - Imported`: findings in ASFF. */
export function fromSecurityHub(event: AwsEvent): readonly CheckResult[] {
  return listAt(event.detail, 'findings')
    .flatMap((finding) => fromAsffFinding(event, finding))
    .map(bySecurityHub)
}

/** One finding in ASFF; of Prowler too, whose checks have their names in `GeneratorId`. */
export function fromAsffFinding(event: AwsEvent, finding: Foreign): readonly CheckResult[] {
  const compliance = textAt(finding, 'Compliance', 'Status')
  const checkedBy = serviceOfProduct(textAt(finding, 'ProductArn')) ?? 'securityhub'
  const resources = listAt(finding, 'Resources')
  const result: Omit<CheckResult, 'resourceId' | 'tags'> = {
    checkedBy,
    ...(compliance === undefined ? kindOf(checkedBy, finding) : ruleOf(finding)),
    severity: severityOf(textAt(finding, 'Severity', 'Label')),
    status: compliance === undefined ? standing(finding) : (STATUSES[compliance] ?? 'UNKNOWN'),
    frameworks: frameworksOf(finding),
    evaluatedAt: instantOf(at(finding, 'UpdatedAt')),
    // A change of the workflow leaves UpdatedAt as it was.
    sentAt: event.sentAt,
    region: textAt(finding, 'Region') ?? textAt(resources[0], 'Region') ?? event.region,
    ...given({
      awsAccountId: accountOf(at(finding, 'AwsAccountId'), event.account),
      muted: textAt(finding, 'RecordState') === 'ARCHIVED' ? ('ARCHIVED' as const) : undefined,
      suppressed: suppressedBy(finding),
      atOnce:
        compliance === undefined && isHappening(checkedBy, textAt(finding, 'Types', 0))
          ? (true as const)
          : undefined,
      // What is no check of a rule may befall a resource more than once.
      incident: compliance === undefined ? textAt(finding, 'Id') : undefined,
      title: compliance === undefined ? textAt(finding, 'Title') : undefined,
      reason:
        textAt(finding, 'ProductFields', 'aws/securityhub/annotation') ??
        // Of what is no check the title names what happened, and the rule its kind.
        (compliance === undefined ? textAt(finding, 'Title') : undefined) ??
        textAt(finding, 'Description'),
      link:
        textAt(finding, 'SourceUrl') ??
        textAt(finding, 'Remediation', 'Recommendation', 'Url') ??
        textAt(finding, 'ProductFields', 'RecommendationUrl'),
    }),
    ...(checkedBy === ACCESS_ANALYZER && unusedAccessOf(finding)),
  }
  // An incident is one, however many resources it has to do with.
  const subjects = compliance === undefined ? resources.slice(0, 1) : resources
  return subjects.map((resource) => ({
    ...result,
    resourceId: textAt(resource, 'Id') ?? '',
    tags: tagsAt(resource, 'Tags'),
    ...given({ resourceType: textAt(resource, 'Type') }),
  }))
}

function ruleOf(finding: Foreign): Pick<CheckResult, 'ruleId' | 'ruleName'> {
  const generator = textAt(finding, 'GeneratorId') ?? ''
  // "security-control/S3.1", and "prowler-s3_bucket_public_access", which Prowler's OCSF has without.
  const prefix = [CONTROL, PROWLER].find((one) => generator.startsWith(one)) ?? ''
  return {
    // Of a rule of AWS Config the generator is an ARN, and its own events have its name.
    ruleId:
      textAt(finding, 'ProductFields', 'aws/config/ConfigRuleName') ??
      generator.slice(prefix.length),
    ruleName: textAt(finding, 'Title') ?? '',
  }
}

/**
 * The kind of what is no check: its generator may be all that a service finds, such as a detector of
 * GuardDuty, and its title is of one resource.
 */
function kindOf(checkedBy: string, finding: Foreign): Pick<CheckResult, 'ruleId' | 'ruleName'> {
  const kind = kindByAsff(checkedBy, textsAt(finding, 'Types'))
  const ruleId = kind === '' ? (textAt(finding, 'GeneratorId') ?? '') : kind
  return { ruleId, ruleName: ruleId }
}

function standing(finding: Foreign): FindingStatus {
  return textAt(finding, 'Workflow', 'Status') === 'RESOLVED' ? 'PASSED' : 'FAILED'
}

function suppressedBy(finding: Foreign): boolean | undefined {
  const workflow = textAt(finding, 'Workflow', 'Status')
  return workflow === undefined ? undefined : workflow === 'SUPPRESSED'
}

function frameworksOf(finding: Foreign): readonly string[] {
  const standards = listAt(finding, 'Compliance', 'AssociatedStandards').flatMap((standard) => {
    const id = textAt(standard, 'StandardsId')
    return id === undefined ? [] : [id]
  })
  const one =
    textAt(finding, 'ProductFields', 'StandardsArn') ??
    textAt(finding, 'ProductFields', 'StandardsGuideArn')
  return [
    ...standards,
    ...textsAt(finding, 'Compliance', 'RelatedRequirements'),
    // "arn:aws:securityhub:::standards/aws-foundational-security-best-practices/v/1.0.0"
    ...(one === undefined ? [] : [one.slice(one.indexOf('/') + 1)]),
  ]
}
