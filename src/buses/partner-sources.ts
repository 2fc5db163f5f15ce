/**
 * Partner event sources: a partner offers its events to an account, which takes them by making an
 * event bus of the source's name. Its life:
 *
 *   PENDING  offered, or its bus was deleted, or the account deactivated it. Events to it are
 *            dropped. After two weeks it is removed.
 *              bus made, or activated while there is a bus -> ACTIVE
 *   ACTIVE   events to it come on the bus.
 *              bus deleted, or deactivated                 -> PENDING
 *   DELETED  by the partner while there is a bus, which is of no use from then on; gone with it.
 *              offered again                               -> PENDING
 *
 * The account that first makes a source of `aws.partner/<partner>/` is that partner from then on,
 * in all regions, until it is closed.
 */
import { AwsError } from '#src/errors.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import type { AccountId } from '#src/model/event.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { pageOfAll } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { Clock } from '#src/ports/clock.ts'
import { pause } from '#src/ports/patiently.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import {
  BUSES,
  PARTNERS,
  PARTNER_SOURCES,
  SOURCE_ACCOUNTS,
  busKey,
  sourceAccountKey,
  sourceAccountsPrefix,
  sourceNameOf,
} from './documents.ts'
import type { PartnerSource } from './documents.ts'
import type { PageRequest, Place } from './event-buses.ts'

/** A source as the account that it is offered to sees it. */
export interface OfferedSource extends Pick<PartnerSource, 'name' | 'state' | 'createdAt'> {
  readonly expiresAt?: number
}

type PageOfNames = Pick<PageRequest, 'after' | 'limit'>

/** The sources of partners, as each partner sees its own. */
export interface PartnerSources {
  /** @throws AwsError AccessDeniedException, ResourceAlreadyExistsException */
  create(partner: Place, name: string, account: AccountId): Promise<void>
  /** One that does not exist is no error. @throws AwsError AccessDeniedException */
  remove(partner: Place, name: string, account: AccountId): Promise<void>
  /** The accounts that a source is offered to. @throws AwsError ResourceNotFoundException */
  accountsOf(partner: Place, name: string): Promise<readonly ShownSource[]>
  /** Names of the partner's sources. */
  listNames(partner: Place, namePrefix: string, page: PageOfNames): Promise<Page<string>>
  /** Where events of a source go; undefined where it is no source of the caller's. */
  activeBuses(partner: Place, name: string): Promise<readonly BusAddress[] | undefined>
  /** Removes what nobody took, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

export interface ShownSource extends OfferedSource {
  readonly account: AccountId
}

export interface PartnerSourcePorts {
  readonly state: State
  readonly clock: Clock
  readonly namespace: EventNamespace
  readonly onFault: (error: unknown) => void
}

/** AWS's: a source that nobody takes for so long is removed. */
const PENDING_MS_MAX = 14 * 24 * 60 * 60_000
const REMOVE_EVERY_MS = 60 * 60_000
const limit = Number.MAX_SAFE_INTEGER

export function createPartnerSources(ports: PartnerSourcePorts): PartnerSources {
  const { state, clock, namespace, onFault } = ports
  const isPartner = async (
    from: Pick<StateTransaction, 'get'>,
    { account }: Place,
    name: string,
  ): Promise<boolean> => (await from.get(PARTNERS, partnerOf(name))) === account

  /** undefined: there is no such source, or it is another's. */
  const sourcesOf = async (partner: Place, name: string) => {
    if (!(await isPartner(state, partner, name))) return undefined
    const prefix = sourceAccountKey({ region: partner.region, name, account: '' })
    const keys = (await state.list(SOURCE_ACCOUNTS, { prefix, limit })).map(({ value }) => value)
    const found = await Promise.all(keys.map((key) => state.get(PARTNER_SOURCES, key)))
    const sources = found.filter((source) => source !== undefined)
    return sources.length === 0 ? undefined : sources
  }

  return {
    create: async (partner, name, account) => {
      const bus = { account, region: partner.region, name }
      if (partnerOf(name).toLowerCase() === namespace.partner.toLowerCase()) {
        throw notPartner(partner, name)
      }
      await state.transact(async (transaction) => {
        const owner = await transaction.get(PARTNERS, partnerOf(name))
        if (owner !== undefined && owner !== partner.account) throw notPartner(partner, name)
        const before = await transaction.get(PARTNER_SOURCES, busKey(bus))
        if (before !== undefined && before.state !== 'DELETED') {
          throw new AwsError(
            'ResourceAlreadyExistsException',
            `Event source ${name} already exists.`,
          )
        }
        const now = clock.now()
        const source = { ...bus, state: 'PENDING' as const, createdAt: now, pendingSince: now }
        transaction.put(PARTNERS, partnerOf(name), partner.account)
        transaction.put(PARTNER_SOURCES, busKey(bus), source)
        transaction.put(SOURCE_ACCOUNTS, sourceAccountKey(bus), busKey(bus))
      })
    },
    remove: async (partner, name, account) => {
      const bus = { account, region: partner.region, name }
      await state.transact(async (transaction) => {
        if (!(await isPartner(transaction, partner, name))) throw notPartner(partner, name)
        const source = await transaction.get(PARTNER_SOURCES, busKey(bus))
        if (source === undefined) return
        await withdraw(transaction, source)
      })
    },
    accountsOf: async (partner, name) => {
      const sources = await sourcesOf(partner, name)
      if (sources === undefined) throw noSuchSource(name)
      return sources.map((source) => ({ ...shown(source), account: source.account }))
    },
    listNames: async (partner, namePrefix, page) => {
      if (!(await isPartner(state, partner, namePrefix))) return { items: [] }
      const prefix = sourceAccountsPrefix(partner.region, namePrefix)
      const found = await state.list(SOURCE_ACCOUNTS, { prefix, limit })
      const names = new Set(found.map(({ key }) => sourceNameOf(key)))
      return pageOfAll([...names], (name) => name, page)
    },
    activeBuses: async (partner, name) => {
      const sources = await sourcesOf(partner, name)
      return sources?.filter((source) => source.state === 'ACTIVE')
    },
    run: async (signal) => {
      while (!signal.aborted) {
        await removeExpired(state, clock.now()).catch(onFault)
        await pause(REMOVE_EVERY_MS, signal)
      }
    },
  }
}

/** Takes away what an account was offered, and what it offered, with its name as a partner. */
export async function removeSourcesOf(state: State, account: AccountId): Promise<void> {
  const owned = (await state.list(PARTNERS, { limit })).filter(({ value }) => value === account)
  const partners = new Set(owned.map(({ key }) => key))
  for (const { key, value } of await state.list(PARTNER_SOURCES, { limit })) {
    const isOffered = value.account === account
    if (!isOffered && !partners.has(partnerOf(value.name))) continue
    await state.transact(async (transaction) => {
      const source = await transaction.get(PARTNER_SOURCES, key)
      if (source === undefined) return
      if (isOffered) forget(transaction, source)
      else await withdraw(transaction, source)
    })
  }
  await state.transact(async (transaction) => {
    for (const partner of partners) transaction.delete(PARTNERS, partner)
  })
}

/** Ends a source for its partner; who has made its bus still sees that it is no more. */
async function withdraw(transaction: StateTransaction, source: PartnerSource): Promise<void> {
  const hasBus = (await transaction.get(BUSES, busKey(source))) !== undefined
  if (!hasBus) forget(transaction, source)
  else transaction.put(PARTNER_SOURCES, busKey(source), { ...source, state: 'DELETED' })
}

/** Removes what has been pending for too long. */
async function removeExpired(state: State, now: number): Promise<void> {
  for (const { key, value } of await state.list(PARTNER_SOURCES, { limit })) {
    if (!hasExpired(value, now)) continue
    await state.transact(async (transaction) => {
      const source = await transaction.get(PARTNER_SOURCES, key)
      if (source !== undefined && hasExpired(source, now)) forget(transaction, source)
    })
  }
}

function hasExpired({ state, pendingSince }: PartnerSource, now: number): boolean {
  return state === 'PENDING' && pendingSince + PENDING_MS_MAX <= now
}

/** With a transaction that ends the source. */
export function forget(transaction: StateTransaction, source: PartnerSource): void {
  transaction.delete(PARTNER_SOURCES, busKey(source))
  transaction.delete(SOURCE_ACCOUNTS, sourceAccountKey(source))
}

/** A source as others see it. */
export function shown(source: PartnerSource): OfferedSource {
  const { name, state, createdAt, pendingSince } = source
  return {
    name,
    state,
    createdAt,
    ...(state === 'PENDING' && { expiresAt: pendingSince + PENDING_MS_MAX }),
  }
}

/** The partner in `aws.partner/<partner>/...`. */
export function partnerOf(name: string): string {
  return name.split('/')[1] ?? ''
}

export function noSuchSource(name: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Event source ${name} does not exist.`)
}

function notPartner({ account }: Place, name: string): AwsError {
  return new AwsError(
    'AccessDeniedException',
    `Account ${account} is not the partner ${partnerOf(name)} and is not authorized for event source ${name}.`,
  )
}
