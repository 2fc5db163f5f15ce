import { basename } from 'node:path'

import type { Finding } from '#src/model/finding.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import { UsageFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'

/**
 * A snapshot of AWS Config is all that an account has of the recorded types in a region. So what has
 * findings and is not in it was deleted, and nobody told. It is sent as AWS Config tells of what is
 * deleted: as items of that status, of the snapshot's time. So the hub orders them among all other
 * results, and what it knows to be newer stays.
 */

/** A resource that was deleted, as AWS Config would have it. */
export interface DeletedItem {
  readonly resourceType: string
  readonly resourceId: string
  readonly ARN: string
  readonly awsAccountId: string
  readonly awsRegion: string
  readonly tags: Readonly<Record<string, string>>
  readonly configurationItemStatus: 'ResourceDeleted'
  readonly configurationItemCaptureTime: string
}

/** All that an account has in a region, at a time in epoch ms. */
export interface WholeSnapshot {
  readonly items: readonly unknown[]
  readonly takenAt: number
}

export const SNAPSHOT_ITEMS = 'configurationItems'

/**
 * A document that is a whole snapshot; undefined where nothing says so.
 * @throws UsageFault where its time is given, and it has none or the time is none that it could have
 */
export function wholeSnapshotOf(
  document: unknown,
  { file, takenAt: given }: { readonly file: string; readonly takenAt: number | undefined },
): WholeSnapshot | undefined {
  const items = memberOf(document, SNAPSHOT_ITEMS)
  if (given !== undefined && given > clock.now()) {
    throw new UsageFault('--taken-at is in the future: give the time at which AWS Config took it')
  }
  if (!Array.isArray(items)) {
    if (given === undefined) return undefined
    throw new UsageFault(`"${file}" is no snapshot of AWS Config: leave out --taken-at`)
  }
  const takenAt = given ?? takenAtOf(file, document)
  return takenAt === undefined ? undefined : { items, takenAt }
}

/** As AWS Config names one that it delivers: with its time and its id. */
const DELIVERED =
  /_ConfigSnapshot_(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z_([0-9a-f-]{36})\.json(?:\.gz)?$/

/** By the name. Parts that were made of one may have its id inside, and have another name. */
function takenAtOf(file: string, document: unknown): number | undefined {
  const [, year, month, day, hour, minute, second, id] = DELIVERED.exec(basename(file)) ?? []
  if (id === undefined || memberOf(document, 'configSnapshotId') !== id) return undefined
  const takenAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isFinite(takenAt) ? takenAt : undefined
}

/** AWS Config has recorded a change by then, so that a snapshot holds it. */
const RECORDED_WITHIN_MS = 3_600_000
/** Who checks, of the hub's own rules. */
const OWN_CHECKS = 'belfry'

/**
 * What has findings of the hub's own rules, and is not in a snapshot that was taken later. Of types that
 * the snapshot has nothing of nothing is said: they may not be recorded.
 */
export async function goneBy(
  hub: Pick<HubClient, 'pages'>,
  organisationId: string,
  { items, takenAt }: WholeSnapshot,
): Promise<readonly DeletedItem[]> {
  const before = takenAt - RECORDED_WITHIN_MS
  const places = placesOf(items)
  const gone = new Map<string, DeletedItem>()
  const isGone = (finding: Finding) =>
    finding.status !== 'NOT_APPLICABLE' &&
    finding.evaluatedAt < before &&
    places.get(placeOf(finding))?.has(finding.resourceId) === false
  const accounts = new Set(items.map((item) => textOf(item, 'awsAccountId')))
  for (const awsAccountId of accounts) {
    if (awsAccountId === undefined) continue
    const asked = { organisationId, awsAccountId, checkedBy: OWN_CHECKS }
    for await (const page of hub.pages<Finding>('/findings', asked)) {
      for (const finding of page.filter(isGone)) {
        gone.set(`${placeOf(finding)}\n${finding.resourceId}`, deletedItem(finding, before))
      }
    }
  }
  return [...gone.values()]
}

/** The names of resources, by account, region and type. */
function placesOf(items: readonly unknown[]): ReadonlyMap<string, ReadonlySet<string>> {
  const places = new Map<string, Set<string>>()
  for (const item of items) {
    const place = placeOf({
      awsAccountId: textOf(item, 'awsAccountId'),
      region: textOf(item, 'awsRegion'),
      resourceType: textOf(item, 'resourceType'),
    })
    const names = places.get(place) ?? new Set()
    places.set(place, names)
    const name = textOf(item, 'ARN') ?? textOf(item, 'arn') ?? textOf(item, 'resourceId')
    if (name !== undefined) names.add(name)
  }
  return places
}

function placeOf({
  awsAccountId = '',
  region = '',
  resourceType = '',
}: { readonly [name in 'awsAccountId' | 'region' | 'resourceType']?: string | undefined }): string {
  return [awsAccountId, region, resourceType].join('\n')
}

function deletedItem(
  { resourceId, resourceType = '', awsAccountId = '', region = '', tags }: Finding,
  at: number,
): DeletedItem {
  return {
    resourceType,
    resourceId,
    ARN: resourceId,
    awsAccountId,
    awsRegion: region,
    tags,
    configurationItemStatus: 'ResourceDeleted',
    configurationItemCaptureTime: new Date(at).toISOString(),
  }
}

function textOf(value: unknown, name: string): string | undefined {
  const text = memberOf(value, name)
  return typeof text === 'string' && text !== '' ? text : undefined
}

export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
