import { RestError } from '#src/errors.ts'
import type { AccountId } from '#src/model/event.ts'
import type { Page } from '#src/model/page.ts'
import { reaches, reachesAccount } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { WebhookSecret } from '#src/model/webhook-secret.ts'
import { webhookPlaceOf } from '#src/model/webhook-place.ts'
import { WEBHOOK_SECRET_PREFIX, isWebhookSecret } from '#src/model/webhook-signature.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import { listAccepted } from './documents.ts'
import { managedAccountOf } from './managed-accounts.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'
import type { Vault } from './vault.ts'
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

export interface WebhookRotation {
  /** How long the old secret signs too; 0: not at all. */
  readonly overlapMs: number
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

/** As long as what SHA-256 makes; Standard Webhooks asks for 24 to 64. */
const SECRET_BYTES = 32

export function createWebhookSecrets(ports: WebhookSecretPorts): WebhookSecrets {
  const { state, clock, ids, actions, vault, urlRefusal } = ports
  return {
    create: async (caller, given) => {
      const url = checkedPlace(given.url, urlRefusal)
      const secret = given.secret === undefined ? newSecret(ids) : checkedSecret(given.secret)
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
    rotate: async (caller, id, { overlapMs, secret: given }) => {
      const secret = given === undefined ? newSecret(ids) : checkedSecret(given)
      const sealed = vault.seal(sealedFor({ id }), secret)
      return actions.perform(caller, async ({ transaction, now, tell }) => {
        const { previous: older, ...before } = await found(transaction, caller, id)
        const until = now + overlapMs
        const replaced = vault.open(sealedFor(before), before.sealed)
        // What cannot be opened any more signs nothing any more.
        const overlaps = overlapMs > 0 && replaced !== undefined
        const previous = { sealed: before.sealed, until }
        const after = { ...before, sealed, rotatedAt: now, ...(overlaps && { previous }) }
        const toldUntil = overlaps && { previousUntil: new Date(until).toISOString() }
        tell('WebhookSecretRotateEvent', happeningTo(before, { ...toldUntil }))
        if (replaced === secret) throw unchanged()
        if (overlaps && older !== undefined && now < older.until) throw overlapping(older.until)
        transaction.put(WEBHOOK_SECRETS, webhookSecretKey(after), after)
        return { ...shown(after, now), secret }
      })
    },
    endPrevious: (caller, id) =>
      actions.perform(caller, async ({ transaction, now, tell }) => {
        const { previous, ...after } = await found(transaction, caller, id)
        tell('WebhookSecretEndPreviousEvent', happeningTo(after))
        if (previous === undefined || now >= previous.until) throw noPrevious()
        transaction.put(WEBHOOK_SECRETS, webhookSecretKey(after), after)
      }),
  }
}

function newSecret(ids: Ids): string {
  const bytes = Buffer.from(ids.opaque(SECRET_BYTES), 'base64url')
  return WEBHOOK_SECRET_PREFIX + bytes.toString('base64')
}

function checkedSecret(text: string): string {
  if (isWebhookSecret(text)) return text
  throw new RestError(
    400,
    'webhook-secret.invalid-secret',
    `a webhook secret is "${WEBHOOK_SECRET_PREFIX}" and then 24 to 64 bytes in base64, padded with "="`,
  )
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

function shown(
  { sealed: _, previous, ...secret }: StoredWebhookSecret,
  now: number,
): WebhookSecret {
  const overlaps = previous !== undefined && now < previous.until
  return { ...secret, ...(overlaps && { previousUntil: previous.until }) }
}

function unchanged(): RestError {
  return new RestError(409, 'webhook-secret.unchanged', 'the new secret is the one that it has')
}

function overlapping(until: number): RestError {
  return new RestError(
    409,
    'webhook-secret.overlap',
    `the secret before this one signs until ${new Date(until).toISOString()}: end it first, or rotate without an overlap, after which the new one signs alone`,
  )
}

function noPrevious(): RestError {
  return new RestError(
    409,
    'webhook-secret.no-previous',
    'no secret from before the last rotation signs any more',
  )
}
