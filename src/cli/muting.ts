import type { Command } from 'commander'

import type { Inhibition, Silence } from '#src/model/notification.ts'
import { systemClock } from '#src/ports/clock.ts'
import { callerName } from '#src/model/principal.ts'
import { pathOf } from './api-path.ts'
import { action, hours } from './call.ts'
import { readDocument } from './document-input.ts'
import { addListCommand } from './list-command.ts'
import { readJsonObject } from './json-input.ts'
import { table } from './output.ts'
import type { Column } from './output.ts'
import { organisationBy } from './references.ts'
import { localMoment } from './terminal-text.ts'

const HOUR_MS = 3_600_000

interface Filter {
  readonly organisation?: string
}

export function addSilences(program: Command): void {
  const silences = program
    .command('silences')
    .description('list, create, delete silences: alerts that nobody is told of for a while')

  addListCommand<Silence>(silences, {
    path: '/silences',
    description: 'list silences',
    none: 'no silences',
    columns: SILENCE_COLUMNS,
  })

  silences
    .command('create')
    .description('tell nobody of alerts that match a pattern for a while')
    .requiredOption(
      '--pattern <pattern>',
      'an event pattern on alerts: JSON, a file, or -; such as {"detail":{"ruleId":["tagging/owner"]}}',
    )
    .requiredOption('--hours <hours>', 'for so long', hours)
    .requiredOption('--reason <text>', 'why: shown with what it holds back')
    .option('--organisation <organisation>', 'whose: id or alias')
    .action(
      action<Filter & { pattern: string; hours: number; reason: string }>(
        async ({ hub, output, options }) => {
          const pattern = await readJsonObject(options.pattern, 'pattern')
          const { id: organisationId } = await organisationBy(hub, options.organisation)
          const silence = await hub.post<Silence>('/silences', {
            organisationId,
            pattern,
            reason: options.reason,
            endsAt: systemClock.now() + options.hours * HOUR_MS,
          })
          await output.show(silence, () => table([silence], SILENCE_COLUMNS, output.width))
        },
      ),
    )

  silences
    .command('delete')
    .description('end a silence: what it held back is told')
    .argument('<silence>', 'its id')
    .action(
      action(async ({ hub, output }, id: string) => {
        await hub.delete(pathOf('/silences', id))
        await output.show({ deleted: id }, () => `ended the silence ${id}`)
      }),
    )
}

export function addInhibitions(program: Command): void {
  const inhibitions = program
    .command('inhibitions')
    .description('list, create, delete inhibitions: alerts that hide others while they last')
    .addHelpText(
      'after',
      `
While an alert that matches "source" is open, alerts that match "target" are not told where the
fields in "equal" are the same in both. Alerts that are open already hide others from now on. Of
alerts that match both none hides another:

  name: Where AWS Config is off, what else Security Hub checks means little
  source: { detail: { checkedBy: [ securityhub ], ruleId: [ Config.1 ] } }
  target: { detail: { checkedBy: [ securityhub ] } }
  equal: [ awsAccountId, region ]

  belfry inhibitions create --file config-is-off.yaml`,
    )

  addListCommand<Inhibition>(inhibitions, {
    path: '/inhibitions',
    description: 'list inhibitions',
    none: 'no inhibitions',
    columns: INHIBITION_COLUMNS,
  })

  inhibitions
    .command('create')
    .description('let alerts hide others, as a file says')
    .requiredOption('--file <file>', 'YAML or JSON, or - for standard input')
    .option('--organisation <organisation>', 'whose: id or alias')
    .action(
      action<Filter & { file: string }>(async ({ hub, output, options }) => {
        const given = await readDocument(options.file, 'inhibition')
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const made = await hub.post<Inhibition>('/inhibitions', { organisationId, ...given })
        await output.show(made, () => table([made], INHIBITION_COLUMNS, output.width))
      }),
    )

  inhibitions
    .command('delete')
    .description('delete an inhibition: what it hid is told')
    .argument('<inhibition>', 'its id')
    .action(
      action(async ({ hub, output }, id: string) => {
        await hub.delete(pathOf('/inhibitions', id))
        await output.show({ deleted: id }, () => `deleted the inhibition ${id}`)
      }),
    )
}

const SILENCE_COLUMNS: readonly Column<Silence>[] = [
  { title: 'FROM', text: ({ startsAt }) => localMoment(startsAt) },
  { title: 'TO', text: ({ endsAt }) => localMoment(endsAt) },
  { title: 'REASON', text: ({ reason }) => reason, style: () => 'cyan' },
  { title: 'BY', text: ({ createdBy }) => callerName(createdBy), optional: true },
  { title: 'PATTERN', text: ({ pattern }) => JSON.stringify(pattern) },
  { title: 'ID', text: ({ id }) => id, style: () => 'dim' },
]

const INHIBITION_COLUMNS: readonly Column<Inhibition>[] = [
  { title: 'NAME', text: ({ name }) => name, style: () => 'cyan' },
  { title: 'SOURCE', text: ({ source }) => JSON.stringify(source) },
  { title: 'TARGET', text: ({ target }) => JSON.stringify(target) },
  { title: 'EQUAL', text: ({ equal }) => equal.join(', ') },
  { title: 'ID', text: ({ id }) => id, style: () => 'dim' },
]
