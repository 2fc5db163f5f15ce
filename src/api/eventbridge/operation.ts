import type { Caller } from '#src/buses/bus-access.ts'
import { AwsError } from '#src/errors.ts'
import type { Page } from '#src/model/page.ts'
import type { Permission } from '#src/model/principal.ts'
import { afterOf, pageToken } from '../page-token.ts'
import { optional, string, textPattern } from './shapes.ts'
import type { Member, Shape } from './shapes.ts'

export type Call = Caller

/** An operation: what it needs of the caller's role, what it takes, and what it does with that. */
export interface Operation {
  readonly permission: Permission
  /** AWS's service model, version 2015-10-07. */
  readonly input: Shape
  // oxlint-disable-next-line typescript/no-explicit-any -- each input has been checked against its shape
  readonly run: (call: Call, input: any) => Promise<object>
}

/** By name. */
export type Operations = Readonly<Record<string, Operation>>

/** The answer of an operation that has nothing to say. */
export const NOTHING = {}

export const structure = (members: Readonly<Record<string, Member>>): Shape => ({
  type: 'structure',
  members,
})

const LIST_LIMIT_MAX = 100
export const BOOLEAN: Shape = { type: 'boolean' }
export const BUS_NAME = string({
  min: 1,
  max: 256,
  pattern: textPattern(String.raw`[/\.\-_A-Za-z0-9]+`),
})
export const BUS_NAME_OR_ARN = string({
  min: 1,
  max: 1600,
  pattern: textPattern(
    String.raw`(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus\/)?[/\.\-_A-Za-z0-9]+`,
  ),
})
/** Buses that are no partner's. */
export const PLAIN_BUS_NAME = string({
  min: 1,
  max: 256,
  pattern: textPattern(String.raw`[\.\-_A-Za-z0-9]+`),
})
export const EVENT_SOURCE_NAME = string({
  min: 1,
  max: 256,
  pattern: textPattern(String.raw`aws\.partner(/[\.\-_A-Za-z0-9]+){2,}`),
})
export const RULE_NAME = string({
  min: 1,
  max: 64,
  pattern: textPattern(String.raw`[\.\-_A-Za-z0-9]+`),
})
export const ROLE_ARN = string({ min: 1, max: 1600 })
export const EVENT_PATTERN = string({ max: 4096 })
export const DESCRIPTION = string({ max: 512 })

/** The members that are given. */
export function given<T extends object>(
  members: T,
): { readonly [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as ReturnType<typeof given<T>>
}

/** Members of the input of every list. */
export const PAGING = {
  NextToken: optional(string({ min: 1, max: 2048 })),
  Limit: optional({ type: 'integer', min: 1, max: LIST_LIMIT_MAX }),
}

export interface Paging {
  readonly NextToken?: string
  readonly Limit?: number
}

export interface OfBus {
  readonly EventBusName?: string
}

/**
 * A page of a list.
 * @param list names the list and how it is narrowed: a token is good for that one only
 * @throws AwsError InvalidTokenException for a token of another list, or none of ours
 */
export async function paged<T>(
  list: string,
  { NextToken, Limit = LIST_LIMIT_MAX }: Paging,
  read: (page: { readonly after: string | undefined; readonly limit: number }) => Promise<Page<T>>,
): Promise<{ readonly items: readonly T[]; readonly next: { readonly NextToken?: string } }> {
  const after = NextToken === undefined ? undefined : afterOf(list, NextToken)
  if (NextToken !== undefined && after === undefined) {
    throw new AwsError('InvalidTokenException', 'The provided NextToken is not valid.')
  }
  const { items, last } = await read({ after, limit: Limit })
  return { items, next: last === undefined ? {} : { NextToken: pageToken(list, last) } }
}
