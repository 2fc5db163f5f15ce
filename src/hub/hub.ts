import type { AddressInfo } from 'node:net'

import { createAwsOrganizations } from '#src/adapters/aws/organizations.ts'
import { createOpenIdProviders } from '#src/adapters/oidc/openid-providers.ts'
import { createOutbound } from '#src/adapters/outbound/undici-outbound.ts'
import { openSqliteStore } from '#src/adapters/sqlite/store.ts'
import type { Store } from '#src/adapters/sqlite/store.ts'
import { createOperations } from '#src/api/eventbridge/operations.ts'
import type { RestService } from '#src/api/aws-rest/rest-json.ts'
import { createSchemasService } from '#src/api/schemas/schemas-service.ts'
import { createScheduler } from '#src/api/scheduler/scheduler.ts'
import { createServer } from '#src/api/server.ts'
import { createSignatureCheck } from '#src/api/signature/signature-check.ts'
import { archiveEvents } from '#src/archives/archiver.ts'
import { createArchives, removeArchivesOf } from '#src/archives/archives.ts'
import { createReplayFilter } from '#src/archives/replay-filter.ts'
import { replayEvents } from '#src/archives/replayer.ts'
import { createReplays } from '#src/archives/replays.ts'
import { keepRetention } from '#src/archives/retention.ts'
import { createAssurance } from '#src/assurance/assurance.ts'
import { createBusAccess } from '#src/buses/bus-access.ts'
import { createEventBuses } from '#src/buses/event-buses.ts'
import { createOfferedSources } from '#src/buses/offered-sources.ts'
import { createPartnerSources } from '#src/buses/partner-sources.ts'
import { createPermissions } from '#src/buses/permissions.ts'
import { createResourceTags } from '#src/buses/resource-tags.ts'
import { createRuleTable } from '#src/buses/rule-table.ts'
import type { RuleTable } from '#src/buses/rule-table.ts'
import { createRules } from '#src/buses/rules.ts'
import { RULE_TIMERS, createScheduledRules } from '#src/buses/scheduled-rules.ts'
import type { Config } from '#src/config/config.ts'
import { createConnectionParts } from '#src/connections/connection-parts.ts'
import type { ConnectionParts } from '#src/connections/connection-parts.ts'
import { removeConnectionsOf } from '#src/connections/remove-account.ts'
import { StoreFullFault } from '#src/errors.ts'
import { createEventFinder } from '#src/event-index/event-finder.ts'
import { createEventIds } from '#src/event-index/event-ids.ts'
import { indexEvents } from '#src/event-index/indexer.ts'
import { countVolume } from '#src/history/volume.ts'
import { keepHistoryShort } from '#src/history/retention.ts'
import { DEFAULT_BUS, busArn, parseBusArn, ruleArn } from '#src/model/arn.ts'
import type { Delivery } from '#src/model/delivery.ts'
import { sequenceOf } from '#src/model/event.ts'
import type { AccountId, LogPosition, RecordedEvent } from '#src/model/event.ts'
import { awsOrganizationId } from '#src/model/tenancy.ts'
import { createRecorder } from '#src/pipeline/2-record/recorder.ts'
import { enrich } from '#src/pipeline/3-enrich/enricher.ts'
import { route } from '#src/pipeline/4-route/router.ts'
import { sendDeadLetters } from '#src/pipeline/5-deliver/dead-letter-queue.ts'
import { Dispatcher } from '#src/pipeline/5-deliver/dispatcher.ts'
import type { TakeAlert } from '#src/pipeline/5-deliver/targets/notification.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import type { EventLog } from '#src/ports/event-log.ts'
import { systemIds as ids } from '#src/ports/ids.ts'
import type { Observer } from '#src/ports/observer.ts'
import { createReaderMark } from '#src/ports/reader-mark.ts'
import type { ReaderMark } from '#src/ports/reader-mark.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import type { State } from '#src/ports/state.ts'
import { createDiscoverers } from '#src/schemas/discoverers.ts'
import { discover } from '#src/schemas/discovery.ts'
import { AWS_EVENTS } from '#src/schemas/provided/aws-events.ts'
import { tenancyEvents } from '#src/schemas/provided/tenancy-events.ts'
import { createRegistries } from '#src/schemas/registries.ts'
import { createSchemas } from '#src/schemas/schemas.ts'
import { removeSchemasOf } from '#src/schemas/remove-account.ts'
import { createSchemaTags } from '#src/schemas/tags.ts'
import { fireSchedules } from '#src/schedules/firing.ts'
import { removeSchedulesOf } from '#src/scheduler/removal.ts'
import { currentRecipient } from '#src/scheduler/invocation.ts'
import { createSchedulerTimers } from '#src/scheduler/scheduler-timers.ts'
import type { SchedulerTimerPorts } from '#src/scheduler/scheduler-timers.ts'
import { createAwsProfiles } from '#src/tenancy/aws-profiles.ts'
import type { AdminPassword } from '#src/tenancy/first-admin.ts'
import { createManagedAccounts } from '#src/tenancy/managed-accounts.ts'
import { emptyOutbox } from '#src/tenancy/outbox.ts'
import { createTenancy } from '#src/tenancy/tenancy.ts'
import type { Tenancy, TenancyPorts } from '#src/tenancy/tenancy.ts'
import { createVault } from '#src/tenancy/vault.ts'
import { openAlerts } from './alert-parts.ts'
import { readMasterKey } from './master-key.ts'
import { openObservation } from './observation.ts'
import type { Trail } from '#src/trail/trail.ts'
import { createTargetKinds } from './target-kinds.ts'
import { openTargetPlaces } from './target-places.ts'
import type { TargetPlaces } from './target-places.ts'
import { openTrail } from './trail-places.ts'
import { VERSION } from '#src/version.ts'

/** A running hub. */
export interface Hub {
  readonly url: string
  /** The administrator that the first start made: for the screen, once. */
  readonly firstAdmin?: AdminPassword
  /** To be called when it was on the screen: it is never made again. */
  firstAdminShown(): Promise<void>
  /** Stops taking requests, finishes what is under way, and closes the store. */
  close(): Promise<void>
}

type Environment = Readonly<Record<string, string | undefined>>

/** How long a stop waits for requests under way before it cuts their connections. */
const REQUESTS_END_WITHIN_MS = 2_000

/** Puts the parts together and starts them: adapters, pipeline, sources, then the door. */
export async function startHub(config: Config, env: Environment = {}): Promise<Hub> {
  const { dataFolder: folder, maxStoreBytes, allowPrivateTargets, namespace } = config
  const limit = maxStoreBytes === undefined ? {} : { maxStoreBytes }
  const store = await openSqliteStore({ folder, ...limit })
  const { state } = store
  const observation = await openObservation(config, { state, queue: store.queue, clock })
  const { observer, metrics, callFailed: onFault, storeIsFull, onSignIn } = observation
  const log = await createRecorder(store.log, clock)
  const outbound = createOutbound({ allowPrivateTargets })
  const ruleTable = createRuleTable(state)
  const busExists = async (arn: string) => (await ruleTable.rulesOf(arn)) !== undefined

  const masterKey = readMasterKey(folder, env['BELFRY_MASTER_KEY'])
  const vault = createVault(masterKey)
  const { tenancy, accounts, wiring, routing, hasBusesOf } = openTenancy(
    { state, log, outbound, vault, busExists, onSignIn, onFault },
    { namespace, env },
  )
  const firstAdmin = await tenancy.firstAdmin.prepare(config.adminEmail)

  const stopping = new AbortController()
  const trail = openTrail(config.trail, {
    ports: { state, log, clock, ids, observer, namespace, accounts },
    outbound,
    masterKey,
    env,
    stopping: stopping.signal,
  })

  const buses = openBuses({ store, log, tenancy, onFault }, config)
  const places = openTargetPlaces(config.targets, { outbound, clock, env })
  const { allowed: targetsAllowed } = places
  const checks = { busExists, hasBusesOf, targetsAllowed, urlRefusal: targetsAllowed.urlRefusal }
  const ports = { log, clock, ids, observer, ...checks, access: buses.access }
  const sealing = { state, vault, outbound, onFault }
  const connecting = createConnectionParts({ ...ports, ...sealing }, config)
  const publicUrl = () => config.publicUrl ?? url
  const alerting = { ...ports, ...sealing, publicUrl, store, tenancy, connecting }
  const alerts = openAlerts(alerting, config, env)
  const take: TakeAlert = (id, event) => alerts.taking.take(id, event)
  const opened = { tenancy, busExists, hasBusesOf, ruleTable, buses, routing, trail, take }
  const parts = { config, store, log, observer, outbound, ...opened, connecting, places }
  const pipeline = startPipeline(parts, stopping.signal)
  const sources = [
    alerts.run(stopping.signal),
    emptyOutbox({ state, log, clock, observer, namespace }, stopping.signal),
    wiring.run(stopping.signal),
    trail?.run(stopping.signal),
    connecting.run(stopping.signal),
    tenancy.run(stopping.signal),
    buses.partnerSources.run(stopping.signal),
    startSchedules({ ...store, ...ports, onDelivery: pipeline.redriven }, stopping.signal),
  ]

  const operations = createOperations({ ...buses, ...connecting, ...ports, quotas: config.quotas })
  const { directory, apiTokens } = tenancy
  const server = await createServer({
    tenancy,
    ...alerts.doors,
    publicUrl,
    trustedProxies: config.trustedProxies,
    frontDoor: {
      operations,
      onFault,
      checkSignature: createSignatureCheck(tenancy.credentials, clock, tenancy.tokenUses),
      regionEnabled: (account, region) => busExists(busArn({ account, region, name: DEFAULT_BUS })),
    },
    restServices: [openSchemas(state, config), createScheduler({ ...ports, state })],
    collector: { log, clock, observer, namespace, ingestKeys: tenancy.ingestKeys, directory },
    deadLetters: { queue: store.queue, accounts, directory, clock, onRedriven: pipeline.redriven },
    trail: { trail, stopping: stopping.signal, onFault },
    ...pipeline.lookUps,
    rules: buses.rules,
    namespace,
    stream: { log, directory, stopping: stopping.signal, onFault },
    version: VERSION,
    metrics,
    notReady: async () => notReadyReason(stopping.signal, storeIsFull()),
    onFault,
  })
  await server.listen({ host: config.host, port: config.port })
  const url = urlOf(config.host, server.server.address() as AddressInfo)
  const stopProfiles = await keepProfiles(
    { state, accounts, apiTokens, vault, clock, folder, endpointUrl: url },
    onFault,
  )

  return {
    url,
    ...(firstAdmin !== undefined && { firstAdmin }),
    firstAdminShown: () => tenancy.firstAdmin.shown(),
    close: async () => {
      stopProfiles()
      stopping.abort()
      await endRequests(server)
      await Promise.all([...sources, pipeline.drained])
      await outbound.close()
      await observation.close()
      await store.close()
    },
  }
}

interface TenancyParts extends Pick<
  TenancyPorts,
  'state' | 'vault' | 'busExists' | 'onSignIn' | 'onFault'
> {
  readonly log: EventLog
  readonly outbound: Outbound
}

/** The tenancy, with what keeps its accounts wired and what its long actions wait for. */
function openTenancy(
  { log, outbound, ...parts }: TenancyParts,
  { namespace, env }: Pick<Config, 'namespace'> & { readonly env: Environment },
) {
  const { state, onFault } = parts
  const accounts = createManagedAccounts(state)
  const wiring = createAssurance({
    state,
    accounts,
    clock,
    namespace,
    onFault,
    forgetAccount: async (account) => {
      await removeArchivesOf(state, account)
      await removeSchemasOf(state, account)
      await removeSchedulesOf(state, account)
      await removeConnectionsOf(state, account)
    },
  })
  const routing = createReaderMark()
  const tenancy = createTenancy({
    ...parts,
    clock,
    ids,
    wiring,
    namespace,
    urlRefusal: (url) => outbound.refusalOf(url),
    routed: (signal) => routing.reached(log.lastSequence(), signal),
    awsOrganizations: createAwsOrganizations(outbound, env),
    providers: createOpenIdProviders(outbound, clock),
  })
  const hasBusesOf = async (account: AccountId) =>
    (await tenancy.directory.accountByAwsId(account)) !== undefined
  return { tenancy, accounts, wiring, routing, hasBusesOf }
}

/** What is configured on event buses, and who may. */
function openBuses(
  parts: Pick<TenancyPorts, 'onFault'> & Pick<PipelineParts, 'store' | 'log' | 'tenancy'>,
  { namespace, quotas }: Config,
) {
  const { store, log, onFault, tenancy } = parts
  const { state, eventArchive } = store
  const access = createBusAccess({
    state,
    awsOrganizationIdOf: async (account) => {
      const known = await tenancy.directory.accountByAwsId(account)
      return known && awsOrganizationId(known.organisationId)
    },
  })
  const offeredSources = createOfferedSources({
    state,
    clock,
    namespace,
    tenancySourcesOf: tenancy.eventSources.offeredTo,
  })
  return {
    access,
    offeredSources,
    partnerSources: createPartnerSources({ state, clock, namespace, onFault }),
    eventBuses: createEventBuses({ state, clock, quotas, partnerBuses: offeredSources }),
    permissions: createPermissions({ state, clock, quotas }),
    tags: createResourceTags(state, quotas),
    rules: createRules({ state, clock, quotas }),
    archives: createArchives({ state, clock, ids, log, eventArchive, quotas }),
    replays: createReplays({ state, clock, log }),
  }
}

function notReadyReason(stopping: AbortSignal, storeIsFull: boolean): string | undefined {
  if (stopping.aborted) return 'the hub is stopping'
  return storeIsFull ? new StoreFullFault().message : undefined
}

/** EventBridge's schema registries, with those that the hub provides. */
function openSchemas(state: State, { namespace }: Pick<Config, 'namespace'>): RestService {
  const provided = new Map(
    [AWS_EVENTS, tenancyEvents(namespace)].map((registry) => [registry.name, registry]),
  )
  return createSchemasService({
    provided,
    registries: createRegistries({ state, ids, provided }),
    schemas: createSchemas({ state, clock, provided }),
    discoverers: createDiscoverers(state),
    resourceTags: createSchemaTags(state),
  })
}

/** What fires by the clock. */
async function startSchedules(ports: SchedulerTimerPorts, signal: AbortSignal): Promise<void> {
  const { state, observer } = ports
  const owners = { [RULE_TIMERS]: createScheduledRules(ports), ...createSchedulerTimers(ports) }
  return fireSchedules({ state, clock, observer, owners }, signal)
}

/** The AWS profiles of the data folder, from now on as the tenancy is. */
async function keepProfiles(
  ports: Parameters<typeof createAwsProfiles>[0],
  onFault: (error: unknown) => void,
): Promise<() => void> {
  const profiles = createAwsProfiles(ports)
  await profiles.refresh()
  return profiles.follow(onFault)
}

async function endRequests(server: Awaited<ReturnType<typeof createServer>>): Promise<void> {
  const cut = setTimeout(() => server.server.closeAllConnections(), REQUESTS_END_WITHIN_MS)
  await server.close()
  clearTimeout(cut)
}

function urlOf(host: string, { port }: AddressInfo): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

interface PipelineParts {
  readonly config: Pick<Config, 'namespace' | 'historyDays'>
  readonly store: Store
  readonly log: EventLog
  readonly observer: Observer
  readonly outbound: Outbound
  readonly tenancy: Tenancy
  readonly busExists: (busArn: string) => Promise<boolean>
  readonly hasBusesOf: (account: AccountId) => Promise<boolean>
  readonly places: TargetPlaces
  readonly ruleTable: RuleTable
  readonly buses: ReturnType<typeof openBuses>
  readonly routing: ReaderMark
  readonly trail: Trail | undefined
  readonly connecting: ConnectionParts
  readonly take: TakeAlert
}

/** record -> enrich -> route -> deliver; accept is the doors'. */
function startPipeline(parts: PipelineParts, signal: AbortSignal) {
  const { config, store, log, observer, tenancy, ruleTable, routing } = parts
  const { cursors, queue, eventIndex, history, volume, outgoingLetters: letters } = store
  const { trail } = parts
  const { aws } = parts.places
  const eventIds = createEventIds(config.namespace)
  const currentTarget = async (arn: string, id: string) =>
    (await ruleTable.targetOf(arn, id)) ?? currentRecipient(store.state, arn)
  const letterSender =
    aws && sendDeadLetters({ letters, aws, clock, ids, observer, currentTarget }, signal)
  const { webhookSigner } = tenancy
  const targetParts = { ...parts, clock, access: parts.buses.access, webhookSigner }
  const dispatcher = new Dispatcher(
    {
      log,
      queue,
      clock,
      ids,
      observer,
      targetKindOf: createTargetKinds(targetParts),
      currentTarget,
      ...(letterSender !== undefined && { onLetter: () => letterSender.wake() }),
    },
    signal,
  )
  const forReplay = createReplayFilter(store.state)
  const matchingRules = async (event: RecordedEvent) =>
    forReplay(event, await ruleTable.matching(event))
  const stages = [
    enrich(
      {
        log,
        cursors,
        directory: tenancy.directory,
        clock,
        observer,
        eventSourcesOf: tenancy.eventSources.activeOf,
      },
      signal,
    ),
    indexEvents({ log, cursors, index: eventIndex, observer, ids: eventIds }, signal),
    discover({ log, cursors, state: store.state, clock, observer, ruleTable }, signal),
    route(
      {
        log,
        cursors,
        queue,
        clock,
        observer,
        matchingRules,
        onRouted: (routed) => dispatcher.offer(routed),
        onPassed: (sequence) => routing.passed(sequence),
      },
      signal,
    ),
    ...startArchives(parts, dispatcher, signal),
  ]
  const counting = countVolume(
    { log, cursors, volume, clock, observer, keepDays: config.historyDays, matchingRules },
    signal,
  )
  const retention = keepHistoryShort(
    {
      history,
      clock,
      observer,
      keepDays: config.historyDays,
      ...(trail !== undefined && { readTo: () => trail.readTo() }),
    },
    signal,
  )
  return {
    redriven: (deliveries: readonly Delivery[]) =>
      dispatcher.offer(deliveries.map((delivery) => ({ delivery }))),
    lookUps: {
      search: { log, history, queue },
      volume,
      finder: createEventFinder({ log, cursors, index: eventIndex, ids: eventIds }),
      trace: {
        queue,
        rulesOf: async (arn: string) => (await ruleTable.rulesOf(arn))?.all() ?? [],
        isRouted: async (position: LogPosition) => routing.hasPassed(sequenceOf(position)),
      },
    },
    drained: Promise.all([
      ...stages,
      counting,
      retention,
      dispatcher.drained,
      letterSender?.drained,
    ]),
  }
}

/** Archives and replays: readers and writers of the log that stand beside the way. */
function startArchives(
  { store, log, observer, busExists, ruleTable, routing }: PipelineParts,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): readonly Promise<void>[] {
  const { cursors, eventArchive, state } = store
  const archiving = createReaderMark()
  return [
    archiveEvents(
      {
        log,
        cursors,
        state,
        eventArchive,
        clock,
        observer,
        archivesOf: async (bus) => {
          const rules = await ruleTable.rulesOf(bus)
          return (eventJson) => rules?.matchArchives(eventJson) ?? []
        },
        onPassed: (sequence) => archiving.passed(sequence),
      },
      signal,
    ),
    keepRetention({ state, eventArchive, clock, observer }, signal),
    replayEvents(
      {
        state,
        log,
        eventArchive,
        clock,
        observer,
        busExists,
        archived: (sequence, until) => archiving.reached(sequence, until),
        routed: (sequence, until) => routing.reached(sequence, until),
        targetsAreBehind: ({ destinationArn }) => {
          const bus = parseBusArn(destinationArn)
          return bus !== undefined && dispatcher.isBehind(ruleArn(bus, ''))
        },
      },
      signal,
    ),
  ]
}
