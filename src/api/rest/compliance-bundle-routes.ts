import { Type } from 'typebox'

import type { Bundles } from '#src/compliance/bundles.ts'
import type { Imports } from '#src/compliance/imports.ts'
import type { TagPolicyImports } from '#src/compliance/tag-policies.ts'
import {
  BundleName,
  BundleParameters,
  ComplianceBundle,
  ImportReport,
  TagPolicyImport,
} from '#src/model/compliance-bundle.ts'
import { addList } from './list-route.ts'
import { Id, OfOrganisation, ref } from './route.ts'
import type { AddRoute } from './route.ts'

const BUNDLE_CHARACTERS_MAX = 1_024 * 1_024
const RULES_MAX = 200
/** A policy's own limit does not count white space, of which there may be more. */
const TAG_POLICY_TEXT_CHARACTERS_MAX = 100_000
/** AWS attaches ten to the root, a unit or an account, below one another. */
const TAG_POLICIES_MAX = 50
const TAG_KEYS_MAX = 300
const TAG_KEY_CHARACTERS_MAX = 128
const NameParams = Type.Object({ name: BundleName })
const OneOrganisation = Type.Optional({
  ...Id,
  description: 'Absent: the only one that the caller acts for',
})

export function addComplianceBundleRoutes(add: AddRoute, bundles: Bundles): void {
  const tag = 'compliance'
  addList(add, {
    url: '/compliance/bundles',
    tag,
    summary: 'List the bundles of rules that come with the hub and those of the organisation',
    permission: 'compliance:Read',
    filter: OfOrganisation,
    item: ComplianceBundle,
    list: (caller, asked) => bundles.list(caller, asked),
  })
  add({
    method: 'POST',
    url: '/compliance/bundles',
    tag,
    summary:
      'Take a file of rules (YAML) whose examples are as said; of a name that is there, as its next version',
    permission: 'compliance:Write',
    body: Type.Object({
      organisationId: OneOrganisation,
      text: Type.String({ minLength: 1, maxLength: BUNDLE_CHARACTERS_MAX }),
    }),
    answer: [201, ref(ComplianceBundle)],
    run: (caller, { body }) => bundles.upload(caller, body),
  })
  add({
    method: 'GET',
    url: '/compliance/bundles/:name',
    tag,
    summary: 'Show a bundle of rules',
    permission: 'compliance:Read',
    params: NameParams,
    query: Type.Object(OfOrganisation),
    answer: [200, ref(ComplianceBundle)],
    run: (caller, { params, query }) => bundles.get(caller, params.name, query),
  })
  add({
    method: 'PUT',
    url: '/compliance/bundles/:name',
    tag,
    summary:
      'Enable a bundle in its newest version, with these settings and otherwise as it was set, or disable it; findings of rules that are applied no more go',
    permission: 'compliance:Write',
    params: NameParams,
    body: Type.Object({
      organisationId: OneOrganisation,
      enabled: Type.Boolean(),
      deselected: Type.Optional(
        Type.Array(Type.String({ maxLength: 64 }), {
          maxItems: RULES_MAX,
          description: 'Ids of rules to leave out; absent: those that are left out now',
        }),
      ),
      parameters: Type.Optional({
        ...BundleParameters,
        description: 'Others than the own ones of the bundle; absent: those that are set now',
      }),
    }),
    answer: [200, ref(ComplianceBundle)],
    run: (caller, { params, body }) => bundles.set(caller, params.name, body),
  })
  add({
    method: 'DELETE',
    url: '/compliance/bundles/:name',
    tag,
    summary: 'Delete a bundle of the organisation that is not enabled',
    permission: 'compliance:Write',
    params: NameParams,
    query: Type.Object(OfOrganisation),
    answer: [204],
    run: (caller, { params, query }) => bundles.remove(caller, params.name, query),
  })
}

export function addComplianceImportRoute(add: AddRoute, imports: Imports): void {
  add({
    method: 'POST',
    url: '/compliance/imports',
    tag: 'compliance',
    summary:
      'Check the resources of a snapshot of AWS Config by the rules that are enabled, or take in findings in OCSF or ASFF, as Prowler and Security Hub have them',
    permission: 'compliance:Write',
    body: Type.Object({
      organisationId: OneOrganisation,
      document: Type.Optional(Type.Unknown({ description: 'The snapshot, or the findings' })),
      gzip: Type.Optional(
        Type.String({ description: 'The same instead: as JSON text, gzipped, in base64' }),
      ),
    }),
    answer: [200, ref(ImportReport)],
    run: (caller, { body }) => imports.run(caller, body),
  })
}

export function addTagPolicyRoute(add: AddRoute, tagPolicies: TagPolicyImports): void {
  add({
    method: 'POST',
    url: '/compliance/tag-policies',
    tag: 'compliance',
    summary:
      'Make a bundle of rules of tag policies of AWS Organizations; of a name that is there, its next version',
    permission: 'compliance:Write',
    body: Type.Object({
      organisationId: OneOrganisation,
      policies: Type.Array(
        Type.String({ minLength: 1, maxLength: TAG_POLICY_TEXT_CHARACTERS_MAX }),
        {
          minItems: 1,
          maxItems: TAG_POLICIES_MAX,
          description: 'JSON texts, from the root of the organisation down',
        },
      ),
      required: Type.Optional(
        Type.Array(Type.String({ minLength: 1, maxLength: TAG_KEY_CHARACTERS_MAX }), {
          maxItems: TAG_KEYS_MAX,
          description: 'Keys of the policies that every resource must have',
        }),
      ),
      name: Type.Optional({ ...BundleName, description: 'Of the bundle; absent: tag-policy' }),
    }),
    answer: [201, ref(TagPolicyImport)],
    run: (caller, { body }) => tagPolicies.run(caller, body),
  })
}
