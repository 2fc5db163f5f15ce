import type { Command } from 'commander'

import type { ComplianceException, ExceptionScope } from '#src/model/compliance-exception.ts'
import type { CheckRule, ComplianceRule, Finding } from '#src/model/finding.ts'
import { addBundles } from './compliance-bundles.ts'
import { addImport } from './compliance-import.ts'
import { addRules } from './compliance-rules.ts'
import { callerName } from '#src/model/principal.ts'
import { pathOf } from './api-path.ts'
import { action, givenOnly } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { addListCommand } from './list-command.ts'
import type { Column } from './output.ts'
import { instant } from './period.ts'
import { ACCOUNT_REFERENCE, accountBy, organisationBy } from './references.ts'
import { addScores } from './compliance-scores.ts'
import { addTagPolicies } from './tag-policies.ts'
import { counted, localMoment } from './terminal-text.ts'

export function addCompliance(program: Command): void {
  const compliance = program
    .command('compliance')
    .description('check resources by rules, import what others found, except failures')
  addScores(compliance)
  addRules(compliance)
  addBundles(compliance)
  addImport(compliance)
  addTagPolicies(compliance)
  addExceptions(compliance)
}

function addExceptions(compliance: Command): void {
  const exceptions = compliance
    .command('exceptions')
    .description('list, create, delete exceptions: failures that are not told until a time')
    .addHelpText(
      'after',
      `
  belfry compliance exceptions create --rule S3.1 --account web --until 2026-06-30 \\
    --reason "A public web site."`,
    )

  addListCommand<ComplianceException>(exceptions, {
    path: '/compliance/exceptions',
    description: 'list the exceptions that are not over',
    none: 'no exceptions: every failure is told',
    columns: COLUMNS,
  })

  exceptions
    .command('create')
    .description('do not tell failures that fit all that is given, until a time')
    .requiredOption('--reason <text>', 'why')
    .requiredOption(
      '--until <time>',
      'from then on what still fails is told: a day or an instant',
      instant,
    )
    .option('--checked-by <service>', 'checked by belfry, config, securityhub, guardduty, ...')
    .option('--rule <id>', 'of this rule')
    .option('--resource <id>', 'of this resource, as "belfry findings list" shows it')
    .option('--account <account>', `of this account: ${ACCOUNT_REFERENCE}`)
    .option('--tag <key=value>', 'of resources with this tag; without =value, whatever its value')
    .option('--organisation <organisation>', 'id or alias, where there are several')
    .action(
      action<CreateOptions>(async ({ hub, output, options }) => {
        const { reason, until, account } = options
        const awsAccountId = account && (await accountBy(hub, account)).awsAccountId
        const scope: ExceptionScope = givenOnly({
          checkedBy: options.checkedBy,
          ruleId: options.rule,
          resourceId: options.resource,
          awsAccountId,
          tag: options.tag === undefined ? undefined : tagOf(options.tag),
        }) as ExceptionScope
        if (Object.keys(scope).length === 0) {
          throw new UsageFault(
            'say which failures: --checked-by, --rule, --resource, --account or --tag',
          )
        }
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const given = { organisationId, scope, reason, until }
        const made = await hub.post<ComplianceException>('/compliance/exceptions', given)
        await output.show(
          made,
          () => `not told until ${localMoment(made.until)}: ${scopeText(made)}`,
        )
        output.note(await coveredText(hub, made))
      }),
    )

  exceptions
    .command('delete')
    .description('end an exception before its time: what it held back and still fails is told')
    .argument('<id>', 'its id')
    .action(
      action(async ({ hub, output }, id: string) => {
        await hub.delete(pathOf('/compliance/exceptions', id))
        await output.show({ deleted: id }, () => `deleted exception ${id}`)
      }),
    )
}

/** An organisation may have half a million failures. */
const COUNTED_MAX = 10_000
/** As a filter of findings takes it. */
const FILTER_CHARACTERS_MAX = 256

/** Says what an exception covers now. It may be made before anything fails; a misspelt one never does. */
async function coveredText(
  hub: HubClient,
  { organisationId, scope }: ComplianceException,
): Promise<string> {
  const { resourceId, tag, ...equal } = scope
  const isFilter = resourceId !== undefined && resourceId.length <= FILTER_CHARACTERS_MAX
  const filter = {
    organisationId,
    status: 'FAILED',
    ...equal,
    ...(isFilter && { text: resourceId }),
  }
  const { items, more } = await hub.listFirst<Finding>('/findings', filter, COUNTED_MAX)
  const hasTag = ({ tags }: Finding) =>
    tag === undefined ||
    (Object.hasOwn(tags, tag.key) && (tag.value === undefined || tags[tag.key] === tag.value))
  const covered = items
    .filter((finding) => resourceId === undefined || finding.resourceId === resourceId)
    .filter(hasTag).length
  if (covered > 0) {
    return `it covers ${more ? 'at least ' : ''}${counted(covered, 'failure')} now, and what fails later`
  }
  const { ruleId } = scope
  if (ruleId === undefined || (await isKnownRule(hub, organisationId, ruleId))) {
    return 'it covers no failure now, only what fails later'
  }
  return `it covers no failure now, and nothing has been heard of a rule "${ruleId}": where its id is another ("belfry findings show" tells it beside the name), delete the exception and make it anew`
}

/** Whether the hub applies the rule, or results of it came. */
async function isKnownRule(hub: HubClient, organisationId: string, ruleId: string) {
  const asked = { organisationId }
  const [applied, checked] = await Promise.all([
    hub.listAll<ComplianceRule>('/compliance/rules', asked),
    hub.listAll<CheckRule>('/compliance/checked-rules', asked),
  ])
  return [...applied, ...checked].some((rule) => rule.ruleId === ruleId)
}

interface CreateOptions {
  readonly reason: string
  readonly until: number
  readonly checkedBy?: string
  readonly rule?: string
  readonly resource?: string
  readonly account?: string
  readonly tag?: string
  readonly organisation?: string
}

function tagOf(text: string) {
  const equals = text.indexOf('=')
  if (equals === -1) return { key: text }
  return { key: text.slice(0, equals), value: text.slice(equals + 1) }
}

const SCOPE_WORDS = [
  ['checkedBy', 'checked by'],
  ['ruleId', 'rule'],
  ['resourceId', 'resource'],
  ['awsAccountId', 'account'],
] as const

function scopeText({ scope: { tag, ...named } }: ComplianceException): string {
  const texts = SCOPE_WORDS.flatMap(([name, word]) =>
    named[name] === undefined ? [] : [`${word} ${named[name]}`],
  )
  const tagText = tag?.value === undefined ? tag?.key : `${tag.key}=${tag.value}`
  return [...texts, ...(tagText === undefined ? [] : [`tag ${tagText}`])].join(', ')
}

const COLUMNS: readonly Column<ComplianceException>[] = [
  { title: 'UNTIL', text: ({ until }) => localMoment(until) },
  { title: 'FAILURES OF', text: scopeText, style: () => 'cyan' },
  { title: 'REASON', text: ({ reason }) => reason },
  { title: 'BY', text: ({ createdBy }) => callerName(createdBy), optional: true },
  { title: 'ID', text: ({ id }) => id, style: () => 'dim', optional: true },
]
