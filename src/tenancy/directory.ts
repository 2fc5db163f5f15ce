import type { Directory } from '#src/ports/directory.ts'
import type { Collection, State } from '#src/ports/state.ts'
import {
  ACCOUNTS,
  API_TOKENS,
  AWS_ACCOUNTS,
  CUSTOMERS,
  ORGANISATIONS,
  USERS,
  USER_EMAILS,
} from './documents.ts'

/** Documents kept in memory, of those last asked for. */
const REMEMBERED_MAX = 20_000

/** The tenancy's names; what is asked for often is answered from memory. */
export function createDirectory(state: State): Directory {
  const remembered = new Map<string, unknown>()
  const nameOf = (collection: string, key: string) => `${collection} ${key}`
  state.watch((changes) => {
    for (const { collection, key } of changes) remembered.delete(nameOf(collection, key))
  })

  const get = async <T>(from: Collection<T>, key: string): Promise<T | undefined> => {
    const name = nameOf(from.name, key)
    if (remembered.has(name)) return remembered.get(name) as T | undefined
    const value = await state.get(from, key)
    if (remembered.size >= REMEMBERED_MAX) remembered.clear()
    remembered.set(name, value)
    return value
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
  }
}
