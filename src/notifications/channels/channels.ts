import { RestError } from '#src/errors.ts'
import { SLACK_INTERACTIVITY, leadsTo } from '#src/model/channel.ts'
import type { Channel, ChannelSettings, ChannelTest } from '#src/model/channel.ts'
import type { Page } from '#src/model/page.ts'
import { reaches } from '#src/model/principal.ts'
import type { Principal } from '#src/model/principal.ts'
import type { Ids } from '#src/ports/ids.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import type { Actions } from '#src/tenancy/actions.ts'
import { listAccepted } from '#src/tenancy/documents.ts'
import { organisationOf } from '#src/tenancy/organisations.ts'
import type { PageOfCaller } from '#src/tenancy/organisations.ts'
import type { Vault } from '#src/tenancy/vault.ts'
import {
  checkedWebhookSecret,
  newWebhookSecret,
  overlapUntil,
  previousUntilAt,
  rotated,
  withoutPrevious,
} from '#src/tenancy/webhook-rotation.ts'
import type { WebhookRotation } from '#src/tenancy/webhook-rotation.ts'
import { refuseWhereUsed } from './channel-uses.ts'
import { CHANNELS, addChannel, removeChannel, replaceChannel, sealedFor } from './documents.ts'
import type { StoredChannel } from './documents.ts'
import { testMessage } from './message-of.ts'
import { openedSettings } from './opener.ts'
import type { OpenerPorts } from './opener.ts'
import type { ChannelOpener, SendResult } from './sending.ts'
import { INVALID_SECRET, checkedSettings } from './settings.ts'
import type { SettingsPorts, WholeSettings } from './settings.ts'

export interface NewChannel {
  readonly organisationId: string
  readonly name: string
  /** As the schema of their kind says. */
  readonly settings: object
}

export interface ChannelChange {
  readonly name?: string | undefined
  /** All of them, and of the kind that the channel is. */
  readonly settings?: object | undefined
}

/** What signs a webhook is shown once: where it was not given, and after a rotation. */
export type ShownChannel = Channel & { readonly secret?: string }

export type RotatedChannel = Channel & { readonly secret: string }

/** The ways in which an organisation reaches people. */
export interface Channels {
  create(caller: Principal, given: NewChannel): Promise<ShownChannel>
  get(caller: Principal, id: string): Promise<Channel>
  list(
    caller: Principal,
    page: PageOfCaller & { readonly organisationId?: string | undefined },
  ): Promise<Page<Channel>>
  update(caller: Principal, id: string, change: ChannelChange): Promise<Channel>
  /** Gives a webhook a new secret; for as long as the overlap both sign. */
  rotateSecret(caller: Principal, id: string, rotation: WebhookRotation): Promise<RotatedChannel>
  /** Ends an overlap before its time. */
  endPreviousSecret(caller: Principal, id: string): Promise<void>
  remove(caller: Principal, id: string): Promise<void>
  /** Sends a message that says that it is a test, and answers what the other side said. */
  test(caller: Principal, id: string): Promise<ChannelTest>
}

export interface ChannelPorts extends OpenerPorts, SettingsPorts {
  readonly state: State
  readonly ids: Ids
  readonly actions: Actions
  readonly vault: Vault
  readonly opener: ChannelOpener
  /** Where people reach the hub. */
  readonly publicUrl: () => string
}

/** Of somebody who is not known yet. */
const TEST_READER = { timeZone: 'UTC', locale: 'en' }

export function createChannels(ports: ChannelPorts): Channels {
  const { state, ids, actions, vault, opener, clock } = ports
  const shown = (channel: StoredChannel) => shownBy(ports, channel)
  return {
    create: async (caller, { name, ...given }) => {
      const checked = checkedSettings(given.settings, ports)
      const own = checked.kind === 'webhook' ? newWebhookSecret(ids) : undefined
      const settings = whole(checked, own)
      const channel = await actions.perform(caller, async ({ transaction, now, tell }) => {
        const organisation = await organisationOf(transaction, caller, given.organisationId)
        const id = ids.timeOrderedUuid(now)
        const created: StoredChannel = {
          id,
          organisationId: organisation.id,
          name,
          kind: settings.kind,
          ...storedSettings(vault, id, settings),
          createdAt: now,
          modifiedAt: now,
        }
        tell('ChannelCreateEvent', happeningTo(created))
        await addChannel(transaction, created)
        return created
      })
      const isNew = checked.kind === 'webhook' && checked.secret === undefined
      return { ...shown(channel), ...(isNew && own !== undefined && { secret: own }) }
    },
    get: async (caller, id) => shown(await found(state, caller, id)),
    list: async (caller, { organisationId, ...page }) => {
      const { items, ...rest } = await listAccepted(state, CHANNELS, {
        ...page,
        accept: (channel) =>
          reaches(caller, channel.organisationId) &&
          (organisationId ?? channel.organisationId) === channel.organisationId,
      })
      return { items: items.map(shown), ...rest }
    },
    update: (caller, id, change) => updated(ports, caller, id, change),
    ...rotating(ports),
    remove: (caller, id) =>
      actions.perform(caller, async ({ transaction, tell }) => {
        const channel = await found(transaction, caller, id)
        tell('ChannelDeleteEvent', happeningTo(channel))
        await refuseWhereUsed(transaction, id)
        await removeChannel(transaction, channel)
      }),
    test: async (caller, id) => {
      const { organisationId, name } = await found(state, caller, id)
      const channel = await opener.open(organisationId, id)
      if (channel === undefined) throw notFound(id)
      const links = [{ does: 'open', label: 'Open Belfry', url: `${ports.publicUrl()}/` }] as const
      const message = testMessage(name, { reader: TEST_READER, at: clock.now(), links })
      return tested(await channel.send(message, { idempotencyKey: ids.uuid() }))
    },
  }
}

async function updated(
  ports: ChannelPorts,
  caller: Principal,
  id: string,
  { name, settings: given }: ChannelChange,
): Promise<Channel> {
  const { actions, vault } = ports
  const checked = given === undefined ? undefined : checkedSettings(given, ports)
  return actions.perform(caller, async ({ transaction, now, tell }) => {
    const before = await found(transaction, caller, id)
    const changed = [
      ...(name !== undefined && name !== before.name ? ['name'] : []),
      ...(checked === undefined ? [] : ['settings']),
    ]
    if (changed.length === 0) return shownBy(ports, before)
    const named = { ...before, name: name ?? before.name, modifiedAt: now }
    tell('ChannelUpdateEvent', happeningTo(named, { changed }))
    if (checked !== undefined && checked.kind !== before.kind) throw otherKind(before, checked)
    const kept = keptSecret(vault, before)
    const settings = checked && whole(checked, kept)
    // Another secret that was given signs alone.
    const isOther = settings?.kind === 'webhook' && settings.secret !== kept
    const { previous: _, ...withoutOld } = named
    const after: StoredChannel = {
      ...(isOther ? { ...withoutOld, rotatedAt: now } : named),
      ...(settings !== undefined && storedSettings(vault, id, settings)),
    }
    await replaceChannel(transaction, before, after)
    return shownBy(ports, after)
  })
}

function rotating(ports: ChannelPorts): Pick<Channels, 'rotateSecret' | 'endPreviousSecret'> {
  const { actions, ids, vault } = ports
  return {
    rotateSecret: async (caller, id, { overlapMs, secret: given }) => {
      const secret =
        given === undefined ? newWebhookSecret(ids) : checkedWebhookSecret(given, INVALID_SECRET)
      return actions.perform(caller, async ({ transaction, now, tell }) => {
        const before = await found(transaction, caller, id)
        const settings = openedSettings(vault, before)
        const replaced = settings?.kind === 'webhook' ? settings.secret : undefined
        const until = overlapUntil(replaced, { now, overlapMs })
        const previousUntil = until !== undefined && {
          previousUntil: new Date(until).toISOString(),
        }
        tell('ChannelSecretRotateEvent', happeningTo(before, { ...previousUntil }))
        if (before.kind !== 'webhook') throw notSigned(before)
        if (settings === undefined) throw settingsLost()
        const sealed = vault.seal(sealedFor(id), JSON.stringify({ ...settings, secret }))
        const after = {
          ...rotated(before, { secret, sealed, replaced, until, now }),
          modifiedAt: now,
        }
        await replaceChannel(transaction, before, after)
        return { ...shownBy(ports, after), secret }
      })
    },
    endPreviousSecret: (caller, id) =>
      actions.perform(caller, async ({ transaction, now, tell }) => {
        const before = await found(transaction, caller, id)
        tell('ChannelSecretEndPreviousEvent', happeningTo(before))
        if (before.kind !== 'webhook') throw notSigned(before)
        await replaceChannel(transaction, before, {
          ...withoutPrevious(before, now),
          modifiedAt: now,
        })
      }),
  }
}

function storedSettings(vault: Vault, id: string, settings: WholeSettings) {
  return {
    leadsTo: leadsTo(settings),
    sealed: vault.seal(sealedFor(id), JSON.stringify(settings)),
    takesPresses: settings.kind === 'slack-bot' && settings.signingSecret !== undefined,
  }
}

function whole(settings: ChannelSettings, secret: string | undefined): WholeSettings {
  if (settings.kind !== 'webhook') return settings
  const signing = settings.secret ?? secret
  if (signing !== undefined) return { ...settings, secret: signing }
  throw new RestError(
    409,
    'channel.secret-lost',
    'the secret of this webhook cannot be opened any more: give a new one, "whsec_..."',
  )
}

function keptSecret(vault: Vault, channel: StoredChannel): string | undefined {
  const settings = openedSettings(vault, channel)
  return settings?.kind === 'webhook' ? settings.secret : undefined
}

function tested(result: SendResult): ChannelTest {
  if (result.outcome === 'sent') return { outcome: 'sent', answer: result.answer }
  const { outcome, reason: answer } = result
  if (outcome === 'refused' || result.afterMs === undefined) return { outcome, answer }
  return { outcome, answer, retryAfterMs: Math.round(result.afterMs) }
}

async function found(
  from: Pick<StateTransaction, 'get'>,
  caller: Principal,
  id: string,
): Promise<StoredChannel> {
  const channel = await from.get(CHANNELS, id)
  if (channel !== undefined && reaches(caller, channel.organisationId)) return channel
  throw notFound(id)
}

function notFound(id: string): RestError {
  return new RestError(404, 'channel.not-found', `there is no channel "${id}"`)
}

function otherKind(before: StoredChannel, { kind }: ChannelSettings): RestError {
  return new RestError(
    409,
    'channel.other-kind',
    `the channel is of kind ${before.kind} and cannot become one of kind ${kind}: create another`,
  )
}

function notSigned({ kind }: StoredChannel): RestError {
  return new RestError(
    409,
    'channel.no-signing-secret',
    `the channel is of kind ${kind}, and only a webhook is signed: change its settings instead`,
  )
}

function settingsLost(): RestError {
  return new RestError(
    409,
    'channel.settings-lost',
    'the settings of this webhook cannot be opened with the master key: give them again, with a secret',
  )
}

function shownBy({ publicUrl, clock }: ChannelPorts, stored: StoredChannel): Channel {
  const { sealed: _, previous: __, rotatedAt, takesPresses = false, ...channel } = stored
  const previousSecretUntil = previousUntilAt(stored, clock.now())
  return {
    ...channel,
    ...(takesPresses && {
      interactivityUrl: `${publicUrl()}${SLACK_INTERACTIVITY}/${channel.id}`,
    }),
    ...(rotatedAt !== undefined && { secretRotatedAt: rotatedAt }),
    ...(previousSecretUntil !== undefined && { previousSecretUntil }),
  }
}

/** Where it leads may be personal, as addresses are: the event says the kind alone. */
function happeningTo({ id, organisationId, name, kind }: StoredChannel, more: object = {}) {
  return {
    organisationId,
    fields: { channelId: id, channelName: name, channelKind: kind, ...more },
  }
}
