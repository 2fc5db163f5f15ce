import { Type } from 'typebox'

import type { EnabledRules } from '#src/compliance/enabled-rules.ts'
import type { Scores } from '#src/compliance/scores.ts'
import { BundleName } from '#src/model/compliance-bundle.ts'
import { ComplianceRule, ComplianceScore } from '#src/model/finding.ts'
import { AwsAccountId } from '#src/model/tenancy.ts'
import { addList } from './list-route.ts'
import { CheckedByQuery, OfOrganisation } from './route.ts'
import type { AddRoute } from './route.ts'

export function addComplianceRuleRoutes(
  add: AddRoute,
  { rules, scores }: { readonly rules: EnabledRules; readonly scores: Scores },
): void {
  addList(add, {
    url: '/compliance/rules',
    tag: 'compliance',
    summary:
      'List the rules of the bundles that are enabled, with how many resources fail, pass, and fail under an exception',
    permission: 'compliance:Read',
    filter: { ...OfOrganisation, bundle: Type.Optional(BundleName) },
    item: ComplianceRule,
    list: (caller, asked) => rules.list(caller, asked),
  })
  addList(add, {
    url: '/compliance/scores',
    tag: 'compliance',
    summary:
      'List how accounts stand: of all checks of their resources how many passed, in all, by whoever checks, and by bundle',
    permission: 'findings:Read',
    filter: {
      ...OfOrganisation,
      awsAccountId: Type.Optional(AwsAccountId),
      checkedBy: CheckedByQuery,
      bundle: Type.Optional(BundleName),
    },
    item: ComplianceScore,
    list: (caller, asked) => scores.list(caller, asked),
  })
}
