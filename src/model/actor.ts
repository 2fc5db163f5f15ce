/**
 * Who was behind an event.
 *
 *  person     someone who signed in; with `userId` where the tenancy knows them
 *  iam-user   an IAM user that may be a person or a program
 *  service    an AWS service, by its own name such as `cloudformation.amazonaws.com`
 *  workload   something that runs: an instance, a function, a task, a pipeline
 *  role       a session of a role, and no more is known of who holds it
 *  account    an AWS account as a whole: its root user, or somebody in it
 *  unknown    the event does not say
 */
import { Type } from 'typebox'
import type { Static } from 'typebox'

export const Actor = Type.Object(
  {
    kind: Type.Enum(['person', 'iam-user', 'service', 'workload', 'role', 'account', 'unknown']),
    name: Type.String({ description: 'For people to read; also what AWS calls it' }),
    confidence: Type.Enum(['certain', 'likely', 'claimed'], {
      description:
        'certain: AWS says so; likely: names that others gave agree; claimed: the caller chose the name',
    }),
    email: Type.Optional(Type.String()),
    userId: Type.Optional(Type.String({ description: 'The user of the tenancy' })),
    accountId: Type.Optional(Type.String({ description: 'The AWS account of the identity' })),
    accountName: Type.Optional(Type.String()),
    through: Type.Optional(
      Type.String({ description: 'The role, permission set or identity provider that was used' }),
    ),
    session: Type.Optional(Type.String({ description: "The role session's name" })),
    invokedBy: Type.Optional(
      Type.String({ description: 'The AWS service that made the call for the actor' }),
    ),
    sourceIp: Type.Optional(Type.String()),
    userAgent: Type.Optional(Type.String()),
    steps: Type.Array(Type.String(), { description: 'How it was found out, in order' }),
  },
  { $id: 'Actor' },
)
export type Actor = Static<typeof Actor>
