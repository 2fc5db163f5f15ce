import { join, relative, resolve } from 'node:path'

import { trailBucket } from '#src/model/event-namespace.ts'
import type { EventNamespace } from '#src/model/event-namespace.ts'
import { TRAIL_FORMATS } from '#src/trail/settings.ts'
import type { TrailFormat } from '#src/trail/settings.ts'
import { flagOf, matching, numberOf, oneOf } from './config-values.ts'
import type { Form, Setting } from './config-values.ts'

const ENCRYPTIONS = ['none', 'client', 'AES256', 'aws:kms'] as const

/** Where and how the trail is kept. */
export interface TrailConfig {
  readonly target: FolderTarget | S3Target
  /** Names the target for the hub's own records, whatever path or host leads to it. */
  readonly place: string
  readonly format: TrailFormat
  readonly encryption: (typeof ENCRYPTIONS)[number]
  readonly flushEveryMs: number
  readonly retentionDays?: number
}

export interface FolderTarget {
  readonly kind: 'folder'
  readonly folder: string
}

export interface S3Target {
  readonly kind: 's3'
  /** Absent: every organisation has a bucket of its own, which the hub makes. */
  readonly bucket?: string
  readonly prefix: string
  readonly endpoint?: string
  readonly region: string
  readonly pathStyle: boolean
  readonly kmsKeyId?: string
  readonly awsProfile?: string
}

export const TRAIL_SETTINGS = {
  trail: {
    env: 'BELFRY_TRAIL',
    value: 'PLACE',
    help: 'where the audit trail of tenancy events is kept: a folder, s3:// (a bucket for each organisation), s3://BUCKET/PREFIX, or off (default: trail in the data folder)',
  },
  'trail-format': {
    env: 'BELFRY_TRAIL_FORMAT',
    fallback: 'ndjson',
    value: 'FORMAT',
    help: 'ndjson (gzip), parquet or both',
  },
  'trail-encryption': {
    env: 'BELFRY_TRAIL_ENCRYPTION',
    fallback: 'none',
    value: 'KIND',
    help: 'none, client (by the hub, AES-256-GCM), or in S3 AES256 or aws:kms',
  },
  'trail-kms-key': {
    env: 'BELFRY_TRAIL_KMS_KEY',
    value: 'KEY',
    help: 'id or ARN of the key for aws:kms (default: the key of the account for S3)',
  },
  'trail-flush-seconds': {
    env: 'BELFRY_TRAIL_FLUSH_SECONDS',
    fallback: '60',
    value: 'NUMBER',
    help: 'an event is in the trail after so long at the latest',
  },
  'trail-retention-days': {
    env: 'BELFRY_TRAIL_RETENTION_DAYS',
    value: 'NUMBER',
    help: 'delete what is older than so many days (default: keep everything)',
  },
  'trail-s3-endpoint': {
    env: 'BELFRY_TRAIL_S3_ENDPOINT',
    value: 'URL',
    help: 'what speaks S3 instead of AWS',
  },
  'trail-s3-region': {
    env: 'BELFRY_TRAIL_S3_REGION',
    value: 'REGION',
    help: 'region of the buckets (default: us-east-1)',
  },
  'trail-s3-path-style': {
    env: 'BELFRY_TRAIL_S3_PATH_STYLE',
    help: 'name the bucket in the path, not in the host',
  },
  'aws-profile': {
    env: 'BELFRY_AWS_PROFILE',
    value: 'NAME',
    help: 'profile of the shared credentials file for a trail in S3 and for targets in AWS (default: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)',
  },
} as const satisfies Record<string, Setting>

type Name = keyof typeof TRAIL_SETTINGS

/** The settings as they were given. */
export interface TrailSettingTexts {
  /** Its fallback, or empty, where it was not given. */
  readonly textOf: (name: Name) => string
  readonly isGiven: (name: Name) => boolean
}

interface About {
  readonly dataFolder: string
  readonly namespace: EventNamespace
}

const FLUSH_SECONDS_MAX = 3_600
const RETENTION_DAYS_MAX = 36_500
const REGION_DEFAULT = 'us-east-1'
const REGION: Form = {
  pattern: /^[a-z0-9][a-z0-9-]{0,62}$/,
  words: 'the name of a region, such as eu-west-1',
}
const BUCKET: Form = {
  pattern: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  words: 's3:// and the name of a bucket (lower case letters, digits, dots and dashes, 3 to 63)',
}
const BUCKET_CHARACTERS_MAX = 63
const PREFIX: Form = {
  pattern: /^([a-zA-Z0-9_=-][a-zA-Z0-9_.=-]*(\/|$))*$/,
  words:
    'of a prefix whose parts are letters, digits and _.=-, begin with no dot, and are not empty, such as s3://BUCKET/trails/acme',
}
const S3_ONLY = [
  'aws-profile',
  'trail-kms-key',
  'trail-s3-endpoint',
  'trail-s3-region',
  'trail-s3-path-style',
] as const
const MS_PER_SECOND = 1_000

/**
 * What the settings say of the trail, or undefined where none is kept.
 * @throws Error that says which setting is wrong and what it may be.
 */
export function readTrailConfig(given: TrailSettingTexts, about: About): TrailConfig | undefined {
  const { textOf, isGiven } = given
  const trail = textOf('trail')
  if (trail === 'off') {
    const others = Object.keys(TRAIL_SETTINGS) as Name[]
    refuseGiven(
      isGiven,
      others.filter((name) => name !== 'trail'),
      'says nothing with --trail off',
    )
    return undefined
  }
  const target = trail.startsWith('s3://')
    ? s3Target(trail, textOf, about.namespace)
    : folderTarget(trail, given, about.dataFolder)
  const format = oneOf('trail-format', textOf('trail-format'), TRAIL_FORMATS)
  const encryption = oneOf('trail-encryption', textOf('trail-encryption'), ENCRYPTIONS)
  if (target.kind === 'folder' && (encryption === 'AES256' || encryption === 'aws:kms')) {
    throw new Error(
      `--trail-encryption ${encryption} is S3's: for a trail in a folder choose client or none`,
    )
  }
  if (isGiven('trail-kms-key') && encryption !== 'aws:kms') {
    throw new Error('--trail-kms-key goes with --trail-encryption aws:kms')
  }
  const flush = textOf('trail-flush-seconds')
  const days = textOf('trail-retention-days')
  return {
    target,
    format,
    encryption,
    place: placeName(target, about),
    flushEveryMs: numberOf('trail-flush-seconds', flush, 1, FLUSH_SECONDS_MAX) * MS_PER_SECOND,
    ...(days !== '' && {
      retentionDays: numberOf('trail-retention-days', days, 1, RETENTION_DAYS_MAX),
    }),
  }
}

/** @throws Error where one of the settings was given. */
function refuseGiven(
  isGiven: TrailSettingTexts['isGiven'],
  names: readonly Name[],
  why: string,
): void {
  const given = names.find(isGiven)
  if (given === undefined) return
  throw new Error(`--${given} ${why}: leave it out (or ${TRAIL_SETTINGS[given].env})`)
}

function folderTarget(
  trail: string,
  { isGiven }: TrailSettingTexts,
  dataFolder: string,
): FolderTarget {
  if (trail.includes('://')) {
    throw new Error(`--trail must be a folder, s3://, s3://BUCKET/PREFIX or off, not "${trail}"`)
  }
  refuseGiven(isGiven, S3_ONLY, 'is for a trail in S3, as --trail s3://BUCKET/PREFIX says')
  return { kind: 'folder', folder: trail === '' ? join(dataFolder, 'trail') : resolve(trail) }
}

function s3Target(
  trail: string,
  textOf: TrailSettingTexts['textOf'],
  namespace: EventNamespace,
): S3Target {
  const [bucket = '', ...rest] = trail.slice('s3://'.length).split('/')
  const prefix = rest.join('/').replace(/\/+$/, '')
  if (bucket !== '') matching('trail', bucket, BUCKET)
  else checkBucketNames(prefix, namespace)
  const [endpoint, profile] = [textOf('trail-s3-endpoint'), textOf('aws-profile')]
  const kmsKeyId = textOf('trail-kms-key')
  return {
    kind: 's3',
    ...(bucket !== '' && { bucket }),
    prefix: prefix === '' ? '' : `${matching('trail', prefix, PREFIX)}/`,
    ...(endpoint !== '' && { endpoint: endpointOf(endpoint) }),
    region: matching('trail-s3-region', textOf('trail-s3-region') || REGION_DEFAULT, REGION),
    pathStyle: flagOf('trail-s3-path-style', textOf('trail-s3-path-style')),
    ...(kmsKeyId !== '' && { kmsKeyId }),
    ...(profile !== '' && { awsProfile: profile }),
  }
}

/** Buckets of organisations are named after the namespace, and S3 takes no longer names. */
function checkBucketNames(prefix: string, namespace: EventNamespace): void {
  if (prefix !== '')
    throw new Error('--trail s3:// with a prefix needs a bucket: s3://BUCKET/PREFIX')
  const name = trailBucket(namespace, '00000000-0000-4000-8000-000000000000')
  if (name.length <= BUCKET_CHARACTERS_MAX) return
  throw new Error(
    `--trail s3:// makes buckets such as "${name}", whose name is too long for S3: name one bucket for all, s3://BUCKET/PREFIX, or shorten --event-namespace`,
  )
}

function endpointOf(text: string): string {
  const url = URL.parse(text)
  const plain = url !== null && url.pathname === '/' && url.search === '' && url.hash === ''
  if (plain && /^https?:$/.test(url.protocol) && url.username === '') return url.origin
  throw new Error(
    `--trail-s3-endpoint must be a URL such as https://s3.example.com, without path and credentials, not "${text}"`,
  )
}

/**
 * A data folder may be moved with the trail inside it, and an endpoint may change its name; with
 * another namespace the buckets are others.
 */
function placeName(target: FolderTarget | S3Target, { dataFolder, namespace }: About): string {
  const { prefix } = namespace
  if (target.kind === 's3') return `s3://${target.bucket ?? ''}/${target.prefix}#${prefix}`
  const inside = relative(dataFolder, target.folder)
  return `folder:${inside.startsWith('..') ? target.folder : inside}#${prefix}`
}
