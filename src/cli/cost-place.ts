import type { Command } from 'commander'

import type { CostImportFrom, CostSourceFrom } from '#src/model/cost-import.ts'
import { givenOnly } from './call.ts'
import { UsageFault } from './cli-faults.ts'

export interface PlaceOptions {
  readonly folder?: string
  readonly awsExport?: string
  readonly region?: string
  readonly role?: string
}

/** Options that say where in S3, or below the hub's folder, costs are. */
export function withPlaceOptions(command: Command): Command {
  return command
    .option('--folder <path>', 'a file or folder below the organisation’s own on the hub')
    .option('--aws-export <name>', 'its name in AWS, where several are below the prefix in S3')
    .option('--region <region>', 'of the bucket (default: us-east-1)')
    .option('--role <arn>', 'of the role that reads the bucket')
}

/** The place that is meant; undefined where neither a URL nor a folder is given. */
export function placeIn(
  url: string | undefined,
  { folder, awsExport: exportName, region, role: roleArn }: PlaceOptions,
): CostSourceFrom | undefined {
  const ofBucket = givenOnly({ exportName, region, roleArn })
  if (url !== undefined && folder !== undefined) {
    throw new UsageFault('name a URL of S3 or a folder of the hub, not both')
  }
  if (url === undefined) {
    if (Object.keys(ofBucket).length > 0) {
      throw new UsageFault(
        '--aws-export, --region and --role go with a URL such as s3://bucket/prefix',
      )
    }
    return folder === undefined ? undefined : { kind: 'folder', path: folder }
  }
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(url) ?? []
  if (bucket === undefined) throw new UsageFault(`"${url}" is no URL such as s3://bucket/prefix`)
  return { kind: 's3', bucket, prefix, ...ofBucket }
}

export function isBucketUrl(text: string): boolean {
  return text.startsWith('s3://')
}

/** Where costs come from, in words. */
export function placeText(from: CostImportFrom): string {
  if (from.kind === 'upload') return 'upload'
  if (from.kind === 'folder') return `folder ${from.path}`
  const as = from.roleArn === undefined ? '' : ` as ${from.roleArn}`
  const named = from.exportName === undefined ? '' : `, export ${from.exportName}`
  return `s3://${from.bucket}/${from.prefix}${named}${as}`
}
