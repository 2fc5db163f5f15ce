import type { Replay } from '#src/archives/documents.ts'
import type { Replays } from '#src/archives/replays.ts'
import type { Place } from '#src/buses/event-buses.ts'
import { AwsError } from '#src/errors.ts'
import { namedArn, parseNamedArn } from '#src/model/arn.ts'
import { PAGING, paged, structure } from '../operation.ts'
import type { Operations, Paging } from '../operation.ts'
import { optional, required, string, textPattern, timestampMs } from '../shapes.ts'
import { checkOneFilter } from './archives.ts'

const REPLAY_NAME = string({ min: 1, max: 64, pattern: textPattern(String.raw`[\.\-_A-Za-z0-9]+`) })
const ARCHIVE_ARN = string({
  min: 1,
  max: 1600,
  pattern: textPattern(String.raw`^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:([0-9]{12})?:.+\/.+$`),
})
const ARN = string({ min: 1, max: 1600 })
const REPLAY_STATE = string({
  enum: ['STARTING', 'RUNNING', 'CANCELLING', 'COMPLETED', 'CANCELLED', 'FAILED'],
})

interface OfReplay {
  readonly ReplayName: string
}

interface StartInput extends OfReplay {
  readonly Description?: string
  readonly EventSourceArn: string
  readonly EventStartTime: number | string
  readonly EventEndTime: number | string
  readonly Destination: { readonly Arn: string; readonly FilterArns?: readonly string[] }
}

interface ListInput extends Paging {
  readonly NamePrefix?: string
  readonly EventSourceArn?: string
  readonly State?: string
}

export function replayOperations(replays: Replays): Operations {
  return {
    StartReplay: {
      permission: 'events:Write',
      input: structure({
        ReplayName: required(REPLAY_NAME),
        Description: optional(string({ max: 512, pattern: textPattern('.*') })),
        EventSourceArn: required(ARCHIVE_ARN),
        EventStartTime: required({ type: 'timestamp' }),
        EventEndTime: required({ type: 'timestamp' }),
        Destination: required(
          structure({
            Arn: required(ARN),
            FilterArns: optional({ type: 'list', member: ARN }),
          }),
        ),
      }),
      run: async (call, input: StartInput) => {
        const { Description: description, Destination, EventSourceArn } = input
        const replay = await replays.start(addressOf(call, input), {
          description,
          archiveName: archiveNameOf(call, EventSourceArn),
          from: timestampMs(input.EventStartTime),
          to: timestampMs(input.EventEndTime),
          destinationArn: Destination.Arn,
          filterArns: Destination.FilterArns,
        })
        return { ...wireState(replay), ReplayStartTime: replay.startedAt / 1_000 }
      },
    },
    DescribeReplay: {
      permission: 'events:Read',
      input: structure({ ReplayName: required(REPLAY_NAME) }),
      run: async (call, input: OfReplay) => {
        const replay = await replays.describe(addressOf(call, input))
        const { description, destinationArn, filterArns } = replay
        return {
          ...wireReplay(replay),
          ReplayArn: namedArn('replay', replay),
          ...(description !== undefined && { Description: description }),
          Destination: {
            Arn: destinationArn,
            ...(filterArns !== undefined && { FilterArns: filterArns }),
          },
        }
      },
    },
    CancelReplay: {
      permission: 'events:Write',
      input: structure({ ReplayName: required(REPLAY_NAME) }),
      run: async (call, input: OfReplay) => wireState(await replays.cancel(addressOf(call, input))),
    },
    ListReplays: {
      permission: 'events:Read',
      input: structure({
        NamePrefix: optional(REPLAY_NAME),
        EventSourceArn: optional(ARCHIVE_ARN),
        State: optional(REPLAY_STATE),
        ...PAGING,
      }),
      run: async (call, input: ListInput) => {
        const { NamePrefix: namePrefix, EventSourceArn: archiveArn, State: state } = input
        checkOneFilter('ListReplays', [namePrefix, archiveArn, state])
        const archiveName = archiveArn === undefined ? undefined : archiveNameOf(call, archiveArn)
        const filter = { namePrefix, archiveName, state }
        const list = `replays ${call.account} ${call.region} ${JSON.stringify(filter)}`
        const { items, next } = await paged(list, input, async (page) =>
          replays.list(call, filter, page),
        )
        return { Replays: items.map(wireReplay), ...next }
      },
    },
  }
}

/** @throws AwsError ValidationException: archives are replayed in their own account and region. */
function archiveNameOf({ account, region }: Place, arn: string): string {
  const archive = parseNamedArn('archive', arn)
  if (archive?.account === account && archive.region === region) return archive.name
  throw new AwsError(
    'ValidationException',
    'Parameter EventSourceArn is not valid. Reason: the ARN must name an archive of this account and region.',
  )
}

function addressOf({ account, region }: Place, { ReplayName }: OfReplay) {
  return { account, region, name: ReplayName }
}

function wireState(replay: Replay) {
  return {
    ReplayArn: namedArn('replay', replay),
    ...wireReason(replay),
  }
}

function wireReason({ state, stateReason }: Replay) {
  return { State: state, ...(stateReason !== undefined && { StateReason: stateReason }) }
}

function wireReplay(replay: Replay) {
  const { place, endedAt } = replay
  return {
    ReplayName: replay.name,
    EventSourceArn: namedArn('archive', { ...replay, name: replay.archive.name }),
    ...wireReason(replay),
    EventStartTime: replay.from / 1_000,
    EventEndTime: replay.to / 1_000,
    ...(place !== undefined && { EventLastReplayedTime: place.time / 1_000 }),
    ReplayStartTime: replay.startedAt / 1_000,
    ...(endedAt !== undefined && { ReplayEndTime: endedAt / 1_000 }),
  }
}
