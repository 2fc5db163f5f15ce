import type { Command } from 'commander'

import type { Organisation } from '#src/model/tenancy.ts'
import { action, wholeNumber } from './call.ts'
import type { HubClient } from './hub-client.ts'
import { total } from './metrics-text.ts'
import { playEvents } from './play-events.ts'
import type { Played } from './play-events.ts'
import { createProgress } from './progress.ts'
import { readPrintedEvents } from './sample-events.ts'
import { SAMPLE_ACCOUNTS, SAMPLE_ORGANISATION } from './sample-organisation.data.ts'
import { loadSampleOrganisation } from './sample-organisation.ts'
import type { SampleOrganisation } from './sample-organisation.ts'
import { nextSteps, sampleSummary } from './sample-summary.ts'
import { ACCEPTED, hubSamples } from './status.ts'

interface SampleOptions {
  readonly rate: number
  readonly repeat: number
}

const RATE_DEFAULT = 100
const RATE_MAX = 10_000
const REPEAT_MAX = 1_000_000

const HELP = `
Makes the organisation "${SAMPLE_ORGANISATION.alias}" with accounts in units, users in groups, API tokens,
services, an event source and an ingest key, has a user log in, rename an account and log out,
emits events as a portal would, and sends AWS's own sample events through POST /ingest/aws.
Run again, it uses what is there and plays the events again.`

export function addSample(program: Command): void {
  program
    .command('sample')
    .description('load an example and play AWS events into it')
    .option('--rate <number>', 'events a second', wholeNumber(1, RATE_MAX), RATE_DEFAULT)
    .option('--repeat <number>', 'play all events so often', wholeNumber(1, REPEAT_MAX), 1)
    .addHelpText('after', HELP)
    .action(
      action<SampleOptions>(async ({ hub, output, options }) => {
        const before = await tenancyEvents(hub)
        output.note(`Loading the organisation "${SAMPLE_ORGANISATION.alias}" ...`)
        const sample = await loadSampleOrganisation(hub)
        const played = await play(hub, sample, options)
        const tenancyEventsMade = (await tenancyEvents(hub)) - before
        const profilePrefix = await profilePrefixOf(hub, sample.organisation)
        const { organisation, accounts, users, tokens, login, apiCallId } = sample
        const { taken, refused, reasons } = played
        await output.show(
          {
            organisation,
            accounts,
            users,
            tokens,
            login,
            apiCallId,
            taken,
            refused,
            tenancyEventsMade,
            reasons: Object.fromEntries(reasons),
          },
          () =>
            `${sampleSummary(sample, played, tenancyEventsMade)}\n\n${nextSteps(hub, sample, profilePrefix)}`,
        )
      }),
    )
}

async function play(
  hub: HubClient,
  { organisation, ingestKey }: SampleOrganisation,
  { rate, repeat }: SampleOptions,
): Promise<Played> {
  const events = await readPrintedEvents()
  const progress = createProgress('Playing AWS events', events.length * repeat)
  const members = SAMPLE_ACCOUNTS.filter(({ accountRole }) => accountRole === 'MEMBER')
  try {
    return await playEvents(hub, {
      accounts: members.map(({ awsAccountId }) => awsAccountId),
      regions: organisation.regions,
      events,
      ingestKey,
      perSecond: rate,
      times: repeat,
      onProgress: (done) => progress.update(done),
    })
  } finally {
    progress.stop()
  }
}

async function tenancyEvents(hub: HubClient): Promise<number> {
  return total(await hubSamples(hub), ACCEPTED, { door: 'tenancy' })
}

/** The hub names the profiles of its first organisation by their roles alone. */
async function profilePrefixOf(hub: HubClient, { id, alias }: Organisation): Promise<string> {
  const [first] = await hub.listAll<Organisation>('/organisations')
  return first?.id === id ? '' : `${alias}-`
}
