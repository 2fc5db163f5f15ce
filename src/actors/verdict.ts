import type { Actor } from '#src/model/actor.ts'
import type { Names } from './names.ts'
import type { UserIdentity } from './user-identity.ts'

/** What is found of an actor; the rest (account, address, program) is the same for all. */
export type Verdict = Omit<Actor, 'accountId' | 'accountName' | 'sourceIp' | 'userAgent'>

/** An identity to be resolved, and what else the event says of the call. */
export interface Case {
  readonly identity: UserIdentity
  readonly call: Call
  readonly names: Names
}

export interface Call {
  /** The service that was called, as `s3.amazonaws.com`. */
  readonly eventSource?: string
  readonly eventName?: string
  readonly sourceIp?: string
  readonly userAgent?: string
  /** A name that was typed to sign in. */
  readonly typedUserName?: string
  /** A call from the console: AWS says that the credentials came from there. */
  readonly fromConsole: boolean
  /** A sign-in that failed: whoever it was has proved nothing. */
  readonly signInFailed: boolean
}
