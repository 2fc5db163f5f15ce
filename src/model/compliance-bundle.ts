import { Type } from 'typebox'
import type { Static } from 'typebox'

import { SEVERITIES } from './alert.ts'
import { Id, Instant } from './tenancy.ts'

const Word = {
  pattern: '^[a-z0-9][a-z0-9-]{0,63}$',
  title: 'a word of lower case letters, digits and dashes, 64 at most',
}
const RULES_PER_BUNDLE_MAX = 200
const EXAMPLES_MAX = 50
const TEXT_CHARACTERS_MAX = 1_024
const EXPRESSION_CHARACTERS_MAX = 2_000

/** A word: it is part of a rule's id, and of paths. */
export const BundleName = Type.String({ ...Word, examples: ['tagging'] })
const Text = Type.String({ minLength: 1, maxLength: TEXT_CHARACTERS_MAX })
const Anything = Type.Record(Type.String(), Type.Unknown())
export const BundleParameters = Type.Record(
  Type.String({ pattern: '^[A-Za-z][A-Za-z0-9]{0,63}$' }),
  Type.Unknown(),
)

export const BundleRule = Type.Object({
  id: Type.String({ ...Word, examples: ['required-tags'] }),
  title: Text,
  severity: Type.Enum([...SEVERITIES]),
  appliesTo: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: 'An EventBridge event pattern on the resource; absent: all resources',
    }),
  ),
  assert: Type.String({
    minLength: 1,
    maxLength: EXPRESSION_CHARACTERS_MAX,
    description: 'CEL on `resource` and `parameters`: true where the resource complies',
  }),
  message: Type.Optional(Text),
  frameworks: Type.Optional(Type.Array(Text, { maxItems: 50 })),
  examples: Type.Optional(
    Type.Object({
      pass: Type.Optional(Type.Array(Anything, { maxItems: EXAMPLES_MAX })),
      fail: Type.Optional(Type.Array(Anything, { maxItems: EXAMPLES_MAX })),
    }),
  ),
})
export type BundleRule = Static<typeof BundleRule>

/** A file of rules. */
export const BundleFile = Type.Object({
  bundle: BundleName,
  version: Type.String({
    pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+$',
    title: 'a version of three numbers',
    examples: ['1.0.0'],
  }),
  description: Type.Optional(Text),
  parameters: Type.Optional(BundleParameters),
  rules: Type.Array(BundleRule, { minItems: 1, maxItems: RULES_PER_BUNDLE_MAX }),
})
export type BundleFile = Static<typeof BundleFile>

/** A bundle as an organisation has it. */
export const ComplianceBundle = Type.Object(
  {
    organisationId: Id,
    name: BundleName,
    version: Type.String({ description: 'The newest there is' }),
    description: Type.Optional(Type.String()),
    source: Type.Enum(['SHIPPED', 'OWN'], { description: 'SHIPPED: comes with the hub' }),
    parameters: BundleParameters,
    rules: Type.Array(
      Type.Object({
        id: Type.String(),
        title: Type.String(),
        severity: Type.Enum([...SEVERITIES]),
      }),
    ),
    untested: Type.Array(Type.String(), {
      description:
        'Ids of rules without an example that passes and one that fails: nothing shows that they match what they mean',
    }),
    enabled: Type.Optional(
      Type.Object({
        version: Type.String(),
        parameters: BundleParameters,
        deselected: Type.Array(Type.String(), { description: 'Ids of rules that are left out' }),
        at: Instant,
      }),
    ),
    updateAvailable: Type.Boolean({ description: 'Enabled in another version than the newest' }),
  },
  { $id: 'ComplianceBundle' },
)
export type ComplianceBundle = Static<typeof ComplianceBundle>

export const TagPolicyImport = Type.Object(
  {
    bundle: ComplianceBundle,
    leftOut: Type.Array(Type.String(), {
      description: 'What the policies say that is no rule on resources, and why',
    }),
  },
  { $id: 'TagPolicyImport' },
)
export type TagPolicyImport = Static<typeof TagPolicyImport>

export const ImportReport = Type.Object(
  {
    format: Type.Enum(['CONFIG_SNAPSHOT', 'OCSF', 'ASFF']),
    read: Type.Integer({ description: 'Resources, or findings' }),
    skipped: Type.Array(Type.Object({ index: Type.Integer(), reason: Type.String() }), {
      description: 'The first of those that were not read, and why',
    }),
    skippedCount: Type.Integer(),
    changed: Type.Integer({ description: 'Findings that are new or others than before' }),
    unchanged: Type.Integer(),
    told: Type.Integer(),
    refused: Type.Integer({ description: 'New findings that there was no room for' }),
    closed: Type.Integer({ description: 'Results of closed accounts, which were left out' }),
  },
  { $id: 'ComplianceImportReport' },
)
export type ImportReport = Static<typeof ImportReport>
