import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A stand-in for AWS Organizations that speaks its protocol (AWS JSON 1.1), with pages of two. */
export interface AwsOrganizationsServer {
  readonly url: string
  /** What it lists; changed by tests as they go. */
  readonly organization: {
    units: { Id: string; Name: string; parent: string }[]
    accounts: { Id: string; Name: string; parent: string; State?: string; Status?: string }[]
    tags: Record<string, { Key: string; Value: string }[]>
  }
  /** So many of the next calls are throttled. */
  throttle(calls: number): void
  /** The calls of this operation are denied, until it is undefined. */
  deny(operation: string | undefined): void
  readonly calls: { readonly operation: string; readonly accessKeyId: string }[]
  close(): Promise<void>
}

export const ROOT = 'r-root'
export const MANAGEMENT = '111111111111'
const PAGE_ITEMS = 2

export async function startAwsOrganizations(): Promise<AwsOrganizationsServer> {
  const organization: AwsOrganizationsServer['organization'] = { units: [], accounts: [], tags: {} }
  const calls: { operation: string; accessKeyId: string }[] = []
  let throttled = 0
  let denied: string | undefined

  const items = (operation: string, input: any): Record<string, unknown[]> | undefined => {
    const inParent = ({ parent }: { parent: string }) => parent === input.ParentId
    switch (operation) {
      case 'ListRoots':
        return { Roots: [{ Id: ROOT, Name: 'Root' }] }
      case 'ListOrganizationalUnitsForParent':
        return { OrganizationalUnits: organization.units.filter(inParent) }
      case 'ListAccountsForParent':
        return { Accounts: organization.accounts.filter(inParent) }
      case 'ListTagsForResource':
        return { Tags: organization.tags[input.ResourceId] ?? [] }
      default:
        return undefined
    }
  }
  const answer = (operation: string, input: any): [status: number, body: object] => {
    if (throttled > 0) {
      throttled -= 1
      return [400, { __type: 'TooManyRequestsException', Message: 'slow down' }]
    }
    if (operation === denied) {
      return [400, { __type: 'AccessDeniedException', Message: `no ${operation}` }]
    }
    if (operation === 'DescribeOrganization') {
      return [200, { Organization: { Id: 'o-example', MasterAccountId: MANAGEMENT } }]
    }
    const list = items(operation, input)
    if (list === undefined) return [400, { __type: 'UnknownOperationException' }]
    const [[name, all] = ['', []]] = Object.entries(list)
    const from = Number(input.NextToken ?? 0)
    const next = from + PAGE_ITEMS
    const page = { [name]: all.slice(from, next) }
    return [200, { ...page, ...(next < all.length && { NextToken: String(next) }) }]
  }

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request)
    const target = String(request.headers['x-amz-target'])
    const operation = target.replace('AWSOrganizationsV20161128.', '')
    const credential = /Credential=([^/]+)/.exec(request.headers.authorization ?? '')
    calls.push({ operation, accessKeyId: credential?.[1] ?? '' })
    const [status, answered] = answer(operation, JSON.parse(body || '{}'))
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(answered))
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    organization,
    throttle: (count) => (throttled = count),
    deny: (operation) => (denied = operation),
    calls,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
