import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'

import { systemClock as clock } from '#src/ports/clock.ts'
import { action, givenOnly } from './call.ts'
import { CommandFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { fields, styled } from './output.ts'
import { createProgress } from './progress.ts'
import type { Progress } from './progress.ts'
import { organisationBy, organisationsBy } from './references.ts'
import { counted, localMoment, printable } from './terminal-text.ts'

interface TrailStatus {
  readonly organisationId: string
  readonly location: string
  readonly format: string
  readonly sequence: number
  readonly headSha256?: string
  readonly objects: number
  readonly events: number
  readonly lastWrittenAt?: number
  readonly lagSeconds: number
  readonly problem?: string
}

interface Problem {
  readonly type: 'problem'
  readonly kind: string
  readonly key: string
  readonly message: string
}

interface Result {
  readonly type: 'result'
  readonly intact: boolean
  readonly manifests: number
  readonly objects: number
  readonly events: number
  readonly expired: number
  readonly problems: number
}

interface Fault {
  readonly type: 'fault'
  readonly message: string
}

interface Note {
  readonly type: 'note'
  readonly message: string
}

type Line =
  | Problem
  | Result
  | { readonly type: 'progress'; readonly manifests: number; readonly of: number }
  | Note
  | Fault

interface TrailOptions {
  readonly organisation?: string
}

const MANIFEST = ['manifest', 'manifests'] as const
const DAY_CHARACTERS = 'YYYY-MM-DD'.length

export function addTrail(program: Command): void {
  const trail = program
    .command('trail')
    .description('the audit trail of tenancy events: where it is, whether it is intact, its events')

  withOrganisation(trail.command('status'))
    .description('show where the trail is and how far it has come')
    .action(
      action<TrailOptions>(async ({ hub, output, options }) => {
        const organisations = await organisationsBy(hub, options.organisation)
        const { items } = await hub.get<{ items: readonly TrailStatus[] }>('/trail')
        const found = organisations.map(({ id, alias }) => {
          const status = items.find(({ organisationId }) => organisationId === id)
          if (status === undefined) throw new CommandFault(`"${alias}" has no trail`)
          return { alias, status }
        })
        const statuses = found.map(({ status }) => status)
        await output.show(statuses, () =>
          found.map(({ alias, status }) => statusText(alias, status)).join('\n\n'),
        )
      }),
    )

  withOrganisation(trail.command('verify'))
    .description('check every object and manifest of the trail against the chain of hashes')
    .addHelpText(
      'after',
      '\nWithout --organisation every trail within reach is verified, one after the other.\nEnds with status 1 where something was removed, changed or added, or a trail cannot be read.',
    )
    .action(
      action<TrailOptions>(async ({ hub, output, options }) => {
        const organisations = await organisationsBy(hub, options.organisation)
        const answers: object[] = []
        const faults: string[] = []
        for (const { id, alias } of organisations) {
          const { problems, result, fault } = await verified(hub, { id, alias }, output.note)
          if (fault !== undefined) faults.push(fault)
          // One trail that cannot be read does not keep the others from being verified.
          if (result === undefined) {
            for (const problem of problems) output.note(problemText(problem))
            continue
          }
          if (!result.intact) process.exitCode = 1
          answers.push({ organisationId: id, alias, ...result, found: problems })
          if (output.json) continue
          if (organisations.length > 1) {
            await output.line(styled('bold', `organisation ${printable(alias)}`))
          }
          await output.line(verifiedText(problems, result))
        }
        if (output.json && answers.length > 0) await output.show(answers, () => '')
        if (faults.length > 0) throw new CommandFault(faults.join('\n'))
      }),
    )

  withOrganisation(trail.command('events'))
    .description("print a day's events from the trail, a line of JSON each")
    .option('--day <day>', 'as YYYY-MM-DD, in UTC', day, today())
    .option('--account <id>', 'only of this AWS account')
    .action(
      action<TrailOptions & { day: string; account?: string }>(async ({ hub, output, options }) => {
        const { id: organisationId } = await organisationBy(hub, options.organisation)
        const { day: asked, account } = options
        const query = givenOnly({ organisationId, day: asked, account })
        let damaged = 0
        for await (const line of hub.lines('/trail/events', query)) {
          // No event has a member of that name; the hub's last word may be a fault.
          const told = JSON.parse(line) as { type?: undefined } | Problem | Note | Fault
          if (told.type === 'fault') throw new CommandFault(told.message)
          if (told.type === 'note') {
            output.note(printable(told.message))
          } else if (told.type === 'problem') {
            damaged += 1
            output.note(problemText(told))
          } else {
            await output.line(line)
          }
        }
        if (damaged > 0) {
          throw new CommandFault(
            `${counted(damaged, 'object')} of that day cannot be trusted and left out: run "belfry trail verify"`,
          )
        }
      }),
    )
}

function withOrganisation(command: Command): Command {
  return command.option('--organisation <organisation>', 'whose it is: id or alias')
}

async function verified(
  hub: HubClient,
  { id: organisationId, alias }: { readonly id: string; readonly alias: string },
  note: (text: string) => void,
) {
  const problems: Omit<Problem, 'type'>[] = []
  let progress: Progress | undefined
  let result: Result | undefined
  let fault: string | undefined
  try {
    for await (const text of hub.postLines('/trail/verify', { organisationId })) {
      const line = JSON.parse(text) as Line
      if (line.type === 'fault') {
        fault = `the trail of "${alias}" was not verified: ${line.message}`
        continue
      }
      if (line.type === 'note') {
        note(printable(line.message))
      } else if (line.type === 'progress') {
        progress ??= createProgress(`verifying ${alias}`, line.of)
        progress.update(line.manifests)
      } else if (line.type === 'problem') {
        const { type: _, ...problem } = line
        problems.push(problem)
      } else {
        result = line
      }
    }
  } finally {
    progress?.stop()
  }
  if (result === undefined) {
    fault ??= `the hub ended before the trail of "${alias}" was verified`
    return { problems, fault }
  }
  const { type: _, ...counts } = result
  return { problems, result: counts }
}

function statusText(alias: string, status: TrailStatus): string {
  const { location, format, sequence, objects, events, headSha256, lastWrittenAt } = status
  const { lagSeconds, problem } = status
  return fields(
    {
      organisation: alias,
      location,
      format,
      events: `${counted(events, 'event')} in ${counted(objects, 'object')}`,
      chain: counted(sequence, ...MANIFEST),
      head: headSha256,
      written: lastWrittenAt === undefined ? 'nothing yet' : localMoment(lastWrittenAt),
      lag: lagSeconds === 0 ? 'none' : counted(lagSeconds, 'second'),
      problem,
    },
    { problem: 'red' },
  )
}

function verifiedText(
  problems: readonly Omit<Problem, 'type'>[],
  { intact, manifests, objects, events, expired, problems: all }: Omit<Result, 'type'>,
): string {
  const seen = `${counted(manifests, ...MANIFEST)}, ${counted(objects, 'object')}, ${counted(events, 'event')}`
  const gone = expired === 0 ? '' : `; retention has deleted ${counted(expired, 'object')}`
  if (intact && manifests === 0) return 'nothing to verify yet: nothing was written to the trail'
  if (intact) return `${styled('green', 'intact')}: ${seen}${gone}`
  const told = problems.map(problemText)
  const more = all > problems.length ? [`and ${all - problems.length} more`] : []
  return [
    ...told,
    ...more,
    `${styled('red', 'damaged')}: ${counted(all, 'problem')} in ${seen}${gone}`,
  ].join('\n')
}

function problemText({ kind, key, message }: Omit<Problem, 'type'>): string {
  return `${styled('red', kind)}  ${printable(key)}  ${printable(message)}`
}

function day(text: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))) return text
  throw new InvalidArgumentError('It must be a day such as 2026-01-31.')
}

function today(): string {
  return new Date(clock.now()).toISOString().slice(0, DAY_CHARACTERS)
}
