import { readFile } from 'node:fs/promises'

import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'

import type { TestedBundle } from '#src/compliance/rules/test-bundle.ts'
import type { ComplianceBundle } from '#src/model/compliance-bundle.ts'
import { pathOf } from './api-path.ts'
import { action, commaSeparated, givenOnly } from './call.ts'
import { CommandFault, UsageFault } from './cli-faults.ts'
import { fields, styled, table } from './output.ts'
import type { Column } from './output.ts'
import { organisationBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

type TestedFile = TestedBundle & { readonly file: string }

export interface OfOrganisation {
  readonly organisation?: string
}

export const ORGANISATION = [
  '--organisation <organisation>',
  'id or alias, where there are several',
] as const

export function addBundles(compliance: Command): void {
  const bundles = compliance
    .command('bundles')
    .description('list, show, enable, disable, upload, delete bundles of rules')
    .addHelpText(
      'after',
      `
A bundle that is enabled is applied to the resources of "belfry compliance import", and to those
that AWS Config reports changes of, from then on, in the version in which it was enabled:

  belfry compliance bundles enable tagging --parameter keys=owner,environment
  belfry compliance bundles enable public-exposure --without rds-not-public
  belfry compliance rules test our-rules.yaml && belfry compliance bundles upload our-rules.yaml`,
    )
  bundles
    .command('list')
    .description('list those that come with the hub and those of the organisation')
    .option(...ORGANISATION)
    .action(
      action<OfOrganisation>(async ({ hub, output, options }) => {
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const all = await hub.listAll<ComplianceBundle>('/compliance/bundles', { organisationId })
        await output.show(all, () => table(all, COLUMNS, output.width))
      }),
    )
  bundles
    .command('show')
    .description('show a bundle, with its rules')
    .argument('<name>', 'its name')
    .option(...ORGANISATION)
    .action(
      action<OfOrganisation>(async ({ hub, output, options }, name: string) => {
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const path = pathOf('/compliance/bundles', name)
        const bundle = await hub.get<ComplianceBundle>(path, { organisationId })
        await output.show(bundle, () => shown(bundle))
      }),
    )
  addSetting(bundles)
  bundles
    .command('upload')
    .description(
      'take a file of rules whose examples are as said; of a name that is there, as its next version',
    )
    .argument('<file>', 'YAML')
    .option(...ORGANISATION)
    .action(
      action<OfOrganisation>(async ({ hub, output, options }, file: string) => {
        const text = (await contentOf(file)).toString('utf8')
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const given = { organisationId, text }
        const bundle = await hub.post<ComplianceBundle>('/compliance/bundles', given)
        await output.show(bundle, () => shown(bundle))
        if (bundle.untested.length > 0) output.note(untestedNote(bundle.untested))
      }),
    )
  bundles
    .command('delete')
    .description('delete a bundle of the organisation that is not enabled')
    .argument('<name>', 'its name')
    .option(...ORGANISATION)
    .action(
      action<OfOrganisation>(async ({ hub, output, options }, name: string) => {
        const { id } = await organisationBy(hub, options.organisation)
        await hub.delete(pathOf('/compliance/bundles', name, `?organisationId=${id}`))
        await output.show({ deleted: name }, () => `deleted the bundle ${name}`)
      }),
    )
}

/** A rule that was enabled shows nothing at first. */
export const CHECKED_FROM_NOW =
  'resources are checked as AWS Config reports changes of them; to check those that are there already, import a snapshot ("belfry compliance import --help")'

interface EnableOptions extends OfOrganisation {
  readonly without?: readonly string[]
  readonly parameter?: Readonly<Record<string, string>>
}

function addSetting(bundles: Command): void {
  bundles
    .command('enable')
    .description('enable a bundle in its newest version; what is not given stays as it was set')
    .argument('<name>', 'its name')
    .option(
      '--without <rules>',
      'ids of rules to leave out, comma-separated; "" for none',
      commaSeparated,
    )
    .option(
      '--parameter <name=value>',
      'a parameter, as text, a,b or JSON; once for each',
      parameter,
    )
    .option(...ORGANISATION)
    .action(
      action<EnableOptions>(async ({ hub, output, options }, name: string) => {
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const path = pathOf('/compliance/bundles', name)
        const before = await hub.get<ComplianceBundle>(path, { organisationId })
        const parameters = options.parameter && {
          ...before.enabled?.parameters,
          ...valuesOf(options.parameter, before),
        }
        const settings = givenOnly({ deselected: options.without, parameters })
        const bundle = await hub.put<ComplianceBundle>(path, {
          organisationId,
          enabled: true,
          ...settings,
        })
        await output.show(bundle, () => shown(bundle))
        output.note(CHECKED_FROM_NOW)
      }),
    )
  bundles
    .command('disable')
    .description('disable a bundle: its findings go')
    .argument('<name>', 'its name')
    .option(...ORGANISATION)
    .action(
      action<OfOrganisation>(async ({ hub, output, options }, name: string) => {
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const path = pathOf('/compliance/bundles', name)
        const bundle = await hub.put<ComplianceBundle>(path, { organisationId, enabled: false })
        await output.show(bundle, () => `disabled the bundle ${bundle.name}`)
      }),
    )
}

export function addRulesTest(rules: Command): void {
  rules
    .command('test')
    .description(
      'run the examples beside the rules, without a hub; status 1 where one is not as said',
    )
    .argument('<file...>', 'YAML')
    .action(
      action(async ({ output }, files: readonly string[]) => {
        // What reads rules is read only for this.
        const { testBundle } = await import('#src/compliance/rules/test-bundle.ts')
        const tested: TestedFile[] = []
        for (const file of files) {
          const text = (await contentOf(file)).toString('utf8')
          try {
            tested.push({ file, ...testBundle(text) })
          } catch (error) {
            throw new CommandFault(`${file}: ${(error as Error).message}`, { cause: error })
          }
        }
        await output.show(tested, () => tested.map(testText).join('\n'))
        const bad = tested.flatMap(({ examples }) => examples.filter(({ ok }) => !ok)).length
        if (bad > 0) throw new CommandFault(`${bad} examples are not as said`)
      }),
    )
}

function untestedNote(rules: readonly string[]): string {
  return `no example shows that what is meant passes and fails, of ${rules.join(', ')}: give both, and "belfry compliance rules test" runs them`
}

function testText(tested: TestedFile): string {
  const { file, bundle, version, examples, untested } = tested
  const bad = examples.filter(({ ok }) => !ok)
  const asSaid = `${examples.length - bad.length} of ${examples.length} examples are as said`
  return [
    `${file}: ${bundle} ${version}, ${examples.length === 0 ? 'no examples' : asSaid}`,
    ...bad.map(({ rule, expected, number, found = '' }) =>
      styled('red', `  ${rule}: example ${number} of ${expected}: ${found}`),
    ),
    ...untested.map((rule) =>
      styled('yellow', `  ${rule}: give an example that passes and one that fails`),
    ),
  ].join('\n')
}

/** The bytes of a file that was named. */
export async function contentOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new UsageFault(`the file cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

function parameter(text: string, before: Readonly<Record<string, string>> = {}) {
  const equals = text.indexOf('=')
  if (equals < 1) throw new InvalidArgumentError('It must be a name, "=" and a value.')
  return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) }
}

/** What the texts mean where a bundle has texts, lists and so on; the hub says what does not fit. */
function valuesOf(
  texts: Readonly<Record<string, string>>,
  { parameters }: ComplianceBundle,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, valueOf(text, parameters[name])]),
  )
}

function valueOf(text: string, own: unknown): unknown {
  const value = jsonOr(text)
  // "007" is a text where a text is wanted.
  if (typeof own === 'string') return typeof value === 'string' ? value : text
  if (!Array.isArray(own) || Array.isArray(value)) return value
  return commaSeparated(text).map((item) => (typeof own[0] === 'number' ? jsonOr(item) : item))
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

function shown({ rules, enabled, ...bundle }: ComplianceBundle): string {
  return fields({
    bundle: `${bundle.name} ${bundle.version}`,
    description: bundle.description,
    enabled: enabled === undefined ? 'no' : `${enabled.version}, ${localMoment(enabled.at)}`,
    update: bundle.updateAvailable ? `to ${bundle.version}: enable it again` : undefined,
    parameters: Object.entries({ ...bundle.parameters, ...enabled?.parameters }).map(
      ([name, value]) => {
        const isSet = enabled !== undefined && Object.hasOwn(enabled.parameters, name)
        return `${name}=${JSON.stringify(value)}${isSet ? '' : ' (default)'}`
      },
    ),
    rules: rules.map(({ id, title, severity }) => {
      const left = enabled?.deselected.includes(id) ? ' (left out)' : ''
      return `${id}: ${title}, ${severity}${left}`
    }),
  })
}

const COLUMNS: readonly Column<ComplianceBundle>[] = [
  { title: 'BUNDLE', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'VERSION', text: ({ version }) => version },
  { title: 'RULES', text: ({ rules }) => String(rules.length), align: 'right' },
  {
    title: 'ENABLED',
    text: ({ enabled, updateAvailable }) => {
      if (enabled === undefined) return 'no'
      return updateAvailable ? `${enabled.version}, update available` : enabled.version
    },
  },
  {
    title: 'FROM',
    text: ({ source }) => (source === 'SHIPPED' ? 'the hub' : 'you'),
    optional: true,
  },
  { title: 'DESCRIPTION', text: ({ description = '' }) => description, optional: true },
]
