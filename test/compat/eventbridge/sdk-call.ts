import * as eventBridge from '@aws-sdk/client-eventbridge'

import { ACCOUNTS, REGION } from '../../organisation.ts'

/** What the calls before were answered, all in one. */
type Known = Readonly<Record<string, any>>

/** A call of EventBridge and what comes of it. */
export interface SdkCall {
  /** Such as `PutRule`. */
  readonly operation: string
  readonly input: object | ((known: Known) => object)
  /** Part of the answer, where it has one. */
  readonly answer?: object
  /** In place of an answer. */
  readonly refusal?: { readonly name: string; readonly message: unknown }
  /** It is called again until the answer is that one. */
  readonly isAwaited?: true
  /** The profile of an account; the member account's where not given. */
  readonly profile?: string
}

export const call = (operation: string, input: SdkCall['input'], answer: object = {}): SdkCall => ({
  operation,
  input,
  answer,
})
export const awaited = (...given: Parameters<typeof call>): SdkCall => ({
  ...call(...given),
  isAwaited: true,
})
export const refused = (
  operation: string,
  input: SdkCall['input'],
  name: string,
  message: unknown,
): SdkCall => ({ operation, input, refusal: { name, message } })
export const as = (profile: string, ...calls: readonly SdkCall[]): readonly SdkCall[] =>
  calls.map((one) => ({ ...one, profile }))

export const arnOf = (resource: string) => `arn:aws:events:${REGION}:${ACCOUNTS.MEMBER}:${resource}`
export const busArn = (name: string) => arnOf(`event-bus/${name}`)

/** All operations that AWS's client knows. */
export const SDK_OPERATIONS: readonly string[] = Object.keys(eventBridge)
  .filter((name) => /^[A-Z]\w+Command$/.test(name))
  .map((name) => name.replace(/Command$/, ''))

type AnyCommand = new (input: object) => eventBridge.ListRulesCommand

/** Makes the call of that name with AWS's client. */
export async function send(
  client: eventBridge.EventBridgeClient,
  operation: string,
  input: object,
): Promise<Known> {
  const commands = eventBridge as unknown as Readonly<Record<string, AnyCommand>>
  const Command = commands[`${operation}Command`] as AnyCommand
  return client.send(new Command(input))
}
