import { signedHeaders } from '#src/model/sigv4.ts'
import type { HubProcess } from './hub-process.ts'
import { REGION } from './organisation.ts'

/** A call of EventBridge as a client writes it that leaves nothing out and checks nothing. */
export async function jsonCall(
  hub: HubProcess,
  operation: string,
  input: object,
): Promise<{ readonly status: number; readonly answer: any }> {
  const body = JSON.stringify(input)
  const headers = {
    host: new URL(hub.url).host,
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `AWSEvents.${operation}`,
  }
  const caller = await hub.profile('member')
  const signed = signedHeaders(
    { method: 'POST', url: '/', headers, body },
    { ...caller, region: REGION, service: 'events', now: Date.now() },
  )
  const response = await fetch(hub.url, { method: 'POST', headers: signed, body })
  return { status: response.status, answer: await response.json() }
}
