import { createAwsCredentials } from '#src/adapters/aws/aws-credentials.ts'
import { createAwsServices } from '#src/adapters/aws/aws-services.ts'
import { createEventFiles } from '#src/adapters/folder/event-files.ts'
import type { AwsServices } from '#src/ports/aws-services.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { EventFiles } from '#src/ports/event-files.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import type { TargetConfig } from '#src/config/target-config.ts'

interface TargetPlaceParts {
  readonly outbound: Outbound
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Where events may go beside event buses and URLs. */
export interface TargetPlaces {
  readonly aws?: AwsServices
  readonly files?: EventFiles
  /** What PutTargets may take. */
  readonly allowed: {
    readonly urlRefusal: (url: string) => string | undefined
    readonly awsTargets: boolean
    readonly fileTargets: boolean
  }
}

/** @throws Error where the endpoint for AWS is out of the hub's reach. */
export function openTargetPlaces(
  { aws, fileFolder }: TargetConfig,
  { outbound, clock, env }: TargetPlaceParts,
): TargetPlaces {
  const refusal = aws?.endpoint === undefined ? undefined : outbound.refusalOf(aws.endpoint)
  if (refusal !== undefined) throw new Error(`the endpoint for targets in AWS: ${refusal}`)
  return {
    allowed: {
      urlRefusal: (url) => outbound.refusalOf(url),
      awsTargets: aws !== undefined,
      fileTargets: fileFolder !== undefined,
    },
    ...(aws !== undefined && {
      aws: createAwsServices({
        outbound,
        clock,
        credentials: createAwsCredentials({ env, ...aws }),
        ...(aws.endpoint !== undefined && { endpoint: aws.endpoint }),
      }),
    }),
    ...(fileFolder !== undefined && { files: createEventFiles(fileFolder) }),
  }
}
