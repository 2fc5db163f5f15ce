import type { ConnectionParts } from '#src/connections/connection-parts.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import { CHANNELS } from '#src/notifications/channels/documents.ts'
import { createChannelParts } from '#src/notifications/channels/channel-parts.ts'
import type { ChannelParts } from '#src/notifications/channels/channel-parts.ts'
import { createDefaultSegments } from '#src/notifications/default-segments.ts'
import { createHearers } from '#src/notifications/hearers.ts'
import { createIncidentLinks } from '#src/notifications/incident-links.ts'
import type { IncidentLinks } from '#src/notifications/incident-links.ts'
import { createIncidents } from '#src/notifications/incidents.ts'
import { createInhibitions } from '#src/notifications/inhibitions.ts'
import { keepNotificationRules } from '#src/notifications/keeping.ts'
import { createNotifications } from '#src/notifications/notifications.ts'
import { createReaderTurns } from '#src/notifications/readers.ts'
import { keepNotificationsShort } from '#src/notifications/retention.ts'
import { sendNotifications } from '#src/notifications/sender.ts'
import { createSilences } from '#src/notifications/silences.ts'
import { createSlackPresses } from '#src/notifications/slack-presses.ts'
import type { SlackPresses } from '#src/notifications/slack-presses.ts'
import { createTaking } from '#src/notifications/taking.ts'
import type { Taking } from '#src/notifications/taking.ts'
import { createUnsubscribeLinks } from '#src/notifications/unsubscribe-links.ts'
import type { UnsubscribeLinks } from '#src/notifications/unsubscribe-links.ts'
import { createUnsubscribing } from '#src/notifications/unsubscribing.ts'
import type { Observer } from '#src/ports/observer.ts'
import type { OutboundConnections } from '#src/ports/outbound.ts'
import { patiently } from '#src/ports/patiently.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import type { NotificationRoutePorts } from '#src/api/rest/notification-routes.ts'
import { VIEWS } from '#src/views/view-documents.ts'
import type { MailConfig } from '#src/config/mail-config.ts'
import { openMailServer } from './mail-server.ts'

type LinkedIncident = Parameters<IncidentLinks['linksOf']>[0]
type ChannelPorts = Parameters<typeof createChannelParts>[0]

interface NotificationPorts extends Omit<
  ChannelPorts,
  'mail' | 'outbound' | 'actions' | 'urlRefusal'
> {
  readonly tenancy: Pick<Tenancy, 'actions' | 'directory'>
  readonly connecting: Pick<ConnectionParts, 'endpointRefusal'>
  readonly outbound: ChannelPorts['outbound'] & OutboundConnections
  readonly observer: Observer
}

interface NotificationSettings {
  readonly namespace: EventNamespace
  readonly mail?: MailConfig
  /** Whether readers of letters reach the hub by its URL. */
  readonly isPublic: boolean
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What reaches people. */
export interface NotificationParts extends Pick<ChannelParts, 'channels'>, Pick<Taking, 'take'> {
  readonly notifying: Omit<NotificationRoutePorts, 'directory'> & {
    readonly incidentLinks: IncidentLinks
    readonly unsubscribeLinks: UnsubscribeLinks
    readonly slackPresses: SlackPresses
  }
  /** Tells people, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

/** Puts together what reaches people: channels, notifications, and the operator's mail server. */
export function openNotifications(
  { tenancy, connecting, ...ports }: NotificationPorts,
  { mail, namespace, isPublic, env }: NotificationSettings,
): NotificationParts {
  const { state, clock, ids, observer, vault, publicUrl } = ports
  const { actions } = tenancy
  const { channels, opener } = createChannelParts({
    ...ports,
    actions,
    // Secrets go over TLS alone, as credentials of connections do.
    urlRefusal: connecting.endpointRefusal,
    mail: openMailServer(mail, ports.outbound, env),
  })
  const hasView = async (organisationId: string, viewId: string, segmentId?: string) => {
    const view = await state.get(VIEWS.things, viewId)
    if (view?.organisationId !== organisationId) return false
    return segmentId === undefined || view.segments.some(({ id }) => id === segmentId)
  }
  const notifications = createNotifications({
    state,
    clock,
    ids,
    actions,
    namespace,
    hasView,
    hasChannel: async (organisationId, channelId) =>
      (await state.get(CHANNELS, channelId))?.organisationId === organisationId,
  })
  const incidentLinks = createIncidentLinks({ vault, clock }, publicUrl)
  const unsubscribeLinks = createUnsubscribeLinks(vault, publicUrl)
  const incidents = createIncidents({ state, actions })
  const taking = createTaking({ state, clock, ids, namespace })
  const silencing = { state, clock, ids, actions }
  const inhibitions = createInhibitions({ ...silencing, taking })
  const sending = {
    state,
    clock,
    ids,
    observer,
    channels: opener,
    turns: createReaderTurns(),
    linksOf: (incident: LinkedIncident) => incidentLinks.linksOf(incident),
    ...(isPublic && {
      unsubscribeUrlFor: (notificationId: string, email: string) =>
        unsubscribeLinks.urlFor(notificationId, email),
    }),
  }
  return {
    channels,
    take: (notificationId, event) => taking.take(notificationId, event),
    notifying: {
      state,
      notifications,
      incidentLinks,
      unsubscribeLinks,
      unsubscribing: createUnsubscribing({ state, actions }),
      silences: createSilences(silencing),
      inhibitions,
      incidents,
      slackPresses: createSlackPresses({
        ...ports,
        incidents,
        urlRefusal: connecting.endpointRefusal,
      }),
      hearers: createHearers({ state, clock, namespace, channels: opener }),
      defaultSegments: createDefaultSegments({ state, actions, hasView }),
    },
    run: async (signal) => {
      const onFault = (error: unknown) => observer.stageFaulted('notify', error)
      await patiently(() => inhibitions.finish(), onFault, signal)
      await Promise.all([
        keepNotificationRules({ state, observer, notifications }, signal),
        sendNotifications(sending, signal),
        keepNotificationsShort({ state, clock, ids, observer }, signal),
      ])
    },
  }
}
