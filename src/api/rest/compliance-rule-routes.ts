import { Type } from 'typebox'

import type { EnabledRules } from '#src/compliance/enabled-rules.ts'
import type { Scores } from '#src/compliance/scores.ts'
import { BundleName } from '#src/model/compliance-bundle.ts'
import { ComplianceRule, ComplianceScore } from '#src/model/finding.ts'
import { AwsAccountId } from '#src/model/tenancy.ts'
import {
  CheckedByQuery,
  OfOrganisation,
  PageQuery,
  page,
  pageRequest,
  pageSchema,
} from './route.ts'
import type { AddRoute } from './route.ts'

export function addComplianceRuleRoutes(
  add: AddRoute,
  { rules, scores }: { readonly rules: EnabledRules; readonly scores: Scores },
): void {
  add({
    method: 'GET',
    url: '/compliance/rules',
    tag: 'compliance',
    summary:
      'List the rules of the bundles that are enabled, with how many resources fail, pass, and fail under an exception',
    permission: 'compliance:Read',
    query: Type.Object({ ...PageQuery, ...OfOrganisation, bundle: Type.Optional(BundleName) }),
    answer: [200, pageSchema(ComplianceRule)],
    run: async (caller, { query }) => {
      const { organisationId, bundle } = query
      return page(await rules.list(caller, { ...pageRequest(query), organisationId, bundle }))
    },
  })
  add({
    method: 'GET',
    url: '/compliance/scores',
    tag: 'compliance',
    summary:
      'List how accounts stand: of all checks of their resources how many passed, in all, by whoever checks, and by bundle',
    permission: 'findings:Read',
    query: Type.Object({
      ...PageQuery,
      ...OfOrganisation,
      awsAccountId: Type.Optional(AwsAccountId),
      checkedBy: CheckedByQuery,
      bundle: Type.Optional(BundleName),
    }),
    answer: [200, pageSchema(ComplianceScore)],
    run: async (caller, { query }) => {
      const { limit: _, nextToken: __, ...filter } = query
      return page(await scores.list(caller, { ...pageRequest(query), ...filter }))
    },
  })
}
