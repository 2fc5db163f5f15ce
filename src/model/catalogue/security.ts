import { Type } from 'typebox'

import {
  AwsId,
  TOKEN_GAINS,
  USER_GAINS,
  apiToken,
  category,
  id,
  outcome,
  user,
} from './event-type.ts'

const USER_EXAMPLE = {
  userID: '0194f0e2-5a3c-7b11-9d0e-0b1d3f5a7c9e',
  username: 'mei.tanaka@example.com',
  email: 'mei.tanaka@example.com',
  role: 'customer_admin',
  firstName: 'Mei',
  lastName: 'Tanaka',
}
const TOKEN_EXAMPLE = {
  accessKeyId: '7d1f6f0e-0c0d-4f3b-8c59-6a2d1c4e8b7a',
  tokenName: 'deploy-pipeline',
  role: 'api_user',
}

export const SECURITY = category('Security', 'auth', [
  {
    name: 'UserAuthenticationEvent',
    provenance: 'published',
    summary: 'A user signed in or refreshed a session, or failed to.',
    causes: [
      { action: 'POST /api/v1/sessions' },
      { action: 'POST /api/v1/sessions/refresh' },
      { action: 'sign-in with an OpenID provider' },
    ],
    fields: Type.Object({
      ...id('userID', 'user', USER_GAINS, { required: ['username', 'email', 'role'] }),
      authMethod: Type.Enum(['Login', 'RefreshToken']),
      loginType: Type.Optional(
        Type.Enum(['Stax', 'Federated'], {
          description: 'Set for the method Login: a local user, or one of an OpenID provider',
        }),
      ),
      sourceIp: Type.Optional(Type.String({ description: 'Ours' })),
      status: Type.Optional(outcome.status),
      message: outcome.message,
    }),
    example: { ...USER_EXAMPLE, authMethod: 'Login', loginType: 'Stax', status: 'SUCCESS' },
  },
  {
    name: 'UserSignOutEvent',
    provenance: 'ours',
    summary:
      'A user signed out of one session or of all, or all ended with a change of the user: of its password, its status, or how it signs in.',
    causes: [
      { action: 'DELETE /api/v1/sessions/current' },
      { action: 'DELETE /api/v1/sessions' },
      { action: 'DELETE /api/v1/users/:id/sessions', permission: 'users:Write' },
      { action: 'PATCH /api/v1/users/:id', permission: 'users:Write' },
      { action: 'PUT /api/v1/password' },
      { action: 'DELETE /api/v1/users/:id', permission: 'users:Write' },
    ],
    fields: Type.Object({ ...user(), sessions: Type.Integer({ minimum: 0 }), ...outcome }),
    example: { ...USER_EXAMPLE, sessions: 2, status: 'SUCCESS' },
  },
  {
    name: 'UserLockoutEvent',
    provenance: 'ours',
    summary: 'Too many failed sign-ins closed a user out for a while, or an admin let it in again.',
    causes: [
      { action: 'POST /api/v1/sessions' },
      { action: 'a wrong code for /api/v1/second-factor, or password for /api/v1/password' },
      { action: 'POST /api/v1/users/:id/unlock', permission: 'users:Write' },
    ],
    fields: Type.Object({
      ...user(),
      locked: Type.Boolean(),
      lockedUntil: Type.Optional(Type.String({ format: 'date-time' })),
      ...outcome,
    }),
    example: {
      ...USER_EXAMPLE,
      locked: true,
      lockedUntil: '2026-01-31T08:30:00.000000Z',
      status: 'SUCCESS',
    },
  },
  {
    name: 'UserSecondFactorEvent',
    provenance: 'ours',
    summary: "A user's second factor was set up or taken away.",
    causes: [
      { action: 'POST /api/v1/second-factor/confirm' },
      { action: 'DELETE /api/v1/second-factor' },
      { action: 'DELETE /api/v1/users/:id/second-factor', permission: 'users:Write' },
    ],
    fields: Type.Object({ ...user(), mfaEnabled: Type.Boolean(), ...outcome }),
    example: { ...USER_EXAMPLE, mfaEnabled: true, status: 'SUCCESS' },
  },
  {
    name: 'APITokenAuthenticationEvent',
    provenance: 'partly-published',
    summary:
      'An API token authenticated: its first call in an hour, or a call that its secret did not sign or that came after its end.',
    causes: [{ action: 'any signed call' }],
    fields: Type.Object({
      ...id('accessKeyId', 'api-token', TOKEN_GAINS),
      sourceIp: Type.Optional(Type.String()),
      ...outcome,
    }),
    example: { ...TOKEN_EXAMPLE, sourceIp: '203.0.113.7', status: 'SUCCESS' },
  },
  ...(
    [
      ['Create', 'POST /api/v1/api-tokens', 'made', 'partly-published'],
      ['Update', 'PATCH /api/v1/api-tokens/:id', 'changed', 'ours'],
      ['Rotate', 'POST /api/v1/api-tokens/:id/rotate', 'given a new secret', 'ours'],
      ['Delete', 'DELETE /api/v1/api-tokens/:id', 'deleted', 'ours'],
    ] as const
  ).map(([verb, action, done, provenance]) => ({
    name: `APIToken${verb}Event`,
    provenance,
    summary: `An API token was ${done}.`,
    causes: [{ action, permission: 'api-tokens:Write' as const }],
    fields: Type.Object({
      ...apiToken(),
      ...((verb === 'Create' || verb === 'Update') && {
        onlyAccounts: Type.Optional(
          Type.Array(AwsId, { description: 'The only accounts that it is for, from now on' }),
        ),
        expiresAt: Type.Optional(
          Type.String({ format: 'date-time', description: 'When it ends, from now on' }),
        ),
      }),
      ...(verb === 'Update' && {
        changed: Type.Optional(
          Type.Array(Type.String(), { description: 'Names of what was changed' }),
        ),
      }),
      ...outcome,
    }),
    example: {
      ...TOKEN_EXAMPLE,
      ...(verb === 'Update' && { changed: ['expiresAt'] }),
      ...((verb === 'Create' || verb === 'Update') && { expiresAt: '2027-01-31T00:00:00.000Z' }),
      status: 'SUCCESS',
    },
  })),
  ...(
    [
      ['Create', 'POST /api/v1/ingest-keys', 'made'],
      ['Delete', 'DELETE /api/v1/ingest-keys/:id', 'deleted'],
    ] as const
  ).map(([verb, action, done]) => ({
    name: `IngestKey${verb}Event`,
    provenance: 'ours' as const,
    summary: `A key with which AWS sends events in was ${done}.`,
    causes: [{ action, permission: 'ingest-keys:Write' as const }],
    fields: Type.Object({
      ingestKeyId: Type.String({ format: 'uuid' }),
      ingestKeyName: Type.String(),
      ...outcome,
    }),
    example: {
      ingestKeyId: '0194f0e2-5a3c-7b11-9d0e-9a8b7c6d5e4f',
      ingestKeyName: 'eventbridge',
      status: 'SUCCESS',
    },
  })),
])
