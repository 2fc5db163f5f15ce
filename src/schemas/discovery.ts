import { setImmediate as nextTurn } from 'node:timers/promises'

import type { BusRules, RuleTable } from '#src/buses/rule-table.ts'
import { AwsError } from '#src/errors.ts'
import { parseBusArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Cursors } from '#src/ports/cursors.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently } from '#src/ports/patiently.ts'
import type { State, StateChange } from '#src/ports/state.ts'
import { eventShape, schemaNameOf } from './discovered-document.ts'
import type { EventKind } from './discovered-document.ts'
import { discoveryRule, isDiscoveryRule } from './discoverers.ts'
import { DISCOVERED_SCHEMAS, SHAPES, schemaKey } from './documents.ts'
import type { SchemaAddress } from './documents.ts'
import { learn } from './learn.ts'
import { NESTING_MAX, nestingOf } from './nesting.ts'
import { merged } from './value-shape.ts'
import type { ValueShape } from './value-shape.ts'

export interface DiscoveryPorts {
  readonly log: EventLog
  readonly cursors: Cursors
  readonly state: State
  readonly clock: Clock
  readonly observer: Observer
  readonly ruleTable: RuleTable
}

const DISCOVERY_READER = 'schema-discovery'
/** AWS's limit of what discovery looks at. */
const EVENT_BYTES_MAX = 1_000 * 1_024
/** Parsing this many events takes some ms of the event loop. */
const EVENTS_PER_TURN = 50
const CURSOR_SAVE_EVERY_MS = 1_000
/** Shapes of kinds of events that are held, so that what is known already costs no read. */
const SHAPES_IN_MEMORY_MAX = 2_000

/** What new events of a kind have looked like. */
interface News {
  readonly address: SchemaAddress
  readonly kind: EventKind
  readonly shape: ValueShape
}

/**
 * Reads the log and learns from each event that a discoverer's rule matches. What a batch shows is
 * durable before the cursor is, so a crash repeats a batch and learns nothing twice. Nothing
 * waits for it. Runs until the signal aborts.
 */
export async function discover(ports: DiscoveryPorts, signal: AbortSignal): Promise<void> {
  const { log, cursors, state, clock, observer } = ports
  const onFault = (error: unknown) => observer.stageFaulted('discover', error)
  let known = new Map<string, ValueShape>()
  const stopWatching = state.watch((changes) => {
    const forgotten = ({ collection, value }: StateChange) =>
      collection === SHAPES.name && value === undefined
    // A deleted schema is to be discovered again, and leaves room for one that was refused.
    if (changes.some(forgotten)) known = new Map()
  })
  // Where none was saved yet, the log may hold what a crash kept from being learned: it is all read.
  let cursor = (await patiently(() => cursors.get(DISCOVERY_READER), onFault, signal)) ?? 0
  let savedAt = clock.now()
  while (!signal.aborted) {
    const batches = (await patiently(() => log.next(cursor, signal), onFault, signal)) ?? []
    for (const { sequence, events } of batches) {
      const seen = events.map(({ event }) => event)
      const done = await patiently(() => learnFrom(ports, known, seen), onFault, signal)
      if (done === undefined) break
      cursor = sequence
    }
    if (clock.now() - savedAt < CURSOR_SAVE_EVERY_MS) continue
    const upTo = cursor
    await patiently(() => cursors.save(DISCOVERY_READER, upTo), onFault, signal)
    savedAt = clock.now()
  }
  stopWatching()
}

async function learnFrom(
  ports: DiscoveryPorts,
  known: Map<string, ValueShape>,
  events: readonly RecordedEvent[],
): Promise<true> {
  for (const news of (await newsIn(ports, known, events)).values()) {
    const key = schemaKey(news.address)
    const learned = await learn(ports, news).catch((error: unknown) => {
      if (!(error instanceof AwsError)) throw error
      const { account, region, schema } = news.address
      ports.observer.schemaDiscovered({ account, region, schema })
      // Until the shape is dropped from memory its events are not looked at again.
      return { shape: news.shape }
    })
    if (known.size >= SHAPES_IN_MEMORY_MAX) known.clear()
    known.set(key, learned.shape)
  }
  return true
}

/** What events show that is not known yet, by schema. */
async function newsIn(
  { ruleTable }: DiscoveryPorts,
  known: ReadonlyMap<string, ValueShape>,
  events: readonly RecordedEvent[],
): Promise<ReadonlyMap<string, News>> {
  const found = new Map<string, News>()
  const buses = new Map<string, DiscoveredBus | undefined>()
  let looked = 0
  for (const event of events) {
    const { busArn, source, detailType, json } = event
    if (!buses.has(busArn)) buses.set(busArn, await discoveredBus(ruleTable, busArn))
    const bus = buses.get(busArn)
    if (bus === undefined || event.awaitsEnrichment || !bus.shows(json) || !isReadable(json)) {
      continue
    }
    looked += 1
    if (looked % EVENTS_PER_TURN === 0) await nextTurn()
    const kind = { source, detailType }
    const { account, region } = bus.address
    const schema = schemaNameOf(kind)
    const address = { account, region, registry: DISCOVERED_SCHEMAS, schema }
    const key = schemaKey(address)
    const before = found.get(key)?.shape ?? known.get(key)
    const seen = eventShape(JSON.parse(json) as object)
    const shape = before === undefined ? seen : merged(before, seen)
    if (shape !== before) found.set(key, { address, kind, shape })
  }
  return found
}

/** A bus with a discoverer that is started. */
interface DiscoveredBus {
  readonly address: BusAddress
  /** Whether the discoverer's rule matches an event. */
  readonly shows: (eventJson: string) => boolean
}

async function discoveredBus(
  ruleTable: RuleTable,
  busArn: string,
): Promise<DiscoveredBus | undefined> {
  const address = parseBusArn(busArn)
  if (address === undefined) return undefined
  const rules: BusRules | undefined = await ruleTable.rulesOf(busArn)
  const rule = rules?.rule(discoveryRule(address))
  if (rules === undefined || rule === undefined || !isDiscoveryRule(rule)) return undefined
  return { address, shows: (json) => rules.match(json).some(({ name }) => name === rule.name) }
}

function isReadable(json: string): boolean {
  return Buffer.byteLength(json) <= EVENT_BYTES_MAX && nestingOf(json) <= NESTING_MAX
}
