import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'

import { parseExactly } from '#src/model/exact-json.ts'
import { signedHeaders } from '#src/model/sigv4.ts'
import { systemClock as clock } from '#src/ports/clock.ts'
import { CommandFault, HubFault, UsageFault } from './cli-faults.ts'
import { credentialsOf, endpointOf } from './profile-files.ts'

/** Where the hub is and who calls; a flag wins over its environment variable. */
export interface HubOptions {
  readonly url?: string
  readonly data?: string
  readonly profile?: string
}

export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>

/**
 * The hub's REST API, below `/api/v1`. All throw HubFault where the hub says no. The types of
 * answers are taken on trust: the hub writes them by the schemas of src/model. Numbers of events are
 * shown as they were written.
 */
export interface HubClient {
  readonly url: string
  readonly dataFolder: string
  get<T>(path: string, query?: Query): Promise<T>
  post<T>(path: string, body?: object): Promise<T>
  put<T>(path: string, body?: object, query?: Query): Promise<T>
  /** Sends bytes as they are. */
  putBytes<T>(path: string, bytes: Uint8Array, query: Query): Promise<T>
  patch<T>(path: string, body: object): Promise<T>
  delete(path: string, body?: object): Promise<void>
  /** The pages of a list, one after the other. */
  pages<T>(path: string, query?: Query): AsyncGenerator<readonly T[]>
  listAll<T>(path: string, query?: Query): Promise<readonly T[]>
  /** The first of a list, and whether it goes on. */
  listFirst<T>(path: string, query: Query, limit: number): Promise<FirstOf<T>>
  /** An answer as the hub wrote it. */
  text(path: string, query?: Query): Promise<string>
  /** The lines of an answer as they come, however long it takes; CommandFault where it breaks off. */
  lines(path: string, query: Query): AsyncGenerator<string>
  /** The same, of an operation that is asked for with a body. */
  postLines(path: string, body: object): AsyncGenerator<string>
  /** An answer without end. */
  stream(path: string, query: Query, init: StreamInit): Promise<Response>
  /** A path of the hub outside of the REST API, unsigned; answers with any status. */
  plain(path: string, init?: RequestInit): Promise<Response>
  /** The same hub, called by who has logged in. */
  inSession(sessionToken: string): HubClient
  /** The same hub, called by nobody, for logging in. */
  anonymous(): HubClient
}

export interface FirstOf<T> {
  readonly items: readonly T[]
  readonly more: boolean
}

export interface StreamInit {
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

const OPERATOR_PROFILE = 'operator'
const DATA_FOLDER = '.belfry'
const URL_DEFAULT = 'http://127.0.0.1:4100'
const API = '/api/v1'
const SERVICE = 'belfry'
const REGION = 'us-east-1'
/** The largest page the hub answers. */
const PAGE_ITEMS = 1_000
/** A call that takes longer has lost its hub. */
const CALL_TIMEOUT_MS = 60_000

const NO_CONTENT = 204

type Authorize = (request: SignedRequest) => Record<string, string>
type SignedRequest = Parameters<typeof signedHeaders>[0]

/** Finds the hub; the credentials are read when the first call needs them. */
export function createHubClient(
  options: HubOptions,
  env: Readonly<Record<string, string | undefined>>,
): HubClient {
  const dataFolder = options.data ?? (env['BELFRY_DATA'] || DATA_FOLDER)
  const profile = options.profile ?? (env['BELFRY_PROFILE'] || OPERATOR_PROFILE)
  const url = checkedUrl(
    options.url ??
      (env['BELFRY_URL'] ||
        endpointOf(dataFolder, profile) ||
        endpointOf(dataFolder, OPERATOR_PROFILE) ||
        URL_DEFAULT),
  )
  const sessionToken = env['BELFRY_SESSION']?.trim()
  let credentials: ReturnType<typeof credentialsOf> | undefined
  const authorize = (request: SignedRequest) => {
    credentials ??= credentialsOf(dataFolder, profile)
    return signedHeaders(request, {
      ...credentials,
      region: REGION,
      service: SERVICE,
      now: clock.now(),
    })
  }
  const hub = { url, dataFolder }
  if (sessionToken === undefined) return clientOf(hub, authorize)
  return clientOf(hub, sessionToken === '' ? refuseBlankSession : inSessionOf(sessionToken))
}

function clientOf(hub: Pick<HubClient, 'url' | 'dataFolder'>, authorize: Authorize): HubClient {
  const { url: base, dataFolder } = hub

  const send = async (method: string, path: string, options: SendOptions): Promise<Response> => {
    const url = new URL(base + API + path)
    for (const [name, value] of Object.entries(options.query ?? {})) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== undefined) url.searchParams.append(name, String(one))
      }
    }
    const [contentType, body] = bodyOf(options)
    const headers = {
      host: url.host,
      ...(body !== undefined && { 'content-type': contentType }),
      ...options.headers,
    }
    const request = { method, url: url.pathname + url.search, headers, body: body ?? '' }
    const signal =
      options.signal === undefined ? AbortSignal.timeout(CALL_TIMEOUT_MS) : options.signal
    const { host: _, ...sent } = await authorizedHeaders(base, authorize, request)
    const init = { method, headers: sent, signal, ...(body !== undefined && { body }) }
    const answer = await answerOf(base, url, init)
    if (!answer.ok) throw await faultOf(base, answer)
    return answer
  }
  const call = async <T>(method: string, path: string, options: SendOptions): Promise<T> =>
    jsonOf<T>(base, await send(method, path, options))

  async function* lines(method: string, path: string, options: SendOptions) {
    const { body } = await send(method, path, { ...options, signal: null })
    if (body === null) return
    const input = Readable.fromWeb(body as ReadableStream<Uint8Array>)
    try {
      yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
    } catch (error) {
      const message = `the hub at ${base} broke off before it had answered: try again once it is back`
      throw new CommandFault(message, { cause: error })
    } finally {
      input.destroy()
    }
  }

  async function* pages<T>(path: string, query: Query = {}): AsyncGenerator<readonly T[]> {
    let nextToken: string | undefined
    do {
      const paged = { limit: PAGE_ITEMS, ...query, nextToken }
      const page = await call<{ items: readonly T[]; nextToken?: string }>('GET', path, {
        query: paged,
      })
      yield page.items
      nextToken = page.nextToken
    } while (nextToken !== undefined)
  }

  return {
    url: base,
    dataFolder,
    get: (path, query) => call('GET', path, { ...(query !== undefined && { query }) }),
    post: (path, body) => call('POST', path, { ...(body !== undefined && { body }) }),
    put: (path, body, query) =>
      call('PUT', path, {
        ...(body !== undefined && { body }),
        ...(query !== undefined && { query }),
      }),
    putBytes: (path, bytes, query) => call('PUT', path, { bytes, query }),
    patch: (path, body) => call('PATCH', path, { body }),
    delete: async (path, body) => {
      await send('DELETE', path, { ...(body !== undefined && { body }) })
    },
    pages,
    listAll: async (path, query) => {
      const items: unknown[] = []
      for await (const page of pages(path, query)) items.push(...page)
      return items as never
    },
    listFirst: async (path, query, limit) => {
      const items: unknown[] = []
      // One more tells whether there are more.
      const asked = { ...query, limit: Math.min(limit + 1, PAGE_ITEMS) }
      for await (const page of pages(path, asked)) {
        items.push(...page)
        if (items.length > limit) break
      }
      return { items: items.slice(0, limit) as never, more: items.length > limit }
    },
    text: async (path, query = {}) => (await send('GET', path, { query })).text(),
    lines: (path, query) => lines('GET', path, { query }),
    postLines: (path, body) => lines('POST', path, { body }),
    stream: (path, query, init) => send('GET', path, { query, ...init }),
    plain: (path, init) =>
      answerOf(base, new URL(base + path), {
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
        ...init,
      }),
    inSession: (sessionToken) => clientOf(hub, inSessionOf(sessionToken)),
    anonymous: () => clientOf(hub, ({ headers }) => headers),
  }
}

interface SendOptions {
  readonly query?: Query
  readonly body?: object
  /** In place of a body. */
  readonly bytes?: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  /** Null: the answer may take as long as it will. */
  readonly signal?: AbortSignal | null
}

function bodyOf({ body, bytes }: SendOptions): readonly [type: string, body?: string | Uint8Array] {
  if (bytes !== undefined) return ['application/octet-stream', bytes]
  return body === undefined ? [''] : ['application/json', JSON.stringify(body)]
}

function inSessionOf(sessionToken: string): Authorize {
  return ({ headers }) => ({ ...headers, authorization: `Bearer ${sessionToken}` })
}

/** Who meant to be a user must not be the operator instead; logging in asks for no proof. */
function refuseBlankSession(): never {
  throw new UsageFault(
    'BELFRY_SESSION is set but empty, as after a "belfry login" that failed: log in again, or unset it to call with the access key of a profile',
  )
}

/** Where there are no credentials, mostly no hub was ever started: that is said first. */
async function authorizedHeaders(
  base: string,
  authorize: Authorize,
  request: SignedRequest,
): Promise<Record<string, string>> {
  try {
    return authorize(request)
  } catch (error) {
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS)
    await answerOf(base, new URL(`${base}/healthz`), { signal })
    throw error
  }
}

async function answerOf(base: string, url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    if (init.signal?.aborted && init.signal.reason === error) {
      if ((error as Error).name !== 'TimeoutError') throw error
      throw new CommandFault(
        `the hub at ${base} did not answer within ${CALL_TIMEOUT_MS / 1_000} seconds`,
        { cause: error },
      )
    }
    throw unreachable(base, error)
  }
}

function unreachable(base: string, error: unknown): CommandFault {
  const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED') {
    return new CommandFault(
      `no hub answers at ${base}: start one with "belfry start", or "npm start" in its folder`,
      {
        cause: error,
      },
    )
  }
  return new CommandFault(
    `the hub at ${base} cannot be reached (${message || code}): is the address right? It comes from --url, BELFRY_URL, or the file "config" in the data folder`,
    { cause: error },
  )
}

async function faultOf(base: string, answer: Response): Promise<Error> {
  const text = await answer.text()
  try {
    const { code, message } = JSON.parse(text) as { code?: unknown; message?: unknown }
    if (typeof code === 'string' && typeof message === 'string') {
      return new HubFault(answer.status, code, message)
    }
  } catch {
    // Not JSON: not the hub's own answer.
  }
  return notAHub(base, answer)
}

async function jsonOf<T>(base: string, answer: Response): Promise<T> {
  const text = await answer.text()
  // Where all is said with the status.
  if (answer.status === NO_CONTENT) return undefined as T
  try {
    return parseExactly(text) as T
  } catch {
    throw notAHub(base, answer)
  }
}

function notAHub(base: string, { status }: Response): CommandFault {
  return new CommandFault(
    `what answers at ${base} is not a Belfry hub (status ${status}): is the address right?`,
  )
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text.replace(/\/+$/, '')
  throw new UsageFault(
    `"${text}" is not the address of a hub: it must start with http:// or https://`,
  )
}
