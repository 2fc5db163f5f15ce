import type { Command } from 'commander'

import { givenOnly, hours } from './call.ts'
import { secretIn } from './secret-file.ts'
import { localMoment } from './terminal-text.ts'

export const SECRET_FILE =
  'take the secret in this file, or - for standard input, instead of a new one: whsec_...'

export interface RotationOptions {
  readonly overlapHours?: number
  readonly secretFile?: string
}

/** The options of a rotation of what signs by Standard Webhooks. */
export function withRotation(command: Command): Command {
  return command
    .option('--overlap-hours <hours>', 'how long the old one signs too (default: 24)', hours)
    .option('--secret-file <file>', SECRET_FILE)
}

/** The rotation that options ask for. */
export async function rotationOf({ overlapHours, secretFile }: RotationOptions): Promise<object> {
  return givenOnly({ overlapHours, secret: await secretIn(secretFile) })
}

/** What a reader is told of the secret before the last rotation. */
export function oldSecretText(
  rotatedAt: number | undefined,
  previousUntil: number | undefined,
): string | undefined {
  if (previousUntil !== undefined) return `signs too until ${localMoment(previousUntil)}`
  return rotatedAt === undefined ? undefined : 'signs no more'
}
