import { Type } from 'typebox'
import type { Static } from 'typebox'

import { Id, Instant, RegionName } from './tenancy.ts'

const AccessKey = Type.String({
  pattern: '^[A-Z0-9]{16,128}$',
  title: 'the id of an access key of AWS',
  examples: ['AKIAIOSFODNN7EXAMPLE'],
})
const Profile = Type.Object({ profile: Type.String({ minLength: 1, maxLength: 128 }) })
const Environment = Type.Object({ environment: Type.Literal(true) })

/** AWS's own rate limits make more often of no use. */
export const SYNC_EVERY_MINUTES_DEFAULT = 60
const SYNC_EVERY_MINUTES_MAX = 24 * 60

const settings = {
  enabled: Type.Boolean(),
  region: RegionName,
  endpoint: Type.Optional(
    Type.String({
      pattern: '^https?://',
      title: 'a URL',
      examples: ['https://organizations.us-east-1.amazonaws.com'],
      maxLength: 512,
    }),
  ),
  everyMinutes: Type.Integer({ minimum: 1, maximum: SYNC_EVERY_MINUTES_MAX }),
  onboard: Type.Boolean({ description: 'Take what is discovered under management at once' }),
}

/** How an organisation is kept in step with AWS Organizations, as it is given. */
export const GivenAwsOrganization = Type.Object({
  ...settings,
  everyMinutes: Type.Optional(settings.everyMinutes),
  onboard: Type.Optional(settings.onboard),
  credentials: Type.Union([
    Type.Object({
      accessKeyId: AccessKey,
      secretAccessKey: Type.Optional(
        Type.String({
          minLength: 16,
          maxLength: 256,
          description: 'Left out: the one that was given with this access key before',
        }),
      ),
    }),
    Profile,
    Environment,
  ]),
})
export type GivenAwsOrganization = Static<typeof GivenAwsOrganization>

/** The same as it is shown: without the secret. */
export const AwsOrganizationSettings = Type.Object(
  {
    organisationId: Id,
    ...settings,
    credentials: Type.Object({
      accessKeyId: Type.Optional(AccessKey),
      profile: Type.Optional(Type.String()),
      environment: Type.Optional(Type.Boolean()),
    }),
    lastSyncAt: Type.Optional(Instant),
    lastTaskId: Type.Optional(Id),
  },
  { $id: 'AwsOrganization' },
)
export type AwsOrganizationSettings = Static<typeof AwsOrganizationSettings>
