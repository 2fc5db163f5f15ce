import { RestError } from '#src/errors.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { IngestKey } from '#src/model/tenancy.ts'
import { INGEST_KEYS, listAccepted } from './documents.ts'
import type { ListPage } from './documents.ts'
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
  list(caller: Principal, page: PageOfCaller): Promise<ListPage<IngestKey>>
  remove(caller: Principal, id: string): Promise<void>
  /** The key record behind a presented key, or undefined. */
  check(key: string): Promise<IngestKey | undefined>
}

const KEY_CHARACTERS = 40
/** An organisation has a few; they are looked through by id. */
const KEYS_MAX = 1_000

export function createIngestKeys({
  state,
  clock,
  ids,
}: Pick<OrganisationPorts, 'state' | 'clock' | 'ids'>): IngestKeys {
  const list = (caller: Principal, page: PageOfCaller) =>
    listAccepted(state, INGEST_KEYS, {
      ...page,
      accept: ({ organisationId }) => reaches(caller, organisationId),
    })
  return {
    create: async (caller, given) => {
      const key = ids.secret(KEY_CHARACTERS)
      const record = await state.transact(async (transaction) => {
        await organisationOf(transaction, caller, given.organisationId)
        const now = clock.now()
        const created: IngestKey = { id: ids.timeOrderedUuid(now), ...given, createdAt: now }
        transaction.put(INGEST_KEYS, fingerprint(key), created)
        return created
      })
      return { ...record, key }
    },
    list,
    remove: async (caller, id) => {
      const found = await state.list(INGEST_KEYS, { limit: KEYS_MAX })
      const document = found.find(
        ({ value }) => value.id === id && reaches(caller, value.organisationId),
      )
      if (document === undefined) {
        throw new RestError(404, 'ingest-key.not-found', `there is no ingest key "${id}"`)
      }
      await state.transact(async (transaction) => transaction.delete(INGEST_KEYS, document.key))
    },
    check: (key) => state.get(INGEST_KEYS, fingerprint(key)),
  }
}
