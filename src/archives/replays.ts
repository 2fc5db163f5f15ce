import type { Place } from '#src/buses/event-buses.ts'
import { existingBus, limitExceeded } from '#src/buses/event-buses.ts'
import { RULES, ruleKey } from '#src/buses/documents.ts'
import { AwsError } from '#src/errors.ts'
import { busArn, parseBusArn, parseRuleArn, ruleArn } from '#src/model/arn.ts'
import type { NamedAddress } from '#src/model/arn.ts'
import type { Page } from '#src/model/page.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { ACTIVE_REPLAYS, ARCHIVES, REPLAYS, namedKey, placeKey } from './documents.ts'
import type { Replay } from './documents.ts'
import { shownPage } from './shown-page.ts'

export interface ReplayPorts {
  readonly state: State
  readonly clock: Clock
  readonly log: Pick<EventLog, 'lastSequence'>
}

/** What StartReplay asks for. */
export interface NewReplay {
  readonly description?: string | undefined
  readonly archiveName: string
  /** Epoch ms; events of `to` are not sent. */
  readonly from: number
  readonly to: number
  readonly destinationArn: string
  readonly filterArns?: readonly string[] | undefined
}

/** Narrows a list: at most one of them. */
export interface ReplayFilter {
  readonly namePrefix?: string | undefined
  readonly state?: string | undefined
  readonly archiveName?: string | undefined
}

export interface Replays {
  /** @throws AwsError ResourceAlreadyExistsException, ValidationException, LimitExceededException */
  start(address: NamedAddress, wanted: NewReplay): Promise<Replay>
  /** @throws AwsError ResourceNotFoundException */
  describe(address: NamedAddress): Promise<Replay>
  /** @throws AwsError ResourceNotFoundException, IllegalStatusException for one that has ended */
  cancel(address: NamedAddress): Promise<Replay>
  list(
    place: Place,
    filter: ReplayFilter,
    page: { readonly after: string | undefined; readonly limit: number },
  ): Promise<Page<Replay>>
}

/** AWS's default quota, by account and region. */
const ACTIVE_REPLAYS_MAX = 10

export function createReplays({ state, clock, log }: ReplayPorts): Replays {
  return {
    start: async (address, wanted) => {
      const acceptedTo = log.lastSequence()
      return state.transact(async (transaction) => {
        const { filterArns, ...source } = await checkedSource(transaction, address, wanted)
        if (wanted.from >= wanted.to) {
          throw notValid('EventEndTime', 'EventStartTime must be before EventEndTime.')
        }
        if ((await transaction.get(REPLAYS, keyOf(address))) !== undefined) {
          throw new AwsError(
            'ResourceAlreadyExistsException',
            `Replay ${address.name} already exists.`,
          )
        }
        const active = (await transaction.get(ACTIVE_REPLAYS, placeKey(address))) ?? []
        if (active.length >= ACTIVE_REPLAYS_MAX) throw limitExceeded()
        const { description, from, to } = wanted
        const replay: Replay = {
          ...address,
          ...(description !== undefined && { description }),
          ...source,
          ...(filterArns.length > 0 && { filterArns }),
          from,
          to,
          state: 'STARTING',
          acceptedTo,
          startedAt: clock.now(),
        }
        transaction.put(ACTIVE_REPLAYS, placeKey(address), [...active, address.name])
        transaction.put(REPLAYS, keyOf(address), replay)
        return replay
      })
    },
    describe: async (address) => {
      const replay = await state.get(REPLAYS, keyOf(address))
      if (replay === undefined) throw noSuchReplay(address.name)
      return replay
    },
    cancel: async (address) =>
      state.transact(async (transaction) => {
        const replay = await transaction.get(REPLAYS, keyOf(address))
        if (replay === undefined) throw noSuchReplay(address.name)
        if (replay.state !== 'STARTING' && replay.state !== 'RUNNING') {
          throw new AwsError(
            'IllegalStatusException',
            `Replay ${address.name} is not in a valid state for this operation.`,
          )
        }
        const cancelling: Replay = { ...replay, state: 'CANCELLING' }
        transaction.put(REPLAYS, keyOf(address), cancelling)
        return cancelling
      }),
    list: async (place, { namePrefix = '', ...wanted }, page) => {
      const from = { state, from: REPLAYS, prefix: namedKey(place, namePrefix) }
      return shownPage(from, page, async (replay) => {
        const ofState = wanted.state === undefined || replay.state === wanted.state
        const { archiveName = replay.archive.name } = wanted
        return ofState && replay.archive.name === archiveName ? replay : undefined
      })
    },
  }
}

/** The archive that is replayed, to its own bus, to rules that this bus has. */
async function checkedSource(
  transaction: StateTransaction,
  place: Place,
  { archiveName, destinationArn, filterArns = [] }: NewReplay,
): Promise<
  Pick<Replay, 'archive' | 'destinationArn'> & { readonly filterArns: readonly string[] }
> {
  const bus = parseBusArn(destinationArn)
  if (bus === undefined) throw notValid('Destination.Arn', 'Must contain an event bus ARN.')
  // Which buses others have is not told.
  if (placeKey(bus) !== placeKey(place)) throw crossBus()
  await existingBus(transaction, bus)
  const archive = await transaction.get(ARCHIVES, namedKey(place, archiveName))
  if (archive === undefined) {
    throw notValid('EventSourceArn', `Archive ${archiveName} does not exist.`)
  }
  if (archive.sourceArn !== busArn(bus)) throw crossBus()
  const rules = new Set<string>()
  for (const arn of filterArns) {
    const named = parseRuleArn(arn)
    if (named === undefined || busArn(named.bus) !== archive.sourceArn) {
      throw notValid('Destination.FilterArns', `${arn} is not a rule of the destination.`)
    }
    if ((await transaction.get(RULES, ruleKey(bus, named.rule))) === undefined) {
      const reason = `Rule ${named.rule} does not exist on EventBus ${bus.name}.`
      throw notValid('Destination.FilterArns', reason)
    }
    rules.add(ruleArn(bus, named.rule))
  }
  return {
    archive: { name: archive.name, id: archive.id },
    destinationArn: archive.sourceArn,
    filterArns: [...rules],
  }
}

function crossBus(): AwsError {
  return notValid('Destination.Arn', 'Cross event bus replay is not permitted.')
}

function notValid(parameter: string, reason: string): AwsError {
  return new AwsError(
    'ValidationException',
    `Parameter ${parameter} is not valid. Reason: ${reason}`,
  )
}

function noSuchReplay(name: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Replay ${name} does not exist.`)
}

function keyOf(address: NamedAddress): string {
  return namedKey(address, address.name)
}
