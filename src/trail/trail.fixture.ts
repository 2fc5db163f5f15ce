import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

import { createFolderObjectStore } from '#src/adapters/folder/folder-object-store.ts'
import { busArn } from '#src/model/arn.ts'
import { envelopeJson } from '#src/model/event.ts'
import type { RecordedEvent } from '#src/model/event.ts'
import type { Account, Organisation } from '#src/model/tenancy.ts'
import { createRecorder } from '#src/pipeline/2-record/recorder.ts'
import { observing, recordedEvent, temporaryStore } from '#src/pipeline/pipeline.fixture.ts'
import type { ManagedAccounts } from '#src/ports/account-wiring.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import { allOf } from '#src/ports/object-store.contract.ts'
import type { ObjectStore } from '#src/ports/object-store.ts'
import type { State } from '#src/ports/state.ts'
import { createManagedAccounts } from '#src/tenancy/managed-accounts.ts'
import { createSealer } from './sealer.ts'
import type { TrailSettings } from './settings.ts'
import { createTrail } from './trail.ts'
import type { Trail } from './trail.ts'
import type { TrailProblem } from './verify.ts'

export const ORGANISATION = '49a9bcb2-6c7d-4aed-bf5d-6be6ee13ad6a'
export const OTHER_ORGANISATION = '11111111-2222-4333-8444-555555555555'
export const LOGGING = '222222222222'
export const REGION = 'ap-southeast-2'
const NAMESPACE = { prefix: 'stax', partner: 'stax.io' }
const STARTS_AT = Date.parse('2026-02-01T00:00:00Z')
const SOURCE = `aws.partner/stax.io/${LOGGING}/default`

/** The events of an NDJSON object. */
export async function eventsIn(
  store: ObjectStore,
  key: string,
): Promise<readonly { id: string }[]> {
  return gunzipSync((await store.get(key)) as Uint8Array)
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string })
}

/** Ids of all events in NDJSON objects, in the order of their keys. */
export async function idsIn(store: ObjectStore): Promise<readonly string[]> {
  const objects = (await allOf(store, 'events/')).filter(({ key }) => key.endsWith('.gz'))
  const events = await Promise.all(objects.map(({ key }) => eventsIn(store, key)))
  return events.flat().map(({ id }) => id)
}

/** A tenancy event as enrichment records it. */
export function tenancyEvent(
  id: string,
  {
    day = '2026-01-31',
    account = LOGGING,
    organisationId = ORGANISATION,
    at = '12:00:00.000000',
  } = {},
): RecordedEvent {
  const detail = {
    meta: { organization: { id: organisationId }, customer: { id: 'c' } },
    staxEventID: `event ${id}`,
    staxEventTime: `${day}T${at}Z`,
    staxEventName: 'AccountUpdateEvent',
    awsAccountId: account,
    amount: '1.0',
    status: 'SUCCESS',
  }
  const detailType = 'AccountManagement: AccountUpdateEvent'
  return recordedEvent(id, {
    acceptedAt: STARTS_AT,
    source: SOURCE,
    detailType,
    account: LOGGING,
    region: REGION,
    busArn: busArn({ account: LOGGING, region: REGION, name: SOURCE }),
    json: envelopeJson({
      id,
      detailType,
      source: SOURCE,
      account: LOGGING,
      time: Date.parse(`${day}T12:00:00Z`),
      region: REGION,
      resources: [],
      // A number that JSON.parse would lose.
      detailJson: JSON.stringify(detail).replace('"1.0"', '1.0'),
    }),
  })
}

export interface TrailRigOptions extends Partial<Omit<TrailSettings, 'placeOf'>> {
  /** In place of the folder. */
  readonly wrap?: (store: ObjectStore, organisationId: string) => ObjectStore
  readonly wrapState?: (state: State) => State
}

/** A trail over a real store, log and folder, run as often as a test likes. */
export async function trailRig() {
  const { store, remove } = await temporaryStore()
  const folder = mkdtempSync(join(tmpdir(), 'belfry-trail-'))
  let now = STARTS_AT
  const clock = { now: () => now }
  const log = await createRecorder(store.log, clock)
  const { observer, faults } = observing()
  // All that a status asks of an organisation.
  const accounts: ManagedAccounts = {
    ...createManagedAccounts(store.state),
    organisations: async () => [{ id: ORGANISATION }, { id: OTHER_ORGANISATION }] as Organisation[],
    foundationAccount: async () => ({ awsAccountId: LOGGING }) as Account,
  }
  const objects = createFolderObjectStore(join(folder, 'own'))
  const otherObjects = createFolderObjectStore(join(folder, 'other'))

  let whenCaughtUp = () => undefined as void
  const watchedLog: EventLog = {
    ...log,
    next: (after, signal) => {
      if (after >= log.lastSequence()) whenCaughtUp()
      return log.next(after, signal)
    },
  }

  const open = (options: TrailRigOptions = {}): Trail => {
    const { wrap = (same) => same, wrapState = (same) => same, ...given } = options
    const settings: TrailSettings = {
      place: 'folder:test',
      format: 'ndjson',
      sealed: false,
      flushEveryMs: 0,
      ...given,
      placeOf: (organisationId) => {
        const own = organisationId === ORGANISATION ? objects : otherObjects
        return {
          store: wrap(own, organisationId),
          bucket: 'bucket',
          keyPrefix: '',
          location: own.location,
        }
      },
    }
    return createTrail({
      state: wrapState(store.state),
      log: watchedLog,
      clock,
      ids,
      observer,
      namespace: NAMESPACE,
      accounts,
      sealer: createSealer(Buffer.alloc(32, 7)),
      settings,
    })
  }
  /** Runs a trail until what is in the log is in it, as a hub that stops does. */
  const flush = async (options?: TrailRigOptions) => {
    const stop = new AbortController()
    whenCaughtUp = () => stop.abort()
    await open({ flushEveryMs: 3_600_000, ...options }).run(stop.signal)
    whenCaughtUp = () => undefined
  }
  const verify = async (options?: TrailRigOptions, organisationId = ORGANISATION) => {
    const problems: TrailProblem[] = []
    const counts = await open(options).verify({
      organisationId,
      signal: new AbortController().signal,
      onProblem: async (problem) => void problems.push(problem),
      onProgress: async () => undefined,
    })
    return { ...counts, found: problems }
  }
  return {
    log,
    state: store.state,
    objects,
    otherObjects,
    faults,
    open,
    flush,
    verify,
    advance: (ms: number) => (now += ms),
    remove: async () => {
      await remove()
      rmSync(folder, { recursive: true })
    },
  }
}

export type TrailRig = Awaited<ReturnType<typeof trailRig>>
