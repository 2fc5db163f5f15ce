import { namedArn } from '#src/model/arn.ts'
import type { PositionedEvent, RecordedEvent } from '#src/model/event.ts'
import { membersOf } from '#src/model/json-text.ts'
import type { ArchivedEvent, NewArchivedEvent } from '#src/ports/event-archive.ts'
import type { Replay } from './documents.ts'

/** What AWS counts for the time of an event, however it is written. */
const TIME_BYTES = 20

/** A recorded event as an archive keeps it, and what it counts for in the archive's size. */
export function archivedFrom({
  position,
  event,
}: PositionedEvent): Omit<NewArchivedEvent, 'archiveId'> {
  const { id, source, detailType, account, region, hops, json } = event
  const members = new Map(membersOf(json).map(({ key, value }) => [key, value]))
  // As it says itself, which need not be when it was accepted.
  const time = Date.parse(JSON.parse(members.get('time') ?? '""') as string)
  const texts = [source, detailType, members.get('detail') ?? '']
  return {
    sizeBytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), TIME_BYTES),
    event: {
      id,
      source,
      detailType,
      account,
      region,
      hops,
      json,
      position,
      time: Number.isNaN(time) ? event.acceptedAt : time,
    },
  }
}

/**
 * An archived event as a replay sends it: as it was, with `replay-name`. It keeps its hops, so it
 * is forwarded as far as it was when it was new.
 */
export function replayedFrom(
  { time: _, position: __, ...event }: ArchivedEvent,
  replay: Replay,
  acceptedAt: number,
): RecordedEvent {
  return {
    ...event,
    busArn: replay.destinationArn,
    acceptedAt,
    replayArn: namedArn('replay', replay),
    json: withReplayName(event.json, replay.name),
  }
}

/** EventBridge writes the name of the replay behind the region. */
function withReplayName(json: string, name: string): string {
  const members = membersOf(json).filter(({ key }) => key !== 'replay-name')
  const region = members.findIndex(({ key }) => key === 'region')
  const member = { key: 'replay-name', value: JSON.stringify(name) }
  const texts = members
    .toSpliced(region + 1, 0, member)
    .map(({ key, value }) => `${JSON.stringify(key)}:${value}`)
  return `{${texts.join(',')}}`
}
