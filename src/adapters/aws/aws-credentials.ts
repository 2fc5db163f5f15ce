import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { iniSections } from '#src/model/aws-ini.ts'

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface AwsCredentialsSource {
  readonly env: Readonly<Record<string, string | undefined>>
  /** A profile of the shared credentials file; without it the environment's own keys count. */
  readonly profile?: string
}

/**
 * Credentials for AWS and what speaks like it: a named profile of the shared credentials file, or
 * AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN). Read each time they are
 * asked for, so that a file that is rotated is taken up. Nothing is asked over the network: an
 * instance's metadata service lies outside of what the hub may connect to.
 * @throws Error that says what was looked for and what to set
 */
export function createAwsCredentials({ env, profile }: AwsCredentialsSource) {
  return async (): Promise<AwsCredentials> =>
    profile === undefined ? fromEnvironment(env) : fromProfile(env, profile)
}

function fromEnvironment(env: AwsCredentialsSource['env']): AwsCredentials {
  const found = credentialsIn((name) => env[name.toUpperCase()] || undefined)
  if (found !== undefined) return found
  throw new Error(
    'there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of the shared credentials file with --aws-profile',
  )
}

function fromProfile(env: AwsCredentialsSource['env'], profile: string): AwsCredentials {
  const file = env['AWS_SHARED_CREDENTIALS_FILE'] || join(homedir(), '.aws', 'credentials')
  const section = iniSections(textOf(file)).get(profile)
  const found = credentialsIn((name) => section?.get(name))
  if (found !== undefined) return found
  throw new Error(
    `the file "${file}" has no access key for the profile "${profile}": add aws_access_key_id and aws_secret_access_key to its section, or choose another with --aws-profile`,
  )
}

function credentialsIn(valueOf: (name: string) => string | undefined): AwsCredentials | undefined {
  const accessKeyId = valueOf('aws_access_key_id')
  const secretAccessKey = valueOf('aws_secret_access_key')
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  const sessionToken = valueOf('aws_session_token')
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Error(
      `the shared credentials file "${file}" cannot be read: make it, or set AWS_SHARED_CREDENTIALS_FILE`,
      { cause },
    )
  }
}
