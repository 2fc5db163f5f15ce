import { RestError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { IngestKey } from '#src/model/tenancy.ts'
import { INGEST_KEYS, INGEST_KEY_FINGERPRINTS, listAccepted } from './documents.ts'
import { organisationOf } from './organisations.ts'
import type { OrganisationPorts, PageOfCaller } from './organisations.ts'
import { fingerprint } from './vault.ts'

/** The key is shown once. */
export type CreatedIngestKey = IngestKey & { readonly key: string }

export interface IngestKeys {
  create(
    caller: Principal,
    given: { readonly organisationId: string; readonly name: string },
  ): Promise<CreatedIngestKey>
  list(caller: Principal, page: PageOfKeys): Promise<Page<IngestKey>>
  remove(caller: Principal, id: string): Promise<void>
  /** The key record behind a presented key, or undefined. */
  check(key: string): Promise<IngestKey | undefined>
}

type PageOfKeys = PageOfCaller & { readonly organisationId?: string | undefined }

const KEY_CHARACTERS = 40

export function createIngestKeys({
  state,
  ids,
  actions,
}: Pick<OrganisationPorts, 'state' | 'ids' | 'actions'>): IngestKeys {
  const list = (caller: Principal, { organisationId, ...page }: PageOfKeys) =>
    listAccepted(state, INGEST_KEYS, {
      ...page,
      accept: (key) =>
        reaches(caller, key.organisationId) &&
        (organisationId === undefined || organisationId === key.organisationId),
    })
  return {
    create: async (caller, given) => {
      const key = ids.secret(KEY_CHARACTERS)
      const record = await actions.perform(caller, async ({ transaction, now, tell }) => {
        await organisationOf(transaction, caller, given.organisationId)
        const created: IngestKey = { id: ids.timeOrderedUuid(now), ...given, createdAt: now }
        tell('IngestKeyCreateEvent', happening(created))
        transaction.put(INGEST_KEYS, fingerprint(key), created)
        transaction.put(INGEST_KEY_FINGERPRINTS, created.id, fingerprint(key))
        return created
      })
      return { ...record, key }
    },
    list,
    remove: async (caller, id) => {
      await actions.perform(caller, async ({ transaction, tell }) => {
        const stored = await transaction.get(INGEST_KEY_FINGERPRINTS, id)
        const record = stored === undefined ? undefined : await transaction.get(INGEST_KEYS, stored)
        if (stored === undefined || !record || !reaches(caller, record.organisationId)) {
          throw new RestError(404, 'ingest-key.not-found', `there is no ingest key "${id}"`)
        }
        tell('IngestKeyDeleteEvent', happening(record))
        transaction.delete(INGEST_KEYS, stored)
        transaction.delete(INGEST_KEY_FINGERPRINTS, id)
      })
    },
    check: (key) => state.get(INGEST_KEYS, fingerprint(key)),
  }
}

function happening({ id, name, organisationId }: IngestKey) {
  return { organisationId, fields: { ingestKeyId: id, ingestKeyName: name } }
}
