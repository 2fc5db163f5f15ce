import type { Mail } from '#src/ports/mail.ts'
import type { State } from '#src/ports/state.ts'
import { ORGANISATIONS } from '#src/tenancy/documents.ts'
import { organisationNumber } from '#src/tenancy/numbers.ts'
import type { Vault } from '#src/tenancy/vault.ts'
import { CHANNELS, sealedFor } from './documents.ts'
import type { StoredChannel } from './documents.ts'
import { openEmail } from './kinds/email.ts'
import { openPagerDuty } from './kinds/pagerduty.ts'
import { openSlackBot } from './kinds/slack-bot.ts'
import { openSlackWebhook } from './kinds/slack-webhook.ts'
import { openTeams } from './kinds/teams.ts'
import { openWebhook } from './kinds/webhook.ts'
import type { Client } from './kinds/webhook-bodies.ts'
import type { PostingPorts } from './posting.ts'
import type { ChannelOpener, OpenChannel, SendResult } from './sending.ts'
import type { WholeSettings } from './settings.ts'

export interface OpenerPorts extends PostingPorts {
  readonly state: State
  readonly vault: Vault
  /** Absent: the operator has configured none. */
  readonly mail: Mail | undefined
}

export function createChannelOpener(ports: OpenerPorts): ChannelOpener {
  const { state, vault } = ports
  return {
    open: async (organisationId, channelId) => {
      const channel = await state.get(CHANNELS, channelId)
      if (channel === undefined || channel.organisationId !== organisationId) return undefined
      const settings = openedSettings(vault, channel)
      if (settings === undefined) return UNREADABLE
      return opened(settings, ports, () => clientOf(state, organisationId))
    },
  }
}

/** The settings of a channel, or undefined where the hub's master key is another one by now. */
export function openedSettings(vault: Vault, channel: StoredChannel): WholeSettings | undefined {
  const text = vault.open(sealedFor(channel.id), channel.sealed)
  return text === undefined ? undefined : (JSON.parse(text) as WholeSettings)
}

async function opened(
  settings: WholeSettings,
  ports: OpenerPorts,
  client: () => Promise<Client>,
): Promise<OpenChannel> {
  switch (settings.kind) {
    case 'email':
      return openEmail(settings, ports.mail)
    case 'slack-webhook':
      return openSlackWebhook(settings, ports)
    case 'slack-bot':
      return openSlackBot(settings, ports)
    case 'teams':
      return openTeams(settings, ports)
    case 'pagerduty':
      return openPagerDuty(settings, ports)
    case 'webhook':
      return openWebhook(settings, { ...ports, client: await client() })
    default:
      return settings satisfies never
  }
}

async function clientOf(state: State, organisationId: string): Promise<Client> {
  return state.transact(async (transaction) => ({
    id: await organisationNumber(transaction, organisationId),
    name: (await transaction.get(ORGANISATIONS, organisationId))?.name ?? '',
  }))
}

const UNREADABLE: OpenChannel = {
  messagesPerSecondMax: 1,
  recipients: [],
  readBy: 'people',
  editsInPlace: false,
  showsState: false,
  send: async (): Promise<SendResult> => ({
    outcome: 'refused',
    reason: 'the settings of the channel cannot be opened with the master key: give them again',
  }),
}
