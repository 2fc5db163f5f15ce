import { isDeepStrictEqual } from 'node:util'

import type { Moment } from '#src/model/moment.ts'
import type { Attributes, DirectoryKind } from '#src/ports/directory.ts'
import { collection } from '#src/ports/state.ts'
import type { State, StateTransaction } from '#src/ports/state.ts'
import { backwards, forwards } from './documents.ts'

/**
 * What things were called, from which moment on. Keys are kind, id and the moment counted
 * backwards, so that the newest comes first and a list tells what was so at any moment:
 *
 *   user|0194…|<after t3>   { email: … }     from t3 on
 *   user|0194…|<after t1>   { email: … }     from t1 to t3
 */
export const HISTORY = collection<Attributes>('directory-history')

/** The attributes that events show of each kind of thing; whose it is is kept beside them. */
const SHOWN: Readonly<Record<DirectoryKind, readonly string[]>> = {
  customer: ['name'],
  organisation: ['name', 'alias'],
  'organisational-unit': ['name'],
  account: ['awsAccountId', 'name', 'accountType'],
  'aws-account': ['awsAccountId', 'name', 'accountType'],
  'account-type': ['name'],
  user: ['email', 'firstName', 'lastName', 'role'],
  group: ['name'],
  'api-token': ['name', 'role'],
}

/** One entry of the history: what was so from a moment on. */
export interface Known {
  readonly from: Moment
  readonly attributes: Attributes
}

const SEPARATOR = '|'

/**
 * Writes what something is called from a moment on, in the transaction that makes it so; nothing
 * where it is called as it was before.
 */
export function remember(
  transaction: StateTransaction,
  moment: Moment,
  kind: DirectoryKind,
  [id, thing, before]: readonly [id: string, thing: object, before?: object | undefined],
): void {
  const attributes = attributesOf(kind, thing)
  if (before !== undefined && isDeepStrictEqual(attributes, attributesOf(kind, before))) return
  transaction.put(HISTORY, prefixOf(kind, id) + backwards(moment), attributes)
}

function attributesOf(kind: DirectoryKind, thing: object): Attributes {
  const shown = [...SHOWN[kind], 'organisationId'].map(
    (name) => [name, (thing as Attributes)[name]] as const,
  )
  return Object.fromEntries(shown.filter(([, value]) => value !== undefined))
}

/** What was so at a moment; where nothing was known yet, what was known first. */
export async function knownAt(
  state: State,
  [kind, id]: readonly [DirectoryKind, string],
  moment: Moment,
): Promise<Known | undefined> {
  const prefix = prefixOf(kind, id)
  const [then] = await state.list(HISTORY, {
    prefix,
    after: prefix + backwards(moment + 1),
    limit: 1,
  })
  if (then !== undefined) return knownOf(then)
  let first: Known | undefined
  let after: string | undefined
  for (;;) {
    const later = await state.list(HISTORY, {
      prefix,
      limit: ENTRIES_PER_READ,
      ...(after !== undefined && { after }),
    })
    const last = later.at(-1)
    if (last === undefined) return first
    first = knownOf(last)
    after = last.key
  }
}

const ENTRIES_PER_READ = 100

/** The newest entry. */
export async function knownLast(
  state: State,
  [kind, id]: readonly [DirectoryKind, string],
): Promise<Known | undefined> {
  const [newest] = await state.list(HISTORY, { prefix: prefixOf(kind, id), limit: 1 })
  return newest && knownOf(newest)
}

/** The kind and id, as one text, that a key of the history is about. */
export function subjectOf(key: string): string {
  return key.slice(0, key.lastIndexOf(SEPARATOR))
}

export function subject(kind: DirectoryKind, id: string): string {
  return [kind, id].join(SEPARATOR)
}

function prefixOf(kind: DirectoryKind, id: string): string {
  return subject(kind, id) + SEPARATOR
}

function knownOf({ key, value }: { readonly key: string; readonly value: Attributes }): Known {
  return { from: forwards(key.slice(key.lastIndexOf(SEPARATOR) + 1)), attributes: value }
}
