import { Type } from 'typebox'
import type { Static, TObject } from 'typebox'

import { RegionName, UserRole } from './tenancy.ts'

/**
 * The configurable services of an organisation. Names, statuses and the contents for GuardDuty and
 * Security Hub are the reference system's published ones; it tells of the others what they are
 * about, and for GUARDRAILS that they are switches.
 */
export type ServiceName =
  | 'GUARDDUTY'
  | 'SECURITYHUB'
  | 'REGIONS'
  | 'ACCOUNT'
  | 'GUARDRAILS'
  | 'ORGANIZATION'
  | 'SSO'

interface ServiceConfiguration {
  readonly schema: TObject
  readonly example: Readonly<Record<string, unknown>>
  /**
   * The hub itself applies what concerns it. The rest is the organisation's wish, announced by its
   * event: whoever applies it in AWS reports the state back.
   */
  readonly appliedBy: 'hub' | 'others'
}

const Switch = Type.Object({ Enable: Type.Boolean() })
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()])
const Ec2Tags = Type.Object({
  EC2_INSTANCE_TAG: Type.Array(
    Type.Object({ Key: Type.String(), Value: Type.Optional(Type.String()) }),
  ),
})

const GuardDuty = Type.Object({
  FindingPublishingFrequency: Type.Enum(['FIFTEEN_MINUTES', 'ONE_HOUR', 'SIX_HOURS']),
  Features: Type.Object({
    EBS_MALWARE_PROTECTION: Type.Object({
      Enable: Type.Boolean(),
      EbsSnapshotPreservation: Type.Optional(
        orNull(Type.Enum(['NO_RETENTION', 'RETENTION_WITH_FINDING'])),
      ),
      ScanResourceCriteria: Type.Optional(
        orNull(Type.Union([Type.Object({ Include: Ec2Tags }), Type.Object({ Exclude: Ec2Tags })])),
      ),
    }),
    EKS_AUDIT_LOGS: Switch,
    EKS_RUNTIME_MONITORING: Type.Object({
      Enable: Type.Boolean(),
      EKS_ADDON_MANAGEMENT: Type.Optional(orNull(Type.Boolean())),
    }),
    LAMBDA_NETWORK_LOGS: Switch,
    RDS_LOGIN_EVENTS: Switch,
    S3_DATA_EVENTS: Switch,
  }),
})

const Flag = Type.Optional(Type.Boolean())
const SecurityHub = Type.Object({
  Standards: Type.Object({
    AWS_REGIONS: Type.Array(RegionName),
    AWS_FOUNDATIONAL_SECURITY_BEST_PRACTICES_1_0_0: Type.Boolean(),
    AWS_RESOURCE_TAGGING_STANDARD_1_0_0: Flag,
    CIS_AWS_FOUNDATIONS_BENCHMARK_1_2_0: Type.Boolean(),
    CIS_AWS_FOUNDATIONS_BENCHMARK_1_4_0: Type.Boolean(),
    CIS_AWS_FOUNDATIONS_BENCHMARK_3_0_0: Flag,
    CIS_AWS_FOUNDATIONS_BENCHMARK_5_0_0: Flag,
    NIST_SP_800_171_REVISION_2: Flag,
    NIST_SP_800_53_REVISION_5: Flag,
    PCI_DSS_3_2_1: Type.Boolean(),
    PCI_DSS_4_0_1: Flag,
  }),
})

const Contact = Type.Object({
  Name: Type.String({ minLength: 1, maxLength: 64 }),
  Title: Type.String({ minLength: 1, maxLength: 50 }),
  EmailAddress: Type.String({ minLength: 3, maxLength: 254 }),
  PhoneNumber: Type.String({ minLength: 1, maxLength: 25 }),
})

const Account = Type.Object({
  AlternateContacts: Type.Optional(
    Type.Object({
      BILLING: Type.Optional(Contact),
      OPERATIONS: Type.Optional(Contact),
      SECURITY: Type.Optional(Contact),
    }),
  ),
  EC2: Type.Optional(Type.Record(Type.String(), Type.Boolean())),
  S3: Type.Optional(Type.Record(Type.String(), Type.Boolean())),
  SSM: Type.Optional(Type.Record(Type.String(), Type.Boolean())),
})

const Regions = Type.Object({
  Enabled: Type.Array(RegionName, { minItems: 1, maxItems: 64, uniqueItems: true }),
  Disabled: Type.Optional(Type.Array(RegionName, { maxItems: 64, uniqueItems: true })),
})

/** Sign-in with an OpenID provider; its client's secret is kept apart and never shown. */
const OidcSettings = Type.Object({
  Issuer: Type.String({
    pattern: '^https?://',
    title: 'a URL',
    examples: ['https://sign-in.example.com'],
    maxLength: 512,
  }),
  ClientId: Type.String({ minLength: 1, maxLength: 256 }),
  Scopes: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { maxItems: 16 }),
  ),
  RolesClaim: Type.Optional(
    Type.String({ minLength: 1, maxLength: 128, description: 'The claim that lists groups' }),
  ),
  Roles: Type.Optional(
    Type.Record(Type.String(), UserRole, { description: 'The role of each value of RolesClaim' }),
  ),
  DefaultRole: Type.Optional(UserRole),
})

export const SignInConfiguration = Type.Object({
  LOCAL: Type.Object({ Enable: Type.Boolean({ description: 'Passwords may be used' }) }),
  MFA: Type.Object({ Required: Type.Boolean({ description: 'Of users with passwords' }) }),
  OIDC: orNull(OidcSettings),
})
export type OidcSettings = Static<typeof OidcSettings>
export type SignInConfiguration = Static<typeof SignInConfiguration>

export const SERVICE_CONFIGURATIONS: Readonly<Record<ServiceName, ServiceConfiguration>> = {
  GUARDDUTY: {
    appliedBy: 'others',
    schema: GuardDuty,
    example: {
      FindingPublishingFrequency: 'FIFTEEN_MINUTES',
      Features: {
        EBS_MALWARE_PROTECTION: {
          Enable: false,
          EbsSnapshotPreservation: null,
          ScanResourceCriteria: null,
        },
        EKS_AUDIT_LOGS: { Enable: true },
        EKS_RUNTIME_MONITORING: { Enable: false, EKS_ADDON_MANAGEMENT: null },
        LAMBDA_NETWORK_LOGS: { Enable: false },
        RDS_LOGIN_EVENTS: { Enable: false },
        S3_DATA_EVENTS: { Enable: true },
      },
    },
  },
  SECURITYHUB: {
    appliedBy: 'others',
    schema: SecurityHub,
    example: {
      Standards: {
        AWS_REGIONS: ['ap-southeast-2'],
        AWS_FOUNDATIONAL_SECURITY_BEST_PRACTICES_1_0_0: true,
        CIS_AWS_FOUNDATIONS_BENCHMARK_1_2_0: false,
        CIS_AWS_FOUNDATIONS_BENCHMARK_1_4_0: true,
        PCI_DSS_3_2_1: false,
      },
    },
  },
  REGIONS: {
    appliedBy: 'hub',
    schema: Regions,
    example: { Enabled: ['ap-southeast-2', 'us-east-1'], Disabled: [] },
  },
  ACCOUNT: {
    appliedBy: 'others',
    schema: Account,
    example: {
      AlternateContacts: {
        SECURITY: {
          Name: 'Security Operations',
          Title: 'On call',
          EmailAddress: 'security@example.com',
          PhoneNumber: '+61 2 5550 0000',
        },
      },
      S3: { BLOCK_PUBLIC_ACCESS: true },
    },
  },
  GUARDRAILS: {
    appliedBy: 'others',
    schema: Type.Object({ SCP: Type.Record(Type.String(), Type.Boolean()) }),
    example: { SCP: { DENY_LEAVE_ORGANIZATION: true } },
  },
  ORGANIZATION: {
    appliedBy: 'others',
    schema: Type.Object({ BEDROCK_ALLOW_CROSS_REGIONAL_ACCESS: Type.Boolean() }),
    example: { BEDROCK_ALLOW_CROSS_REGIONAL_ACCESS: false },
  },
  SSO: {
    appliedBy: 'hub',
    schema: SignInConfiguration,
    example: {
      LOCAL: { Enable: true },
      MFA: { Required: false },
      OIDC: { Issuer: 'https://id.example.com', ClientId: 'belfry', DefaultRole: 'customer_user' },
    },
  },
}
