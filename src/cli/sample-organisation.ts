import type { Account, ApiToken, IngestKey, Organisation, User } from '#src/model/tenancy.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import { eachOf } from '#src/ports/each-of.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { CommandFault, HubFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import type { CreatedIngestKey } from './ingest-keys.ts'
import {
  RENAMED_ACCOUNT,
  SAMPLE_ACCOUNTS,
  SAMPLE_INGEST_KEY,
  SAMPLE_ORGANISATION,
  SAMPLE_TOKENS,
  SAMPLE_USERS,
  sampleApiCall,
} from './sample-organisation.data.ts'
import { fillSampleTenancy, openAccount } from './sample-tenancy.ts'
import type { Session } from './session.ts'

/** The example organisation as it is in the hub. */
export interface SampleOrganisation {
  readonly organisation: Organisation
  /** How many things were made, and how many had been there. */
  readonly accounts: Counts
  readonly users: Counts
  readonly tokens: Counts
  readonly ingestKey: string
  /** The event of an API call that one of the users made. */
  readonly apiCallId: string
  /** The user who has logged in. */
  readonly login: { readonly email: string; readonly password: string }
}

export interface Counts {
  readonly made: number
  readonly found: number
}

const PASSWORD_CHARACTERS = 20
/** Hashing a password takes the hub a good while of one processor. */
const USERS_AT_ONCE = 4

/** Makes what is missing of the example organisation, and has a user log in and change something. */
export async function loadSampleOrganisation(hub: HubClient): Promise<SampleOrganisation> {
  const organisation = await keepOrganisation(hub)
  const { id: organisationId } = organisation
  const accounts = await keepAll(SAMPLE_ACCOUNTS, {
    existing: await hub.listAll<Account>('/accounts', { organisationId }),
    same: ({ awsAccountId, status }, wanted) =>
      awsAccountId === wanted.awsAccountId && status !== 'CLOSED',
    make: (wanted) => hub.post('/accounts', { organisationId, ...wanted }),
  })
  const users = await keepAll(SAMPLE_USERS, {
    existing: await hub.listAll<User>('/users', { organisationId }),
    same: (user, wanted) => user.email === wanted.email,
    make: (wanted) => hub.post('/users', { organisationId, ...wanted, password: newPassword() }),
    atOnce: USERS_AT_ONCE,
  })
  const tokens = await keepAll(SAMPLE_TOKENS, {
    existing: await hub.listAll<ApiToken>('/api-tokens', { organisationId }),
    same: (token, wanted) => token.name === wanted.name,
    make: (wanted) => hub.post('/api-tokens', { organisationId, ...wanted }),
  })
  await fillSampleTenancy(hub, organisationId)
  const login = await logInAndChange(hub, organisationId)
  const ingestKey = await newIngestKey(hub, organisationId)
  const apiCallId = await sendApiCall(hub, ingestKey)
  return { organisation, accounts, users, tokens, ingestKey, login, apiCallId }
}

async function keepOrganisation(hub: HubClient): Promise<Organisation> {
  const all = await hub.listAll<Organisation>('/organisations')
  const found = all.find(({ alias }) => alias === SAMPLE_ORGANISATION.alias)
  return found ?? hub.post<Organisation>('/organisations', SAMPLE_ORGANISATION)
}

async function keepAll<W, E>(
  wanted: readonly W[],
  keeping: {
    readonly existing: readonly E[]
    readonly same: (existing: E, wanted: W) => boolean
    readonly make: (wanted: W) => Promise<unknown>
    /** Without it one after the other. */
    readonly atOnce?: number
  },
): Promise<Counts> {
  const { existing, same, make, atOnce = 1 } = keeping
  const missing = wanted.filter((each) => !existing.some((one) => same(one, each)))
  await eachOf(missing, { atOnce }, make)
  return { made: missing.length, found: wanted.length - missing.length }
}

/** The user gets a new password each time: the old one was not kept. */
async function logInAndChange(hub: HubClient, organisationId: string) {
  const [{ email }] = SAMPLE_USERS
  const password = newPassword()
  const users = await hub.listAll<User>('/users', { organisationId })
  const user = users.find((one) => one.email === email)
  await hub.patch(`/users/${user?.id}`, { password, status: 'ACTIVE' })
  const anonymous = hub.anonymous()
  // So that there is an event of a sign-in that failed.
  await anonymous.post('/sessions', { email, password: newPassword() }).catch((error: unknown) => {
    if (!(error instanceof HubFault)) throw error
  })
  const { sessionToken } = await anonymous.post<Session>('/sessions', { email, password })

  const accounts = await hub.listAll<Account>('/accounts', { organisationId })
  const renamed = openAccount(accounts, RENAMED_ACCOUNT.awsAccountId)
  const { name } = RENAMED_ACCOUNT
  const session = hub.inSession(sessionToken)
  await session.patch(`/accounts/${renamed?.id}`, { name })
  await session.delete('/sessions/current')
  return { email, password }
}

/** Sends in an API call as CloudTrail tells of it. @returns the event's id */
async function sendApiCall(hub: HubClient, ingestKey: string): Promise<string> {
  const id = ids.uuid()
  const at = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`
  const answer = await hub.plain('/ingest/aws', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': ingestKey },
    body: JSON.stringify(sampleApiCall(id, at)),
  })
  if (answer.ok) return id
  throw new CommandFault(`the hub refused the sample API call: ${await answer.text()}`)
}

/** A key is shown once, at its making: one of an earlier time can only be replaced. */
async function newIngestKey(hub: HubClient, organisationId: string): Promise<string> {
  const name = SAMPLE_INGEST_KEY
  const keys = await hub.listAll<IngestKey>('/ingest-keys', { organisationId })
  for (const { id } of keys.filter((key) => key.name === name)) {
    await hub.delete(`/ingest-keys/${id}`)
  }
  return (await hub.post<CreatedIngestKey>('/ingest-keys', { organisationId, name })).key
}

function newPassword(): string {
  return ids.secret(PASSWORD_CHARACTERS)
}
