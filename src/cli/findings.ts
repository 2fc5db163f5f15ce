import type { Command } from 'commander'

import { SEVERITIES } from '#src/model/alert.ts'
import { FINDING_STATUSES } from '#src/model/finding.ts'
import type { Finding } from '#src/model/finding.ts'
import { pathOf } from './api-path.ts'
import { action, givenOnly, oneOf, wholeNumber } from './call.ts'
import { fields, table } from './output.ts'
import type { Column, Style } from './output.ts'
import { ACCOUNT_REFERENCE, accountBy, organisationBy, organisationColumns } from './references.ts'
import { localMoment } from './terminal-text.ts'

/** An organisation may have half a million. */
const LIMIT_DEFAULT = 100

interface ListOptions {
  readonly organisation?: string
  readonly status?: string
  readonly severity?: string
  readonly account?: string
  readonly checkedBy?: string
  readonly rule?: string
  readonly text?: string
  readonly limit: number
}

export function addFindings(program: Command): void {
  const findings = program
    .command('findings')
    .description('list, show what compliance checks found')
    .addHelpText(
      'after',
      `
Findings come from AWS Config, Security Hub, GuardDuty, Inspector, Macie, Access Analyzer, Trusted
Advisor and Cost Anomaly Detection, by their events on the security account's default event bus,
from the hub's own rules, and from imports. A finding is told when it fails that did not, and when
it passes again; the first results of a new rule are told in one summary.

  belfry findings list --status FAILED --severity HIGH
  belfry findings list --checked-by securityhub --text ebs`,
    )

  findings
    .command('list')
    .description('list findings, failures first and the worst of them first')
    .option('--organisation <organisation>', 'only of this one: id or alias')
    .option('--status <status>', `only ${FINDING_STATUSES.join(', ')}`, oneOf(FINDING_STATUSES))
    .option('--severity <severity>', `only ${SEVERITIES.join(', ')}`, oneOf(SEVERITIES))
    .option('--account <account>', `only of this one: ${ACCOUNT_REFERENCE}`)
    .option('--checked-by <service>', 'only by belfry, config, securityhub, guardduty, ...')
    .option('--rule <id>', 'only of this rule')
    .option('--text <text>', 'only with this text in rule, resource or reason')
    .option('--limit <number>', 'how many at most', wholeNumber(1), LIMIT_DEFAULT)
    .action(
      action<ListOptions>(async ({ hub, output, options }) => {
        const { organisation, status, severity, account, checkedBy, rule, text, limit } = options
        // A status is looked up in one organisation's list.
        const needsOne = organisation !== undefined || status !== undefined
        const organisationId = needsOne ? (await organisationBy(hub, organisation)).id : undefined
        const awsAccountId = account && (await accountBy(hub, account)).awsAccountId
        const asked = { organisationId, status, severity, awsAccountId, checkedBy, text }
        const filter = givenOnly({ ...asked, ruleId: rule })
        const { items, more } = await hub.listFirst<Finding>('/findings', filter, limit)
        const columns = [...COLUMNS, ...(await organisationColumns<Finding>(hub))]
        await output.show(items, () =>
          items.length === 0 ? 'no such findings' : table(items, columns, output.width),
        )
        if (more) output.note(`there are more: --limit ${limit * 10}`)
      }),
    )

  findings
    .command('show')
    .description('show a finding')
    .argument('<id>', 'its id')
    .action(
      action(async ({ hub, output }, id: string) => {
        const finding = await hub.get<Finding>(pathOf('/findings', id))
        await output.show(finding, () => shown(finding))
      }),
    )
}

function shown(finding: Finding): string {
  const { status, muted, excepted, tags } = finding
  const said = muted === undefined ? status : `${status}, ${muted.toLowerCase()} where it was found`
  return fields(
    {
      status: excepted === undefined ? said : `${said}, under an exception`,
      severity: finding.severity,
      rule: `${finding.ruleName} (${finding.ruleId}, number ${finding.ruleNumber})`,
      'checked by': finding.checkedBy,
      'what happened': finding.title,
      resource: finding.resourceId,
      type: finding.resourceType,
      account: finding.awsAccountId,
      region: finding.region,
      tags: Object.entries(tags).map(([key, value]) => `${key}=${value}`),
      reason: finding.reason,
      link: finding.link,
      frameworks: finding.frameworks,
      evaluated: localMoment(finding.evaluatedAt),
      'status since': localMoment(finding.changedAt),
      'first seen': localMoment(finding.firstSeenAt),
      id: finding.id,
    },
    { status: statusStyle(finding) },
  )
}

/** With why a failure is not told, where that is so. */
function statusText({ status, muted, excepted }: Finding): string {
  if (muted !== undefined) return `${status}, ${muted.toLowerCase()}`
  return excepted === undefined ? status : `${status}, excepted`
}

function statusStyle({ status, muted, excepted }: Finding): Style {
  if (muted !== undefined || excepted !== undefined) return 'dim'
  return ({ FAILED: 'red', UNKNOWN: 'yellow', PASSED: 'green', NOT_APPLICABLE: 'dim' } as const)[
    status
  ]
}

const COLUMNS: readonly Column<Finding>[] = [
  { title: 'STATUS', text: statusText, style: statusStyle },
  { title: 'SEVERITY', text: ({ severity }) => severity },
  { title: 'RULE', text: ({ ruleName }) => ruleName, style: () => 'cyan' },
  { title: 'RESOURCE', text: ({ resourceId }) => resourceId },
  { title: 'ACCOUNT', text: ({ awsAccountId = '' }) => awsAccountId },
  { title: 'REGION', text: ({ region = '' }) => region, optional: true },
  { title: 'BY', text: ({ checkedBy }) => checkedBy, optional: true },
  { title: 'EVALUATED', text: ({ evaluatedAt }) => localMoment(evaluatedAt), optional: true },
  { title: 'ID', text: ({ id }) => id, style: () => 'dim', optional: true },
]
