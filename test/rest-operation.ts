import { named } from './rest-world.ts'
import type { World } from './rest-world.ts'

/** Who may do something: roles as people and API tokens have them. */
export const ROLES = ['readonly', 'costadmin', 'user', 'operations', 'admin'] as const
export type Role = (typeof ROLES)[number]

export const EVERYONE: readonly Role[] = [...ROLES]
export const PUTTERS: readonly Role[] = ['user', 'operations', 'admin']
export const OPERATORS: readonly Role[] = ['operations', 'admin']
const ADMINS: readonly Role[] = ['admin']

export type RestCall = readonly [method: string, path: string, body?: unknown]

/** An operation of the REST API, and a call of it about something that there is. */
export interface RestOperation {
  /** As in the OpenAPI document. */
  readonly name: string
  readonly roles: readonly Role[]
  /** What who may make it is answered; never 404, which a call that reaches nothing is answered too. */
  readonly status: 200 | 201 | 202 | 204 | 409
  /** Why the state of things forbids it, where that is what shows that it was reached. */
  readonly conflict?: string
  /** Makes what the call needs, such as something to delete. */
  readonly call: (world: World) => Promise<RestCall>
  /** An API token for one account may make it. */
  readonly withinAccounts?: true
}

type Request = readonly [path: string, body?: unknown]

export function operation(
  name: string,
  roles: readonly Role[],
  status: RestOperation['status'],
  request: (world: World) => Request | Promise<Request>,
): RestOperation {
  const [method = ''] = name.split(' ')
  return { name, roles, status, call: async (world) => [method, ...(await request(world))] }
}
export const get = (path: string, request: (world: World) => string | Promise<string>) =>
  operation(`GET ${path}`, EVERYONE, 200, async (world) => [await request(world)])
export const list = (path: string) => get(path, () => path)
export const write = (
  name: string,
  status: RestOperation['status'],
  request: Parameters<typeof operation>[3],
) => operation(name, ADMINS, status, request)
/** A write that the state of things forbids. */
export const conflict = (name: string, code: string, request: Parameters<typeof operation>[3]) => ({
  ...write(name, 409, request),
  conflict: code,
})
export const within = (...operations: readonly RestOperation[]) =>
  operations.map((one) => ({ ...one, withinAccounts: true as const }))

export const pathOf = async (world: World, things: string, body: object = named(world)) => {
  const { id, accessKeyId } = await world.made(things, body)
  return `${things}/${accessKeyId ?? id}`
}
export const of = ({ organisationId }: World) => `organisationId=${organisationId}`
