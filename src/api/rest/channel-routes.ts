import { Type } from 'typebox'

import { CHANNEL_SETTINGS, Channel, ChannelTest } from '#src/model/channel.ts'
import { Name } from '#src/model/tenancy.ts'
import type { Channels } from '#src/notifications/channels/channels.ts'
import { OVERLAP_HOURS_DEFAULT } from './overlap.ts'
import { addNamedRoutes } from './named-routes.ts'
import { Id, IdParams, ref } from './route.ts'
import type { AddRoute } from './route.ts'
import { Rotation, ShownSecret, rotationIn } from './webhook-rotation.ts'

/** Which fields there are depends on the kind, so the kind's own schema decides. */
const Settings = Type.Record(Type.String(), Type.Unknown(), {
  description: Object.values(CHANNEL_SETTINGS)
    .map(({ properties: { kind, ...others } }) => {
      const required = Object.entries(others).map(([name, schema]) =>
        Type.IsOptional(schema) ? `[${name}]` : name,
      )
      return `kind ${kind.const}: ${required.join(', ')}`
    })
    .join('; '),
  examples: [
    { kind: 'email', to: ['finops@example.com'] },
    { kind: 'slack-webhook', url: 'https://hooks.slack.com/services/T0/B0/x' },
  ],
})

export function addChannelRoutes(add: AddRoute, channels: Channels): void {
  addNamedRoutes(add, {
    noun: 'channels',
    summaries: {
      create: 'Add a way to reach people; the secret that signs a webhook is shown once',
      list: 'List channels, without what is secret of them',
      get: 'Show a channel, without what is secret of it',
      update: 'Change the name of a channel, or all its settings',
      remove: 'Delete a channel: nothing is sent by it any more',
    },
    schema: Channel,
    created: Type.Object({
      ...Channel.properties,
      secret: Type.Optional(
        Type.String({ description: 'Of a webhook, where none was given: whsec_...' }),
      ),
    }),
    given: Type.Object({ organisationId: Id, name: Name, settings: Settings }),
    change: Type.Object(
      { name: Type.Optional(Name), settings: Type.Optional(Settings) },
      { minProperties: 1 },
    ),
    things: channels,
  })
  addSecretRoutes(add, channels)
  add({
    method: 'POST',
    url: '/channels/:id/test',
    tag: 'channels',
    summary: 'Send a message that says that it is a test, and tell what the other side answered',
    permission: 'channels:Write',
    params: IdParams,
    answer: [200, ref(ChannelTest)],
    run: (caller, { params }) => channels.test(caller, params.id),
  })
}

function addSecretRoutes(add: AddRoute, channels: Channels): void {
  const tag = 'channels'
  add({
    method: 'POST',
    url: '/channels/:id/secret/rotate',
    tag,
    summary: `Give a webhook a new secret, shown once; both sign for overlapHours more (default ${OVERLAP_HOURS_DEFAULT}), and without an overlap the new one alone`,
    permission: 'channels:Write',
    params: IdParams,
    body: Rotation,
    answer: [200, Type.Object({ ...Channel.properties, secret: ShownSecret })],
    run: (caller, { params, body }) => channels.rotateSecret(caller, params.id, rotationIn(body)),
  })
  add({
    method: 'DELETE',
    url: '/channels/:id/secret/previous',
    tag,
    summary: 'Sign a webhook no more with the secret before the last rotation',
    permission: 'channels:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => channels.endPreviousSecret(caller, params.id),
  })
}
