import { join } from 'node:path'

import { createAwsCredentials } from '#src/adapters/aws/aws-credentials.ts'
import { createS3Client, createS3ObjectStore } from '#src/adapters/aws/s3-object-store.ts'
import { createFolderObjectStore } from '#src/adapters/folder/folder-object-store.ts'
import { trailBucket } from '#src/model/event-namespace.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import { LAST_FLUSH_WITHIN_MS } from '#src/trail/keeper.ts'
import { createSealer } from '#src/trail/sealer.ts'
import type { TrailPlace, TrailSettings } from '#src/trail/settings.ts'
import { createTrail } from '#src/trail/trail.ts'
import type { Trail, TrailPorts } from '#src/trail/trail.ts'
import type { S3Target, TrailConfig } from '#src/config/trail-config.ts'

interface PlacesPorts {
  readonly outbound: Outbound
  readonly namespace: EventNamespace
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stopping: AbortSignal
}

export interface TrailParts extends Omit<PlacesPorts, 'namespace'> {
  readonly ports: Omit<TrailPorts, 'sealer' | 'settings'>
  readonly masterKey: Uint8Array
}

/**
 * The trail with its adapters, as the configuration says; undefined where none is kept.
 * @throws Error where S3 is out of the hub's reach.
 */
export function openTrail(
  config: TrailConfig | undefined,
  { ports, masterKey, outbound, env, stopping }: TrailParts,
): Trail | undefined {
  if (config === undefined) return undefined
  const { namespace } = ports
  const settings = trailSettings(config, { outbound, namespace, env, stopping })
  return createTrail({ ...ports, sealer: createSealer(masterKey), settings })
}

/** Each organisation has a place of its own. */
function trailSettings(config: TrailConfig, ports: PlacesPorts): TrailSettings {
  const { target, place, format, encryption, flushEveryMs, retentionDays } = config
  const open =
    target.kind === 'folder'
      ? (bucket: string) => folderPlace(join(target.folder, bucket), bucket)
      : s3Places(target, encryption, ports)
  const opened = new Map<string, TrailPlace>()
  return {
    place,
    format,
    flushEveryMs,
    sealed: encryption === 'client',
    ...(retentionDays !== undefined && { retentionDays }),
    placeOf: (organisationId) => {
      const known = opened.get(organisationId)
      if (known !== undefined) return known
      const made = open(trailBucket(ports.namespace, organisationId))
      opened.set(organisationId, made)
      return made
    },
  }
}

function folderPlace(folder: string, bucket: string): TrailPlace {
  const store = createFolderObjectStore(folder)
  return { store, bucket, keyPrefix: '', location: folder }
}

function s3Places(target: S3Target, encryption: string, ports: PlacesPorts) {
  const { outbound, env, stopping } = ports
  const { endpoint, region, pathStyle, kmsKeyId, awsProfile } = target
  const refusal = endpoint === undefined ? undefined : outbound.refusalOf(endpoint)
  if (refusal !== undefined) throw new Error(`the trail's S3 endpoint: ${refusal}`)
  // What hangs longer than a last flush may take must not hold up the stop of the hub.
  const late = new AbortController()
  stopping.addEventListener('abort', () => {
    setTimeout(() => late.abort(), LAST_FLUSH_WITHIN_MS).unref()
  })
  const client = createS3Client({
    signal: late.signal,
    outbound,
    region,
    pathStyle,
    ...(endpoint !== undefined && { endpoint }),
    credentials: createAwsCredentials({
      env,
      ...(awsProfile !== undefined && { profile: awsProfile }),
    }),
  })
  return (organisationBucket: string): TrailPlace => {
    const shared = target.bucket !== undefined
    const bucket = target.bucket ?? organisationBucket
    const keyPrefix = shared ? `${target.prefix}${organisationBucket}/` : ''
    const store = createS3ObjectStore(client, {
      bucket,
      prefix: keyPrefix,
      makeBucket: !shared,
      ...((encryption === 'AES256' || encryption === 'aws:kms') && {
        serverSideEncryption: encryption,
      }),
      ...(kmsKeyId !== undefined && { kmsKeyId }),
    })
    return { store, bucket, keyPrefix, location: store.location }
  }
}
