import { resolve } from 'node:path'

import { oneOf } from './config-values.ts'
import type { Setting } from './config-values.ts'

/** Where events may go beside event buses and URLs. */
export interface TargetConfig {
  /** Absent: nothing in AWS may be a target. */
  readonly aws?: {
    /** Of something that speaks like AWS; AWS's own where not given. */
    readonly endpoint?: string
    /** Of the shared credentials file. */
    readonly profile?: string
  }
  /** Below it are the files that are targets; absent: none may be. */
  readonly fileFolder?: string
}

export const TARGET_SETTINGS = {
  'aws-targets': {
    env: 'BELFRY_AWS_TARGETS',
    fallback: 'off',
    value: 'on|off',
    help: 'deliver to queues, topics, streams, functions, log groups, state machines and event buses in AWS, and to dead-letter queues; import costs from buckets of S3',
  },
  'aws-endpoint': {
    env: 'AWS_ENDPOINT_URL',
    value: 'URL',
    help: 'what speaks like AWS instead of AWS, for targets there',
  },
  'file-targets': {
    env: 'BELFRY_FILE_TARGETS',
    value: 'FOLDER',
    help: 'deliver to files too: file:///NAME is NAME below the folder of the rule’s account in this one',
  },
} as const satisfies Record<string, Setting>

interface TargetSettingTexts {
  /** Its fallback, or empty, where it was not given. */
  readonly textOf: (name: keyof typeof TARGET_SETTINGS) => string
  /** Whether it stands on the command line. */
  readonly endpointFlag: boolean
  readonly profile: string
}

/**
 * What the settings say of targets.
 * @throws Error that says which setting is wrong and what it may be.
 */
export function readTargetConfig(given: TargetSettingTexts): TargetConfig {
  const { textOf, profile, endpointFlag } = given
  const isOn = oneOf('aws-targets', textOf('aws-targets'), ['off', 'on'] as const) === 'on'
  const endpoint = textOf('aws-endpoint')
  if (!isOn && endpointFlag) {
    throw new Error('--aws-endpoint says nothing without --aws-targets on: leave it out')
  }
  const fileFolder = textOf('file-targets')
  return {
    // The variable of the endpoint is one that other programs read: alone it says nothing.
    ...(isOn && {
      aws: {
        ...(endpoint !== '' && { endpoint: endpointOf(endpoint) }),
        ...(profile !== '' && { profile }),
      },
    }),
    ...(fileFolder !== '' && { fileFolder: resolve(fileFolder) }),
  }
}

function endpointOf(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text
  throw new Error(`--aws-endpoint must be an http or https URL, not "${text}"`)
}
