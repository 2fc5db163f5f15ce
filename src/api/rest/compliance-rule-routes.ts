import { Type } from 'typebox'

import type { EnabledRules } from '#src/compliance/enabled-rules.ts'
import { BundleName } from '#src/model/compliance-bundle.ts'
import { ComplianceRule } from '#src/model/finding.ts'
import { OfOrganisation, PageQuery, page, pageRequest, pageSchema } from './route.ts'
import type { AddRoute } from './route.ts'

export function addComplianceRuleRoutes(add: AddRoute, rules: EnabledRules): void {
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
}
