import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Principal } from '#src/model/principal.ts'
import type { Account, Organisation } from '#src/model/tenancy.ts'
import type { ManagedAccounts } from '#src/ports/account-wiring.ts'
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
  /** Refreshes on every change of accounts and organisations; answers how to stop. */
  follow(onFault: (error: unknown) => void): () => void
}

export interface AwsProfilePorts {
  readonly state: State
  readonly accounts: ManagedAccounts
  readonly apiTokens: ApiTokens
  readonly vault: Vault
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

interface Profile {
  readonly name: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export function createAwsProfiles(ports: AwsProfilePorts): AwsProfiles {
  const { state, accounts, apiTokens, vault, folder, endpointUrl } = ports

  const profileOf = async (
    name: string,
    { region, awsAccountId }: { readonly region: string; readonly awsAccountId?: string },
    mint: () => Promise<{ accessKeyId: string; secretAccessKey: string }>,
  ): Promise<Profile> => {
    const known = await state.get(PROFILES, name)
    const token = known === undefined ? undefined : await state.get(API_TOKENS, known)
    const secretAccessKey =
      token && vault.open(['api-token', token.accessKeyId], token.sealedSecret)
    // The account of a profile may have been closed: then another one has its place.
    const current = token?.awsAccountId === awsAccountId
    if (token !== undefined && secretAccessKey !== undefined && current) {
      return { name, region, accessKeyId: token.accessKeyId, secretAccessKey }
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

  const refreshOnce = async () => {
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
  }

  let last = Promise.resolve()
  const refresh = () => {
    last = last.then(refreshOnce, refreshOnce)
    return last
  }
  return {
    refresh,
    follow: (onFault) => {
      let timer: NodeJS.Timeout | undefined
      const stop = state.watch((changes) => {
        const relevant = changes.some(
          ({ collection: changed }) => changed === ACCOUNTS.name || changed === ORGANISATIONS.name,
        )
        if (!relevant) return
        timer ??= setTimeout(() => {
          timer = undefined
          refresh().catch(onFault)
        }, REFRESH_AFTER_MS)
      })
      return () => {
        stop()
        clearTimeout(timer)
      }
    },
  }
}

function credentialsSection({ name, accessKeyId, secretAccessKey }: Profile): string {
  return `[${name}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`
}

function configSection({ name, region }: Profile, endpointUrl: string): string {
  return `[profile ${name}]\nregion = ${region}\nendpoint_url = ${endpointUrl}\n`
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
