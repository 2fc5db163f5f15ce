import type { Actor } from '#src/model/actor.ts'
import { EMAIL_PATTERN } from '#src/model/tenancy.ts'
import type { Directory } from '#src/ports/directory.ts'

/** The names that an event may be told with: those of the organisation that it happened in. */
export interface Names {
  /** An account of the organisation: its name. */
  accountName(awsAccountId: string | undefined): Promise<string | undefined>
  /** `payments-prod (444455556666)`, or the id alone. */
  account(awsAccountId: string | undefined): Promise<string>
  /** Who signs in with a name: a user of the organisation whose e-mail it is, or the name itself. */
  person(login: string): Promise<Pick<Actor, 'name' | 'email' | 'userId' | 'steps'>>
  personById(userId: string): Promise<Pick<Actor, 'name' | 'email' | 'userId'> | undefined>
}

const EMAIL = new RegExp(EMAIL_PATTERN)

export function isEmail(text: string): boolean {
  return EMAIL.test(text)
}

/** @param organisationId that managed the account when the event happened in it, where known */
export function namesFor(directory: Directory, organisationId: string | undefined): Names {
  const accountName = async (id: string | undefined) => {
    const account = id === undefined ? undefined : await directory.accountByAwsId(id)
    return account?.organisationId === organisationId ? account?.name : undefined
  }
  // The hub's own users are of no organisation, and an account may be of none that is known here.
  const ofOrganisation = <T extends { readonly organisationId?: string }>(user: T | undefined) =>
    organisationId !== undefined && user?.organisationId === organisationId ? user : undefined
  return {
    accountName,
    account: async (id) => {
      const name = await accountName(id)
      return name === undefined ? (id ?? 'an account that is not named') : `${name} (${id})`
    },
    person: async (login) => {
      if (!isEmail(login)) return { name: login, steps: [] }
      const user = ofOrganisation(await directory.userByEmail(login))
      if (user === undefined) {
        const step = `no user of the organisation has the e-mail ${login}`
        return { name: login, email: login, steps: [step] }
      }
      const { email, id: userId } = user
      const name = fullName(user)
      const disabled = user.status === 'DISABLED' ? ', who is disabled' : ''
      return { name, email, userId, steps: [`that is the e-mail of the user ${name}${disabled}`] }
    },
    personById: async (id) => {
      const user = ofOrganisation(await directory.user(id))
      return user && { name: fullName(user), email: user.email, userId: user.id }
    },
  }
}

interface FullName {
  readonly firstName: string
  readonly lastName: string
  readonly email: string
}

function fullName({ firstName, lastName, email }: FullName): string {
  return `${firstName} ${lastName}`.trim() || email
}
