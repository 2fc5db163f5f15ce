import type { Place } from '#src/buses/event-buses.ts'
import { existingBus, limitExceeded } from '#src/buses/event-buses.ts'
import { BUSES, RULES, busKey, ruleKey } from '#src/buses/documents.ts'
import { keepRule, removeManagedRule } from '#src/buses/managed-wiring.ts'
import { parsePattern } from '#src/buses/rules.ts'
import { AwsError } from '#src/errors.ts'
import { busArn, namedArn, parseBusArn } from '#src/model/arn.ts'
import type { BusAddress, NamedAddress } from '#src/model/arn.ts'
import type { ArchiveTarget, Rule, Target } from '#src/model/event-bus.ts'
import type { AccountId } from '#src/model/event.ts'
import type { Quotas } from '#src/model/quotas.ts'
import type { Page } from '#src/model/page.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { ArchiveTotals, EventArchive } from '#src/ports/event-archive.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { Collection, State, StateTransaction } from '#src/ports/state.ts'
import { archivePattern } from './archive-pattern.ts'
import { ACTIVE_REPLAYS, ARCHIVES, REPLAYS, namedKey, ofAccountPrefix } from './documents.ts'
import type { Archive, ArchiveState } from './documents.ts'
import { shownPage } from './shown-page.ts'

export interface ArchivePorts {
  readonly state: State
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Pick<EventLog, 'lastSequence'>
  readonly eventArchive: Pick<EventArchive, 'totals'>
  readonly quotas: Pick<Quotas, 'rules'>
}

/** What CreateArchive and UpdateArchive set; an update leaves alone what is not given. */
export interface ArchiveSettings {
  readonly description?: string | undefined
  /** Empty text: all events. */
  readonly eventPattern?: string | undefined
  readonly retentionDays?: number | undefined
}

/** An archive as it stands. */
export interface ShownArchive extends Archive {
  readonly state: ArchiveState
  readonly stateReason?: string
  readonly totals: ArchiveTotals
}

/** Narrows a list: at most one of them. */
export interface ArchiveFilter {
  readonly namePrefix?: string | undefined
  readonly state?: string | undefined
  readonly source?: BusAddress | undefined
}

export interface Archives {
  /**
   * @throws AwsError ResourceAlreadyExistsException, ResourceNotFoundException for the bus,
   * LimitExceededException, InvalidEventPatternException
   */
  create(address: NamedAddress, source: BusAddress, settings: ArchiveSettings): Promise<Archive>
  /** @throws AwsError ResourceNotFoundException */
  describe(address: NamedAddress): Promise<ShownArchive>
  /**
   * Puts the managed rule back where somebody took it away by force.
   * @throws AwsError ResourceNotFoundException, LimitExceededException, InvalidEventPatternException
   */
  update(address: NamedAddress, settings: ArchiveSettings): Promise<ShownArchive>
  /** @throws AwsError ResourceNotFoundException */
  remove(address: NamedAddress): Promise<void>
  /** @throws AwsError ResourceNotFoundException where the archives of a bus are wanted that is not there */
  list(
    place: Place,
    filter: ArchiveFilter,
    page: { readonly after: string | undefined; readonly limit: number },
  ): Promise<Page<ShownArchive>>
}

/** As on AWS. */
const MANAGED_BY = 'prod.vhs.events.aws.internal'
const RULE_PREFIX = 'Events-Archive-'

export function createArchives(ports: ArchivePorts): Archives {
  const { state, clock, ids, log, eventArchive } = ports
  const rulesMax = ports.quotas.rules

  const show = async (archive: Archive): Promise<ShownArchive> => {
    const totals = await eventArchive.totals(archive.id)
    const bus = sourceOf(archive)
    const rule = await state.get(RULES, ruleKey(bus, ruleNameOf(archive)))
    if (targetOf(archive, rule) !== undefined) return { ...archive, state: 'ENABLED', totals }
    const busIsThere = (await state.get(BUSES, busKey(bus))) !== undefined
    const stateReason = busIsThere
      ? `Rule ${ruleNameOf(archive)} is gone from event bus ${bus.name}: update the archive to put it back.`
      : `Event bus ${bus.name} does not exist.`
    return { ...archive, state: 'DISABLED', stateReason, totals }
  }

  return {
    create: async (address, source, settings) => {
      const { description, eventPattern, retentionDays = 0 } = settings
      const archive: Archive = {
        ...address,
        id: ids.opaque(ARCHIVE_ID_BYTES),
        sourceArn: busArn(source),
        ...(description !== undefined && { description }),
        ...(eventPattern && { eventPattern }),
        retentionDays,
        createdAt: clock.now(),
      }
      checkPattern(archive)
      const after = log.lastSequence()
      await state.transact(async (transaction) => {
        if ((await transaction.get(ARCHIVES, keyOf(address))) !== undefined) {
          throw new AwsError(
            'ResourceAlreadyExistsException',
            `Archive ${address.name} already exists.`,
          )
        }
        await existingBus(transaction, source)
        await keepArchiveRule(transaction, archive, { after, rulesMax })
        transaction.put(ARCHIVES, keyOf(address), archive)
      })
      return archive
    },
    describe: async (address) => {
      const archive = await state.get(ARCHIVES, keyOf(address))
      if (archive === undefined) throw noSuchArchive(address.name)
      return show(archive)
    },
    update: async (address, { description, eventPattern, retentionDays }) => {
      const after = log.lastSequence()
      const archive = await state.transact(async (transaction) => {
        const before = await transaction.get(ARCHIVES, keyOf(address))
        if (before === undefined) throw noSuchArchive(address.name)
        const { eventPattern: patternBefore, ...rest } = before
        const pattern = eventPattern ?? patternBefore
        const changed: Archive = {
          ...rest,
          ...(description !== undefined && { description }),
          ...(pattern && { eventPattern: pattern }),
          ...(retentionDays !== undefined && { retentionDays }),
        }
        checkPattern(changed)
        // Where the bus is gone, what the archive holds still has a description and an end.
        const source = await transaction.get(BUSES, busKey(sourceOf(changed)))
        if (source !== undefined) await keepArchiveRule(transaction, changed, { after, rulesMax })
        transaction.put(ARCHIVES, keyOf(address), changed)
        return changed
      })
      return show(archive)
    },
    remove: async (address) => {
      await state.transact(async (transaction) => {
        const archive = await transaction.get(ARCHIVES, keyOf(address))
        if (archive === undefined) throw noSuchArchive(address.name)
        const bus = sourceOf(archive)
        const rule = await transaction.get(RULES, ruleKey(bus, ruleNameOf(archive)))
        if (isRuleOf(archive, rule)) await removeManagedRule(transaction, bus, ruleNameOf(archive))
        transaction.delete(ARCHIVES, keyOf(address))
      })
    },
    list: async (place, { namePrefix = '', source, ...wanted }, page) => {
      if (source !== undefined) await existingBus(state, source)
      const sourceArn = source && busArn(source)
      const from = { state, from: ARCHIVES, prefix: namedKey(place, namePrefix) }
      return shownPage(from, page, async (archive) => {
        if (sourceArn !== undefined && archive.sourceArn !== sourceArn) return undefined
        const shown = await show(archive)
        return wanted.state === undefined || shown.state === wanted.state ? shown : undefined
      })
    },
  }
}

const ARCHIVE_ID_BYTES = 12

/** Takes away all archives and replays of an account in which nobody may act any more. */
export async function removeArchivesOf(state: State, account: AccountId): Promise<void> {
  for (const from of [ACTIVE_REPLAYS, REPLAYS, ARCHIVES] as readonly Collection<unknown>[]) {
    const prefix = ofAccountPrefix(account)
    const found = await state.list(from, { prefix, limit: Number.MAX_SAFE_INTEGER })
    await state.transact(async (transaction) => {
      for (const { key } of found) transaction.delete(from, key)
    })
  }
}

function noSuchArchive(name: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Archive ${name} does not exist.`)
}

async function keepArchiveRule(
  transaction: StateTransaction,
  archive: Archive,
  { after, rulesMax }: { readonly after: number; readonly rulesMax: number },
): Promise<void> {
  const bus = sourceOf(archive)
  const name = ruleNameOf(archive)
  const before = await transaction.get(RULES, ruleKey(bus, name))
  if (before === undefined) {
    const ruleCount = (await transaction.get(BUSES, busKey(bus)))?.ruleCount ?? 0
    if (ruleCount >= rulesMax) throw limitExceeded()
  } else if (before.managedBy !== MANAGED_BY) {
    throw new AwsError(
      'ResourceAlreadyExistsException',
      `Rule ${name} already exists on EventBus ${bus.name}.`,
    )
  }
  const target = targetOf(archive, before) ?? { id: archive.id, after }
  await keepRule(transaction, bus, {
    name,
    managedBy: MANAGED_BY,
    description: `Archives events of event bus ${bus.name} in ${namedArn('archive', archive)}`,
    eventPattern: archivePattern(archive.eventPattern),
    targets: [{ ...archiveTarget(archive), archive: target }],
  })
}

/** As AWS shows it. */
function archiveTarget(archive: Archive): Target {
  const arn = JSON.stringify(`${namedArn('archive', archive)}:${archive.id}`)
  const template = `{"archive-arn":${arn},"event":<aws.events.event.json>,"ingestion-time":<aws.events.event.ingestion-time>}`
  return {
    id: ruleNameOf(archive),
    arn: `arn:aws:events:${archive.region}:::`,
    input: { kind: 'template', template, paths: {} },
  }
}

function checkPattern({ eventPattern }: Archive): void {
  if (eventPattern !== undefined) parsePattern(eventPattern)
  parsePattern(archivePattern(eventPattern))
}

/** The archive's place in its managed rule; undefined where the rule no longer leads to it. */
function targetOf({ id }: Archive, rule: Rule | undefined): ArchiveTarget | undefined {
  return rule?.targets.map(({ archive }) => archive).find((archive) => archive?.id === id)
}

/** Also where somebody took the target away by force. */
function isRuleOf(archive: Archive, rule: Rule | undefined): boolean {
  if (rule?.managedBy !== MANAGED_BY) return false
  return rule.targets.length === 0 || targetOf(archive, rule) !== undefined
}

function ruleNameOf({ name }: Archive): string {
  return RULE_PREFIX + name
}

function sourceOf({ sourceArn }: Archive): BusAddress {
  return parseBusArn(sourceArn) as BusAddress
}

function keyOf(address: NamedAddress): string {
  return namedKey(address, address.name)
}
