import type { FastifyReply, FastifyRequest } from 'fastify'

import { RestError } from '#src/errors.ts'
import type { IngestKey } from '#src/model/tenancy.ts'
import { compactJson } from '#src/model/compact-json.ts'
import { itemsOf } from '#src/model/json-text.ts'
import type { Directory } from '#src/ports/directory.ts'
import { collect } from '#src/pipeline/1-accept/collect.ts'
import type { CollectPorts, CollectRefusal, CollectResult } from '#src/pipeline/1-accept/collect.ts'
import type { IngestKeys } from '#src/tenancy/ingest-keys.ts'

export interface CollectorPorts extends Omit<CollectPorts, 'refusalOf'> {
  readonly ingestKeys: IngestKeys
  readonly directory: Directory
}

/** The header that an EventBridge connection of type API_KEY is set up with. */
const API_KEY_HEADER = 'x-api-key'
/** A request of this many is a few MB; send several requests for more. */
const EVENTS_PER_REQUEST_MAX = 1_000
const UNPROCESSABLE = 422

/**
 * `POST /ingest/aws`: one AWS event or an array of them. Answers 200 when all were taken; 207 when
 * some were, 422 when none was, with the reason for each that was refused.
 */
export function createCollector(ports: CollectorPorts) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<object> => {
    const key = await ingestKeyOf(ports, request)
    const texts = eventTexts(request.body)
    const results = await collect({ ...ports, refusalOf: refusalFor(ports, key) }, texts)
    const answer = answerOf(results)
    void reply.code(statusOf(answer))
    return answer
  }
}

async function ingestKeyOf({ ingestKeys }: CollectorPorts, request: FastifyRequest) {
  const presented = request.headers[API_KEY_HEADER]
  const key = typeof presented === 'string' ? await ingestKeys.check(presented) : undefined
  if (key !== undefined) return key
  throw new RestError(
    401,
    'ingest-key.refused',
    `the header ${API_KEY_HEADER} must carry an ingest key of this hub: make one with "belfry ingest-keys create"`,
  )
}

/** The text of each event, so that its numbers stay as they were written. */
function eventTexts(body: unknown): readonly string[] {
  const text = compactBody(body)
  if (text === undefined) {
    throw new RestError(
      400,
      'ingest.malformed',
      'the body must be one JSON event or an array of them',
    )
  }
  const texts = text.startsWith('[') ? itemsOf(text) : [text]
  if (texts.length <= EVENTS_PER_REQUEST_MAX) return texts
  throw new RestError(
    413,
    'ingest.too-many',
    `the array holds ${texts.length} events, at most ${EVENTS_PER_REQUEST_MAX} are taken at once: send several requests`,
  )
}

function compactBody(body: unknown): string | undefined {
  if (!(body instanceof Uint8Array)) return undefined
  try {
    // How deep one event nests is judged with that event, so that it takes no other with it.
    return compactJson(new TextDecoder('utf-8', { fatal: true }).decode(body), Infinity)
  } catch {
    return undefined
  }
}

function refusalFor({ directory }: CollectorPorts, key: IngestKey) {
  return async (awsAccountId: string, region: string): Promise<CollectRefusal | undefined> => {
    const account = await directory.accountByAwsId(awsAccountId)
    if (account === undefined || account.organisationId !== key.organisationId) {
      return {
        code: 'AccountNotManaged',
        message: `account ${awsAccountId} is not managed by this organisation: add it with "belfry accounts create"`,
      }
    }
    const organisation = await directory.organisation(account.organisationId)
    if (organisation?.regions.includes(region)) return undefined
    return {
      code: 'RegionNotEnabled',
      message: `region ${region} is not enabled for the organisation: add it with "belfry organisations update"`,
    }
  }
}

interface CollectorAnswer {
  readonly accepted: number
  readonly refused: readonly {
    readonly index: number
    readonly id?: string
    readonly code: string
    readonly message: string
  }[]
}

function answerOf(results: readonly CollectResult[]): CollectorAnswer {
  return {
    accepted: results.filter(({ ok }) => ok).length,
    refused: results.flatMap((result, index) =>
      result.ok
        ? []
        : [{ index, ...(result.id !== undefined && { id: result.id }), ...result.refusal }],
    ),
  }
}

function statusOf({ accepted, refused }: CollectorAnswer): number {
  if (refused.length === 0) return 200
  return accepted === 0 ? UNPROCESSABLE : 207
}
