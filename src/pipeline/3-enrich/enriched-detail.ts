import type { Directory } from '#src/ports/directory.ts'

type Fields = Readonly<Record<string, unknown>>

export interface EnrichedDetail {
  readonly detail: Record<string, unknown>
  /** IDs that the directory does not know: they stay as they are. */
  readonly unresolvedIds: number
}

/**
 * Gives each ID of a tenancy event's detail the readable attributes behind it: in `meta` the
 * customer, organisation, user and AWS account, and the event's own IDs beside themselves. What
 * the event already says is never overwritten.
 */
export async function enrichedDetail(
  directory: Directory,
  detail: Fields,
  detailType: string,
): Promise<EnrichedDetail> {
  const meta = fieldsOf(detail['meta'])
  let unresolvedIds = 0

  const named = async (
    id: unknown,
    attributesOf: (id: string) => Promise<Fields | undefined>,
  ): Promise<Fields> => {
    if (typeof id !== 'string') return {}
    const attributes = await attributesOf(id)
    if (attributes === undefined) unresolvedIds += 1
    return attributes ?? {}
  }

  const part = async (
    name: string,
    key: string,
    attributesOf: (id: string) => Promise<Fields | undefined>,
  ): Promise<Fields> => {
    if (meta[name] === undefined) return {}
    const given = fieldsOf(meta[name])
    return { [name]: withMissing(given, await named(given[key], attributesOf)) }
  }

  const enrichedMeta = {
    ...meta,
    ...(await part('customer', 'id', async (id) =>
      pick(await directory.customer(id), { name: 'name' }),
    )),
    ...(await part('organization', 'id', async (id) =>
      pick(await directory.organisation(id), { name: 'name', alias: 'alias' }),
    )),
    ...(await part('user', 'id', async (id) =>
      pick(await directory.user(id), { username: 'email', email: 'email' }),
    )),
    ...(await part('aws', 'accountId', async (id) =>
      pick(await directory.accountByAwsId(id), { accountName: 'name' }),
    )),
  }
  const own = {
    ...(await named(detail['accountId'], async (id) =>
      pick(await directory.account(id), {
        awsAccountId: 'awsAccountId',
        accountName: 'name',
        accountType: 'accountType',
      }),
    )),
    ...(await named(detail['userID'], async (id) =>
      pick(await directory.user(id), {
        username: 'email',
        email: 'email',
        role: 'role',
        firstName: 'firstName',
        lastName: 'lastName',
      }),
    )),
    ...(detailType.startsWith('Security: APIToken') &&
      (await named(detail['accessKeyId'], async (id) =>
        pick(await directory.apiToken(id), { tokenName: 'name', role: 'role' }),
      ))),
  }
  return { detail: { ...withMissing(detail, own), meta: enrichedMeta }, unresolvedIds }
}

/** What was given comes first and stays. */
function withMissing(given: Fields, attributes: Fields): Fields {
  const missing = Object.entries(attributes).filter(([name]) => given[name] === undefined)
  return { ...given, ...Object.fromEntries(missing) }
}

/** The attributes that are shown, under the names that events give them. */
function pick<T extends object>(
  thing: T | undefined,
  shown: Readonly<Record<string, keyof T & string>>,
): Fields | undefined {
  if (thing === undefined) return undefined
  return Object.fromEntries(Object.entries(shown).map(([name, key]) => [name, thing[key]]))
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}
