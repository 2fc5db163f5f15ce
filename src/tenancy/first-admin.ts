import { USERS, USER_EMAILS } from './documents.ts'
import type { StoredUser } from './documents.ts'
import { remember } from './history.ts'
import type { OrganisationPorts } from './organisations.ts'
import type { Passwords } from './passwords.ts'
import { FIRST_ADMIN, FIRST_ADMIN_KEY, USER_SESSIONS } from './sign-in-documents.ts'

export interface AdminPassword {
  readonly email: string
  readonly password: string
}

/**
 * The hub's first administrator: a user without an organisation, who acts for all. Its password
 * is made, made durable, shown, and then marked as shown. A crash before the mark leaves a
 * password that perhaps nobody has read, so the next start makes another one; after the mark, or
 * once it was used to sign in, no start ever does.
 */
export interface FirstAdmin {
  /** What to show, at the first start; undefined at every other. */
  prepare(email: string): Promise<AdminPassword | undefined>
  /** The password is on the screen. */
  shown(): Promise<void>
}

/** 142 bits. */
const PASSWORD_CHARACTERS = 24

export function createFirstAdmin({
  state,
  ids,
  actions,
  passwords,
}: Pick<OrganisationPorts, 'state' | 'ids' | 'actions'> & {
  readonly passwords: Passwords
}): FirstAdmin {
  return {
    prepare: async (given) => {
      const marked = await state.get(FIRST_ADMIN, FIRST_ADMIN_KEY)
      if (marked?.passwordShown) return undefined
      const password = ids.secret(PASSWORD_CHARACTERS)
      const passwordHash = await passwords.hash(password)
      const email = given.toLowerCase()
      return actions.perform(undefined, async ({ transaction, moment, now }) => {
        const before = marked && (await transaction.get(USERS, marked.userId))
        if (before !== undefined) {
          // Changed, deleted or signed in with: somebody has it.
          const used = (await transaction.get(USER_SESSIONS, before.id)) !== undefined
          if (used || before.modifiedAt !== before.createdAt) return undefined
          transaction.put(USERS, before.id, { ...before, passwordHash })
          return { email: before.email, password }
        }
        if ((await transaction.get(USER_EMAILS, email)) !== undefined) {
          throw new Error(
            `the hub's first administrator cannot be "${email}", a user with that e-mail exists: give --admin-email another`,
          )
        }
        const user: StoredUser = {
          id: ids.timeOrderedUuid(now),
          email,
          firstName: '',
          lastName: '',
          role: 'customer_admin',
          status: 'ACTIVE',
          authOrigin: 'local',
          mfaEnabled: false,
          passwordHash,
          createdAt: now,
          modifiedAt: now,
        }
        transaction.put(USERS, user.id, user)
        transaction.put(USER_EMAILS, email, user.id)
        transaction.put(FIRST_ADMIN, FIRST_ADMIN_KEY, { userId: user.id, passwordShown: false })
        remember(transaction, moment, 'user', [user.id, user])
        return { email, password }
      })
    },
    shown: () =>
      state.transact(async (transaction) => {
        const marked = await transaction.get(FIRST_ADMIN, FIRST_ADMIN_KEY)
        if (marked === undefined) return
        transaction.put(FIRST_ADMIN, FIRST_ADMIN_KEY, { ...marked, passwordShown: true })
      }),
  }
}
