import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { iniSections } from '#src/model/aws-ini.ts'
import type { IniSections } from '#src/model/aws-ini.ts'
import { CommandFault } from './cli-faults.ts'

/** The hub writes AWS's two files, `credentials` and `config`, into its data folder. */

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/**
 * The access key of a profile.
 * @throws CommandFault that says which file was looked for and what to set
 */
export function credentialsOf(dataFolder: string, profile: string): Credentials {
  const file = join(dataFolder, 'credentials')
  const sections = sectionsOf(file)
  if (sections === undefined) {
    throw new CommandFault(
      `there are no credentials: the file "${file}" does not exist. ` +
        'Run this where the hub was started, or name its data folder with --data or BELFRY_DATA',
    )
  }
  const section = sections.get(profile)
  const accessKeyId = section?.get('aws_access_key_id')
  const secretAccessKey = section?.get('aws_secret_access_key')
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey }
  }
  throw new CommandFault(
    `the file "${file}" has no access key for the profile "${profile}", it has: ${[...sections.keys()].join(', ')}`,
  )
}

/** Where a profile's hub is, if the folder tells. */
export function endpointOf(dataFolder: string, profile: string): string | undefined {
  return sectionsOf(join(dataFolder, 'config'))?.get(`profile ${profile}`)?.get('endpoint_url')
}

function sectionsOf(file: string): IniSections | undefined {
  const text = textOf(file)
  return text === undefined ? undefined : iniSections(text)
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new CommandFault(`"${file}" cannot be read: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
