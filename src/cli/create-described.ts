import type { Command } from 'commander'

import type { Call } from './call.ts'
import { givenOnly } from './call.ts'
import { organisationBy } from './references.ts'

export interface DescribedOptions {
  readonly description?: string
  readonly organisation?: string
}

/** The options of commands that create something with a name and a description. */
export function withDescription(command: Command, purpose: string): Command {
  return command
    .option('--description <text>', purpose)
    .option('--organisation <organisation>', 'whose it is: id or alias')
}

/** Creates such a thing in the organisation that the options name. */
export async function createDescribed<T>(
  { hub, options }: Pick<Call<DescribedOptions>, 'hub' | 'options'>,
  path: string,
  name: string,
): Promise<T> {
  const { id: organisationId } = await organisationBy(hub, options.organisation)
  const { description } = options
  return hub.post<T>(path, { organisationId, name, ...givenOnly({ description }) })
}
