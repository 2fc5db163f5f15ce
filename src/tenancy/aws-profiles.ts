import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Principal } from '#src/model/principal.ts'
import type { Account, Organisation } from '#src/model/tenancy.ts'
import type { ManagedAccounts } from '#src/ports/account-wiring.ts'
import type { Clock } from '#src/ports/clock.ts'
import { collection } from '#src/ports/state.ts'
import type { State } from '#src/ports/state.ts'
import type { ApiTokens } from './api-tokens.ts'
import { ACCOUNTS, API_TOKENS, ORGANISATIONS } from './documents.ts'
import type { Vault } from './vault.ts'

/**
 * The files that let the AWS CLI and SDKs, and Belfry's own CLI, speak to this hub: `credentials`
 * and `config` in the data folder, in AWS's own format. Profiles: `operator` (the hub's), then
 * `management`, `logging`, `security` and `member` (the first member account) of the first
 * organisation, and `<alias>-<role>` of any other.
 */
export interface AwsProfiles {
  /** Brings tokens and files up to date. */
  refresh(): Promise<void>
  /**
   * Refreshes on every change of accounts, organisations and tokens, and when a token of a profile
   * ends; answers how to stop.
   */
  follow(onFault: (error: unknown) => void): () => void
}

export interface AwsProfilePorts {
  readonly state: State
  readonly accounts: ManagedAccounts
  readonly apiTokens: ApiTokens
  readonly vault: Vault
  readonly clock: Clock
  readonly folder: string
  readonly endpointUrl: string
}

/** By profile name; holds the access key of its token. */
const PROFILES = collection<string>('aws-profiles')
const OPERATOR_PROFILE = 'operator'
const PROFILE_ROLES = ['MANAGEMENT', 'LOGGING', 'SECURITY', 'MEMBER'] as const
const OPERATOR: Principal = { arn: 'arn:aws:iam::000000000000:root', id: 'hub', role: 'admin' }
const OPERATOR_REGION = 'us-east-1'
const OWNER_ONLY = 0o600
/** Many accounts made one after the other are one refresh. */
const REFRESH_AFTER_MS = 100
/** A timer takes 24 days at most. */
const REFRESH_WITHIN_MS = 24 * 60 * 60_000
/** What a profile needs is in these. */
const WATCHED: ReadonlySet<string> = new Set([ACCOUNTS.name, API_TOKENS.name, ORGANISATIONS.name])

interface Profile {
  readonly name: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly expiresAt?: number
}

export function createAwsProfiles(ports: AwsProfilePorts): AwsProfiles {
  const { state, accounts, apiTokens, vault, clock, folder, endpointUrl } = ports

  const profileOf = async (
    name: string,
    { region, awsAccountId }: { readonly region: string; readonly awsAccountId?: string },
    mint: () => Promise<{ accessKeyId: string; secretAccessKey: string }>,
  ): Promise<Profile> => {
    const known = await state.get(PROFILES, name)
    const stored = known === undefined ? undefined : await state.get(API_TOKENS, known)
    const { expiresAt } = stored ?? {}
    const token = expiresAt === undefined || expiresAt > clock.now() ? stored : undefined
    const secretAccessKey =
      token && vault.open(['api-token', token.accessKeyId], token.sealedSecret)
    // The account of a profile may have been closed: then another one has its place.
    const current = token?.awsAccountId === awsAccountId
    if (token !== undefined && secretAccessKey !== undefined && current) {
      const { accessKeyId } = token
      return {
        name,
        region,
        accessKeyId,
        secretAccessKey,
        ...(expiresAt !== undefined && { expiresAt }),
      }
    }
    const minted = await mint()
    await state.transact(async (transaction) => {
      transaction.put(PROFILES, name, minted.accessKeyId)
    })
    const { accessKeyId, secretAccessKey: secret } = minted
    return { name, region, accessKeyId, secretAccessKey: secret }
  }

  const profilesOf = async (organisation: Organisation, prefix: string) => {
    const profiles: Profile[] = []
    const all = await accounts.accountsOf(organisation.id)
    for (const role of PROFILE_ROLES) {
      const account = all.find(({ accountRole }) => accountRole === role)
      if (account === undefined) continue
      const name = prefix + role.toLowerCase()
      const mint = () => mintFor(name, organisation, account)
      const { awsAccountId } = account
      const place = { region: organisation.installationRegion, awsAccountId }
      profiles.push(await profileOf(name, place, mint))
    }
    return profiles
  }

  const mintFor = (name: string, organisation: Organisation, account: Account) =>
    apiTokens.create(OPERATOR, {
      name: `profile-${name}`,
      description: `Made by the hub for the profile "${name}" in its data folder`,
      role: account.accountRole === 'MANAGEMENT' ? 'api_admin' : 'api_operations',
      organisationId: organisation.id,
      awsAccountId: account.awsAccountId,
    })

  /** When the first of their tokens ends. */
  let endsAt = Infinity
  const refreshOnce = async () => {
    endsAt = Infinity
    const operator = () => apiTokens.createForOperator()
    const profiles = [await profileOf(OPERATOR_PROFILE, { region: OPERATOR_REGION }, operator)]
    for (const [index, organisation] of (await accounts.organisations()).entries()) {
      const prefix = index === 0 ? '' : `${organisation.alias}-`
      profiles.push(...(await profilesOf(organisation, prefix)))
    }
    const known = await state.list(PROFILES, { limit: Number.MAX_SAFE_INTEGER })
    const ours = new Set(known.map(({ key }) => key))
    keepSections(join(folder, 'credentials'), profiles.map(credentialsSection), ours)
    const sections = profiles.map((profile) => configSection(profile, endpointUrl))
    keepSections(join(folder, 'config'), sections, ours)
    endsAt = Math.min(...profiles.map(({ expiresAt = Infinity }) => expiresAt))
  }

  let last = Promise.resolve()
  const refresh = () => {
    last = last.then(refreshOnce, refreshOnce)
    return last
  }
  return {
    refresh,
    follow: (onFault) =>
      keepRefreshing(ports, { refresh: () => refresh().catch(onFault), endsAt: () => endsAt }),
  }
}

/** Refreshes when what profiles need changes, or ends; answers how to stop. */
function keepRefreshing(
  { state, clock }: AwsProfilePorts,
  { refresh, endsAt }: { refresh: () => Promise<void>; endsAt: () => number },
): () => void {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let wanted = false
  const refreshAfter = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => void refreshNow(), ms)
  }
  const refreshAtEnd = () => refreshAfter(Math.min(endsAt() - clock.now(), REFRESH_WITHIN_MS))
  const refreshNow = async () => {
    wanted = false
    await refresh()
    if (!wanted && !stopped) refreshAtEnd()
  }
  const stopWatching = state.watch((changes) => {
    if (wanted || !changes.some(({ collection: changed }) => WATCHED.has(changed))) return
    wanted = true
    refreshAfter(REFRESH_AFTER_MS)
  })
  refreshAtEnd()
  return () => {
    stopped = true
    stopWatching()
    clearTimeout(timer)
  }
}

function credentialsSection({ name, accessKeyId, secretAccessKey }: Profile): string {
  return `[${name}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`
}

/** Targets are URLs, which the AWS CLI 1 would fetch, and send what it got, unless told not to. */
function configSection({ name, region }: Profile, endpointUrl: string): string {
  return (
    `[profile ${name}]\nregion = ${region}\nendpoint_url = ${endpointUrl}\n` +
    'cli_follow_urlparam = false\n'
  )
}

/** The hub's own sections as they are now, and after them those that somebody else wrote. */
function keepSections(file: string, sections: readonly string[], ours: ReadonlySet<string>): void {
  const written = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const others = written.split(/^(?=\[)/m).filter((section) => {
    const name = /^\[(?:profile )?([^\]]+)\]/.exec(section)?.[1]
    return name !== undefined && !ours.has(name.trim())
  })
  writeWhole(file, [...sections, ...others.map((section) => `${section.trimEnd()}\n`)].join('\n'))
}

/** A reader sees the old file or the new one. */
function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: OWNER_ONLY })
  renameSync(`${file}.new`, file)
}
