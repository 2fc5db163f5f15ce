import { Argument } from 'commander'
import type { Command } from 'commander'

import { SERVICE_CONFIGURATIONS } from '#src/model/service-configuration.ts'
import { SERVICE_NAMES, serviceNameOf } from '#src/model/service-state.ts'
import type { ServiceState } from '#src/model/service-state.ts'
import { action, givenOnly, wholeNumber } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { showTask, withWait } from './follow-task.ts'
import type { WaitOptions } from './follow-task.ts'
import { readJsonObject } from './json-input.ts'
import { fields, table } from './output.ts'
import type { Column, Style } from './output.ts'
import { organisationBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

const SERVICE = SERVICE_NAMES.map((name) => name.toLowerCase()).join(', ')
const STATES = ['ACTIVE', 'INACTIVE', 'ERROR']
const ORGANISATION = ['--organisation <organisation>', 'whose service it is: id or alias'] as const

interface OfOrganisation {
  readonly organisation?: string
}

export function addServices(program: Command): void {
  const services = program
    .command('services')
    .description('list, show, configure GuardDuty, regions and other services')

  services
    .command('list')
    .description('list the services of an organisation')
    .option(...ORGANISATION)
    .action(
      action<OfOrganisation>(async ({ hub, output, options }) => {
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const path = '/services'
        const { items } = await hub.get<{ items: ServiceState[] }>(path, { organisationId })
        await output.show(items, () => table(items, COLUMNS, output.width))
      }),
    )

  services
    .command('show')
    .description('show a service with its configuration')
    .argument('<service>', SERVICE)
    .option(...ORGANISATION)
    .action(
      action<OfOrganisation>(async ({ hub, output, options }, name: string) => {
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const service = await hub.get<ServiceState>(pathOf(name), { organisationId })
        await output.show(service, () => shown(service))
      }),
    )

  services
    .command('history')
    .description('list the versions of a service, newest first')
    .argument('<service>', SERVICE)
    .option(...ORGANISATION)
    .action(
      action<OfOrganisation>(async ({ hub, output, options }, name: string) => {
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const path = `${pathOf(name)}/history`
        const all = await hub.listAll<ServiceState>(path, { organisationId })
        await output.show(all, () =>
          all.length === 0
            ? 'it was never configured: see "belfry services configure --help"'
            : table(all, VERSION_COLUMNS, output.width),
        )
      }),
    )

  addConfigure(services)
  addReport(services)
}

function addConfigure(services: Command): void {
  const command = services
    .command('configure')
    .description('configure a service')
    .argument('<service>', SERVICE)
    .argument('<configuration>', 'JSON: in place, a file, or - for standard input')
    .option(...ORGANISATION)
    .addHelpText('after', `\nFor example:\n${examples()}\n\n${signInHelp()}`)
  withWait(command).action(
    action<OfOrganisation & WaitOptions>(async (call, name: string, given: string) => {
      const { hub, output, options } = call
      const path = pathOf(name)
      const configuration = await readJsonObject(given, 'configuration')
      const { id: organisationId } = await organisationBy(hub, options.organisation)
      const service = await hub.put<ServiceState>(`${path}/configuration`, configuration, {
        organisationId,
      })
      const { taskId } = service
      if (taskId === undefined) {
        await output.show(service, () => shown(service))
        if (service.appliedBy === 'others') {
          output.note('whoever applies it in AWS reports its state: "belfry services report"')
        }
        return
      }
      const what = `configuring ${service.service}`
      const done = () => `${service.service} is configured`
      await showTask(call, taskId, { what, done })
    }),
  )
}

interface ReportOptions extends OfOrganisation {
  readonly errorCode?: string
  readonly message?: string
  /** Not --version, which is the program's. */
  readonly ofVersion: number
}

function addReport(services: Command): void {
  services
    .command('report')
    .description('say what became of a configuration in AWS')
    .argument('<service>', SERVICE)
    .addArgument(new Argument('<state>', 'what it is now').choices(STATES))
    .option('--error-code <code>', 'why it failed, for programs')
    .option('--message <text>', 'why it failed, for people')
    .requiredOption('--of-version <number>', 'the version that was applied', wholeNumber(0))
    .option(...ORGANISATION)
    .action(
      action<ReportOptions>(async ({ hub, output, options }, name: string, state: string) => {
        const { errorCode, message, ofVersion: version } = options
        const path = pathOf(name)
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const report = { state, version, ...givenOnly({ errorCode, message }) }
        const service = await hub.put<ServiceState>(`${path}/state`, report, { organisationId })
        await output.show(service, () => shown(service))
      }),
    )
}

function pathOf(name: string): string {
  const service = serviceNameOf(name)
  if (service !== undefined) return `/services/${service.toLowerCase()}`
  throw new UsageFault(`there is no service "${name}": it is one of ${SERVICE}`)
}

function examples(): string {
  return (['REGIONS', 'ORGANIZATION'] as const)
    .map((name) => {
      const { example } = SERVICE_CONFIGURATIONS[name]
      return `  belfry services configure ${name.toLowerCase()} '${JSON.stringify(example)}'`
    })
    .join('\n')
}

/** In a file, as the secret is no argument. */
function signInHelp(): string {
  const { LOCAL, MFA, OIDC } = SERVICE_CONFIGURATIONS.SSO.example as Record<string, unknown>
  const members = [
    `"LOCAL":${JSON.stringify(LOCAL)}`,
    `"MFA":${JSON.stringify(MFA)}`,
    `"OIDC":${JSON.stringify(OIDC)}`,
    '"ClientSecret":"..."',
  ]
  return `Sign-in is "belfry services configure sso sso.json", with such a file:
  {${members.join(',\n   ')}}
LOCAL lets users have passwords, MFA wants a second factor of those, OIDC is the OpenID provider or null.
"RolesClaim" and "Roles" of OIDC give roles by groups, such as "groups" and {"admins":"customer_admin"}.
"ClientSecret" is never shown; leave it out to keep the one that is set.`
}

const COLOURS = {
  ACTIVE: 'green',
  CONFIGURING: 'yellow',
  ERROR: 'red',
  INACTIVE: 'dim',
} as const satisfies Record<ServiceState['state'], Style>

const STATE: Column<ServiceState> = {
  title: 'STATE',
  text: ({ state }) => state,
  style: ({ state }) => COLOURS[state],
}
const COLUMNS: readonly Column<ServiceState>[] = [
  { title: 'SERVICE', text: ({ service }) => service, style: () => 'cyan' },
  STATE,
  { title: 'VERSION', text: ({ version }) => String(version), align: 'right' },
  { title: 'APPLIED BY', text: ({ appliedBy }) => appliedBy, optional: true },
  { title: 'MESSAGE', text: ({ message = '' }) => message, optional: true },
]
const VERSION_COLUMNS: readonly Column<ServiceState>[] = [
  { title: 'VERSION', text: ({ version }) => String(version), align: 'right' },
  STATE,
  { title: 'CHANGED', text: ({ modifiedAt }) => localMoment(modifiedAt ?? 0) },
  { title: 'BY', text: ({ userId, accessKeyId }) => userId ?? accessKeyId ?? '' },
  { title: 'MESSAGE', text: ({ message = '' }) => message, optional: true },
]

function shown(service: ServiceState): string {
  const { configuration, modifiedAt } = service
  const summary = fields(
    {
      service: service.service,
      state: service.state,
      'applied by': service.appliedBy,
      version: String(service.version),
      error: service.errorCode,
      message: service.message,
      task: service.taskId,
      changed: modifiedAt === undefined ? undefined : localMoment(modifiedAt),
    },
    { service: 'cyan', state: COLOURS[service.state] },
  )
  if (configuration === undefined) return summary
  return `${summary}\n\n${JSON.stringify(configuration, undefined, 2)}`
}
