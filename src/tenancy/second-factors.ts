import { RestError } from '#src/errors.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { StateTransaction } from '#src/ports/state.ts'
import type { Step } from './actions.ts'
import { USERS } from './documents.ts'
import type { StoredUser } from './documents.ts'
import { TOTP_SECRET_BYTES, acceptedStep, newTotp } from './one-time-codes.ts'
import type { OrganisationPorts } from './organisations.ts'
import { withPassword } from './own-password.ts'
import type { OwnPasswordPorts } from './own-password.ts'
import { SECOND_FACTORS, SIGN_IN_FAILURES } from './sign-in-documents.ts'
import { countAndTell, isLocked } from './sign-in-failures.ts'
import { userOf } from './users.ts'
import { fingerprint } from './vault.ts'
import type { Vault } from './vault.ts'

/** Shown once: what goes into an authenticator app. */
export interface Enrolment {
  /** Base32. */
  readonly secret: string
  readonly uri: string
}

export interface SecondFactors {
  /**
   * The first step: nothing is asked for at sign-in until `confirm`. It takes the password, so that
   * whoever finds a session cannot lock its user out. @throws RestError password.refused
   */
  enrol(caller: Principal, password: string): Promise<Enrolment>
  /** The second step: a code of the app. Answers recovery codes, each good once, shown once. */
  confirm(caller: Principal, code: string): Promise<readonly string[]>
  /** Takes the caller's own away, with a code. */
  remove(caller: Principal, code: string): Promise<void>
  /** Takes somebody else's away, whose device is lost. */
  reset(caller: Principal, userId: string): Promise<void>
}

const RECOVERY_CODES = 10
/** 80 bits: nothing to be guessed, so a plain fingerprint is enough. */
const RECOVERY_CODE_CHARACTERS = 16
const RECOVERY_CODE_GROUP = /.{4}(?=.)/g

const REFUSED = 'second-factor.code-refused'

type SecondFactorPorts = OwnPasswordPorts & Pick<OrganisationPorts, 'ids'>

export function createSecondFactors(ports: SecondFactorPorts, vault: Vault): SecondFactors {
  const { state, ids, actions } = ports
  /** Does what needs a code of the caller; a wrong one counts as a failed sign-in. */
  const withCode = async <R>(
    caller: Principal,
    active: boolean,
    { code, act }: { code: string; act: (step: Step, user: StoredUser) => R | Promise<R> },
  ): Promise<R> => {
    const outcome = await actions.perform(caller, async (step) => {
      const user = await enrollable(caller, step.transaction)
      const factor = await step.transaction.get(SECOND_FACTORS, user.id)
      if (factor?.active !== active) throw active ? none() : notBegun()
      if (isLocked(await step.transaction.get(SIGN_IN_FAILURES, user.id), step.now))
        return undefined
      if (await acceptCode(step, vault, user.id, code)) return { done: await act(step, user) }
      await countAndTell(step, user)
      return undefined
    })
    if (outcome !== undefined) return outcome.done
    throw new RestError(
      403,
      REFUSED,
      'the code is wrong, was used before, or too many were: wait for the next one and try again',
    )
  }

  return {
    enrol: async (caller, password) => {
      const user = await enrollable(caller, state)
      return withPassword(ports, { caller, user, password }, async () => {
        const secret = Buffer.from(ids.opaque(TOTP_SECRET_BYTES), 'base64url')
        const enrolment = newTotp(secret, user.email)
        const sealedSecret = vault.seal(['second-factor', user.id], enrolment.secret)
        return async ({ transaction }) => {
          if ((await transaction.get(SECOND_FACTORS, user.id))?.active) throw exists()
          const begun = { sealedSecret, active: false, lastStep: 0, recoveryCodes: [] }
          transaction.put(SECOND_FACTORS, user.id, begun)
          return enrolment
        }
      })
    },
    confirm: (caller, code) => {
      const codes = Array.from({ length: RECOVERY_CODES }, () => newRecoveryCode(ids))
      const act = async (step: Step, user: StoredUser) => {
        const factor = await step.transaction.get(SECOND_FACTORS, user.id)
        if (factor === undefined) throw notBegun()
        step.transaction.put(SECOND_FACTORS, user.id, {
          ...factor,
          active: true,
          recoveryCodes: codes.map((one) => fingerprint(plain(one))),
        })
        setMfa(step, user, true)
        return codes
      }
      return withCode(caller, false, { code, act })
    },
    remove: (caller, code) => withCode(caller, true, { code, act: takeAway }),
    reset: (caller, userId) =>
      actions.perform(caller, async (step) => {
        const user = userOf(caller, await step.transaction.get(USERS, userId), userId)
        const factor = await step.transaction.get(SECOND_FACTORS, userId)
        if (factor?.active !== true) throw none()
        takeAway(step, user)
      }),
  }
}

/**
 * Whether a code of a user's second factor is right: of the app, or a recovery code. It is used up
 * with the transaction.
 */
export async function acceptCode(
  { transaction, now }: Step,
  vault: Vault,
  userId: string,
  code: string,
): Promise<boolean> {
  const factor = await transaction.get(SECOND_FACTORS, userId)
  const secret = factor && vault.open(['second-factor', userId], factor.sealedSecret)
  if (factor === undefined || secret === undefined) return false
  const { lastStep, recoveryCodes } = factor
  const step = acceptedStep(secret, code.replaceAll(/\s/g, ''), { now, lastStep })
  if (step !== undefined) {
    transaction.put(SECOND_FACTORS, userId, { ...factor, lastStep: step })
    return true
  }
  const given = fingerprint(plain(code))
  if (!recoveryCodes.includes(given)) return false
  const left = recoveryCodes.filter((one) => one !== given)
  transaction.put(SECOND_FACTORS, userId, { ...factor, recoveryCodes: left })
  return true
}

async function enrollable(
  { userId }: Principal,
  from: Pick<StateTransaction, 'get'>,
): Promise<StoredUser> {
  const user = userId === undefined ? undefined : await from.get(USERS, userId)
  if (user === undefined) {
    throw new RestError(
      403,
      'second-factor.not-a-user',
      'a second factor belongs to a user: make this call in a session, not with an API token',
    )
  }
  if (user.authOrigin === 'local') return user
  throw new RestError(
    409,
    'second-factor.federated',
    'the OpenID provider that this user signs in with asks for second factors: set one up there',
  )
}

function takeAway(step: Step, user: StoredUser): void {
  step.transaction.delete(SECOND_FACTORS, user.id)
  setMfa(step, user, false)
}

function setMfa({ transaction, tell }: Step, user: StoredUser, mfaEnabled: boolean): void {
  const { id, organisationId } = user
  transaction.put(USERS, id, { ...user, mfaEnabled })
  if (organisationId === undefined) return
  tell('UserSecondFactorEvent', { organisationId, fields: { userID: id, mfaEnabled } })
}

function newRecoveryCode(ids: Ids): string {
  return ids.secret(RECOVERY_CODE_CHARACTERS).toLowerCase().replaceAll(RECOVERY_CODE_GROUP, '$&-')
}

/** As it is compared: however it was typed. */
function plain(code: string): string {
  return code.toLowerCase().replaceAll(/[\s-]/g, '')
}

function exists(): RestError {
  return new RestError(
    409,
    'second-factor.exists',
    'there is a second factor already: take it away first, with a code of it',
  )
}

function none(): RestError {
  return new RestError(409, 'second-factor.none', 'the user has no second factor')
}

function notBegun(): RestError {
  return new RestError(
    409,
    'second-factor.not-begun',
    'there is no second factor to confirm: set one up first with POST /second-factor',
  )
}
