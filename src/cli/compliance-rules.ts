import type { Command } from 'commander'

import type { ComplianceRule } from '#src/model/finding.ts'
import { action, givenOnly } from './call.ts'
import { CHECKED_FROM_NOW, addRulesTest } from './compliance-bundles.ts'
import { table } from './output.ts'
import type { Column } from './output.ts'
import { organisationBy } from './references.ts'

interface ListOptions {
  readonly organisation?: string
  readonly bundle?: string
}

export function addRules(compliance: Command): void {
  const rules = compliance
    .command('rules')
    .description('list the rules that are enabled, test files of rules of your own')
  rules
    .command('list')
    .description('list the rules of enabled bundles, and how resources stand by them')
    .option('--bundle <name>', 'only of this one')
    .option('--organisation <organisation>', 'id or alias, where there are several')
    .action(
      action<ListOptions>(async ({ hub, output, options: { organisation, bundle } }) => {
        const { id: organisationId } = await organisationBy(hub, organisation)
        const asked = { organisationId, ...givenOnly({ bundle }) }
        const all = await hub.listAll<ComplianceRule>('/compliance/rules', asked)
        await output.show(all, () =>
          all.length === 0
            ? 'no rules are enabled: see "belfry compliance bundles list"'
            : table(all, COLUMNS, output.width),
        )
        const idle = all.filter(hasCheckedNothing)
        if (idle.length > 0) {
          const subject = idle.length === 1 ? 'rule has' : 'rules have'
          output.note(`${idle.length} ${subject} checked nothing yet: ${CHECKED_FROM_NOW}`)
        }
      }),
    )
  addRulesTest(rules)
}

function hasCheckedNothing({ failing, excepted, passing }: ComplianceRule): boolean {
  return failing + excepted + passing === 0
}

const COLUMNS: readonly Column<ComplianceRule>[] = [
  { title: 'RULE', text: ({ ruleId }) => ruleId, style: () => 'cyan' },
  { title: 'SEVERITY', text: ({ severity }) => severity },
  {
    title: 'FAILING',
    text: ({ failing }) => String(failing),
    style: ({ failing }) => (failing > 0 ? 'red' : 'dim'),
    align: 'right',
  },
  { title: 'EXCEPTED', text: ({ excepted }) => String(excepted), align: 'right' },
  { title: 'PASSING', text: ({ passing }) => String(passing), align: 'right' },
  { title: 'TITLE', text: ({ title }) => title, optional: true },
]
