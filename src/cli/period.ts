import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'

import { systemClock as clock } from '#src/ports/clock.ts'

/** What `--since` and `--until` give: epoch ms as the API takes them. */
export interface PeriodOptions {
  readonly since?: string
  readonly until?: string
}

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** Adds the options of a part of the history. */
export function withPeriod(command: Command): Command {
  return command
    .option('--since <time>', 'from then on: such as 15m, 12h, 7d, or 2026-01-31T08:00', timeOf)
    .option('--until <time>', 'up to then', timeOf)
}

/** As the API names them. */
export function periodQuery({ since, until }: PeriodOptions) {
  return { ...(since !== undefined && { from: since }), ...(until !== undefined && { to: until }) }
}

function timeOf(text: string): string {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? []
  const ago = UNITS_MS[unit]
  if (ago !== undefined) return String(clock.now() - Number(count) * ago)
  const time = Date.parse(text)
  if (Number.isFinite(time)) return String(time)
  throw new InvalidArgumentError(
    'It must be a span such as 15m, 12h or 7d, or a time such as 2026-01-31T08:00.',
  )
}

/** Of an option: a day or an instant, as epoch ms. */
export function instant(text: string): number {
  const at = Date.parse(text)
  if (Number.isFinite(at)) return at
  throw new InvalidArgumentError('It must be a day or an instant, such as 2026-06-30.')
}
