import type { ConnectionParts } from '#src/connections/connection-parts.ts'
import { createChannelParts } from '#src/notifications/channels/channel-parts.ts'
import type { ChannelParts } from '#src/notifications/channels/channel-parts.ts'
import type { OutboundConnections } from '#src/ports/outbound.ts'
import type { MailConfig } from './mail-config.ts'
import { openMailServer } from './mail-server.ts'

type ChannelPorts = Parameters<typeof createChannelParts>[0]

interface NotificationPorts extends Omit<
  ChannelPorts,
  'mail' | 'outbound' | 'actions' | 'urlRefusal'
> {
  readonly tenancy: Pick<ChannelPorts, 'actions'>
  readonly connecting: Pick<ConnectionParts, 'endpointRefusal'>
  readonly outbound: ChannelPorts['outbound'] & OutboundConnections
}

interface NotificationSettings {
  readonly mail?: MailConfig
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What reaches people, put together: the channels and the operator's mail server. */
export function openNotifications(
  { tenancy, connecting, ...ports }: NotificationPorts,
  { mail, env }: NotificationSettings,
): ChannelParts {
  return createChannelParts({
    ...ports,
    actions: tenancy.actions,
    // Secrets go over TLS alone, as credentials of connections do.
    urlRefusal: connecting.endpointRefusal,
    mail: openMailServer(mail, ports.outbound, env),
  })
}
