import { readFile } from 'node:fs/promises'

import type { Command } from 'commander'

import type { TagPolicyImport } from '#src/model/compliance-bundle.ts'
import { action, commaSeparated, givenOnly } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import { styled } from './output.ts'
import { organisationBy } from './references.ts'

interface ImportOptions {
  readonly organisation?: string
  readonly required?: readonly string[]
  readonly name?: string
}

export function addTagPolicies(compliance: Command): void {
  compliance
    .command('tag-policies')
    .description('import tag policies of AWS Organizations')
    .addHelpText(
      'after',
      `
Policies are given as they are written, or as "aws organizations describe-policy" and
"describe-effective-policy" print them. Several are given from the root down, as @@append and @@remove
change what is above; where several are attached to one unit, the effective policy says what they come
to. A resource without a tag complies, as AWS has it, unless the tag is required:

  aws organizations describe-effective-policy --policy-type TAG_POLICY --target-id 111122223333 > web.json
  belfry compliance tag-policies import web.json
  belfry compliance tag-policies import root.json web-unit.json --required CostCenter
  belfry compliance bundles enable tag-policy`,
    )
    .command('import')
    .description('make a bundle of rules of them; of a name that is there, its next version')
    .argument('<file...>', 'JSON, from the root of the organisation down')
    .option(
      '--required <keys>',
      'keys that all resources must have, comma-separated',
      commaSeparated,
    )
    .option('--name <name>', 'of the bundle: tag-policy')
    .option('--organisation <organisation>', 'id or alias, where there are several')
    .action(
      action<ImportOptions>(async ({ hub, output, options }, files: readonly string[]) => {
        const policies = await Promise.all(files.map(textOf))
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const { required, name } = options
        const given = { organisationId, policies, ...givenOnly({ required, name }) }
        const made = await hub.post<TagPolicyImport>('/compliance/tag-policies', given)
        await output.show(made, () => madeText(made))
      }),
    )
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new UsageFault(`the file cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

function madeText({ bundle, leftOut }: TagPolicyImport): string {
  const { name, version, rules, enabled } = bundle
  const isApplied = enabled?.version === version
  return [
    `the bundle ${name} ${version} has ${rules.length} rules`,
    ...rules.map(({ id, title }) => `  ${id}: ${title}`),
    ...leftOut.map((text) => styled('yellow', `left out: ${text}`)),
    ...(isApplied ? [] : [`apply it: belfry compliance bundles enable ${name}`]),
  ].join('\n')
}
