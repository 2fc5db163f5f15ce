import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { Check } from 'typebox/value'

import { TokenName, TokenRole } from '#src/model/tenancy.ts'
import type { ApiToken } from '#src/model/tenancy.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import { action, commaSeparated, givenOnly, hours } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { addListCommand } from './list-command.ts'
import { fields } from './output.ts'
import type { Column } from './output.ts'
import { ACCOUNT_REFERENCE, accountBy, apiTokenBy, organisationBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

type TokenWithSecret = ApiToken & { readonly secretAccessKey: string }

const REFERENCE = 'access key or name'
const NAME = '2 to 64 letters, digits, dots, dashes and underscores'

export function addTokens(program: Command): void {
  const tokens = program
    .command('tokens')
    .description('list, show, create, update, rotate, delete access keys of programs')

  addListCommand<ApiToken>(tokens, {
    path: '/api-tokens',
    description: 'list API tokens',
    none: 'no API tokens: make one with "belfry tokens create"',
    columns: COLUMNS,
    lastColumns: [CREATED_COLUMN],
  })

  tokens
    .command('show')
    .description('show an API token, and when it was last used')
    .argument('<token>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const token = await apiTokenBy(hub, reference)
        await output.show(token, () => shown(token))
      }),
    )

  addCreate(tokens)
  addUpdate(tokens)
  addRotate(tokens)

  tokens
    .command('delete')
    .description('delete an API token; sessions made with it end too')
    .argument('<token>', REFERENCE)
    .action(
      action(async ({ hub, output }, reference: string) => {
        const { accessKeyId, name } = await apiTokenBy(hub, reference)
        await hub.delete(`/api-tokens/${accessKeyId}`)
        await output.show({ deleted: accessKeyId }, () => `deleted the API token "${name}"`)
      }),
    )
}

interface CreateOptions {
  readonly role: string
  readonly account?: string
  readonly description?: string
  readonly organisation?: string
  readonly onlyAccounts?: readonly string[]
  readonly expires?: number
}

function addCreate(tokens: Command): void {
  tokens
    .command('create')
    .description('create an API token; its secret is shown once')
    .argument('<name>', NAME, tokenName)
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices([...TokenRole.enum])
        .makeOptionMandatory(),
    )
    .option('--account <account>', `the account its AWS calls act in: ${ACCOUNT_REFERENCE}`)
    .option('--only-accounts <accounts>', 'the only accounts that it is for', commaSeparated)
    .option('--expires <when>', EXPIRES, expiry)
    .option('--description <text>', 'what it is for')
    .option('--organisation <organisation>', 'whose it is: id or alias')
    .action(
      action<CreateOptions>(async ({ hub, output, options }, name: string) => {
        const organisation = await organisationBy(hub, options.organisation)
        const awsAccountId =
          options.account === undefined
            ? undefined
            : (await accountBy(hub, options.account)).awsAccountId
        const token = await hub.post<TokenWithSecret>('/api-tokens', {
          organisationId: organisation.id,
          name,
          role: options.role,
          ...givenOnly({
            awsAccountId,
            description: options.description,
            onlyAccounts: await accountIdsOf(hub, options.onlyAccounts),
            expiresAt: options.expires,
          }),
        })
        const region = organisation.installationRegion
        await output.show(token, () => createdText(hub, token, region))
      }),
    )
}

interface UpdateOptions {
  readonly name?: string
  readonly role?: string
  readonly description?: string
  readonly onlyAccounts?: readonly string[]
  readonly allAccounts?: boolean
  readonly expires?: number
  readonly neverExpires?: boolean
}

function addUpdate(tokens: Command): void {
  tokens
    .command('update')
    .description('change what an API token is called, may do, is for, or when it ends')
    .argument('<token>', REFERENCE)
    .option('--name <name>', `new name: ${NAME}`, tokenName)
    .addOption(new Option('--role <role>', 'what it may do').choices([...TokenRole.enum]))
    .option('--description <text>', 'what it is for')
    .option('--only-accounts <accounts>', 'the only accounts that it is for', commaSeparated)
    .addOption(
      new Option('--all-accounts', "for all of its organisation's accounts").conflicts(
        'onlyAccounts',
      ),
    )
    .option('--expires <when>', EXPIRES, expiry)
    .addOption(new Option('--never-expires', 'until it is deleted').conflicts('expires'))
    .action(
      action<UpdateOptions>(async ({ hub, output, options }, reference: string) => {
        const { name, role, description, allAccounts, neverExpires } = options
        const { accessKeyId } = await apiTokenBy(hub, reference)
        const change = givenOnly({
          name,
          role,
          description,
          onlyAccounts: allAccounts ? null : await accountIdsOf(hub, options.onlyAccounts),
          expiresAt: neverExpires ? null : options.expires,
        })
        if (Object.keys(change).length === 0) {
          throw new UsageFault('nothing to change: see "belfry tokens update --help"')
        }
        const token = await hub.patch<ApiToken>(`/api-tokens/${accessKeyId}`, change)
        await output.show(token, () => shown(token))
      }),
    )
}

function addRotate(tokens: Command): void {
  tokens
    .command('rotate')
    .description('give an API token a new secret, shown once; the old one is good for a while')
    .argument('<token>', REFERENCE)
    .option('--overlap-hours <hours>', 'how long the old secret is good (default: 24)', hours)
    .action(
      action<{ overlapHours?: number }>(async ({ hub, output, options }, reference: string) => {
        const { accessKeyId } = await apiTokenBy(hub, reference)
        const { overlapHours } = options
        const path = `/api-tokens/${accessKeyId}/rotate`
        const token = await hub.post<TokenWithSecret>(path, givenOnly({ overlapHours }))
        await output.show(token, () =>
          fields(
            {
              token: token.name,
              'access key': token.accessKeyId,
              'secret (shown once)': token.secretAccessKey,
              'old secret': momentOr(
                token.previousSecretUntil,
                'refused from now on',
                'good until ',
              ),
            },
            { token: 'cyan', 'secret (shown once)': 'yellow' },
          ),
        )
      }),
    )
}

async function accountIdsOf(hub: HubClient, references: readonly string[] | undefined) {
  if (references === undefined) return undefined
  const found = await Promise.all(references.map((reference) => accountBy(hub, reference)))
  return found.map(({ awsAccountId }) => awsAccountId)
}

const EXPIRES = 'when it ends: days from now such as 90d, or a date such as 2027-01-31'
const MS_PER_DAY = 24 * 60 * 60_000

/** Epoch ms. */
function expiry(text: string): number {
  const [, days] = /^(\d{1,5})d$/.exec(text) ?? []
  const at = days === undefined ? Date.parse(text) : clock.now() + Number(days) * MS_PER_DAY
  if (Number.isNaN(at)) {
    throw new InvalidArgumentError('It must be days from now such as 90d, or a date.')
  }
  if (at > clock.now()) return at
  throw new InvalidArgumentError('It must lie in the future: days from now such as 90d, or a date.')
}

function tokenName(text: string): string {
  if (Check(TokenName, text)) return text
  throw new InvalidArgumentError(`It must be ${NAME}.`)
}

function momentOr(at: number | undefined, otherwise: string, before = ''): string {
  return at === undefined ? otherwise : before + localMoment(at)
}

function onlyFor({ onlyAccounts }: ApiToken): string {
  return onlyAccounts?.join(', ') ?? 'all accounts of its organisation'
}

function shown(token: ApiToken): string {
  return fields(
    {
      token: token.name,
      description: token.description,
      role: token.role,
      'acts in account': token.awsAccountId ?? 'none: its AWS calls must assume a role first',
      'only for': onlyFor(token),
      'access key': token.accessKeyId,
      organisation: token.organisationId,
      created: localMoment(token.createdAt),
      'last used': momentOr(token.lastUsedAt, 'never'),
      'new secret': token.rotatedAt === undefined ? undefined : localMoment(token.rotatedAt),
      expires: momentOr(token.expiresAt, 'never'),
    },
    { token: 'cyan' },
  )
}

function createdText(hub: HubClient, token: TokenWithSecret, region: string): string {
  const { name, accessKeyId, secretAccessKey } = token
  return `${fields(
    {
      token: name,
      role: token.role,
      account: token.awsAccountId ?? 'none: its AWS calls must assume a role first',
      'only for': onlyFor(token),
      expires: momentOr(token.expiresAt, 'never'),
      'access key': accessKeyId,
      'secret (shown once)': secretAccessKey,
    },
    { token: 'cyan', 'secret (shown once)': 'yellow' },
  )}

For the AWS CLI and SDKs, in ~/.aws/credentials:

  [${name}]
  aws_access_key_id = ${accessKeyId}
  aws_secret_access_key = ${secretAccessKey}

and in ~/.aws/config:

  [profile ${name}]
  region = ${region}
  endpoint_url = ${hub.url}
  cli_follow_urlparam = false
`
}

const COLUMNS: readonly Column<ApiToken>[] = [
  { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'ROLE', text: ({ role }) => role },
  { title: 'ACCESS KEY', text: ({ accessKeyId }) => accessKeyId },
  { title: 'ACCOUNT', text: ({ awsAccountId }) => awsAccountId ?? '', optional: true },
  { title: 'LAST USED', text: ({ lastUsedAt }) => momentOr(lastUsedAt, 'never'), optional: true },
  { title: 'EXPIRES', text: ({ expiresAt }) => momentOr(expiresAt, 'never'), optional: true },
]
const CREATED_COLUMN: Column<ApiToken> = {
  title: 'CREATED',
  text: ({ createdAt }) => localMoment(createdAt),
  style: () => 'dim',
  optional: true,
}
