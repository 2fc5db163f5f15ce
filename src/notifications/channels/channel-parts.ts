import { createChannels } from './channels.ts'
import type { ChannelPorts, Channels } from './channels.ts'
import { createChannelOpener } from './opener.ts'
import type { ChannelOpener } from './sending.ts'

/** What there is of channels: for the door, and for who sends by them. */
export interface ChannelParts {
  readonly channels: Channels
  readonly opener: ChannelOpener
}

export function createChannelParts(
  ports: Omit<ChannelPorts, 'opener' | 'hasMailServer'>,
): ChannelParts {
  const opener = createChannelOpener(ports)
  const hasMailServer = ports.mail !== undefined
  return { opener, channels: createChannels({ ...ports, opener, hasMailServer }) }
}
