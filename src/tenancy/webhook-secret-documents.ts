import { RestError } from '#src/errors.ts'
import type { AccountId } from '#src/model/event.ts'
import type { WebhookSecret } from '#src/model/webhook-secret.ts'
import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Step } from './actions.ts'
import type { SealedFor } from './vault.ts'
import type { SealedSecret } from './webhook-rotation.ts'

export type StoredWebhookSecret = Omit<WebhookSecret, 'previousUntil' | 'rotatedAt'> & SealedSecret

/** By account and place, which is how a delivery asks for it. */
export const WEBHOOK_SECRETS = collection<StoredWebhookSecret>('webhook-secrets')
/** By id; holds the key. */
export const WEBHOOK_SECRET_IDS = collection<string>('webhook-secret-ids')
/** By account. */
const WEBHOOK_SECRET_COUNTS = collection<number>('webhook-secret-counts')

/** As many as an event bus has rules by AWS's quota: one for each, were all to differ. */
export const WEBHOOK_SECRETS_PER_ACCOUNT_MAX = 300

const SEPARATOR = '|'

export function webhookSecretKey({
  awsAccountId,
  url,
}: Pick<WebhookSecret, 'awsAccountId' | 'url'>): string {
  return accountPrefix(awsAccountId) + url
}

/** The account in a key. */
export function accountOfKey(key: string): AccountId {
  return key.slice(0, key.indexOf(SEPARATOR))
}

/** All that one account has. */
export async function webhookSecretsOf(
  state: Pick<State, 'list'>,
  account: AccountId,
): Promise<readonly StoredWebhookSecret[]> {
  const page = { prefix: accountPrefix(account), limit: WEBHOOK_SECRETS_PER_ACCOUNT_MAX }
  return (await state.list(WEBHOOK_SECRETS, page)).map(({ value }) => value)
}

export function sealedFor({ id }: Pick<WebhookSecret, 'id'>): SealedFor {
  return ['webhook-secret', id]
}

/** What an event tells of a secret. Of the URL only where it leads: the path may be a secret too. */
export function happeningTo(
  { id, organisationId, awsAccountId, url }: StoredWebhookSecret,
  more: object = {},
) {
  const fields = { webhookSecretId: id, origin: new URL(url).origin, awsAccountId, ...more }
  return { organisationId, fields }
}

/** Writes one that is new. @throws RestError 409 where there is one for the place, or no room */
export async function addWebhookSecret(
  { transaction }: Step,
  secret: StoredWebhookSecret,
): Promise<void> {
  const key = webhookSecretKey(secret)
  if ((await transaction.get(WEBHOOK_SECRETS, key)) !== undefined) {
    throw new RestError(
      409,
      'webhook-secret.exists',
      `account ${secret.awsAccountId} has a webhook secret for that URL already: rotate it, or delete it first`,
    )
  }
  await count(transaction, secret.awsAccountId, 1)
  transaction.put(WEBHOOK_SECRETS, key, secret)
  transaction.put(WEBHOOK_SECRET_IDS, secret.id, key)
}

export async function removeWebhookSecret(
  { transaction, tell }: Step,
  secret: StoredWebhookSecret,
): Promise<void> {
  tell('WebhookSecretDeleteEvent', happeningTo(secret))
  await count(transaction, secret.awsAccountId, -1)
  transaction.delete(WEBHOOK_SECRETS, webhookSecretKey(secret))
  transaction.delete(WEBHOOK_SECRET_IDS, secret.id)
}

/** Deletes those of an account that is managed no more, and so gains none meanwhile. */
export async function removeWebhookSecretsOf(
  state: State,
  step: Step,
  account: AccountId,
): Promise<void> {
  for (const listed of await webhookSecretsOf(state, account)) {
    const secret = await step.transaction.get(WEBHOOK_SECRETS, webhookSecretKey(listed))
    if (secret !== undefined) await removeWebhookSecret(step, secret)
  }
}

async function count(
  transaction: StateTransaction,
  account: AccountId,
  change: 1 | -1,
): Promise<void> {
  const now = ((await transaction.get(WEBHOOK_SECRET_COUNTS, account)) ?? 0) + change
  if (now > WEBHOOK_SECRETS_PER_ACCOUNT_MAX) {
    throw new RestError(
      409,
      'webhook-secret.too-many',
      `account ${account} has ${WEBHOOK_SECRETS_PER_ACCOUNT_MAX} webhook secrets already: use one for a whole host, or delete one`,
    )
  }
  if (now === 0) transaction.delete(WEBHOOK_SECRET_COUNTS, account)
  else transaction.put(WEBHOOK_SECRET_COUNTS, account, now)
}

function accountPrefix(account: AccountId): string {
  return account + SEPARATOR
}
