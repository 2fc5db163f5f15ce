import type { Command } from 'commander'

import { action } from './call.ts'
import type { HubClient } from './hub-client.ts'
import { samplesOf, total } from './metrics-text.ts'
import type { Sample } from './metrics-text.ts'
import { fields, styled } from './output.ts'
import { counted } from './terminal-text.ts'

export const ACCEPTED = 'belfry_events_accepted_total'
const DELIVERY = ['delivery', 'deliveries'] as const
const DOORS = {
  collector: 'from AWS',
  'put-events': 'put',
  partners: 'of partners',
  tenancy: 'of the tenancy',
}

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('show how the hub is and what went through it')
    .addHelpText('after', '\nEnds with status 1 where the hub is not ready.')
    .action(
      action(async ({ hub, output }) => {
        const readiness = await readinessOf(hub)
        const samples = await hubSamples(hub)
        const figures = figuresOf(samples)
        await output.show({ url: hub.url, ...readiness, ...figures }, () =>
          statusText(hub.url, readiness, { figures, samples }),
        )
        if (!readiness.ready) process.exitCode = 1
      }),
    )
}

/** The hub's figures as they are now. */
export async function hubSamples(hub: HubClient): Promise<readonly Sample[]> {
  return samplesOf(await (await hub.plain('/metrics')).text())
}

interface Readiness {
  readonly ready: boolean
  readonly reason?: string
}

async function readinessOf(hub: HubClient): Promise<Readiness> {
  const answer = await hub.plain('/readyz')
  if (answer.ok) return { ready: true }
  const { reason } = (await answer.json().catch(() => ({}))) as { reason?: string }
  return { ready: false, reason: reason ?? `status ${answer.status}` }
}

function figuresOf(samples: readonly Sample[]) {
  return {
    eventsAccepted: total(samples, ACCEPTED),
    eventsRefused: total(samples, 'belfry_events_refused_total'),
    eventsRouted: total(samples, 'belfry_events_routed_total'),
    deliveriesDecided: total(samples, 'belfry_deliveries_total'),
    deliveriesPending: total(samples, 'belfry_deliveries_stored', { state: 'pending' }),
    deadLetters: total(samples, 'belfry_deliveries_stored', { state: 'dead' }),
  }
}

function statusText(
  url: string,
  { ready, reason }: Readiness,
  { figures, samples }: { figures: ReturnType<typeof figuresOf>; samples: readonly Sample[] },
): string {
  const byDoor = Object.entries(DOORS)
    .map(([door, words]) => ({ words, count: total(samples, ACCEPTED, { door }) }))
    .filter(({ count }) => count > 0)
    .map(({ words, count }) => `${count.toLocaleString('en')} ${words}`)
  const accepted = counted(figures.eventsAccepted, 'event')
  const text = fields(
    {
      hub: url,
      state: ready ? 'ready' : `not ready: ${reason}`,
      accepted: byDoor.length > 1 ? `${accepted}: ${byDoor.join(', ')}` : accepted,
      refused: counted(figures.eventsRefused, 'event'),
      routed: `${counted(figures.eventsRouted, 'event')}, to ${counted(figures.deliveriesDecided, ...DELIVERY)}`,
      pending: counted(figures.deliveriesPending, ...DELIVERY),
      'dead letters':
        figures.deadLetters === 0
          ? 'none'
          : `${counted(figures.deadLetters, ...DELIVERY)}: see "belfry dead-letters list"`,
    },
    {
      state: ready ? 'green' : 'red',
      ...(figures.deadLetters > 0 && { 'dead letters': 'red' as const }),
    },
  )
  return `${text}\n${styled('dim', 'Accepted, refused and routed are counted from the start of the hub.')}`
}
