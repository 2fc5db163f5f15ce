import type { Command } from 'commander'

import { eventTypeOf } from '#src/model/catalogue/catalogue.ts'
import type { EmitResult } from '#src/model/emitted-event.ts'
import { action, givenOnly } from './call.ts'
import { UsageFault } from './cli-faults.ts'
import type { HubClient } from './hub-client.ts'
import { readJsonObject } from './json-input.ts'
import { fields as lines } from './output.ts'
import { ACCOUNT_REFERENCE, accountBy, organisationBy } from './references.ts'

interface EmitOptions {
  readonly field?: readonly string[]
  readonly fields?: string
  readonly organisation?: string
  readonly account?: string
  readonly region?: string
  readonly user?: string
  readonly time?: string
  readonly id?: string
  readonly eventVersion?: string
}

const HELP = `
A field's value is text where the catalogue says so, else JSON. Fields inside of fields, and those
of a newer version, come with --fields.

Examples:
  belfry emit VpcCreateEvent --field resourceId=$(uuidgen) --field status=SUCCESS
  belfry emit VpcCreateEvent --fields vpc.json --account 444455556666 --region eu-west-1
  belfry catalogue show VpcCreateEvent        # which fields there are`

export function addEmit(program: Command): void {
  program
    .command('emit')
    .description('publish a tenancy event that happened outside of the hub')
    .argument('<name>', 'of the event, as in the catalogue')
    .option('--field <name=value>', 'one field; may be given again', listed)
    .option('--fields <fields>', 'the fields: JSON, a file, or - for standard input')
    .option('--organisation <organisation>', 'whose event: id or alias')
    .option('--account <account>', `where it happened: ${ACCOUNT_REFERENCE}`)
    .option('--region <region>', 'the region in which it happened')
    .option('--user <id>', 'the id of the user who did it')
    .option('--time <time>', 'when it happened, such as 2026-01-31T08:15:00Z (default: now)')
    .option('--id <uuid>', 'id of the event: with it, the same event is not taken twice')
    .option('--event-version <version>', "version of the event's type, if newer")
    .addHelpText('after', HELP)
    .action(
      action<EmitOptions>(async ({ hub, output, options }, name: string) => {
        if ((options.region === undefined) !== (options.account === undefined)) {
          throw new UsageFault('--account and --region come together: say both, or neither')
        }
        const fields = {
          ...(options.fields === undefined ? {} : await readJsonObject(options.fields, 'fields')),
          ...fieldByField(name, options),
        }
        const { region, user: userId, time, id, eventVersion } = options
        const organisationId = await whose(hub, options.organisation)
        const accountId =
          options.account === undefined
            ? undefined
            : (await accountBy(hub, options.account)).awsAccountId
        const aws = accountId === undefined ? undefined : { accountId, region }
        const event = { name, fields, organisationId, aws, userId, time, id, eventVersion }
        const { results } = await hub.post<{ results: readonly EmitResult[] }>('/tenancy-events', {
          events: [givenOnly(event)],
        })
        await output.show(results[0], () => lines({ emitted: name, ...results[0] }))
      }),
    )
}

function listed(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

function fieldByField(name: string, { field: given = [] }: EmitOptions): Record<string, unknown> {
  const known = eventTypeOf(name)?.fields.properties ?? {}
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new UsageFault(`--field is <name>=<value>, not "${text}"`)
      const [field, value] = [text.slice(0, at), text.slice(at + 1)]
      const schema = Object.hasOwn(known, field) ? known[field] : undefined
      return [field, schema !== undefined && isText(schema) ? value : jsonOrText(value)]
    }),
  )
}

/** An enumeration has no type of its own. */
function isText(schema: object): boolean {
  const { type, enum: values } = schema as { type?: unknown; enum?: readonly unknown[] }
  return type === 'string' || values?.every((value) => typeof value === 'string') === true
}

function jsonOrText(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

/** It follows from who calls, but for the operator. */
async function whose(hub: HubClient, reference: string | undefined): Promise<string> {
  if (reference === undefined) {
    const { organisationId } = await hub.get<{ organisationId?: string }>('/caller')
    if (organisationId !== undefined) return organisationId
  }
  return (await organisationBy(hub, reference)).id
}
