import { createAwsCredentials } from '#src/adapters/aws/aws-credentials.ts'
import { createS3BucketReader } from '#src/adapters/aws/s3-bucket-reader.ts'
import { createCosts } from '#src/costs/costs.ts'
import type { CostPorts, Costs } from '#src/costs/costs.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import type { Tenancy } from '#src/tenancy/tenancy.ts'
import type { TargetConfig } from '#src/config/target-config.ts'

interface CostPlaces {
  readonly dataFolder: string
  readonly costFolder?: string
  readonly targets: TargetConfig
  readonly outbound: Outbound
  readonly env: Readonly<Record<string, string | undefined>>
}

interface CostParts extends Omit<CostPorts, 'actions' | 'dataFolder' | 'costFolder' | 'buckets'> {
  readonly tenancy: Pick<Tenancy, 'actions'>
}

/** Costs, with the places that the operator lets them be imported from. */
export function openCosts(
  { tenancy, ...ports }: CostParts,
  { dataFolder, costFolder, targets: { aws }, outbound, env }: CostPlaces,
): Costs {
  return createCosts({
    ...ports,
    actions: tenancy.actions,
    dataFolder,
    ...(costFolder !== undefined && { costFolder }),
    ...(aws !== undefined && {
      buckets: createS3BucketReader({
        outbound,
        credentials: createAwsCredentials({ env, ...aws }),
        ...(aws.endpoint !== undefined && { endpoint: aws.endpoint }),
      }),
    }),
  })
}
