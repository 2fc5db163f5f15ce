import { RestError } from '#src/errors.ts'
import type { AccountId } from '#src/model/event.ts'
import type { Page } from '#src/model/page.ts'
import { reaches, reachesAccount } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { WebhookSecret } from '#src/model/webhook-secret.ts'
import { webhookPlaceOf } from '#src/model/webhook-place.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import { listAccepted } from './documents.ts'
import { managedAccountOf } from './managed-accounts.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'
import type { Vault } from './vault.ts'
import {
  checkedWebhookSecret,
  newWebhookSecret,
  overlapUntil,
  previousUntilAt,
  rotated,
  withoutPrevious,
} from './webhook-rotation.ts'
import type { WebhookRotation } from './webhook-rotation.ts'
import {
  WEBHOOK_SECRETS,
  WEBHOOK_SECRET_IDS,
  addWebhookSecret,
  happeningTo,
  removeWebhookSecret,
  sealedFor,
  webhookSecretKey,
} from './webhook-secret-documents.ts'
import type { StoredWebhookSecret } from './webhook-secret-documents.ts'

export interface NewWebhookSecret {
  readonly awsAccountId: AccountId
  readonly url: string
  /** One that receivers know already; absent: a new one. */
  readonly secret?: string | undefined
}

/** The secret is shown once. */
export type ShownWebhookSecret = WebhookSecret & { readonly secret: string }

/** Secrets that sign what accounts send to URLs (Standard Webhooks). */
export interface WebhookSecrets {
  create(caller: Principal, given: NewWebhookSecret): Promise<ShownWebhookSecret>
  get(caller: Principal, id: string): Promise<WebhookSecret>
  list(
    caller: Principal,
    page: PageOfCaller & {
      readonly organisationId?: string | undefined
      readonly awsAccountId?: AccountId | undefined
    },
  ): Promise<Page<WebhookSecret>>
  /** Gives a new secret; for as long as the overlap both sign. */
  rotate(caller: Principal, id: string, rotation: WebhookRotation): Promise<ShownWebhookSecret>
  /** Ends an overlap before its time. */
  endPrevious(caller: Principal, id: string): Promise<void>
  remove(caller: Principal, id: string): Promise<void>
}

export interface WebhookSecretPorts extends Pick<
  OrganisationPorts,
  'state' | 'clock' | 'ids' | 'actions'
> {
  readonly vault: Vault
  /** Why the hub would not connect to a URL. */
  readonly urlRefusal: (url: string) => string | undefined
}

export function createWebhookSecrets(ports: WebhookSecretPorts): WebhookSecrets {
  const { state, clock, ids, actions, vault, urlRefusal } = ports
  return {
    create: async (caller, given) => {
      const url = checkedPlace(given.url, urlRefusal)
      const secret = secretFrom(given, ids)
      const stored = await actions.perform(caller, async (step) => {
        const { transaction, now, tell } = step
        const { awsAccountId } = given
        const organisationId = await organisationOfAccount(transaction, caller, awsAccountId)
        const id = ids.timeOrderedUuid(now)
        const sealed = vault.seal(sealedFor({ id }), secret)
        const created = { id, organisationId, awsAccountId, url, sealed, createdAt: now }
        tell('WebhookSecretCreateEvent', happeningTo(created))
        await addWebhookSecret(step, created)
        return created
      })
      return { ...shown(stored, clock.now()), secret }
    },
    get: async (caller, id) => shown(await found(state, caller, id), clock.now()),
    list: async (caller, { organisationId, awsAccountId, ...page }) => {
      const { items, ...rest } = await listAccepted(state, WEBHOOK_SECRETS, {
        ...page,
        accept: (secret) =>
          isVisible(caller, secret) &&
          (organisationId ?? secret.organisationId) === secret.organisationId &&
          (awsAccountId ?? secret.awsAccountId) === secret.awsAccountId,
      })
      return { items: items.map((each) => shown(each, clock.now())), ...rest }
    },
    ...changing(ports),
    remove: (caller, id) =>
      actions.perform(caller, async (step) =>
        removeWebhookSecret(step, await found(step.transaction, caller, id)),
      ),
  }
}

function changing({
  ids,
  actions,
  vault,
}: WebhookSecretPorts): Pick<WebhookSecrets, 'rotate' | 'endPrevious'> {
  return {
    rotate: async (caller, id, rotation) => {
      const secret = secretFrom(rotation, ids)
      const sealed = vault.seal(sealedFor({ id }), secret)
      return actions.perform(caller, async ({ transaction, now, tell }) => {
        const before = await found(transaction, caller, id)
        const replaced = vault.open(sealedFor(before), before.sealed)
        const until = overlapUntil(replaced, { now, overlapMs: rotation.overlapMs })
        const previousUntil = until !== undefined && {
          previousUntil: new Date(until).toISOString(),
        }
        tell('WebhookSecretRotateEvent', happeningTo(before, { ...previousUntil }))
        const after = rotated(before, { secret, sealed, replaced, until, now })
        transaction.put(WEBHOOK_SECRETS, webhookSecretKey(after), after)
        return { ...shown(after, now), secret }
      })
    },
    endPrevious: (caller, id) =>
      actions.perform(caller, async ({ transaction, now, tell }) => {
        const before = await found(transaction, caller, id)
        tell('WebhookSecretEndPreviousEvent', happeningTo(before))
        const after = withoutPrevious(before, now)
        transaction.put(WEBHOOK_SECRETS, webhookSecretKey(after), after)
      }),
  }
}

function secretFrom({ secret }: { readonly secret?: string | undefined }, ids: Ids): string {
  return secret === undefined
    ? newWebhookSecret(ids)
    : checkedWebhookSecret(secret, 'webhook-secret.invalid-secret')
}

function checkedPlace(url: string, urlRefusal: WebhookSecretPorts['urlRefusal']): string {
  const refusal = urlRefusal(url)
  if (refusal !== undefined) throw new RestError(400, 'webhook-secret.url-refused', refusal)
  if (!url.includes('?')) return webhookPlaceOf(url)
  throw new RestError(
    400,
    'webhook-secret.url-with-query',
    'the URL has a query: leave it out, what is sent to a URL is signed whatever its query',
  )
}

async function organisationOfAccount(
  transaction: StateTransaction,
  caller: Principal,
  awsAccountId: AccountId,
): Promise<string> {
  const account = await managedAccountOf(transaction, awsAccountId)
  if (account !== undefined && isVisible(caller, account)) return account.organisationId
  throw new RestError(404, 'account.not-found', `AWS account "${awsAccountId}" is not managed here`)
}

async function found(
  from: Pick<StateTransaction, 'get'>,
  caller: Principal,
  id: string,
): Promise<StoredWebhookSecret> {
  const key = await from.get(WEBHOOK_SECRET_IDS, id)
  const stored = key === undefined ? undefined : await from.get(WEBHOOK_SECRETS, key)
  if (stored !== undefined && isVisible(caller, stored)) return stored
  throw new RestError(404, 'webhook-secret.not-found', `there is no webhook secret "${id}"`)
}

function isVisible(
  caller: Principal,
  thing: Pick<WebhookSecret, 'organisationId' | 'awsAccountId'>,
): boolean {
  return reaches(caller, thing.organisationId) && reachesAccount(caller, thing.awsAccountId)
}

function shown(stored: StoredWebhookSecret, now: number): WebhookSecret {
  const { sealed: _, previous: __, ...secret } = stored
  const previousUntil = previousUntilAt(stored, now)
  return { ...secret, ...(previousUntil !== undefined && { previousUntil }) }
}
