import { momentOf } from '#src/model/moment.ts'
import type { Moment } from '#src/model/moment.ts'
import type { AccountThen, Directory, DirectoryKind } from '#src/ports/directory.ts'
import type { Collection, State } from '#src/ports/state.ts'
import { HISTORY, knownAt, knownLast, subject, subjectOf } from './history.ts'
import type { Known } from './history.ts'
import {
  ACCOUNTS,
  API_TOKENS,
  AWS_ACCOUNTS,
  CUSTOMERS,
  ORGANISATIONS,
  USERS,
  USER_EMAILS,
} from './documents.ts'

/** Things kept in memory, of those last asked for. */
const REMEMBERED_MAX = 20_000

/** The tenancy's names; what is asked for often is answered from memory. */
export function createDirectory(state: State): Directory {
  const documents = createMemory<unknown>()
  const newest = createMemory<Known | undefined>()
  state.watch((changes) => {
    for (const { collection, key } of changes) {
      if (collection === HISTORY.name) newest.forget(subjectOf(key))
      else documents.forget(nameOf(collection, key))
    }
  })

  const get = async <T>(from: Collection<T>, key: string): Promise<T | undefined> =>
    (await documents.get(nameOf(from.name, key), () => state.get(from, key))) as T | undefined

  const attributesAt = async (kind: DirectoryKind, id: string, moment: Moment) => {
    const last = await newest.get(subject(kind, id), () => knownLast(state, [kind, id]))
    // Most events are about what is so now; the others are worth a read.
    if (last === undefined || last.from <= moment) return last?.attributes
    return (await knownAt(state, [kind, id], moment))?.attributes
  }

  return {
    customer: (id) => get(CUSTOMERS, id),
    organisation: (id) => get(ORGANISATIONS, id),
    user: (id) => get(USERS, id),
    userByEmail: async (email) => {
      const id = await get(USER_EMAILS, email.toLowerCase())
      return id === undefined ? undefined : get(USERS, id)
    },
    account: (id) => get(ACCOUNTS, id),
    accountByAwsId: async (awsAccountId) => {
      const id = await get(AWS_ACCOUNTS, awsAccountId)
      return id === undefined ? undefined : get(ACCOUNTS, id)
    },
    apiToken: (accessKeyId) => get(API_TOKENS, accessKeyId),
    accountAt: async (awsAccountId, at) => {
      // The end of that millisecond: the times of events are no finer.
      const known = await attributesAt('aws-account', awsAccountId, momentOf(at + 1) - 1)
      return known as AccountThen | undefined
    },
    attributesAt,
  }
}

function nameOf(collection: string, key: string): string {
  return `${collection} ${key}`
}

/** Answers from memory what has been read once, until it is told to forget it. */
function createMemory<T>() {
  const remembered = new Map<string, T>()
  let forgotten = 0
  return {
    forget: (name: string) => {
      forgotten += 1
      remembered.delete(name)
    },
    get: async (name: string, read: () => Promise<T>): Promise<T> => {
      if (remembered.has(name)) return remembered.get(name) as T
      const before = forgotten
      const value = await read()
      // What changed while it was read may have been this.
      if (forgotten !== before) return value
      if (remembered.size >= REMEMBERED_MAX) remembered.clear()
      remembered.set(name, value)
      return value
    },
  }
}
