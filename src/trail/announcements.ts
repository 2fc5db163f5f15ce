import { busArn } from '#src/model/arn.ts'
import { derivedUuid } from '#src/model/derived-uuid.ts'
import { NO_HOPS, envelopeJson } from '#src/model/event.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import { trailName } from '#src/model/event-namespace.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import type { State } from '#src/ports/state.ts'
import { TRAIL_ANNOUNCEMENTS } from './documents.ts'
import type { TrailAnnouncement } from './documents.ts'
import { parseObjectKey } from './manifest.ts'
import type { ManifestObject } from './manifest.ts'
import { padded } from './padded.ts'

export interface AnnouncementPorts {
  readonly state: State
  readonly log: EventLog
  readonly clock: Clock
  readonly namespace: EventNamespace
}

const ANNOUNCEMENTS_PER_ROUND = 20
const DETAIL_TYPE = 'Trail Object Created'

/**
 * Tells the organisation's trail bus of every object that has become durable. A crash may repeat
 * an announcement, with the same id; none is left out.
 */
export async function announce({ state, log, clock, namespace }: AnnouncementPorts): Promise<void> {
  for (;;) {
    const waiting = await state.list(TRAIL_ANNOUNCEMENTS, { limit: ANNOUNCEMENTS_PER_ROUND })
    if (waiting.length === 0) return
    const now = clock.now()
    for (const { value } of waiting) {
      await log.record(value.objects.map((object) => announced(value, object, { namespace, now })))
    }
    await state.transact(async (transaction) => {
      for (const { key } of waiting) transaction.delete(TRAIL_ANNOUNCEMENTS, key)
    })
  }
}

function announced(
  about: TrailAnnouncement,
  object: ManifestObject,
  { namespace, now }: { readonly namespace: EventNamespace; readonly now: number },
): RecordedEvent {
  const { loggingAccount: account, installationRegion: region, organisationId } = about
  const id = idOf(about, object)
  const source = `${namespace.prefix}.trail`
  const name = trailName(namespace, organisationId)
  return {
    id,
    source,
    account,
    region,
    detailType: DETAIL_TYPE,
    acceptedAt: now,
    hops: NO_HOPS,
    busArn: busArn({ account, region, name }),
    json: envelopeJson({
      id,
      detailType: DETAIL_TYPE,
      source,
      account,
      region,
      time: about.writtenAt,
      resources: about.location.startsWith('s3://') ? [`arn:aws:s3:::${about.bucket}`] : [],
      detailJson: JSON.stringify(detailOf(about, object)),
    }),
  }
}

/** Modelled on "Object Created" of Amazon S3, with what a reader of the trail needs besides. */
function detailOf(about: TrailAnnouncement, object: ManifestObject) {
  const { bucket, keyPrefix, location, sequence, organisationId } = about
  const { key, format, sha256, bytes, events, first, last } = object
  const named = parseObjectKey(key)
  return {
    version: '0',
    bucket: { name: bucket },
    object: { key: keyPrefix + key, size: bytes, sha256, sequencer: padded(sequence) },
    reason: 'PutObject',
    location,
    organization: { id: organisationId },
    sequence,
    format,
    encrypted: named?.sealed ?? false,
    events,
    day: named?.day,
    account: named?.account,
    first,
    last,
  }
}

/** The object's own, so that a repeated announcement is recognised. */
function idOf({ bucket, keyPrefix }: TrailAnnouncement, { key, sha256 }: ManifestObject): string {
  return derivedUuid(`${bucket}/${keyPrefix}${key} ${sha256}`)
}
