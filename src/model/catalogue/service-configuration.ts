import { Type } from 'typebox'
import type { TSchema } from 'typebox'

import { SERVICE_CONFIGURATIONS } from '#src/model/service-configuration.ts'
import type { ServiceName } from '#src/model/service-configuration.ts'
import { category, outcome } from './event-type.ts'
import type { Cause, Provenance } from './event-type.ts'

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

/** Whoever applies a service in AWS reports its state; of what the hub applies, it tells itself. */
function causesOf(service: ServiceName): readonly Cause[] {
  const permission = 'services:Write'
  const path = `/api/v1/services/${service.toLowerCase()}`
  const configured = { action: `PUT ${path}/configuration`, permission } as const
  if (service === 'SSO') {
    return [configured, { action: 'PUT /api/v1/organisations/:id/sign-in', permission }]
  }
  if (SERVICE_CONFIGURATIONS[service].appliedBy === 'hub') return [configured]
  return [configured, { action: `PUT ${path}/state`, permission }]
}

export const SERVICE_CONFIGURATION = category(
  'ServiceConfiguration',
  'organisation',
  (Object.keys(SERVICE_EVENTS) as ServiceName[]).map((service) => ({
    name: SERVICE_EVENTS[service],
    provenance: PROVENANCE[service] ?? 'ours',
    summary: SUMMARIES[service],
    causes: causesOf(service),
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
