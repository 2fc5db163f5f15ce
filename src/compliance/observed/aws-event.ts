import { at, instantOf, textAt } from './foreign.ts'
import type { Foreign } from './foreign.ts'

/** An AWS event as the translators of findings see it. */
export interface AwsEvent {
  readonly account: string
  readonly region: string
  /** Epoch ms. */
  readonly sentAt: number
  readonly detail: Foreign
}

export function awsEventOf(event: Foreign): AwsEvent {
  return {
    account: textAt(event, 'account') ?? '',
    region: textAt(event, 'region') ?? '',
    sentAt: instantOf(at(event, 'time')),
    detail: at(event, 'detail'),
  }
}
