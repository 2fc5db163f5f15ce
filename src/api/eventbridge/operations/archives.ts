import type { Archives, ShownArchive } from '#src/archives/archives.ts'
import type { Archive } from '#src/archives/documents.ts'
import type { Place } from '#src/buses/event-buses.ts'
import { AwsError } from '#src/errors.ts'
import { namedArn, parseBusArn } from '#src/model/arn.ts'
import type { BusAddress } from '#src/model/arn.ts'
import { EVENT_PATTERN, NOTHING, PAGING, paged, structure } from '../operation.ts'
import type { Operations, Paging } from '../operation.ts'
import { UNSUPPORTED, optional, required, string, textPattern } from '../shapes.ts'

const ARCHIVE_NAME = string({
  min: 1,
  max: 48,
  pattern: textPattern(String.raw`[\.\-_A-Za-z0-9]+`),
})
const EVENT_BUS_ARN = string({
  min: 1,
  max: 1600,
  pattern: textPattern(String.raw`^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:([0-9]{12})?:.+\/.+$`),
})
const ARCHIVE_STATE = string({
  enum: ['ENABLED', 'DISABLED', 'CREATING', 'UPDATING', 'CREATE_FAILED', 'UPDATE_FAILED'],
})

const SETTINGS = {
  Description: optional(string({ max: 512, pattern: textPattern('.*') })),
  EventPattern: optional(EVENT_PATTERN),
  RetentionDays: optional({ type: 'integer', min: 0 }),
  KmsKeyIdentifier: UNSUPPORTED,
}

interface OfArchive {
  readonly ArchiveName: string
}

interface Settings extends OfArchive {
  readonly Description?: string
  readonly EventPattern?: string
  readonly RetentionDays?: number
}

interface ListInput extends Paging {
  readonly NamePrefix?: string
  readonly EventSourceArn?: string
  readonly State?: string
}

export function archiveOperations(archives: Archives): Operations {
  return {
    CreateArchive: {
      permission: 'events:Write',
      input: structure({
        ArchiveName: required(ARCHIVE_NAME),
        EventSourceArn: required(EVENT_BUS_ARN),
        ...SETTINGS,
      }),
      run: async (call, input: Settings & { EventSourceArn: string }) => {
        const source = sourceOf(call, input.EventSourceArn)
        const archive = await archives.create(addressOf(call, input), source, settingsOf(input))
        return { ...wireState(archive), State: 'ENABLED' }
      },
    },
    DescribeArchive: {
      permission: 'events:Read',
      input: structure({ ArchiveName: required(ARCHIVE_NAME) }),
      run: async (call, input: OfArchive) => {
        const archive = await archives.describe(addressOf(call, input))
        const { description, eventPattern } = archive
        return {
          ArchiveArn: namedArn('archive', archive),
          ...wireArchive(archive),
          ...(description !== undefined && { Description: description }),
          ...(eventPattern !== undefined && { EventPattern: eventPattern }),
        }
      },
    },
    UpdateArchive: {
      permission: 'events:Write',
      input: structure({ ArchiveName: required(ARCHIVE_NAME), ...SETTINGS }),
      run: async (call, input: Settings) => {
        const { Description, EventPattern, RetentionDays } = input
        if ((Description ?? EventPattern ?? RetentionDays) === undefined) {
          throw new AwsError(
            'ValidationException',
            'At least one of EventPattern, RetentionDays or Description must be provided.',
          )
        }
        const archive = await archives.update(addressOf(call, input), settingsOf(input))
        return { ...wireState(archive), ...wireReason(archive) }
      },
    },
    DeleteArchive: {
      permission: 'events:Write',
      input: structure({ ArchiveName: required(ARCHIVE_NAME) }),
      run: async (call, input: OfArchive) => {
        await archives.remove(addressOf(call, input))
        return NOTHING
      },
    },
    ListArchives: {
      permission: 'events:Read',
      input: structure({
        NamePrefix: optional(ARCHIVE_NAME),
        EventSourceArn: optional(EVENT_BUS_ARN),
        State: optional(ARCHIVE_STATE),
        ...PAGING,
      }),
      run: async (call, input: ListInput) => {
        const { NamePrefix: namePrefix, EventSourceArn: sourceArn, State: state } = input
        checkOneFilter('ListArchives', [namePrefix, sourceArn, state])
        const source = sourceArn === undefined ? undefined : sourceOf(call, sourceArn)
        const filter = { namePrefix, source, state }
        const list = `archives ${call.account} ${call.region} ${JSON.stringify(filter)}`
        const { items, next } = await paged(list, input, async (page) =>
          archives.list(call, filter, page),
        )
        return { Archives: items.map(wireArchive), ...next }
      },
    },
  }
}

/** @throws AwsError ValidationException for more than one. */
export function checkOneFilter(operation: string, filters: readonly (string | undefined)[]): void {
  if (filters.filter((filter) => filter !== undefined).length <= 1) return
  throw new AwsError(
    'ValidationException',
    `At most one filter is allowed for ${operation}. Use either : State, EventSourceArn, or NamePrefix.`,
  )
}

/** @throws AwsError ValidationException: a bus is archived in its own account and region. */
function sourceOf({ account, region }: Place, arn: string): BusAddress {
  const bus = parseBusArn(arn)
  if (bus?.account === account && bus.region === region) return bus
  throw new AwsError(
    'ValidationException',
    'Parameter EventSourceArn is not valid. Reason: the ARN must name an event bus of this account and region.',
  )
}

function addressOf({ account, region }: Place, { ArchiveName }: OfArchive) {
  return { account, region, name: ArchiveName }
}

function settingsOf({ Description, EventPattern, RetentionDays }: Settings) {
  return {
    description: Description,
    eventPattern: EventPattern,
    retentionDays: RetentionDays,
  }
}

function wireState(archive: Archive) {
  return { ArchiveArn: namedArn('archive', archive), CreationTime: archive.createdAt / 1_000 }
}

function wireReason({ state, stateReason }: ShownArchive) {
  return { State: state, ...(stateReason !== undefined && { StateReason: stateReason }) }
}

function wireArchive(archive: ShownArchive) {
  return {
    ArchiveName: archive.name,
    EventSourceArn: archive.sourceArn,
    ...wireReason(archive),
    RetentionDays: archive.retentionDays,
    SizeBytes: archive.totals.bytes,
    EventCount: archive.totals.events,
    CreationTime: archive.createdAt / 1_000,
  }
}
