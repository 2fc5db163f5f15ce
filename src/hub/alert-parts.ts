import type { Config } from '#src/config/config.ts'
import { createComplianceParts } from './compliance-parts.ts'
import type { CompliancePorts } from './compliance-parts.ts'
import { createCostParts } from './cost-parts.ts'
import { openNotifications } from './notification-parts.ts'

type CostPorts = Parameters<typeof createCostParts>[0]
type NotificationPorts = Parameters<typeof openNotifications>[0]

type AlertPorts = CostPorts & {
  readonly outbound: Parameters<typeof createCostParts>[1]['outbound']
} & Omit<NotificationPorts, 'state'> &
  Omit<CompliancePorts, 'config' | 'segments' | 'state' | 'actions' | 'cursors'>

/** From costs and findings by way of alerts, which are events, to the people who are told. */
export function openAlerts(ports: AlertPorts, config: Config, env: NodeJS.ProcessEnv) {
  const { store, tenancy, outbound } = ports
  const { actions } = tenancy
  const costing = createCostParts(ports, { ...config, outbound, env })
  const compliance = createComplianceParts({
    ...store,
    ...ports,
    actions,
    config,
    segments: {
      segmentsOf: (organisationId, { awsAccountId = '', region, tags }) =>
        costing.viewTable.segmentsOf(organisationId, {
          accountId: awsAccountId,
          tags,
          ...(region !== undefined && { region }),
        }),
    },
  })
  const notifications = openNotifications(
    { ...store, ...ports },
    { ...config, env, isPublic: config.publicUrl !== undefined },
  )
  const { channels, notifying } = notifications
  return {
    /** Takes alerts in for notifications. */
    taking: notifications,
    doors: { costing, costs: costing.costs, compliance, channels, notifying },
    /** Checks and tells, until the signal aborts. */
    run: async (signal: AbortSignal): Promise<void> => {
      await Promise.all([costing.run(signal), compliance.run(signal), notifications.run(signal)])
    },
  }
}
