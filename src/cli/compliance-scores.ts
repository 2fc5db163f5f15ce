import type { Command } from 'commander'

import type { ComplianceScore } from '#src/model/finding.ts'
import type { Account } from '#src/model/tenancy.ts'
import { action, givenOnly } from './call.ts'
import { table } from './output.ts'
import type { Column } from './output.ts'
import {
  ACCOUNT_REFERENCE,
  accountBy,
  organisationColumns,
  organisationFilter,
} from './references.ts'

interface ScoreOptions {
  readonly organisation?: string
  readonly account?: string
  readonly checkedBy?: string
  readonly bundle?: string
}

export function addScores(compliance: Command): void {
  compliance
    .command('scores')
    .description('list how accounts stand: of all checks of their resources how many passed')
    .option('--organisation <organisation>', 'only of this one: id or alias')
    .option('--account <account>', `only of this one: ${ACCOUNT_REFERENCE}`)
    .option('--checked-by <service>', 'only by belfry, config, securityhub, prowler, ...')
    .option('--bundle <name>', 'only by the rules of this bundle')
    .addHelpText(
      'after',
      `
A score is the share of checks that passed, in per cent and rounded down, whatever their severity.
What fails under an exception is no part of it, nor is what is suppressed or archived where it was
found, nor what is an attack rather than a check. Below an account are its scores by whoever checks
and, of the hub's own rules, by bundle.

  belfry compliance scores --bundle tagging`,
    )
    .action(
      action<ScoreOptions>(async ({ hub, output, options }) => {
        const { organisation, account, checkedBy, bundle } = options
        const organisationId = await organisationFilter(hub, organisation)
        const awsAccountId = account && (await accountBy(hub, account)).awsAccountId
        const asked = givenOnly({ organisationId, awsAccountId, checkedBy, bundle })
        const all = await hub.listAll<ComplianceScore>('/compliance/scores', asked)
        const worstFirst = all.toSorted((a, b) => (a.score ?? 101) - (b.score ?? 101))
        const accounts = await hub.listAll<Account>('/accounts')
        const nameOf = new Map<string, string>(accounts.map((one) => [one.awsAccountId, one.name]))
        const columns = [...COLUMNS, ...(await organisationColumns<Row>(hub))]
        await output.show(worstFirst, () =>
          all.length === 0
            ? emptyText(asked)
            : table(
                worstFirst.flatMap((one) => rowsOf(one, nameOf)),
                columns,
                output.width,
              ),
        )
      }),
    )
}

function emptyText(asked: object): string {
  return Object.keys(asked).length === 0
    ? 'nothing has been checked yet: see "belfry compliance bundles list"'
    : 'nothing has been checked that fits: leave out options to see all scores'
}

type Row = Pick<
  ComplianceScore,
  'organisationId' | 'score' | 'passing' | 'failing' | 'excepted'
> & { readonly name: string; readonly isPart: boolean }

function rowsOf(
  { awsAccountId, parts, ...score }: ComplianceScore,
  nameOf: ReadonlyMap<string, string>,
): readonly Row[] {
  const { organisationId } = score
  const name = awsAccountId === undefined ? 'in no account' : (nameOf.get(awsAccountId) ?? '')
  const title = [name, awsAccountId].filter((text) => text !== undefined && text !== '').join(' ')
  return [
    { ...score, name: title, isPart: false },
    ...parts.map(({ checkedBy, bundle, ...part }) => ({
      ...part,
      organisationId,
      isPart: true,
      name: `  ${bundle ?? checkedBy}`,
    })),
  ]
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'ACCOUNT', text: ({ name }) => name, style: ({ isPart }) => (isPart ? 'dim' : 'cyan') },
  {
    title: 'SCORE',
    text: ({ score }) => (score === undefined ? '-' : `${score.toFixed(1)} %`),
    style: ({ failing }) => (failing > 0 ? 'red' : 'green'),
    align: 'right',
  },
  { title: 'PASSING', text: ({ passing }) => String(passing), align: 'right' },
  { title: 'FAILING', text: ({ failing }) => String(failing), align: 'right' },
  { title: 'EXCEPTED', text: ({ excepted }) => String(excepted), align: 'right' },
]
