import { accountOf, at, given, instantOf, textAt } from './foreign.ts'
import type { Foreign } from './foreign.ts'

/** An AWS event as the translators of findings see it. */
export interface AwsEvent {
  readonly account: string
  readonly region: string
  /** Epoch ms. */
  readonly sentAt: number
  /** The first of those that it is about. */
  readonly resource?: string
  readonly detail: Foreign
}

export function awsEventOf(event: Foreign): AwsEvent {
  return {
    account: textAt(event, 'account') ?? '',
    region: textAt(event, 'region') ?? '',
    sentAt: instantOf(at(event, 'time')),
    detail: at(event, 'detail'),
    ...given({ resource: textAt(event, 'resources', 0) }),
  }
}

/** What findings of several services have under the same names. */
export function commonTo(event: AwsEvent, detail: Foreign) {
  const updated = at(detail, 'updatedAt') ?? at(detail, 'lastObservedAt')
  return {
    frameworks: [] as readonly string[],
    evaluatedAt: instantOf(updated),
    sentAt: event.sentAt,
    region: textAt(detail, 'region') ?? event.region,
    ...given({
      awsAccountId: accountOf(at(detail, 'accountId'), at(detail, 'awsAccountId'), event.account),
    }),
  }
}
