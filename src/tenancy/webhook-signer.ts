import type { AccountId } from '#src/model/event.ts'
import { webhookPlacesAround } from '#src/model/webhook-place.ts'
import { webhookSignatureHeaders } from '#src/model/webhook-signature.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State } from '#src/ports/state.ts'
import type { WebhookSigner } from '#src/ports/webhook-signer.ts'
import type { Vault } from './vault.ts'
import { signingAt } from './webhook-rotation.ts'
import {
  WEBHOOK_SECRETS,
  accountOfKey,
  sealedFor,
  webhookSecretsOf,
} from './webhook-secret-documents.ts'
import type { StoredWebhookSecret } from './webhook-secret-documents.ts'

export interface SignerPorts {
  readonly state: State
  readonly vault: Vault
  readonly clock: Clock
}

const MS_PER_SECOND = 1_000

/** Opens a secret for as long as it takes to sign with it, and no sooner. */
export function createWebhookSigner({ state, vault, clock }: SignerPorts): WebhookSigner {
  const secretsByPlace = createSecretsByPlace(state)
  return {
    headersFor: async ({ account, url, id, body }) => {
      const byPlace = await secretsByPlace(account)
      if (byPlace.size === 0) return {}
      const place = webhookPlacesAround(url).find((each) => byPlace.has(each))
      const secret = byPlace.get(place ?? '')
      if (secret === undefined) return {}
      const now = clock.now()
      const timestamp = Math.floor(now / MS_PER_SECOND)
      return webhookSignatureHeaders({ id, timestamp, body }, opened(vault, secret, now))
    },
  }
}

/** What signs at a moment, the newest first. */
function opened(vault: Vault, secret: StoredWebhookSecret, now: number): readonly string[] {
  return signingAt(secret, now).map((each) => {
    const text = vault.open(sealedFor(secret), each)
    if (text !== undefined) return text
    throw new Error(
      `webhook secret ${secret.id} was sealed with another master key: rotate it, and nothing is sent to its URL until then`,
    )
  })
}

/** The secrets of each account, sealed, in memory until one changes: most accounts have none. */
function createSecretsByPlace(state: State) {
  type ByPlace = ReadonlyMap<string, StoredWebhookSecret>
  const held = new Map<AccountId, Promise<ByPlace>>()
  state.watch((changes) => {
    for (const { collection, key } of changes) {
      if (collection === WEBHOOK_SECRETS.name) held.delete(accountOfKey(key))
    }
  })
  const read = async (account: AccountId): Promise<ByPlace> => {
    const secrets = await webhookSecretsOf(state, account)
    return new Map(secrets.map((secret) => [secret.url, secret]))
  }
  return (account: AccountId): Promise<ByPlace> => {
    const known = held.get(account)
    if (known !== undefined) return known
    const reading = read(account)
    held.set(account, reading)
    reading.catch(() => {
      if (held.get(account) === reading) held.delete(account)
    })
    return reading
  }
}
