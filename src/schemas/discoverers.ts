import { BUSES, busKey } from '#src/buses/documents.ts'
import { keepRule, removeManagedRule } from '#src/buses/managed-wiring.ts'
import { busArn, parseBusArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { pageOfAll } from '#src/model/page.ts'
import type { Page } from '#src/model/page.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { placeOf, putPlace, withOne } from './documents.ts'
import type { Discoverer, Place, PlaceDocument, Tags } from './documents.ts'
import { badRequest, conflict, forbidden, notFound } from './faults.ts'

export interface NewDiscoverer {
  readonly sourceArn: string
  readonly description?: string | undefined
  readonly crossAccount?: boolean | undefined
  readonly tags?: Tags | undefined
}

export interface DiscovererUpdate {
  readonly description?: string | undefined
  readonly crossAccount?: boolean | undefined
}

/**
 * Discoverers, each with a managed rule on its bus while it is started. The rule has no targets:
 * that it matches an event is what makes the event one to learn from.
 */
export interface Discoverers {
  /** @throws AwsError BadRequestException, ConflictException, ForbiddenException, NotFoundException */
  create(place: Place, given: NewDiscoverer): Promise<Discoverer>
  /** @throws AwsError NotFoundException, as do all that name a discoverer */
  describe(place: Place, id: string): Promise<Discoverer>
  update(place: Place, id: string, given: DiscovererUpdate): Promise<Discoverer>
  setState(place: Place, id: string, wanted: Discoverer['state']): Promise<Discoverer>
  remove(place: Place, id: string): Promise<void>
  list(
    place: Place,
    page: {
      readonly idPrefix?: string | undefined
      readonly sourceArnPrefix?: string | undefined
      readonly after?: string | undefined
      readonly limit: number
    },
  ): Promise<Page<Discoverer>>
}

/** AWS's default quota. */
const DISCOVERERS_MAX = 10
const RULE_NAME_MAX = 64
const MANAGED_BY = 'schemas.amazonaws.com'
const EVERY_EVENT = '{"source":[{"prefix":""}]}'

export function createDiscoverers(state: State): Discoverers {
  const edit = async (place: Place, id: string, change: (discoverer: Discoverer) => Discoverer) =>
    state.transact(async (transaction) => {
      const document = await placeOf(transaction, place)
      const discoverer = change(discovererOf(document, id))
      await put(transaction, document, discoverer)
      return discoverer
    })

  return {
    create: async (place, { sourceArn, description, crossAccount = true, tags = {} }) => {
      const bus = busIn(place, sourceArn)
      const discoverer: Discoverer = {
        id: discovererId(bus),
        bus,
        state: 'STARTED',
        crossAccount,
        tags,
        ...(description !== undefined && { description }),
      }
      return state.transact(async (transaction) => {
        if ((await transaction.get(BUSES, busKey(bus))) === undefined) {
          throw notFound(`Event bus ${bus.name} does not exist.`)
        }
        const document = await placeOf(transaction, place)
        if (Object.hasOwn(document.discoverers, discoverer.id)) {
          throw conflict(`A discoverer of event bus ${bus.name} already exists.`)
        }
        if (Object.keys(document.discoverers).length >= DISCOVERERS_MAX) {
          throw forbidden(`The quota of ${DISCOVERERS_MAX} discoverers is reached.`)
        }
        await put(transaction, document, discoverer)
        return discoverer
      })
    },
    describe: async (place, id) => discovererOf(await placeOf(state, place), id),
    update: async (place, id, { description, crossAccount }) =>
      edit(place, id, (discoverer) => ({
        ...discoverer,
        ...(description !== undefined && { description }),
        ...(crossAccount !== undefined && { crossAccount }),
      })),
    setState: async (place, id, wanted) =>
      edit(place, id, (discoverer) => ({ ...discoverer, state: wanted })),
    remove: async (place, id) => {
      await state.transact(async (transaction) => {
        const document = await placeOf(transaction, place)
        const { bus } = discovererOf(document, id)
        await removeManagedRule(transaction, bus, discoveryRule(bus))
        const discoverers = withOne(document.discoverers, id, undefined)
        putPlace(transaction, place, { ...document, discoverers })
      })
    },
    list: async (place, { idPrefix = '', sourceArnPrefix = '', ...page }) => {
      const { discoverers } = await placeOf(state, place)
      const named = Object.values(discoverers).filter(
        ({ id, bus }) => id.startsWith(idPrefix) && busArn(bus).startsWith(sourceArnPrefix),
      )
      return pageOfAll(named, ({ id }) => id, page)
    },
  }
}

/** The name of the rule that a started discoverer keeps on its bus. */
export function discoveryRule(bus: BusAddress): string {
  return `Schemas-${discovererId(bus)}`.slice(0, RULE_NAME_MAX)
}

/** Whether a rule is one that a discoverer keeps. */
export function isDiscoveryRule({ managedBy }: { readonly managedBy?: string }): boolean {
  return managedBy === MANAGED_BY
}

/** As AWS names them: after what they look at. */
function discovererId({ name }: BusAddress): string {
  return `events-event-bus-${name.replaceAll('/', '-')}`
}

async function put(
  transaction: StateTransaction,
  document: PlaceDocument,
  discoverer: Discoverer,
): Promise<void> {
  const { bus, state, crossAccount } = discoverer
  const name = discoveryRule(bus)
  if (state === 'STARTED') {
    await keepRule(transaction, bus, {
      name,
      managedBy: MANAGED_BY,
      targets: [],
      description: 'Shows a schema discoverer the events that it learns from',
      eventPattern: crossAccount ? EVERY_EVENT : `{"account":["${bus.account}"]}`,
    })
  } else await removeManagedRule(transaction, bus, name)
  const discoverers = withOne(document.discoverers, discoverer.id, discoverer)
  putPlace(transaction, bus, { ...document, discoverers })
}

function discovererOf({ discoverers }: PlaceDocument, id: string): Discoverer {
  const discoverer = Object.hasOwn(discoverers, id) ? discoverers[id] : undefined
  if (discoverer === undefined) throw notFound(`Discoverer with id ${id} does not exist.`)
  return discoverer
}

function busIn(place: Place, sourceArn: string): BusAddress {
  const bus = parseBusArn(sourceArn)
  if (bus !== undefined && bus.account === place.account && bus.region === place.region) return bus
  throw badRequest(
    `SourceArn ${sourceArn} is not valid: it must name an event bus of account ${place.account} in ${place.region}.`,
  )
}
