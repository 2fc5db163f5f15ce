import type { Command } from 'commander'

import type { AwsOrganizationSettings } from '#src/model/aws-organization.ts'
import { action, givenOnly, wholeNumber } from './call.ts'
import { HubFault, UsageFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { fields } from './output.ts'
import { readPassword } from './password-input.ts'
import { organisationBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

interface DiscoveryOptions {
  readonly enable?: boolean
  readonly disable?: boolean
  readonly awsRegion?: string
  readonly endpoint?: string
  readonly accessKeyId?: string
  readonly awsProfile?: string
  readonly environment?: boolean
  readonly every?: number
  readonly onboard?: boolean
}

const REGION_DEFAULT = 'us-east-1'
const EVERY_MINUTES_MAX = 1_440

const HELP = `
Without options it shows what is set. The credentials need to read AWS
Organizations: those of the management account or of a delegated administrator.
The secret of --access-key-id is read from standard input; on a terminal it asks.
What is not given stays as it was.`

export function addDiscovery(organisations: Command): void {
  organisations
    .command('discovery')
    .description('keep accounts and units in step with AWS Organizations')
    .argument('[organisation]', 'id or alias; may be left out where there is only one')
    .option('--enable', 'begin, and repeat it')
    .option('--disable', 'stop; what was found stays')
    .option('--aws-region <region>', `where its API is called (default: ${REGION_DEFAULT})`)
    .option('--endpoint <url>', 'of something that speaks its API (default: AWS)')
    .option('--access-key-id <id>', 'access key to read with')
    .option('--aws-profile <name>', "or a profile of the hub's shared credentials file")
    .option('--environment', "or the hub's AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    .option('--every <minutes>', 'how often (default: 60)', wholeNumber(1, EVERY_MINUTES_MAX))
    .option('--onboard', 'take what is found under management at once')
    .option('--no-onboard', 'leave what is found to be onboarded')
    .addHelpText('after', HELP)
    .action(
      action<DiscoveryOptions>(async ({ hub, output, options }, reference?: string) => {
        const { id } = await organisationBy(hub, reference)
        const path = `/organisations/${id}/aws-organization`
        const before = await settingsAt(hub, path)
        const given = isChange(options)
        if (!given && before === undefined) {
          throw new UsageFault(
            'it is not set up: give --enable and credentials, see "belfry organisations discovery --help"',
          )
        }
        const settings = given
          ? await hub.put<AwsOrganizationSettings>(path, await wanted(options, before))
          : before
        await output.show(settings, () => shown(settings as AwsOrganizationSettings))
      }),
    )
}

async function settingsAt(hub: HubClient, path: string) {
  try {
    return await hub.get<AwsOrganizationSettings>(path)
  } catch (error) {
    if (error instanceof HubFault && error.code === 'aws-organization.not-found') return undefined
    throw error
  }
}

const CHANGES = [
  ...(['enable', 'disable', 'awsRegion', 'endpoint', 'accessKeyId', 'awsProfile'] as const),
  ...(['environment', 'every', 'onboard'] as const),
]

function isChange(options: DiscoveryOptions): boolean {
  return CHANGES.some((name) => options[name] !== undefined)
}

async function wanted(
  options: DiscoveryOptions,
  before: AwsOrganizationSettings | undefined,
): Promise<object> {
  const { enable, disable } = options
  if (enable && disable) throw new UsageFault('--enable and --disable are opposites: give one')
  const endpoint = options.endpoint ?? before?.endpoint
  const everyMinutes = options.every ?? before?.everyMinutes
  const onboard = options.onboard ?? before?.onboard
  return {
    enabled: enable ?? (disable ? false : (before?.enabled ?? false)),
    region: options.awsRegion ?? before?.region ?? REGION_DEFAULT,
    ...givenOnly({ endpoint, everyMinutes, onboard }),
    credentials: await credentialsOf(options, before),
  }
}

async function credentialsOf(
  { accessKeyId, awsProfile, environment }: DiscoveryOptions,
  before: AwsOrganizationSettings | undefined,
): Promise<object> {
  const given = [accessKeyId, awsProfile, environment].filter((value) => value !== undefined)
  if (given.length > 1) {
    throw new UsageFault('give one of --access-key-id, --aws-profile and --environment')
  }
  if (accessKeyId !== undefined) {
    return { accessKeyId, secretAccessKey: await readPassword('Secret access key: ') }
  }
  if (awsProfile !== undefined) return { profile: awsProfile }
  if (environment) return { environment: true }
  if (before !== undefined) return before.credentials
  throw new UsageFault(
    'credentials are missing: give --access-key-id, --aws-profile or --environment',
  )
}

function shown(settings: AwsOrganizationSettings): string {
  const { accessKeyId, profile } = settings.credentials
  const keys =
    accessKeyId === undefined ? 'the environment of the hub' : `access key ${accessKeyId}`
  const { lastSyncAt } = settings
  return fields(
    {
      discovery: settings.enabled ? 'enabled' : 'disabled',
      region: settings.region,
      endpoint: settings.endpoint ?? 'AWS',
      credentials: profile === undefined ? keys : `profile ${profile}`,
      every: `${settings.everyMinutes} minutes`,
      onboard: settings.onboard ? 'at once' : 'by hand: "belfry accounts onboard"',
      'last in step': lastSyncAt === undefined ? 'never' : localMoment(lastSyncAt),
      'last task': settings.lastTaskId,
    },
    { discovery: settings.enabled ? 'green' : 'yellow' },
  )
}
