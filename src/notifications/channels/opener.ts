import type { Mail } from '#src/ports/mail.ts'
import type { State } from '#src/ports/state.ts'
import { ORGANISATIONS } from '#src/tenancy/documents.ts'
import { organisationNumber } from '#src/tenancy/numbers.ts'
import type { Vault } from '#src/tenancy/vault.ts'
import { signingAt } from '#src/tenancy/webhook-rotation.ts'
import { addressesOf } from './addresses.ts'
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
  const find = async (organisationId: string, channelId: string) => {
    const channel = await state.get(CHANNELS, channelId)
    return channel?.organisationId === organisationId ? channel : undefined
  }
  const openOne = async (channel: StoredChannel) => {
    const settings = openedSettings(vault, channel)
    if (settings === undefined) return UNREADABLE
    if (settings.kind !== 'webhook') return opened(settings, ports)
    const client = await clientOf(state, channel.organisationId)
    const secretsAt = (now: number) => signingSecrets(vault, channel, now)
    return openWebhook({ url: settings.url, secretsAt }, { ...ports, client })
  }
  return {
    open: async (organisationId, channelId) => {
      const channel = await find(organisationId, channelId)
      return channel && { ...(await openOne(channel)), leadsTo: channel.leadsTo }
    },
    addressesOf: async (organisationId, channelId) => {
      const channel = await find(organisationId, channelId)
      const settings = channel && openedSettings(vault, channel)
      return settings === undefined ? [channelId] : addressesOf(settings)
    },
  }
}

/** The settings of a channel, or undefined where the hub's master key is another one by now. */
export function openedSettings(
  vault: Vault,
  { id, sealed }: Pick<StoredChannel, 'id' | 'sealed'>,
): WholeSettings | undefined {
  const text = vault.open(sealedFor(id), sealed)
  return text === undefined ? undefined : (JSON.parse(text) as WholeSettings)
}

/** What signs at a moment, the newest first. */
function signingSecrets(vault: Vault, channel: StoredChannel, now: number): readonly string[] {
  return signingAt(channel, now).flatMap((sealed) => {
    const settings = openedSettings(vault, { id: channel.id, sealed })
    return settings?.kind === 'webhook' ? [settings.secret] : []
  })
}

function opened(
  settings: Exclude<WholeSettings, { kind: 'webhook' }>,
  ports: OpenerPorts,
): OpenChannel {
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
