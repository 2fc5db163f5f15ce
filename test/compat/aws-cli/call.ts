import { expect } from 'vitest'

import { ACCOUNTS, REGION } from '../../organisation.ts'

/** Arguments by their long names: a text as it is, `true` for a flag, anything else as JSON. */
type Arguments = Readonly<Record<string, unknown>>
/** What the calls before were answered, all in one. */
type Known = Readonly<Record<string, any>>

/** A call of the AWS CLI and what it prints. */
export interface CliCall {
  /** Such as `events put-rule`. */
  readonly command: string
  readonly args: Arguments | ((known: Known) => Arguments)
  /** What is printed, where something is. */
  readonly answer?: unknown
  /** What is printed in place of an answer. */
  readonly refusal?: string
  /** It is called again until the answer is that one. */
  readonly isAwaited?: true
  /** The profile of an account. */
  readonly profile?: string
}

/** Calls about one subject, in order. */
export interface CliSubject {
  readonly subject: string
  readonly calls: readonly CliCall[]
}

export const ANY = expect.anything()
export const call = (command: string, args: CliCall['args'], answer?: unknown): CliCall => ({
  command,
  args,
  ...(answer !== undefined && { answer }),
})
export const awaited = (...given: Parameters<typeof call>): CliCall => ({
  ...call(...given),
  isAwaited: true,
})
export const refused = (
  command: string,
  args: CliCall['args'],
  code: string,
  message: string,
): CliCall => {
  const [, operation = ''] = command.split(' ')
  const name = operation.replaceAll(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase())
  const refusal = `An error occurred (${code}) when calling the ${name} operation: ${message}`
  return { command, args, refusal }
}
export const as = (profile: string, ...calls: readonly CliCall[]): readonly CliCall[] =>
  calls.map((one) => ({ ...one, profile }))

export const arnOf = (service: string, resource: string) =>
  `arn:aws:${service}:${REGION}:${ACCOUNTS.MEMBER}:${resource}`
