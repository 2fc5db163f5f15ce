import type { Command } from 'commander'

import type { WebhookSecret } from '#src/model/webhook-secret.ts'
import { action, givenOnly } from './call.ts'
import { fields, table } from './output.ts'
import type { Column } from './output.ts'
import {
  ACCOUNT_REFERENCE,
  accountBy,
  organisationColumns,
  organisationFilter,
  webhookSecretBy,
} from './references.ts'
import { secretIn } from './secret-file.ts'
import { localMoment } from './terminal-text.ts'
import { SECRET_FILE, oldSecretText, rotationOf, withRotation } from './webhook-rotation.ts'
import type { RotationOptions } from './webhook-rotation.ts'

type WithSecret = WebhookSecret & { readonly secret: string }

const REFERENCE = 'its URL or id'

export function addWebhookSecrets(program: Command): void {
  const secrets = program
    .command('webhook-secrets')
    .description('list, show, create, rotate, delete what signs requests to http(s) targets')
    .addHelpText(
      'after',
      `
Requests are signed as Standard Webhooks (standardwebhooks.com) says, so that receivers can tell
with a library that they are the hub's, whole and new. A secret is one account's, for a URL and all
below its path, whatever the query; where several fit, the narrowest signs:

  belfry webhook-secrets create https://hooks.example.com --account security
  belfry webhook-secrets rotate https://hooks.example.com --overlap-hours 48`,
    )

  secrets
    .command('list')
    .description('list webhook secrets, without what is secret of them')
    .option('--organisation <organisation>', 'only of this one: id or alias')
    .option('--account <account>', `only of this one: ${ACCOUNT_REFERENCE}`)
    .action(
      action<{ organisation?: string; account?: string }>(async ({ hub, output, options }) => {
        const { organisation, account } = options
        const all = await hub.listAll<WebhookSecret>('/webhook-secrets', {
          organisationId: await organisationFilter(hub, organisation),
          awsAccountId: account && (await accountBy(hub, account)).awsAccountId,
        })
        const columns = [...COLUMNS, ...(await organisationColumns<WebhookSecret>(hub))]
        await output.show(all, () =>
          all.length === 0
            ? 'no webhook secrets: make one with "belfry webhook-secrets create"'
            : table(all, columns, output.width),
        )
      }),
    )

  secrets
    .command('show')
    .description('show a webhook secret, without what is secret of it')
    .argument('<webhook-secret>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const secret = await webhookSecretBy(hub, reference)
        await output.show(secret, () => shown(secret))
      }),
    )

  addCreate(secrets)
  addRotate(secrets)
  addEnding(secrets)
}

interface CreateOptions {
  readonly account: string
  readonly secretFile?: string
}

function addCreate(secrets: Command): void {
  secrets
    .command('create')
    .description('sign what an account sends to a URL; the secret is shown once')
    .argument('<url>', 'an http(s) URL without query: it, and all below its path')
    .requiredOption('--account <account>', `whose rules and schedules: ${ACCOUNT_REFERENCE}`)
    .option('--secret-file <file>', SECRET_FILE)
    .action(
      action<CreateOptions>(async ({ hub, output, options }, url: string) => {
        const secret = await secretIn(options.secretFile)
        const { awsAccountId } = await accountBy(hub, options.account)
        const given = { awsAccountId, url, ...givenOnly({ secret }) }
        const created = await hub.post<WithSecret>('/webhook-secrets', given)
        await output.show(created, () => `${shown(created)}\n${RECEIVER}`)
      }),
    )
}

function addRotate(secrets: Command): void {
  withRotation(
    secrets
      .command('rotate')
      .description('follow a webhook secret by a new one, shown once; both sign for a while')
      .argument('<webhook-secret>', REFERENCE),
  ).action(
    action<RotationOptions>(async ({ hub, output, options }, reference: string) => {
      const rotation = await rotationOf(options)
      const { id } = await webhookSecretBy(hub, reference)
      const rotated = await hub.post<WithSecret>(`/webhook-secrets/${id}/rotate`, rotation)
      await output.show(rotated, () => shown(rotated))
    }),
  )
}

function addEnding(secrets: Command): void {
  secrets
    .command('end-previous')
    .description('sign no more with the secret before the last rotation')
    .argument('<webhook-secret>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, url } = await webhookSecretBy(hub, reference)
        await hub.delete(`/webhook-secrets/${id}/previous`)
        await output.show({ ended: id }, () => `the new secret signs what goes to ${url} alone`)
      }),
    )

  secrets
    .command('delete')
    .description('delete a webhook secret: what goes to its URL is not signed any more')
    .argument('<webhook-secret>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, url } = await webhookSecretBy(hub, reference)
        await hub.delete(`/webhook-secrets/${id}`)
        await output.show({ deleted: id }, () => `deleted the webhook secret for ${url}`)
      }),
    )
}

function shown(secret: WebhookSecret & { readonly secret?: string }): string {
  const { rotatedAt, previousUntil } = secret
  return fields(
    {
      url: secret.url,
      account: secret.awsAccountId,
      'secret (shown once)': secret.secret,
      created: localMoment(secret.createdAt),
      rotated: rotatedAt === undefined ? undefined : localMoment(rotatedAt),
      'old secret': oldSecretText(rotatedAt, previousUntil),
      id: secret.id,
    },
    { url: 'cyan', 'secret (shown once)': 'yellow' },
  )
}

const RECEIVER = `
The receiver checks what comes with a library of Standard Webhooks, such as npm's:

  import { Webhook } from 'standardwebhooks'
  new Webhook(secret).verify(body, headers)   // the body as it came; throws where it is not ours

The header webhook-id is the same each time that a delivery is tried again: what has been seen
under one need not be done twice.
`

const COLUMNS: readonly Column<WebhookSecret>[] = [
  { title: 'URL', text: ({ url }) => url, style: () => 'cyan' },
  { title: 'ACCOUNT', text: ({ awsAccountId }) => awsAccountId },
  {
    title: 'OLD SECRET UNTIL',
    text: ({ previousUntil }) => (previousUntil === undefined ? '' : localMoment(previousUntil)),
    optional: true,
  },
  { title: 'ID', text: ({ id }) => id, style: () => 'dim', optional: true },
]
