import { setTimeout as sleep } from 'node:timers/promises'

import type { CostImport } from '#src/model/cost-import.ts'
import { signedHeaders } from '#src/model/sigv4.ts'
import type { HubProcess } from './hub-process.ts'

const PART_BYTES = 300_000

export interface NewImport {
  readonly organisationId: string
  readonly exportName: string
  readonly tagKeys?: readonly string[]
}

/** Uploads files through the REST API, in parts, and waits for the import's end. */
export async function importFiles(
  hub: HubProcess,
  given: NewImport,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<CostImport> {
  const created = await hub.rest('POST', '/cost-imports', { ...given, from: { kind: 'upload' } })
  if (created.status !== 201) throw new Error(JSON.stringify(created.body))
  const { id } = created.body as CostImport
  for (const [name, bytes] of Object.entries(files)) {
    for (let offset = 0; offset < bytes.length; offset += PART_BYTES) {
      const part = bytes.subarray(offset, offset + PART_BYTES)
      const path = `/cost-imports/${id}/files/${name}?offset=${offset}`
      const answer = await putBytes(hub, path, part)
      if (answer.status !== 200) throw new Error(await answer.text())
    }
  }
  await hub.rest('POST', `/cost-imports/${id}/start`)
  return endOf(hub, id)
}

export async function endOf(hub: HubProcess, id: string): Promise<CostImport> {
  for (;;) {
    const { body } = await hub.rest('GET', `/cost-imports/${id}`)
    if (body.endedAt !== undefined) return body as CostImport
    await sleep(20)
  }
}

export async function putBytes(hub: HubProcess, path: string, body: Uint8Array): Promise<Response> {
  const request = {
    method: 'PUT',
    url: `/api/v1${path}`,
    headers: { host: new URL(hub.url).host, 'content-type': 'application/octet-stream' },
    body,
  }
  const headers = signedHeaders(request, {
    ...(await hub.profile('operator')),
    ...{ region: 'us-east-1', service: 'belfry', now: Date.now() },
  })
  return fetch(`${hub.url}/api/v1${path}`, { method: 'PUT', headers, body: Buffer.from(body) })
}
