import type { AccountId } from '#src/model/event.ts'
import { includes, reachesAccount, roleOf } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State } from '#src/ports/state.ts'
import { API_TOKENS, AWS_ACCOUNTS } from './documents.ts'
import type { StoredToken } from './documents.ts'
import { managedAccountOf } from './managed-accounts.ts'
import type { Vault } from './vault.ts'

/** An access key that signs requests, and who it stands for. */
export interface Credential {
  readonly secretAccessKey: string
  /** The secret before a rotation, while both are good. */
  readonly previous?: { readonly secretAccessKey: string; readonly until: number }
  readonly principal: Principal
  /** Epoch ms; absent: good until it is taken back. */
  readonly expiresAt?: number
}

export interface TemporaryCredential extends Credential {
  readonly accessKeyId: string
  readonly sessionToken: string
  readonly expiresAt: number
}

export interface AssumeRoleRequest {
  readonly roleArn: string
  readonly sessionName: string
  readonly durationMs: number
}

export interface Credentials {
  /** undefined: the access key, or the session token with it, is unknown or was taken back. */
  find(accessKeyId: string, sessionToken?: string): Promise<Credential | undefined>
  /** undefined: the caller may not act in that account, or not in that role. */
  assumeRole(
    caller: Principal,
    request: AssumeRoleRequest,
  ): Promise<TemporaryCredential | undefined>
}

/** What a session token holds, sealed for its access key. */
interface SealedSession {
  readonly secretAccessKey: string
  readonly roleArn: string
  readonly sessionName: string
  readonly expiresAt: number
  /** The token that assumed the role: when it goes, so does the session. */
  readonly sourceAccessKeyId: string
}

/** The account of callers that act in none. */
export const NO_ACCOUNT = '000000000000'

/** Every managed account has a role of each token role's name. */
const ROLE_ARN = /^arn:aws:iam::(\d{12}):role\/(api_[a-z]+)$/
/** AWS's form of a temporary access key: ASIA and 16 letters and digits. */
const TEMPORARY_KEY_PREFIX = 'ASIA'
const TEMPORARY_KEY_CHARACTERS = 16
const TEMPORARY_SECRET_CHARACTERS = 40
/** Opened secrets and sessions; dropped whole when full. */
const KNOWN_MAX = 20_000

export interface CredentialPorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly vault: Vault
}

export function createCredentials({ state, clock, ids, vault }: CredentialPorts): Credentials {
  let known = new Map<string, Credential>()
  state.watch((changes) => {
    const relevant = [API_TOKENS.name, AWS_ACCOUNTS.name]
    // Another map: what is being read now goes into the old one, as it may be old already.
    if (changes.some(({ collection }) => relevant.includes(collection))) known = new Map()
  })

  const findToken = tokenFinder(state, vault)

  const findSession = async (
    accessKeyId: string,
    sessionToken: string,
  ): Promise<Credential | undefined> => {
    const opened = vault.open(['assumed-role', accessKeyId], sessionToken)
    if (opened === undefined) return undefined
    const session = JSON.parse(opened) as SealedSession
    const source = await findToken(session.sourceAccessKeyId)
    const principal =
      source && (await principalOfRole(source.principal, session.roleArn, session.sessionName))
    if (principal === undefined) return undefined
    const { secretAccessKey } = session
    // A session ends with its token.
    const expiresAt = Math.min(session.expiresAt, source?.expiresAt ?? session.expiresAt)
    return { secretAccessKey, principal, expiresAt }
  }

  /** The caller in another account, in a role no stronger than its own; undefined if refused. */
  const principalOfRole = async (
    caller: Principal,
    roleArn: string,
    sessionName: string,
  ): Promise<Principal | undefined> => {
    const [, awsAccountId, roleName] = ROLE_ARN.exec(roleArn) ?? []
    const role = roleName === undefined ? undefined : roleOf(roleName)
    if (awsAccountId === undefined || role === undefined) return undefined
    const organisationId = await organisationOfAccount(awsAccountId)
    const reached =
      organisationId !== undefined && (caller.organisationId ?? organisationId) === organisationId
    if (!reached || !reachesAccount(caller, awsAccountId)) return undefined
    if (!includes(caller.role, role)) return undefined
    return {
      ...caller,
      arn: `arn:aws:sts::${awsAccountId}:assumed-role/${roleName}/${sessionName}`,
      id: `AROA${awsAccountId}:${sessionName}`,
      role,
      organisationId,
      awsAccountId,
    }
  }

  const organisationOfAccount = async (awsAccountId: AccountId) =>
    (await managedAccountOf(state, awsAccountId))?.organisationId

  return {
    find: async (accessKeyId, sessionToken) => {
      const name = sessionToken === undefined ? accessKeyId : `${accessKeyId} ${sessionToken}`
      const current = known
      const remembered = current.get(name)
      if (remembered !== undefined) return remembered
      const found =
        sessionToken === undefined
          ? await findToken(accessKeyId)
          : await findSession(accessKeyId, sessionToken)
      if (found === undefined) return undefined
      if (current.size >= KNOWN_MAX) current.clear()
      current.set(name, found)
      return found
    },
    assumeRole: async (caller, { roleArn, sessionName, durationMs }) => {
      const sourceAccessKeyId = caller.accessKeyId
      const principal = await principalOfRole(caller, roleArn, sessionName)
      if (principal === undefined || sourceAccessKeyId === undefined) return undefined
      const accessKeyId = TEMPORARY_KEY_PREFIX + ids.secret(TEMPORARY_KEY_CHARACTERS).toUpperCase()
      const session: SealedSession = {
        secretAccessKey: ids.secret(TEMPORARY_SECRET_CHARACTERS),
        roleArn,
        sessionName,
        expiresAt: clock.now() + durationMs,
        sourceAccessKeyId,
      }
      const { secretAccessKey, expiresAt } = session
      const sessionToken = vault.seal(['assumed-role', accessKeyId], JSON.stringify(session))
      return { accessKeyId, secretAccessKey, sessionToken, principal, expiresAt }
    },
  }
}

/** API tokens by their access key. */
function tokenFinder(state: State, vault: Vault) {
  /** The token of an account that was closed, and may be another organisation's now, acts in none. */
  const whereManaged = async (principal: Principal): Promise<Principal> => {
    const { awsAccountId, ...elsewhere } = principal
    if (awsAccountId === undefined) return principal
    const account = await managedAccountOf(state, awsAccountId)
    return account?.organisationId === principal.organisationId ? principal : elsewhere
  }

  return async (accessKeyId: string): Promise<Credential | undefined> => {
    const token = await state.get(API_TOKENS, accessKeyId)
    if (token === undefined) return undefined
    const open = (sealed: string) => vault.open(['api-token', accessKeyId], sealed)
    const secretAccessKey = open(token.sealedSecret)
    const role = roleOf(token.role)
    if (secretAccessKey === undefined || role === undefined) return undefined
    const { previous, expiresAt } = token
    const previousSecret = previous && open(previous.sealedSecret)
    return {
      secretAccessKey,
      principal: await whereManaged(principalOfToken(token, role)),
      ...(previous !== undefined &&
        previousSecret !== undefined && {
          previous: { secretAccessKey: previousSecret, until: previous.until },
        }),
      ...(expiresAt !== undefined && { expiresAt }),
    }
  }
}

function principalOfToken(token: StoredToken, role: Principal['role']): Principal {
  const { accessKeyId, organisationId, awsAccountId, onlyAccounts } = token
  return {
    arn: `arn:aws:iam::${awsAccountId ?? NO_ACCOUNT}:user/${token.name}`,
    id: accessKeyId,
    role,
    accessKeyId,
    ...(organisationId !== undefined && { organisationId }),
    ...(awsAccountId !== undefined && { awsAccountId }),
    ...(onlyAccounts !== undefined && { onlyAccounts }),
  }
}
