import { Option } from 'commander'
import type { Command } from 'commander'

import type { ApiToken } from '#src/model/tenancy.ts'
import { action, givenOnly } from './call.ts'
import type { HubClient } from './hub-client.ts'
import { fields, table } from './output.ts'
import type { Column } from './output.ts'
import {
  accountBy,
  apiTokenBy,
  organisationBy,
  organisationColumns,
  organisationFilter,
} from './references.ts'
import { localMoment } from './terminal-text.ts'

const ROLES = ['api_admin', 'api_operations', 'api_user', 'api_readonly']

type CreatedToken = ApiToken & { readonly secretAccessKey: string }

export function addTokens(program: Command): void {
  const tokens = program
    .command('tokens')
    .description('list, create, delete access keys of programs')

  tokens
    .command('list')
    .description('list API tokens')
    .option('--organisation <organisation>', 'only of this one: id or alias')
    .action(
      action<{ organisation?: string }>(async ({ hub, output, options }) => {
        const organisationId = await organisationFilter(hub, options.organisation)
        const tokensOfAll = await hub.listAll<ApiToken>('/api-tokens')
        const shown = tokensOfAll.filter(
          (token) => organisationId === undefined || token.organisationId === organisationId,
        )
        const columns = [...COLUMNS, ...(await organisationColumns<ApiToken>(hub)), CREATED_COLUMN]
        await output.show(shown, () =>
          shown.length === 0
            ? 'no API tokens: make one with "belfry tokens create"'
            : table(shown, columns, output.width),
        )
      }),
    )

  addCreate(tokens)

  tokens
    .command('delete')
    .description('delete an API token; sessions made with it end too')
    .argument('<token>', 'access key or name')
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
}

function addCreate(tokens: Command): void {
  tokens
    .command('create')
    .description('create an API token; its secret is shown once')
    .argument('<name>', '2 to 64 letters, digits, dots, dashes and underscores')
    .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).makeOptionMandatory())
    .option('--account <account>', 'the account its AWS calls act in: AWS account id, name or id')
    .option('--description <text>', 'what it is for')
    .option('--organisation <organisation>', 'whose it is: id or alias')
    .action(
      action<CreateOptions>(async ({ hub, output, options }, name: string) => {
        const organisation = await organisationBy(hub, options.organisation)
        const awsAccountId =
          options.account === undefined
            ? undefined
            : (await accountBy(hub, options.account)).awsAccountId
        const token = await hub.post<CreatedToken>('/api-tokens', {
          organisationId: organisation.id,
          name,
          role: options.role,
          ...givenOnly({ awsAccountId, description: options.description }),
        })
        const region = organisation.installationRegion
        await output.show(token, () => createdText(hub, token, region))
      }),
    )
}

function createdText(hub: HubClient, token: CreatedToken, region: string): string {
  const { name, accessKeyId, secretAccessKey } = token
  return `${fields(
    {
      token: name,
      role: token.role,
      account: token.awsAccountId ?? 'none: its AWS calls must assume a role first',
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
`
}

const COLUMNS: readonly Column<ApiToken>[] = [
  { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'ROLE', text: ({ role }) => role },
  { title: 'ACCESS KEY', text: ({ accessKeyId }) => accessKeyId },
  { title: 'ACCOUNT', text: ({ awsAccountId }) => awsAccountId ?? '', optional: true },
]
const CREATED_COLUMN: Column<ApiToken> = {
  title: 'CREATED',
  text: ({ createdAt }) => localMoment(createdAt),
  style: () => 'dim',
  optional: true,
}
