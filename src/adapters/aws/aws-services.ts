import type { AwsAccess, AwsOutcome, AwsServices } from '#src/ports/aws-services.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Outbound } from '#src/ports/outbound.ts'
import type { AwsCredentials } from './aws-credentials.ts'
import { assumeRole } from './assumed-role.ts'
import { createOutboundRequestHandler } from './outbound-request-handler.ts'
import { CredentialsFault, outcomeOfFault } from './request-outcome.ts'
import { openClient } from './service-clients.ts'
import type { ClientSettings, Send } from './service-clients.ts'

export interface AwsServicesOptions {
  readonly outbound: Outbound
  readonly clock: Clock
  /** The hub's own. */
  readonly credentials: () => Promise<AwsCredentials>
  /** Of something that speaks like AWS; AWS's own where not given. */
  readonly endpoint?: string
}

/** As EventBridge gives an API destination. */
const REQUEST_TIMEOUT_MS = 5_000
/** Answers are ids and error texts. */
const RESPONSE_BYTES_MAX = 256 * 1024
/** Of what a client keeps for each service, region, account and role: some kilobytes. */
const CLIENTS_MAX = 512
/** Clients ask for credentials anew when they are to expire within five minutes. */
const RENEWED_BEFORE_MS = 5 * 60 * 1_000
/** The hub's own have no end that it knows: it looks after so long whether they were rotated. */
const LOOKED_AT_AFTER_MS = 60_000

/** Sends to services of AWS, each delivery once: repeating is the dispatcher's. */
export function createAwsServices(options: AwsServicesOptions): AwsServices {
  const clients = new Map<string, Promise<Send>>()

  const clientFor = (service: Parameters<typeof openClient>[0], region: string, as: AwsAccess) => {
    const key = [service, region, as.roleArn === undefined ? '' : as.account, as.roleArn].join(' ')
    const client = clients.get(key) ?? openClient(service, settingsOf(options, region, as))
    // The one that was used last is the last to go.
    clients.delete(key)
    clients.set(key, client)
    const [oldest] = clients.keys()
    if (clients.size > CLIENTS_MAX && oldest !== undefined) clients.delete(oldest)
    return client
  }

  return {
    send: async (request, access): Promise<AwsOutcome> => {
      try {
        const send = await clientFor(request.service, request.to.region, access)
        const { $metadata, ...said } = await send(request)
        const { httpStatusCode: status = 200 } = $metadata
        return { kind: 'success', answer: { status, body: idsIn(said) } }
      } catch (error) {
        return outcomeOfFault(error)
      }
    },
  }
}

/** By which a delivery is found again on the other side, as JSON text. */
function idsIn(said: object): string {
  const texts = Object.entries(said).filter(([, value]) => typeof value === 'string')
  return texts.length === 0 ? '' : JSON.stringify(Object.fromEntries(texts))
}

function settingsOf(
  options: AwsServicesOptions,
  region: string,
  access: AwsAccess,
): ClientSettings {
  const own: ClientSettings = {
    region,
    ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
    credentials: ownCredentials(options),
    requestHandler: createOutboundRequestHandler(options.outbound, {
      timeoutMs: REQUEST_TIMEOUT_MS,
      responseBytesMax: RESPONSE_BYTES_MAX,
    }),
    maxAttempts: 1,
  }
  const { roleArn, account } = access
  if (roleArn === undefined) return own
  return { ...own, credentials: () => assumeRole(own, { roleArn, externalId: account }) }
}

function ownCredentials({ credentials, clock }: AwsServicesOptions) {
  return async () => {
    const expiration = new Date(clock.now() + RENEWED_BEFORE_MS + LOOKED_AT_AFTER_MS)
    try {
      return { ...(await credentials()), expiration }
    } catch (cause) {
      throw new CredentialsFault((cause as Error).message, { cause })
    }
  }
}
