import { Type } from 'typebox'

import { AwsAccountId } from '#src/model/tenancy.ts'
import { WebhookSecret, WebhookUrl } from '#src/model/webhook-secret.ts'
import type { WebhookSecrets } from '#src/tenancy/webhook-secrets.ts'
import { OVERLAP_HOURS_DEFAULT } from './overlap.ts'
import { addList } from './list-route.ts'
import { IdParams, OfOrganisation, ref } from './route.ts'
import type { AddRoute } from './route.ts'
import { OwnSecret, Rotation, ShownSecret, rotationIn } from './webhook-rotation.ts'

const WithSecret = Type.Object({ ...WebhookSecret.properties, secret: ShownSecret })

export function addWebhookSecretRoutes(add: AddRoute, webhookSecrets: WebhookSecrets): void {
  const tag = 'webhook-secrets'
  add({
    method: 'POST',
    url: '/webhook-secrets',
    tag,
    summary: 'Sign what an account sends to a URL (Standard Webhooks); the secret is shown once',
    permission: 'webhook-secrets:Write',
    body: Type.Object({ awsAccountId: AwsAccountId, url: WebhookUrl, secret: OwnSecret }),
    answer: [201, WithSecret],
    run: (caller, { body }) => webhookSecrets.create(caller, body),
  })
  addList(add, {
    url: '/webhook-secrets',
    tag,
    summary: 'List webhook secrets, without what is secret of them',
    permission: 'webhook-secrets:Read',
    filter: { ...OfOrganisation, awsAccountId: Type.Optional(AwsAccountId) },
    item: WebhookSecret,
    list: (caller, asked) => webhookSecrets.list(caller, asked),
  })
  add({
    method: 'GET',
    url: '/webhook-secrets/:id',
    tag,
    summary: 'Show a webhook secret, without what is secret of it',
    permission: 'webhook-secrets:Read',
    params: IdParams,
    answer: [200, ref(WebhookSecret)],
    run: (caller, { params }) => webhookSecrets.get(caller, params.id),
  })
  add({
    method: 'POST',
    url: '/webhook-secrets/:id/rotate',
    tag,
    summary: `Give a webhook secret a new one, shown once; both sign for overlapHours more (default ${OVERLAP_HOURS_DEFAULT}), and without an overlap the new one alone`,
    permission: 'webhook-secrets:Write',
    params: IdParams,
    body: Rotation,
    answer: [200, WithSecret],
    run: (caller, { params, body }) => webhookSecrets.rotate(caller, params.id, rotationIn(body)),
  })
  add({
    method: 'DELETE',
    url: '/webhook-secrets/:id/previous',
    tag,
    summary: 'Sign no more with the secret before the last rotation',
    permission: 'webhook-secrets:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => webhookSecrets.endPrevious(caller, params.id),
  })
  add({
    method: 'DELETE',
    url: '/webhook-secrets/:id',
    tag,
    summary: 'Delete a webhook secret: what goes to its URL is not signed any more',
    permission: 'webhook-secrets:Write',
    params: IdParams,
    answer: [204],
    run: (caller, { params }) => webhookSecrets.remove(caller, params.id),
  })
}
