import type { Quotas } from '#src/model/quotas.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { RESOURCE_TAGS } from './documents.ts'
import type { Tags } from './documents.ts'
import { limitExceeded } from './event-buses.ts'

/** The tags of whatever has an ARN; whoever deletes a resource deletes its tags as well. */
export interface ResourceTags {
  /** @throws AwsError ResourceNotFoundException */
  list(resource: Taggable): Promise<Tags>
  /** @throws AwsError ResourceNotFoundException, ManagedRuleException, LimitExceededException */
  put(resource: Taggable, tags: Tags): Promise<void>
  /** A key that the resource does not have is no error. */
  remove(resource: Taggable, keys: readonly string[]): Promise<void>
}

/** A resource that may have tags. */
export interface Taggable {
  readonly arn: string
  /** @throws AwsError where there is no such resource */
  readonly checkExists: (state: Pick<StateTransaction, 'get'>) => Promise<void>
  /** @throws AwsError where there is none, or its tags are not to be changed */
  readonly checkChangeable: (transaction: StateTransaction) => Promise<void>
}

export function createResourceTags(state: State, quotas: Quotas): ResourceTags {
  const change = async (
    { arn, checkChangeable }: Taggable,
    edit: (tags: Tags) => Tags,
  ): Promise<void> =>
    state.transact(async (transaction) => {
      await checkChangeable(transaction)
      const tags = edit((await transaction.get(RESOURCE_TAGS, arn)) ?? {})
      const count = Object.keys(tags).length
      if (count > quotas.tags) throw limitExceeded()
      if (count === 0) transaction.delete(RESOURCE_TAGS, arn)
      else transaction.put(RESOURCE_TAGS, arn, tags)
    })

  return {
    list: async ({ arn, checkExists }) => {
      await checkExists(state)
      return (await state.get(RESOURCE_TAGS, arn)) ?? {}
    },
    put: async (resource, tags) => change(resource, (before) => ({ ...before, ...tags })),
    remove: async (resource, keys) =>
      change(resource, (before) =>
        Object.fromEntries(Object.entries(before).filter(([key]) => !keys.includes(key))),
      ),
  }
}
