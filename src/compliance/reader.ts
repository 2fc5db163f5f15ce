import { DEFAULT_BUS, parseBusArn } from '#src/model/arn.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Cursors } from '#src/ports/cursors.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Observer } from '#src/ports/observer.ts'
import { patiently, pause } from '#src/ports/patiently.ts'
import type { State } from '#src/ports/state.ts'
import { managedAccountOf } from '#src/tenancy/managed-accounts.ts'
import type { CheckResult } from './check-result.ts'
import { at } from './observed/foreign.ts'
import { resultsOfEvent, tellsResults } from './observed/results-of-event.ts'
import { checkResource } from './own-checks.ts'
import type { OwnChecks } from './own-checks.ts'
import { resourceOf } from './rules/resource.ts'
import { checkTagChange, isTagChange } from './tag-change.ts'
import { takeIn } from './take-in.ts'
import type { TakeInPorts } from './take-in.ts'
import { createTurns } from './turns.ts'

export interface FindingsReaderPorts extends TakeInPorts {
  readonly log: Pick<EventLog, 'next' | 'lastSequence'>
  readonly cursors: Cursors
  readonly clock: Clock
  readonly ownChecks: OwnChecks
  readonly state: Pick<State, 'get' | 'list'>
  readonly observer: Pick<Observer, 'stageFaulted' | 'resultsTaken'>
}

const FINDINGS_READER = 'findings'
/** Findings come in storms, and one write for many costs fewer flushes. */
const WRITE_EVERY_MS = 250
/** A storm is written in parts, so that little is done again after a crash. */
const RESULTS_PER_ROUND_MAX = 2_000
/** Of a long log without results too the cursor is saved now and then. */
const EVENTS_PER_ROUND_MAX = 50_000

/**
 * Reads the log and takes in what AWS services say on the default event bus of an organisation's
 * security account, in any region. What a stretch of the log says is stored before the cursor is:
 * a crash repeats a stretch, and what is taken in again changes nothing. Runs until the signal
 * aborts.
 */
export async function readFindings(ports: FindingsReaderPorts, signal: AbortSignal): Promise<void> {
  const { log, cursors, observer } = ports
  const onFault = (error: unknown) => observer.stageFaulted('findings', error)
  let cursor = (await patiently(() => cursors.get(FINDINGS_READER), onFault, signal)) ?? 0
  while (!signal.aborted) {
    const found = new Map<string, CheckResult[]>()
    let size = 0
    let read = 0
    const isRoundOver = () => size >= RESULTS_PER_ROUND_MAX || read >= EVENTS_PER_ROUND_MAX
    do {
      const batches = (await patiently(() => log.next(cursor, signal), onFault, signal)) ?? []
      for (const { sequence, events } of batches) {
        const heard = events.map(({ event }) => event)
        const count = await patiently(() => gather(ports, found, heard), onFault, signal)
        if (count === undefined) return
        size += count
        read += events.length
        cursor = sequence
      }
    } while (cursor < log.lastSequence() && !isRoundOver() && !signal.aborted)
    const upTo = cursor
    await patiently(() => store(ports, found, upTo), onFault, signal)
    if (cursor >= log.lastSequence()) await pause(WRITE_EVERY_MS, signal)
  }
}

/** Adds what events say to what was found, by organisation. @returns how much that is */
async function gather(
  ports: FindingsReaderPorts,
  found: Map<string, CheckResult[]>,
  events: readonly RecordedEvent[],
): Promise<number> {
  const { state, observer } = ports
  const organisations = new Map<string, string | undefined>()
  const gathered = new Map<string, CheckResult[]>()
  const counts = { unreadable: 0, unknown: 0, undecided: 0 }
  const turns = createTurns()
  for (const event of events) {
    const { busArn, onlyRules, scheduled } = event
    if (!(isResourceChange(event) || isTagChange(event) || tellsResults(event))) continue
    if (onlyRules !== undefined || scheduled !== undefined) continue
    if (!organisations.has(busArn)) {
      organisations.set(busArn, await securityBusOf(state, busArn))
    }
    const organisationId = organisations.get(busArn)
    if (organisationId === undefined) continue
    const results = gathered.get(organisationId) ?? []
    gathered.set(organisationId, results)
    const pending = () => [...(found.get(organisationId) ?? []), ...results]
    const told = await toldBy(ports, { organisationId, event, pending, turns })
    for (const result of told.results) results.push(result)
    for (const name of COUNTED) counts[name] += told[name] ?? 0
    await turns()
  }
  let count = 0
  for (const [organisationId, results] of gathered) {
    const known = found.get(organisationId)
    if (known === undefined) found.set(organisationId, results)
    else for (const result of results) known.push(result)
    count += results.length
  }
  if (COUNTED.some((name) => counts[name] > 0)) observer.resultsTaken(counts)
  return count
}

const COUNTED = ['unreadable', 'unknown', 'undecided'] as const

/** What an event says, and how much of it says nothing. */
type Told = { readonly results: readonly CheckResult[] } & {
  readonly [name in (typeof COUNTED)[number]]?: number
}

async function toldBy(
  { state, ownChecks, clock }: FindingsReaderPorts,
  {
    organisationId,
    event,
    pending,
    turns,
  }: {
    readonly organisationId: string
    readonly event: RecordedEvent
    /** What was told before, and is not stored yet. */
    readonly pending: () => readonly CheckResult[]
    readonly turns: () => Promise<void>
  },
): Promise<Told> {
  if (tellsResults(event)) return resultsOfEvent(event)
  const rules = await ownChecks.rulesOf(organisationId)
  if (rules.length === 0) return { results: [] }
  const { json } = event
  if (isTagChange(event)) {
    return checkTagChange(state, { organisationId, rules, json, pending: pending(), turns })
  }
  const resource = resourceOf(at(JSON.parse(json), 'detail', 'configurationItem'))
  if (typeof resource === 'string') return { results: [], unreadable: 1 }
  return { results: await checkResource(rules, resource, { now: clock.now(), turns }) }
}

function isResourceChange({ source, detailType }: RecordedEvent): boolean {
  return source === 'aws.config' && detailType === 'Config Configuration Item Change'
}

/** The organisation whose findings come on an event bus; undefined where none do. */
async function securityBusOf(
  state: Pick<State, 'get'>,
  busArn: string,
): Promise<string | undefined> {
  const bus = parseBusArn(busArn)
  if (bus === undefined || bus.name !== DEFAULT_BUS) return undefined
  const account = await managedAccountOf(state, bus.account)
  return account?.accountRole === 'SECURITY' ? account.organisationId : undefined
}

async function store(
  ports: FindingsReaderPorts,
  found: ReadonlyMap<string, readonly CheckResult[]>,
  upTo: number,
): Promise<true> {
  for (const [organisationId, results] of found) {
    ports.observer.resultsTaken({ ...(await takeIn(ports, organisationId, results)) })
  }
  await ports.cursors.save(FINDINGS_READER, upTo)
  return true
}
