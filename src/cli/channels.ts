import { Option } from 'commander'
import type { Command } from 'commander'

import { CHANNEL_KINDS } from '#src/model/channel.ts'
import type { Channel, ChannelKind, ChannelTest } from '#src/model/channel.ts'
import { action, commaSeparated, givenOnly } from './call.ts'
import { CommandFault, UsageFault } from './cli-faults.ts'
import { addListCommand } from './list-command.ts'
import { fields } from './output.ts'
import type { Column } from './output.ts'
import { channelBy, organisationBy } from './references.ts'
import { secretIn } from './secret-file.ts'
import { localMoment } from './terminal-text.ts'
import { oldSecretText, rotationOf, withRotation } from './webhook-rotation.ts'
import type { RotationOptions } from './webhook-rotation.ts'

type ShownChannel = Channel & { readonly secret?: string }

const REFERENCE = 'its name or id'

export function addChannels(program: Command): void {
  const channels = program
    .command('channels')
    .description(
      'list, show, create, update, rotate the secret of, delete, test ways to reach people',
    )
    .addHelpText(
      'after',
      `
What each kind is made with; the secret is in a file, or - for standard input:

  email          --to finops@example.com,ops@example.com (and the hub's --smtp-host)
  slack-webhook  --secret-file with the URL of the incoming webhook
  slack-bot      --channel '#alerts', --secret-file with the token (xoxb-...); for buttons that act
                 at once --signing-secret-file with the app's Signing Secret, and the URL that
                 "show" tells as the Request URL of the app's Interactivity
  teams          --secret-file with the URL of the Workflows flow
  pagerduty      --secret-file with the integration key of Events API v2
  webhook        --to-url https://hooks.example.com/alerts; --secret-file where the receiver knows
                 one already. Posts are signed as Standard Webhooks (standardwebhooks.com) says

  belfry channels create FinOps --kind email --to finops@example.com
  belfry channels test FinOps
  belfry channels rotate-secret Portal --overlap-hours 48   # a webhook's: both sign for two days`,
    )

  addListCommand<Channel>(channels, {
    path: '/channels',
    description: 'list channels, without what is secret of them',
    none: 'no channels: make one with "belfry channels create"',
    columns: COLUMNS,
  })

  channels
    .command('show')
    .description('show a channel, without what is secret of it')
    .argument('<channel>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const channel = await channelBy(hub, reference)
        await output.show(channel, () => shown(channel))
      }),
    )

  addCreate(channels)
  addUpdate(channels)
  addSecret(channels)

  channels
    .command('delete')
    .description('delete a channel: nothing is sent by it any more')
    .argument('<channel>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, name } = await channelBy(hub, reference)
        await hub.delete(`/channels/${id}`)
        await output.show({ deleted: id }, () => `deleted the channel "${name}"`)
      }),
    )

  channels
    .command('test')
    .description('send a message that says that it is a test; fails where it does not arrive')
    .argument('<channel>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, name } = await channelBy(hub, reference)
        const result = await hub.post<ChannelTest>(`/channels/${id}/test`, {})
        const { outcome, answer } = result
        if (outcome !== 'sent') throw new CommandFault(`nothing arrived by "${name}": ${answer}`)
        await output.show(result, () => `sent a test by "${name}": ${answer}`)
      }),
    )
}

interface SettingsOptions {
  readonly to?: readonly string[]
  readonly channel?: string
  readonly toUrl?: string
  readonly endpoint?: string
  readonly secretFile?: string
  readonly signingSecretFile?: string
}

function withSettings(command: Command): Command {
  return command
    .option('--to <addresses>', 'of an email channel, comma-separated', commaSeparated)
    .option('--channel <channel>', "of a slack-bot channel: Slack's id or name")
    .option('--to-url <url>', 'of a webhook channel')
    .option('--endpoint <url>', "where it is not the service's own, of slack-bot and pagerduty")
    .option('--secret-file <file>', 'file with its URL, token or key, or - for standard input')
    .option(
      '--signing-secret-file <file>',
      "of slack-bot: file with the app's Signing Secret, or -",
    )
}

function addCreate(channels: Command): void {
  withSettings(
    channels
      .command('create')
      .description('add a way to reach people')
      .argument('<name>', 'what to call it')
      .addOption(new Option('--kind <kind>').choices(CHANNEL_KINDS).makeOptionMandatory())
      .option('--organisation <organisation>', 'whose it is: id or alias'),
  ).action(
    action<SettingsOptions & { kind: ChannelKind; organisation?: string }>(
      async ({ hub, output, options }, name: string) => {
        const settings = await settingsOf(options.kind, options)
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const given = { organisationId, name, settings }
        const created = await hub.post<ShownChannel>('/channels', given)
        await output.show(created, () => shown(created))
      },
    ),
  )
}

function addUpdate(channels: Command): void {
  withSettings(
    channels
      .command('update')
      .description('change the name of a channel, or all its settings')
      .argument('<channel>', REFERENCE)
      .option('--name <name>', 'what to call it'),
  ).action(
    action<SettingsOptions & { name?: string }>(
      async ({ hub, output, options }, reference: string) => {
        const isGiven = SETTINGS_OPTIONS.some((option) => options[option] !== undefined)
        if (!isGiven && options.name === undefined) {
          throw new UsageFault('nothing to change: give --name, or all settings of its kind')
        }
        const { id, kind } = await channelBy(hub, reference)
        const settings = isGiven ? await settingsOf(kind, options) : undefined
        const change = givenOnly({ name: options.name, settings })
        const updated = await hub.patch<Channel>(`/channels/${id}`, change)
        await output.show(updated, () => shown(updated))
      },
    ),
  )
}

function addSecret(channels: Command): void {
  withRotation(
    channels
      .command('rotate-secret')
      .description('follow the secret of a webhook by a new one, shown once; both sign for a while')
      .argument('<channel>', REFERENCE),
  ).action(
    action<RotationOptions>(async ({ hub, output, options }, reference: string) => {
      const rotation = await rotationOf(options)
      const { id } = await channelBy(hub, reference)
      const rotated = await hub.post<ShownChannel>(`/channels/${id}/secret/rotate`, rotation)
      await output.show(rotated, () => shown(rotated))
    }),
  )

  channels
    .command('end-previous-secret')
    .description('sign a webhook no more with the secret before the last rotation')
    .argument('<channel>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { id, name } = await channelBy(hub, reference)
        await hub.delete(`/channels/${id}/secret/previous`)
        await output.show({ ended: id }, () => `the new secret signs what "${name}" posts alone`)
      }),
    )
}

const SETTINGS_OPTIONS = [
  'to',
  'channel',
  'toUrl',
  'endpoint',
  'secretFile',
  'signingSecretFile',
] as const

/** What the secret file holds, in the words of the settings. */
const SECRETS: Readonly<Partial<Record<ChannelKind, string>>> = {
  'slack-webhook': 'url',
  'slack-bot': 'token',
  teams: 'url',
  pagerduty: 'routingKey',
  webhook: 'secret',
}

/** The hub says what else is missing of a kind, and what it does not have. */
async function settingsOf(kind: ChannelKind, options: SettingsOptions): Promise<object> {
  const secretName = SECRETS[kind]
  if (options.secretFile === '-' && options.signingSecretFile === '-') {
    throw new UsageFault('standard input is one secret: give --signing-secret-file a file')
  }
  const secret = await secretIn(options.secretFile)
  const signingSecret = await secretIn(options.signingSecretFile)
  if (secret !== undefined && secretName === undefined) {
    throw new UsageFault(`a channel of kind ${kind} has no secret: leave out --secret-file`)
  }
  if (secret === undefined && secretName !== undefined && kind !== 'webhook') {
    throw new UsageFault(
      `--secret-file is missing: the file with the ${secretName} of the channel, or -`,
    )
  }
  const { to, channel, toUrl: url, endpoint } = options
  const given = { kind, ...givenOnly({ to, channel, url, endpoint, signingSecret }) }
  return secretName === undefined || secret === undefined
    ? given
    : { ...given, [secretName]: secret }
}

function shown(channel: ShownChannel): string {
  const { secretRotatedAt, previousSecretUntil } = channel
  return fields(
    {
      name: channel.name,
      kind: channel.kind,
      'leads to': channel.leadsTo,
      'Slack request URL': channel.interactivityUrl,
      'secret (shown once)': channel.secret,
      'secret rotated': secretRotatedAt === undefined ? undefined : localMoment(secretRotatedAt),
      'old secret': oldSecretText(secretRotatedAt, previousSecretUntil),
      created: localMoment(channel.createdAt),
      id: channel.id,
    },
    { name: 'cyan', 'secret (shown once)': 'yellow' },
  )
}

const COLUMNS: readonly Column<Channel>[] = [
  { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'KIND', text: ({ kind }) => kind },
  { title: 'LEADS TO', text: ({ leadsTo }) => leadsTo },
  { title: 'ID', text: ({ id }) => id, style: () => 'dim', optional: true },
]
