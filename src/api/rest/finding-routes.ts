import { Type } from 'typebox'

import type { Findings } from '#src/compliance/findings.ts'
import { SEVERITIES } from '#src/model/alert.ts'
import { CheckRule, FINDING_STATUSES, Finding } from '#src/model/finding.ts'
import { AwsAccountId } from '#src/model/tenancy.ts'
import { addList } from './list-route.ts'
import { CheckedByQuery, IdParams, OfOrganisation, ref } from './route.ts'
import type { AddRoute } from './route.ts'

const TEXT_CHARACTERS_MAX = 256
const RULE_ID_CHARACTERS_MAX = 2_048

export function addFindingRoutes(add: AddRoute, findings: Findings): void {
  const tag = 'compliance'
  addList(add, {
    url: '/findings',
    tag,
    summary:
      'List what compliance checks found, failures first and the worst of them first; a page may be short and have a next one',
    permission: 'findings:Read',
    filter: {
      ...OfOrganisation,
      status: Type.Optional(Type.Enum([...FINDING_STATUSES])),
      severity: Type.Optional(Type.Enum([...SEVERITIES])),
      awsAccountId: Type.Optional(AwsAccountId),
      checkedBy: CheckedByQuery,
      ruleId: Type.Optional(Type.String({ maxLength: RULE_ID_CHARACTERS_MAX })),
      text: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: TEXT_CHARACTERS_MAX,
          description: 'Somewhere in rule, resource or reason, in any case',
        }),
      ),
    },
    item: Finding,
    list: (caller, asked) => findings.list(caller, asked),
  })
  add({
    method: 'GET',
    url: '/findings/:id',
    tag,
    summary: 'Show a finding',
    permission: 'findings:Read',
    params: IdParams,
    answer: [200, ref(Finding)],
    run: (caller, { params }) => findings.get(caller, params.id),
  })
  addList(add, {
    url: '/compliance/checked-rules',
    tag,
    summary: 'List the rules of which results came, of AWS services and of the hub itself',
    permission: 'compliance:Read',
    filter: { ...OfOrganisation, checkedBy: CheckedByQuery },
    item: CheckRule,
    list: (caller, asked) => findings.rules(caller, asked),
  })
}
