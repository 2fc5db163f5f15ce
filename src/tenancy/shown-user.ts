import type { User } from '#src/model/tenancy.ts'
import type { StoredUser } from './documents.ts'

/** The user without what the store alone keeps: the password's hash, and who it is elsewhere. */
export function shown({ passwordHash: _, identity: __, ...user }: StoredUser): User {
  return user
}
