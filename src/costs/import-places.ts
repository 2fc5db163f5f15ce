import { RestError } from '#src/errors.ts'
import type { CostImportFrom } from '#src/model/cost-import.ts'
import type { Principal } from '#src/model/principal.ts'

/** What the operator lets costs be imported from, beside uploads. */
export interface ImportPlaces {
  readonly folder: boolean
  readonly buckets: boolean
}

export const NO_BUCKETS =
  'the hub does not use AWS for those who use it: start it with --aws-targets on, or upload the files'

/** @throws RestError where the hub, or the caller, may not read there */
export function checkPlace(from: CostImportFrom, caller: Principal, has: ImportPlaces): void {
  if (from.kind === 'folder' && !has.folder) throw noFolder()
  if (from.kind !== 's3') return
  if (!has.buckets) throw new RestError(409, 'cost-import.no-aws', NO_BUCKETS)
  // The hub's own credentials may read what belongs to others than the caller.
  if (from.roleArn === undefined && caller.organisationId !== undefined) throw noRole()
}

function noFolder(): RestError {
  return new RestError(
    409,
    'cost-import.no-folder',
    'the hub has no folder to import costs from: start it with --cost-folder FOLDER, or upload the files',
  )
}

function noRole(): RestError {
  return new RestError(
    403,
    'cost-import.no-role',
    'only the operator of the hub reads buckets with its own credentials: name a role that may read the bucket, and that trusts the hub with the id of your organisation as the external id',
  )
}
