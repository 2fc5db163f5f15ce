import { Type } from 'typebox'
import type { TSchema } from 'typebox'

import { SERVICE_CONFIGURATIONS } from '#src/model/service-configuration.ts'
import type { ServiceName } from '#src/model/service-configuration.ts'
import { category, outcome } from './event-type.ts'
import type { Provenance } from './event-type.ts'

/** The event of each configurable service; GuardDuty's and Security Hub's names are published. */
export const SERVICE_EVENTS = {
  GUARDDUTY: 'GuardDutyUpdateEvent',
  SECURITYHUB: 'SecurityHubUpdateEvent',
  REGIONS: 'RegionsUpdateEvent',
  ACCOUNT: 'AccountDefaultsUpdateEvent',
  GUARDRAILS: 'GuardrailsUpdateEvent',
  ORGANIZATION: 'OrganizationServiceUpdateEvent',
  SSO: 'SSOUpdateEvent',
} as const satisfies Record<ServiceName, string>

const SUMMARIES: Readonly<Record<ServiceName, string>> = {
  GUARDDUTY: "GuardDuty's configuration changed.",
  SECURITYHUB: "Security Hub's configuration changed.",
  REGIONS: 'The regions of the organisation changed.',
  ACCOUNT: 'Contacts and account-wide switches of all accounts changed.',
  GUARDRAILS: 'Guardrails (service control policies) changed.',
  ORGANIZATION: 'Settings of the whole AWS organization changed.',
  SSO: 'How people sign in changed.',
}

const PROVENANCE: Readonly<Partial<Record<ServiceName, Provenance>>> = {
  GUARDDUTY: 'published',
  SECURITYHUB: 'partly-published',
}

const SIGN_IN_CAUSE = {
  action: 'PUT /api/v1/organisations/:id/sign-in',
  permission: 'services:Write' as const,
}

export const SERVICE_CONFIGURATION = category(
  'ServiceConfiguration',
  'organisation',
  (Object.keys(SERVICE_EVENTS) as ServiceName[]).map((service) => ({
    name: SERVICE_EVENTS[service],
    provenance: PROVENANCE[service] ?? 'ours',
    summary: SUMMARIES[service],
    causes: [
      {
        action: `PUT /api/v1/services/${service.toLowerCase()}/configuration`,
        permission: 'services:Write' as const,
      },
      {
        action: `PUT /api/v1/services/${service.toLowerCase()}/state`,
        permission: 'services:Write' as const,
      },
      ...(service === 'SSO' ? [SIGN_IN_CAUSE] : []),
    ],
    fields: Type.Object({
      state: Type.Enum(['ACTIVE', 'INACTIVE', 'CONFIGURING', 'ERROR']),
      // Optional as in the published table; a reader must not break when a newer one has more.
      configuration: Type.Optional(SERVICE_CONFIGURATIONS[service].schema as TSchema),
      ...outcome,
    }),
    example: {
      state: 'ACTIVE',
      status: 'SUCCESS',
      configuration: SERVICE_CONFIGURATIONS[service].example,
    },
  })),
)
