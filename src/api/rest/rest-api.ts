import swagger from '@fastify/swagger'
import type { FastifyInstance, FastifyRequest } from 'fastify'

import type { Rules } from '#src/buses/rules.ts'
import type { Bundles } from '#src/compliance/bundles.ts'
import type { EnabledRules } from '#src/compliance/enabled-rules.ts'
import type { Scores } from '#src/compliance/scores.ts'
import type { Exceptions } from '#src/compliance/exceptions.ts'
import type { Findings } from '#src/compliance/findings.ts'
import type { Imports } from '#src/compliance/imports.ts'
import type { Costs } from '#src/costs/costs.ts'
import type { TagPolicyImports } from '#src/compliance/tag-policies.ts'
import { RestError } from '#src/errors.ts'
import type { SearchPorts } from '#src/history/search.ts'
import type { TracePorts } from '#src/history/trace.ts'
import type { EventFinder } from '#src/event-index/event-finder.ts'
import { Actor } from '#src/model/actor.ts'
import { AwsOrganizationSettings } from '#src/model/aws-organization.ts'
import { Budget, BudgetStatus, SpikeDetector } from '#src/model/budget.ts'
import { CostImport, CostPeriodText } from '#src/model/cost-import.ts'
import { ComplianceBundle, ImportReport, TagPolicyImport } from '#src/model/compliance-bundle.ts'
import { ComplianceException } from '#src/model/compliance-exception.ts'
import { CostSource } from '#src/model/cost-source.ts'
import { EmittedEvent } from '#src/model/emitted-event.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import { EventSource } from '#src/model/event-source.ts'
import { CheckRule, ComplianceRule, ComplianceScore, Finding } from '#src/model/finding.ts'
import { RoleDescription } from '#src/model/role.ts'
import { ServiceState } from '#src/model/service-state.ts'
import { Task } from '#src/model/task.ts'
import {
  Account,
  AccountType,
  ApiToken,
  Customer,
  Group,
  IngestKey,
  Organisation,
  OrganisationalUnit,
  User,
} from '#src/model/tenancy.ts'
import { View } from '#src/model/view.ts'
import { Channel, ChannelTest } from '#src/model/channel.ts'
import { WebhookSecret } from '#src/model/webhook-secret.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { EventVolume } from '#src/ports/event-volume.ts'
import type { Channels } from '#src/notifications/channels/channels.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import { lazyValidators } from '../lazy-compilers.ts'
import type { SignatureCheck } from '../signature/signature-check.ts'
import { addEventStream } from '../stream/event-stream.ts'
import type { EventStreamPorts } from '../stream/event-stream.ts'
import { addAccountRoutes } from './account-routes.ts'
import { addAccountTypeRoutes } from './account-type-routes.ts'
import { addApiTokenRoutes } from './api-token-routes.ts'
import { addBacktestRoute } from './backtest-routes.ts'
import { addBudgetRoutes, addSpikeDetectorRoutes } from './budget-routes.ts'
import type { BudgetRoutePorts } from './budget-routes.ts'
import { createCallerOf, createStillCalls } from './caller.ts'
import { addChannelRoutes } from './channel-routes.ts'
import { CATALOGUE_SCHEMAS, addCatalogueRoutes } from './catalogue-routes.ts'
import { addCostRoutes } from './cost-routes.ts'
import {
  addComplianceBundleRoutes,
  addComplianceImportRoute,
  addTagPolicyRoute,
} from './compliance-bundle-routes.ts'
import { addComplianceExceptionRoutes } from './compliance-exception-routes.ts'
import { addCostSourceRoutes } from './cost-source-routes.ts'
import { addComplianceRuleRoutes } from './compliance-rule-routes.ts'
import { addCustomerRoutes } from './customer-routes.ts'
import { DeadLetterSchema, addDeadLetterRoutes } from './dead-letter-routes.ts'
import type { DeadLetterPorts } from './dead-letter-routes.ts'
import { addDiscoveryRoutes } from './discovery-routes.ts'
import { FoundEventSchema, addEventRoutes } from './event-routes.ts'
import { addEventSearchRoute } from './event-search-routes.ts'
import { addEventSourceRoutes } from './event-source-routes.ts'
import { addFindingRoutes } from './finding-routes.ts'
import { addGroupRoutes } from './group-routes.ts'
import { addIngestKeyRoutes } from './ingest-key-routes.ts'
import { NOTIFICATION_SCHEMAS, addNotificationRoutes } from './notification-routes.ts'
import type { NotificationRoutePorts } from './notification-routes.ts'
import { addOrganisationRoutes } from './organisation-routes.ts'
import { addOrganisationalUnitRoutes } from './organisational-unit-routes.ts'
import { addRoleRoutes } from './role-routes.ts'
import { Fault, createAddRoute } from './route.ts'
import type { AddRoute } from './route.ts'
import { addSecondFactorRoutes } from './second-factor-routes.ts'
import { addServiceRoutes } from './service-routes.ts'
import { addSessionRoutes } from './session-routes.ts'
import { addSignInRoutes } from './sign-in-routes.ts'
import { addTargetPreviewRoutes } from './target-preview-routes.ts'
import { addTaskRoutes } from './task-routes.ts'
import { addTenancyEventRoutes } from './tenancy-event-routes.ts'
import { TraceSchema, TracedDeliverySchema, addTraceRoutes } from './trace-routes.ts'
import { TrailStatusSchema, addTrailRoutes } from './trail-routes.ts'
import type { TrailPorts } from './trail-routes.ts'
import { addPasswordRoute, addUserRoutes, addUserSignInRoutes } from './user-routes.ts'
import { addViewRoutes } from './view-routes.ts'
import type { ViewRoutePorts } from './view-routes.ts'
import { addVolumeRoute } from './volume-routes.ts'
import { addWebhookSecretRoutes } from './webhook-secret-routes.ts'

/** What compliance is asked by the API. */
export interface CompliancePorts {
  readonly findings: Findings
  readonly exceptions: Exceptions
  readonly bundles: Bundles
  readonly rules: EnabledRules
  readonly scores: Scores
  readonly imports: Imports
  readonly tagPolicies: TagPolicyImports
}

export interface RestApiPorts {
  readonly tenancy: Tenancy
  readonly channels: Channels
  readonly checkSignature: SignatureCheck
  readonly clock: Clock
  readonly deadLetters: DeadLetterPorts
  readonly finder: EventFinder
  readonly trace: TracePorts
  readonly search: SearchPorts
  readonly volume: EventVolume
  readonly rules: Rules
  readonly costing: Omit<ViewRoutePorts, 'clock'> & BudgetRoutePorts
  readonly compliance: CompliancePorts
  readonly costs: Pick<Costs, 'imports' | 'sources'>
  readonly trail: Omit<TrailPorts, 'callerOf'>
  readonly notifying: Omit<NotificationRoutePorts, 'directory'>
  readonly namespace: EventNamespace
  readonly stream: Omit<EventStreamPorts, 'callerOf' | 'stillCalls'>
  readonly version: string
}

export const API_PREFIX = '/api/v1'

/** What answers refer to by name. */
const SCHEMAS = [
  Fault,
  Customer,
  Organisation,
  OrganisationalUnit,
  AccountType,
  Account,
  User,
  Group,
  ApiToken,
  IngestKey,
  ServiceState,
  Task,
  AwsOrganizationSettings,
  RoleDescription,
  EventSource,
  WebhookSecret,
  View,
  Channel,
  ChannelTest,
  ...NOTIFICATION_SCHEMAS,
  Budget,
  BudgetStatus,
  SpikeDetector,
  CostImport,
  CostPeriodText,
  Finding,
  CheckRule,
  ComplianceRule,
  ComplianceScore,
  ComplianceException,
  ComplianceBundle,
  ImportReport,
  CostSource,
  TagPolicyImport,
  ...CATALOGUE_SCHEMAS,
  EmittedEvent,
  DeadLetterSchema,
  TrailStatusSchema,
  Actor,
  FoundEventSchema,
  TracedDeliverySchema,
  TraceSchema,
]

/** Everything below `/api/v1`. */
export async function addRestApi(app: FastifyInstance, ports: RestApiPorts): Promise<void> {
  app.setValidatorCompiler(lazyValidators(app))
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done) => {
      request.rawBody = body
      parseJson(body, done)
    },
  )
  // Parts of files that are uploaded.
  app.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done) => {
      request.rawBody = body
      done(null, body)
    },
  )
  await app.register(swagger, {
    openapi: openApi(ports.version),
    refResolver: namedSchemas,
    transform: ({ schema, url, route }) => ({
      schema: { ...schema, operationId: operationId(String(route.method), url) },
      url,
    }),
  })
  for (const schema of SCHEMAS) app.addSchema(schema)
  const { sessions } = ports.tenancy
  const callerOf = createCallerOf(ports.checkSignature, sessions)
  const stillCalls = createStillCalls(ports.checkSignature, sessions)
  const add = createAddRoute(app, callerOf)
  addTenancyRoutes(app, add, ports.tenancy)
  addChannelRoutes(add, ports.channels)
  addNotificationRoutes(add, { ...ports.notifying, directory: ports.stream.directory })
  addCatalogueRoutes(add, ports.namespace)
  addTenancyEventRoutes(app, callerOf, ports.tenancy.emittedEvents)
  addViewRoutes(add, { ...ports.costing, clock: ports.clock })
  addBudgetRoutes(add, ports.costing)
  addSpikeDetectorRoutes(add, ports.costing)
  addDeadLetterRoutes(add, ports.deadLetters)
  addTrailRoutes(app, add, { ...ports.trail, callerOf })
  const { finder, namespace, trace, search, rules, clock } = ports
  const { directory, stopping, onFault } = ports.stream
  const eventPorts = { finder, namespace, directory, callerOf }
  addEventRoutes(app, eventPorts)
  addEventSearchRoute(app, { ...eventPorts, search, clock })
  addTraceRoutes(add, { finder, trace, directory, state: ports.notifying.state })
  addVolumeRoute(add, { volume: ports.volume, directory, clock })
  addBacktestRoute(app, { scan: search, directory, clock, callerOf, stopping, onFault })
  addCostRoutes(add, ports.costs.imports)
  addCostSourceRoutes(add, ports.costs.sources)
  addComplianceRoutes(add, ports.compliance)
  addTargetPreviewRoutes(add, { rules, finder, directory, clock })
  addEventStream(app, { ...ports.stream, callerOf, stillCalls })
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}

function addTenancyRoutes(app: FastifyInstance, add: AddRoute, tenancy: Tenancy): void {
  addSessionRoutes(app, add, tenancy)
  addSecondFactorRoutes(add, tenancy)
  addPasswordRoute(add, tenancy)
  addSignInRoutes(add, tenancy)
  addCustomerRoutes(add, tenancy)
  addOrganisationRoutes(add, tenancy)
  addOrganisationalUnitRoutes(add, tenancy)
  addAccountTypeRoutes(add, tenancy)
  addAccountRoutes(add, tenancy)
  addDiscoveryRoutes(add, tenancy)
  addRoleRoutes(add)
  addUserRoutes(add, tenancy)
  addUserSignInRoutes(add, tenancy)
  addGroupRoutes(add, tenancy)
  addApiTokenRoutes(add, tenancy.apiTokens)
  addIngestKeyRoutes(add, tenancy.ingestKeys)
  addServiceRoutes(add, tenancy)
  addEventSourceRoutes(add, tenancy.eventSources)
  addWebhookSecretRoutes(add, tenancy.webhookSecrets)
  addTaskRoutes(add, tenancy)
}

function addComplianceRoutes(add: AddRoute, compliance: CompliancePorts): void {
  addFindingRoutes(add, compliance.findings)
  addComplianceExceptionRoutes(add, compliance.exceptions)
  addComplianceBundleRoutes(add, compliance.bundles)
  addComplianceImportRoute(add, compliance.imports)
  addComplianceRuleRoutes(add, compliance)
  addTagPolicyRoute(add, compliance.tagPolicies)
}

function parseJson(body: Buffer, done: (error: Error | null, value?: unknown) => void): void {
  try {
    done(null, body.length === 0 ? undefined : JSON.parse(body.toString('utf8')))
  } catch {
    done(new RestError(400, 'request.malformed', 'the body is not valid JSON'))
  }
}

/** What programs call an operation, such as `postViewsIdExplain`. */
function operationId(method: string, url: string): string {
  const words = url.replace(API_PREFIX, '').split(/[^a-z]+/i)
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  return method.toLowerCase() + name
}

const namedSchemas = {
  buildLocalReference: (
    schema: { $id?: unknown },
    _base: unknown,
    _fragment: string,
    index: number,
  ) => (typeof schema.$id === 'string' ? schema.$id : `schema-${index}`),
}

function openApi(version: string) {
  return {
    openapi: '3.1.0' as const,
    info: {
      title: 'Belfry',
      version,
      description:
        'What Belfry does beside the Amazon EventBridge API, over which events, event buses, rules and targets travel (at "/"). A request that has something that is not described is refused; an answer may get more members in a later version.',
    },
    components: {
      securitySchemes: {
        session: { type: 'http' as const, scheme: 'bearer', description: 'From POST /sessions' },
        apiToken: {
          type: 'apiKey' as const,
          in: 'header' as const,
          name: 'Authorization',
          description: 'AWS Signature Version 4 with an API token, service "belfry", any region',
        },
      },
    },
    security: [{ session: [] }, { apiToken: [] }],
  }
}
