import { AwsError } from '#src/errors.ts'
import { partnerSource, partnerSourcePrefix } from '#src/model/event-namespace.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import { pageOfAll } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { State } from '#src/ports/state.ts'
import { BUSES, PARTNER_SOURCES, busKey } from './documents.ts'
import type { PartnerSource } from './documents.ts'
import type { PageRequest, PartnerBuses, Place } from './event-buses.ts'
import { forget, noSuchSource, shown } from './partner-sources.ts'
import type { OfferedSource } from './partner-sources.ts'

/** The event sources that an account is offered: those of partners and the tenancy's own. */
export interface OfferedSources extends PartnerBuses {
  /** @throws AwsError ResourceNotFoundException */
  describe(consumer: Place, name: string): Promise<OfferedSource>
  list(consumer: Place, page: PageRequest): Promise<Page<OfferedSource>>
  /** @throws AwsError ResourceNotFoundException, also where it has no event bus; InvalidStateException */
  activate(consumer: Place, name: string): Promise<void>
  /** @throws AwsError ResourceNotFoundException, InvalidStateException */
  deactivate(consumer: Place, name: string): Promise<void>
}

export interface OfferedSourcePorts {
  readonly state: State
  readonly clock: Clock
  readonly namespace: EventNamespace
  /** The tenancy's own, which are offered by other means (POST /api/v1/event-sources). */
  readonly tenancySourcesOf: (
    place: Place,
  ) => Promise<readonly Pick<PartnerSource, 'name' | 'createdAt'>[]>
}

export function createOfferedSources(ports: OfferedSourcePorts): OfferedSources {
  const { state, clock, namespace } = ports
  const tenancys = createTenancysSources(ports)
  const change = async (
    { account, region }: Place,
    name: string,
    edit: (source: PartnerSource | undefined, hasBus: boolean) => PartnerSource,
  ): Promise<void> =>
    state.transact(async (transaction) => {
      const key = busKey({ account, region, name })
      const source = await transaction.get(PARTNER_SOURCES, key)
      const hasBus = (await transaction.get(BUSES, key)) !== undefined
      transaction.put(PARTNER_SOURCES, key, edit(source, hasBus))
    })

  return {
    describe: async (consumer, name) => {
      if (tenancys.has(name)) return tenancys.get(consumer, name)
      const source = await state.get(PARTNER_SOURCES, busKey({ ...consumer, name }))
      if (source === undefined) throw noSuchSource(name)
      return shown(source)
    },
    list: async (consumer, { namePrefix = '', ...page }) => {
      const prefix = busKey({ ...consumer, name: namePrefix })
      const limit = Number.MAX_SAFE_INTEGER
      const partners = await state.list(PARTNER_SOURCES, { prefix, limit })
      const own = await tenancys.list(consumer)
      return pageOfAll(
        [
          ...partners.map(({ value }) => shown(value)),
          ...own.filter(({ name }) => name.startsWith(namePrefix)),
        ],
        ({ name }) => name,
        page,
      )
    },
    activate: async (consumer, name) => {
      if (tenancys.has(name)) {
        const source = (await tenancys.list(consumer)).find((one) => one.name === name)
        if (source?.state !== 'ACTIVE') throw noSuchSourceOrBus(name)
        return
      }
      await change(consumer, name, (source, hasBus) => {
        if (source?.state === 'DELETED') throw notInState(name, 'has been deleted')
        if (source === undefined || !hasBus) throw noSuchSourceOrBus(name)
        return { ...source, state: 'ACTIVE' }
      })
    },
    deactivate: async (consumer, name) => {
      if (tenancys.has(name)) {
        await tenancys.get(consumer, name)
        throw notInState(name, "is the tenancy's own, which ends with its event bus")
      }
      await change(consumer, name, (source) => {
        if (source === undefined) throw noSuchSource(name)
        if (source.state !== 'ACTIVE') throw notInState(name, 'is not active')
        return { ...source, state: 'PENDING', pendingSince: clock.now() }
      })
    },
    made: async (transaction, bus) => {
      if (tenancys.has(bus.name)) {
        await tenancys.get(bus, bus.name)
        return
      }
      const source = await transaction.get(PARTNER_SOURCES, busKey(bus))
      if (source === undefined) throw noSuchSource(bus.name)
      if (source.state === 'DELETED') throw notInState(bus.name, 'has been deleted')
      transaction.put(PARTNER_SOURCES, busKey(bus), { ...source, state: 'ACTIVE' })
    },
    deleted: async (transaction, bus) => {
      if (bus.name === partnerSource(namespace, bus.account)) {
        throw new AwsError(
          'ValidationException',
          `Event bus ${bus.name} belongs to the tenancy's own partner event source and cannot be deleted.`,
        )
      }
      const source = await transaction.get(PARTNER_SOURCES, busKey(bus))
      if (source?.state === 'DELETED') forget(transaction, source)
      else if (source !== undefined) {
        const pending = { ...source, state: 'PENDING' as const, pendingSince: clock.now() }
        transaction.put(PARTNER_SOURCES, busKey(bus), pending)
      }
    },
  }
}

/** The tenancy's own sources: one is taken where there is its bus. */
function createTenancysSources({ state, namespace, tenancySourcesOf }: OfferedSourcePorts) {
  const list = async (consumer: Place): Promise<readonly OfferedSource[]> => {
    const name = partnerSource(namespace, consumer.account)
    // The logging account's, which nobody has to offer.
    const kept = await state.get(BUSES, busKey({ ...consumer, name }))
    const offers = [...(await tenancySourcesOf(consumer)), ...(kept ? [kept] : [])]
    return Promise.all(
      offers.map(async (source) => {
        const bus = await state.get(BUSES, busKey({ ...consumer, name: source.name }))
        const { createdAt } = source
        return { name: source.name, createdAt, state: bus === undefined ? 'PENDING' : 'ACTIVE' }
      }),
    )
  }
  return {
    list,
    has: (name: string) => name.startsWith(partnerSourcePrefix(namespace)),
    get: async (consumer: Place, name: string): Promise<OfferedSource> => {
      const source = (await list(consumer)).find((one) => one.name === name)
      if (source === undefined) throw noSuchSource(name)
      return source
    },
  }
}

function noSuchSourceOrBus(name: string): AwsError {
  return new AwsError(
    'ResourceNotFoundException',
    `Event source ${name} or event bus ${name} does not exist.`,
  )
}

function notInState(name: string, reason: string): AwsError {
  return new AwsError('InvalidStateException', `Event source ${name} ${reason}.`)
}
