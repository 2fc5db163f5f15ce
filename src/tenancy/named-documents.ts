import { RestError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import { collection } from '#src/ports/state.ts'
import type { Collection, State, StateTransaction } from '#src/ports/state.ts'
import { isOf, listAccepted, listAll } from './documents.ts'
import { organisationOf } from './organisations.ts'
import type { PageOfCaller } from './organisations.ts'
import { thingCount } from './thing-count.ts'

/** Something of an organisation's that has a name of its own there. */
export interface NamedThing {
  readonly id: string
  readonly organisationId: string
  readonly name: string
}

/** Things of one kind: each name once in an organisation, and so many of them at most. */
export interface NamedDocuments<T extends NamedThing> {
  readonly things: Collection<T>
  /** The one of that id, where the caller reaches it. @throws RestError 404 */
  found(from: Pick<StateTransaction, 'get'>, caller: Principal, id: string): Promise<T>
  list(
    state: State,
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<T>>
  /** All of an organisation. */
  all(state: State, organisationId: string): Promise<readonly T[]>
  /** Whether the caller may make one there. @throws RestError 404 */
  reachable(transaction: StateTransaction, caller: Principal, organisationId: string): Promise<void>
  /** @throws RestError 409 where the name is taken or there is no room */
  add(transaction: StateTransaction, thing: T): Promise<void>
  /** @throws RestError 409 where the new name is taken */
  replace(transaction: StateTransaction, before: T, after: T): Promise<void>
  remove(transaction: StateTransaction, thing: T): Promise<void>
}

/**
 * @param noun in codes of errors and names of collections, such as `spike-detector`
 * @param max how many an organisation may have
 */
export function namedDocuments<T extends NamedThing>(noun: string, max: number): NamedDocuments<T> {
  const things = collection<T>(`${noun}s`)
  /** By organisation and name in lower case; holds the id. */
  const names = collection<string>(`${noun}-names`)
  const count = thingCount({ noun, max })
  const words = noun.replaceAll('-', ' ')

  const claimName = async (transaction: StateTransaction, thing: T) => {
    if ((await transaction.get(names, nameKey(thing))) !== undefined) {
      throw new RestError(
        409,
        `${noun}.name-taken`,
        `the organisation already has ${/^[aeiou]/.test(words) ? 'an' : 'a'} ${words} "${thing.name}": choose another name`,
      )
    }
    transaction.put(names, nameKey(thing), thing.id)
  }

  return {
    things,
    found: async (from, caller, id) => {
      const thing = await from.get(things, id)
      if (thing !== undefined && reaches(caller, thing.organisationId)) return thing
      throw new RestError(404, `${noun}.not-found`, `there is no ${words} "${id}"`)
    },
    list: (state, caller, { organisationId, ...page }) =>
      listAccepted(state, things, {
        ...page,
        accept: (thing) =>
          reaches(caller, thing.organisationId) &&
          (organisationId === undefined || organisationId === thing.organisationId),
      }),
    all: (state, organisationId) => listAll(state, things, isOf(organisationId)),
    reachable: async (transaction, caller, organisationId) => {
      await organisationOf(transaction, caller, organisationId)
    },
    add: async (transaction, thing) => {
      await count.add(transaction, thing.organisationId)
      await claimName(transaction, thing)
      transaction.put(things, thing.id, thing)
    },
    replace: async (transaction, before, after) => {
      if (nameKey(before) !== nameKey(after)) {
        await claimName(transaction, after)
        transaction.delete(names, nameKey(before))
      }
      transaction.put(things, after.id, after)
    },
    remove: async (transaction, thing) => {
      await count.remove(transaction, thing.organisationId)
      transaction.delete(names, nameKey(thing))
      transaction.delete(things, thing.id)
    },
  }
}

function nameKey({ organisationId, name }: NamedThing): string {
  return `${organisationId}|${name.toLowerCase()}`
}
