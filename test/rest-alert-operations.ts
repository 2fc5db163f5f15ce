import { setTimeout as sleep } from 'node:timers/promises'

import { importFiles } from './cost-calls.ts'
import { ACCOUNTS } from './organisation.ts'
import { EVERYONE, get, list, of, operation, pathOf } from './rest-operation.ts'
import type { RestOperation, Role } from './rest-operation.ts'
import {
  incident,
  keptNotification,
  narrowedUser,
  newBudget,
  newBundle,
  newChannel,
  newCostImport,
  newCostSource,
  newException,
  newInhibition,
  newNotification,
  newSilence,
  newSpikeDetector,
  newView,
} from './rest-world.ts'
import type { World } from './rest-world.ts'

const CHANNEL_WRITERS: readonly Role[] = ['costadmin', 'operations', 'admin']
const INCIDENT_HANDLERS: readonly Role[] = ['costadmin', 'user', 'operations', 'admin']
const COST_ADMINS: readonly Role[] = ['costadmin', 'admin']

const notification = async (world: World) =>
  `/notifications/${(await keptNotification(world)).notificationId}`
const channel = async (world: World) => `/channels/${(await keptNotification(world)).channelId}`
const view = (world: World) => pathOf(world, '/views', newView(world))
const budget = (world: World) => pathOf(world, '/budgets', newBudget(world))
const detector = (world: World) => pathOf(world, '/spike-detectors', newSpikeDetector(world))
const exception = (world: World) => pathOf(world, '/compliance/exceptions', newException(world))
const costImport = (world: World) => pathOf(world, '/cost-imports', newCostImport(world))
const costSource = (world: World) => pathOf(world, '/cost-sources', newCostSource(world))
/** Whose first read has ended. */
const readSource = async (world: World) => {
  const path = await costSource(world)
  for (;;) {
    const { last } = (await world.hub.rest('GET', path)).body
    if (last?.endedAt !== undefined) return path
    await sleep(20)
  }
}
const failedImport = async (world: World) => {
  const path = await costImport(world)
  await world.hub.rest('DELETE', path)
  return path
}
const FOCUS_CSV = `BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory,BillingAccountId,ServiceName,ProviderName
1,1,USD,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,Usage,1,EC2,AWS
`
const costPeriod = async (world: World) => {
  const { organisationId, exportName } = newCostImport(world)
  const files = { 'a.csv': Buffer.from(FOCUS_CSV) }
  await importFiles(world.hub, { organisationId, exportName }, files)
  return `/cost-periods/2026-01?${of(world)}&exportName=${exportName}`
}

/** Operations on costs, compliance, and who is told of them. */
export const ALERT_OPERATIONS: readonly RestOperation[] = [
  list('/views'),
  get('/views/{id}', view),
  get('/views/{id}/costs', async (world) => `${await view(world)}/costs`),
  operation('POST /views/{id}/explain', EVERYONE, 200, async (world) => [
    `${await view(world)}/explain`,
    { accountId: ACCOUNTS.MEMBER },
  ]),
  operation('POST /views', COST_ADMINS, 201, (world) => ['/views', newView(world)]),
  operation('PATCH /views/{id}', COST_ADMINS, 200, async (world) => [
    await view(world),
    { name: `renamed-${world.next()}` },
  ]),
  operation('DELETE /views/{id}', COST_ADMINS, 204, async (world) => [await view(world)]),

  ...(
    [
      ['/budgets', budget, newBudget],
      ['/spike-detectors', detector, newSpikeDetector],
    ] as const
  ).flatMap(([things, one, given]) => [
    list(things),
    get(`${things}/{id}`, one),
    operation(`POST ${things}`, COST_ADMINS, 201, (world) => [things, given(world)]),
    operation(`PATCH ${things}/{id}`, COST_ADMINS, 200, async (world) => [
      await one(world),
      { name: `renamed-${world.next()}` },
    ]),
    operation(`DELETE ${things}/{id}`, COST_ADMINS, 204, async (world) => [await one(world)]),
  ]),
  get('/budgets/{id}/status', async (world) => `${await budget(world)}/status`),
  list('/budget-statuses'),
  operation('POST /spike-detectors/{id}/backtest', EVERYONE, 200, async (world) => {
    await costPeriod(world)
    return [`${await detector(world)}/backtest`, {}]
  }),
  list('/cost-imports'),
  get('/cost-imports/{id}', costImport),
  operation('POST /cost-imports', COST_ADMINS, 201, (world) => [
    '/cost-imports',
    newCostImport(world),
  ]),
  operation('DELETE /cost-imports/{id}', COST_ADMINS, 204, async (world) => [
    await costImport(world),
  ]),
  {
    ...operation('PUT /cost-imports/{id}/files/{name}', COST_ADMINS, 409, async (world) => [
      `${await failedImport(world)}/files/a.csv?offset=0`,
      {},
    ]),
    conflict: 'cost-import.not-uploading',
  },
  {
    ...operation('POST /cost-imports/{id}/start', COST_ADMINS, 409, async (world) => [
      `${await costImport(world)}/start`,
    ]),
    conflict: 'cost-import.empty',
  },
  list('/cost-sources'),
  get('/cost-sources/{id}', costSource),
  operation('POST /cost-sources', COST_ADMINS, 201, (world) => [
    '/cost-sources',
    newCostSource(world),
  ]),
  operation('PATCH /cost-sources/{id}', COST_ADMINS, 200, async (world) => [
    await costSource(world),
    { readEveryHours: 12 },
  ]),
  operation('DELETE /cost-sources/{id}', COST_ADMINS, 204, async (world) => [
    await costSource(world),
  ]),
  operation('POST /cost-sources/{id}/read', COST_ADMINS, 202, async (world) => [
    `${await readSource(world)}/read`,
  ]),
  list('/cost-periods'),
  operation('DELETE /cost-periods/{month}', COST_ADMINS, 204, async (world) => [
    await costPeriod(world),
  ]),
  get('/cost-sums', (world) => `/cost-sums?${of(world)}&from=2026-01-01&to=2026-01-31`),
  list('/channels'),
  get('/channels/{id}', channel),
  operation('POST /channels', CHANNEL_WRITERS, 201, (world) => ['/channels', newChannel(world)]),
  operation('PATCH /channels/{id}', CHANNEL_WRITERS, 200, async (world) => [
    await channel(world),
    { name: `channel-${world.next()}` },
  ]),
  operation('POST /channels/{id}/test', CHANNEL_WRITERS, 200, async (world) => [
    `${await channel(world)}/test`,
    {},
  ]),
  operation('POST /channels/{id}/secret/rotate', CHANNEL_WRITERS, 200, async (world) => [
    `${await channel(world)}/secret/rotate`,
    { overlapHours: 0 },
  ]),
  operation('DELETE /channels/{id}/secret/previous', CHANNEL_WRITERS, 204, async (world) => {
    const path = `${await channel(world)}/secret`
    // Ends an overlap that another call began: the next would be refused.
    await world.hub.rest('POST', `${path}/rotate`, { overlapHours: 0 })
    await world.hub.rest('POST', `${path}/rotate`, {})
    return [`${path}/previous`]
  }),
  list('/notifications'),
  get('/notifications/{id}', notification),
  operation('POST /notifications', CHANNEL_WRITERS, 201, async (world) => [
    '/notifications',
    await newNotification(world),
  ]),
  operation('PATCH /notifications/{id}', CHANNEL_WRITERS, 200, async (world) => [
    await notification(world),
    { enabled: true, repeatHours: 1 + (world.next() % 720) },
  ]),
  operation('DELETE /notifications/{id}', CHANNEL_WRITERS, 204, async (world) => [
    await pathOf(world, '/notifications', await newNotification(world)),
  ]),
  {
    ...operation('POST /notifications/{id}/resubscribe', CHANNEL_WRITERS, 409, async (world) => [
      `${await notification(world)}/resubscribe`,
      { email: 'never-left@example.com' },
    ]),
    conflict: 'notification.not-unsubscribed',
  },
  operation('POST /notifications/hearers', EVERYONE, 200, async ({ hub, organisationId }) => [
    '/notifications/hearers',
    { organisationId, event: (await hub.rest('GET', '/catalogue/CostSpikeEvent')).body.example },
  ]),
  get('/notification-ledger', (world) => `/notification-ledger?${of(world)}`),
  get('/incidents', (world) => `/incidents?${of(world)}`),
  get('/incidents/{id}', incident),
  get('/incidents/{id}/alerts', async (world) => `${await incident(world)}/alerts`),
  operation('POST /incidents/{id}/acknowledge', INCIDENT_HANDLERS, 200, async (world) => [
    `${await incident(world)}/acknowledge`,
  ]),
  operation('POST /incidents/{id}/resolve', INCIDENT_HANDLERS, 200, async (world) => [
    `${await incident(world)}/resolve`,
  ]),
  operation('POST /incidents/{id}/snooze', INCIDENT_HANDLERS, 200, async (world) => [
    `${await incident(world)}/snooze`,
    { until: Date.now() + 3_600_000 },
  ]),
  get('/users/{id}/default-segment', narrowedUser),
  operation('PUT /users/{id}/default-segment', CHANNEL_WRITERS, 200, async (world) => {
    const path = await narrowedUser(world)
    return [path, (await world.hub.rest('GET', path)).body]
  }),
  operation('DELETE /users/{id}/default-segment', CHANNEL_WRITERS, 204, async (world) => [
    await narrowedUser(world),
  ]),
  list('/silences'),
  operation('POST /silences', CHANNEL_WRITERS, 201, (world) => ['/silences', newSilence(world)]),
  operation('DELETE /silences/{id}', CHANNEL_WRITERS, 204, async (world) => [
    await pathOf(world, '/silences', newSilence(world)),
  ]),
  list('/inhibitions'),
  operation('POST /inhibitions', CHANNEL_WRITERS, 201, (world) => [
    '/inhibitions',
    newInhibition(world),
  ]),
  operation('DELETE /inhibitions/{id}', CHANNEL_WRITERS, 204, async (world) => [
    await pathOf(world, '/inhibitions', newInhibition(world)),
  ]),
  operation('DELETE /channels/{id}', CHANNEL_WRITERS, 204, async (world) => [
    await pathOf(world, '/channels', newChannel(world)),
  ]),
  list('/compliance/checked-rules'),
  get('/compliance/rules', (world) => `/compliance/rules?${of(world)}`),
  get('/compliance/bundles', (world) => `/compliance/bundles?${of(world)}`),
  get('/compliance/bundles/{name}', (world) => `/compliance/bundles/tagging?${of(world)}`),
  operation('POST /compliance/bundles', COST_ADMINS, 201, (world) => [
    '/compliance/bundles',
    newBundle(world),
  ]),
  operation('PUT /compliance/bundles/{name}', COST_ADMINS, 200, ({ organisationId }) => [
    '/compliance/bundles/tagging',
    { organisationId, enabled: true },
  ]),
  operation('DELETE /compliance/bundles/{name}', COST_ADMINS, 204, async (world) => {
    const { name } = await world.made('/compliance/bundles', newBundle(world))
    return [`/compliance/bundles/${name}?${of(world)}`]
  }),
  operation('POST /compliance/imports', COST_ADMINS, 200, ({ organisationId }) => [
    '/compliance/imports',
    { organisationId, document: [] },
  ]),
  operation('POST /compliance/tag-policies', COST_ADMINS, 201, ({ organisationId, next }) => [
    '/compliance/tag-policies',
    { organisationId, name: `tags-${next()}`, policies: ['{"tags":{"owner":{}}}'] },
  ]),
  list('/compliance/exceptions'),
  get('/compliance/exceptions/{id}', exception),
  operation('POST /compliance/exceptions', COST_ADMINS, 201, (world) => [
    '/compliance/exceptions',
    newException(world),
  ]),
  operation('DELETE /compliance/exceptions/{id}', COST_ADMINS, 204, async (world) => [
    await exception(world),
  ]),
]
