import type { Command } from 'commander'

import { action, givenOnly, wholeNumber } from './call.ts'
import { CommandFault, HubFault, UsageFault } from './cli-faults.ts'
import type { HubClient, Query } from './hub-client.ts'
import { fields, table } from './output.ts'
import type { Column, Output } from './output.ts'
import { counted, localMoment } from './terminal-text.ts'

interface DeadLetter {
  readonly id: number
  readonly eventId: string
  readonly ruleArn: string
  readonly targetId: string
  readonly targetArn: string
  readonly attempts: number
  readonly startedAt: number
  readonly diedAt: number
  readonly errorCode: string
  readonly errorMessage: string
  readonly exhaustedRetryCondition?: string
  readonly queueError?: string
  readonly nextSendAt?: number
  readonly event: unknown
}

interface Filter {
  readonly rule?: string
  readonly target?: string
  readonly event?: string
}

interface RedriveOptions extends Filter {
  readonly all?: boolean
  readonly dryRun?: boolean
}

const LIST_DEFAULT = 100
/** What the hub takes and answers in one call. */
const REDRIVE_IDS_MAX = 1_000

export function addDeadLetters(program: Command): void {
  const letters = program
    .command('dead-letters')
    .description('list, show and redrive failed deliveries')

  withFilters(letters.command('list').description('list dead letters, oldest first'))
    .option('--limit <number>', 'how many at most', wholeNumber(1), LIST_DEFAULT)
    .action(
      action<Filter & { limit: number }>(async ({ hub, output, options }) => {
        const { limit } = options
        const asked = filterOf(options)
        const { items, more } = await hub.listFirst<DeadLetter>('/dead-letters', asked, limit)
        await output.show(items, () =>
          items.length === 0 ? 'no dead letters' : table(items, COLUMNS, output.width),
        )
        if (more) output.note('there are more: raise --limit, or narrow with --rule or --target')
      }),
    )

  letters
    .command('show')
    .description('show a dead letter with its event')
    .argument('<id>', 'as listed', letterId)
    .action(
      action(async ({ hub, output }, id: number) => {
        const letter = await hub.get<DeadLetter>(`/dead-letters/${id}`)
        await output.show(letter, () => shown(letter))
      }),
    )

  addRedrive(letters)
}

function addRedrive(letters: Command): void {
  const command = letters
    .command('redrive')
    .description('deliver dead letters again, by id or all that a filter selects')
    .argument('[ids...]', 'as listed', letterIds)
    .option('--all', 'all of them, or all that the filters select')
  withFilters(command)
    .option('--dry-run', 'only show which')
    .action(
      action<RedriveOptions>(async ({ hub, output, options }, ids: readonly number[] = []) => {
        const filtered = Object.keys(filterOf(options)).length > 0
        if (ids.length > 0 === (options.all === true)) {
          throw new UsageFault('say which: either ids, or --all (which filters may narrow)')
        }
        if (ids.length > 0 && filtered) throw new UsageFault('filters go with --all, not with ids')
        const chosen = options.dryRun
          ? await preview(output, options.all ? lettersOf(hub, options) : byIds(hub, ids))
          : await redrive(hub, output, options.all ? options : ids)
        const missing = ids.filter((id) => !chosen.includes(id))
        if (missing.length > 0) throw new CommandFault(`not dead letters: ${missing.join(', ')}`)
      }),
    )
}

/** @returns the ids of what would be redriven */
async function preview(
  output: Output,
  letters: AsyncIterable<DeadLetter>,
): Promise<readonly number[]> {
  // There may be millions, each with its event.
  const first: DeadLetter[] = []
  const wouldRedrive: number[] = []
  for await (const letter of letters) {
    wouldRedrive.push(letter.id)
    if (first.length < LIST_DEFAULT) first.push(letter)
  }
  const more = wouldRedrive.length - first.length
  await output.show({ wouldRedrive }, () =>
    [
      ...(first.length === 0 ? [] : [table(first, COLUMNS, output.width), '']),
      ...(more === 0 ? [] : [`and ${more} more`, '']),
      `would redrive ${counted(wouldRedrive.length, 'dead letter')}`,
    ].join('\n'),
  )
  return wouldRedrive
}

async function redrive(
  hub: HubClient,
  output: Output,
  which: Filter | readonly number[],
): Promise<readonly number[]> {
  const ids = 'length' in which ? await redriveIds(hub, which) : await redriveAll(hub, which)
  await output.show({ redriven: ids }, () => `redrove ${counted(ids.length, 'dead letter')}`)
  return ids
}

interface Redriven {
  readonly redriven: readonly number[]
  readonly more: boolean
}

async function redriveAll(hub: HubClient, options: Filter): Promise<readonly number[]> {
  const seen = new Set<number>()
  for (;;) {
    const body = { all: true, ...filterOf(options) }
    const { redriven, more } = await hub.post<Redriven>('/dead-letters/redrive', body)
    const before = seen.size
    for (const id of redriven) seen.add(id)
    // Letters that die again at once would otherwise be redriven for ever.
    if (!more || seen.size === before) return [...seen]
  }
}

async function redriveIds(hub: HubClient, ids: readonly number[]): Promise<readonly number[]> {
  const redriven: number[] = []
  for (let at = 0; at < ids.length; at += REDRIVE_IDS_MAX) {
    const body = { ids: ids.slice(at, at + REDRIVE_IDS_MAX) }
    redriven.push(...(await hub.post<Redriven>('/dead-letters/redrive', body)).redriven)
  }
  return redriven
}

async function* lettersOf(hub: HubClient, options: Filter): AsyncGenerator<DeadLetter> {
  for await (const page of hub.pages<DeadLetter>('/dead-letters', filterOf(options))) yield* page
}

async function* byIds(hub: HubClient, ids: readonly number[]): AsyncGenerator<DeadLetter> {
  for (const id of new Set(ids)) {
    try {
      yield await hub.get<DeadLetter>(`/dead-letters/${id}`)
    } catch (error) {
      if (!(error instanceof HubFault && error.code === 'dead-letter.not-found')) throw error
    }
  }
}

function withFilters(command: Command): Command {
  return command
    .option('--rule <arn>', 'only of this rule')
    .option('--target <id>', 'only of the target with this id')
    .option('--event <id>', 'only of this event')
}

function filterOf({ rule, target, event }: Filter): Query {
  if (rule !== undefined && !rule.startsWith('arn:')) {
    throw new UsageFault(
      `--rule takes the ARN of a rule, as "dead-letters show" prints it, not "${rule}"`,
    )
  }
  return givenOnly({ ruleArn: rule, targetId: target, eventId: event })
}

const letterId = wholeNumber(1)

function letterIds(text: string, before: readonly number[] = []): readonly number[] {
  return [...before, letterId(text)]
}

const COLUMNS: readonly Column<DeadLetter>[] = [
  { title: 'ID', text: ({ id }) => String(id), align: 'right', style: () => 'cyan' },
  { title: 'DIED', text: ({ diedAt }) => localMoment(diedAt) },
  { title: 'ERROR', text: ({ errorCode }) => errorCode, style: () => 'red' },
  { title: 'RULE', text: ({ ruleArn }) => ruleArn.split(':rule/')[1] ?? ruleArn },
  { title: 'TARGET', text: ({ targetId }) => targetId },
  { title: 'TRIES', text: ({ attempts }) => String(attempts), align: 'right', optional: true },
  { title: 'ACCOUNT', text: ({ ruleArn }) => ruleArn.split(':')[4] ?? '', optional: true },
  { title: 'REGION', text: ({ ruleArn }) => ruleArn.split(':')[3] ?? '', optional: true },
  { title: 'EVENT', text: ({ eventId }) => eventId, style: () => 'dim', optional: true },
]

function shown(letter: DeadLetter): string {
  return `${fields(
    {
      'dead letter': String(letter.id),
      error: `${letter.errorCode} ${letter.errorMessage}`,
      'ended by': letter.exhaustedRetryCondition,
      attempts: String(letter.attempts),
      started: localMoment(letter.startedAt),
      died: localMoment(letter.diedAt),
      rule: letter.ruleArn,
      target: `${letter.targetId}  ${letter.targetArn}`,
      event: letter.eventId,
      'not in queue': letter.queueError,
      'next sent': letter.nextSendAt === undefined ? undefined : localMoment(letter.nextSendAt),
    },
    { 'dead letter': 'cyan', error: 'red' },
  )}

${JSON.stringify(letter.event, undefined, 2)}
`
}
