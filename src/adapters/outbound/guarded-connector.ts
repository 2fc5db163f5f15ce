import type { LookupAddress, LookupOptions } from 'node:dns'
import { lookup as lookupInSystem } from 'node:dns/promises'
import { callbackify } from 'node:util'
import { buildConnector } from 'undici'
import { refusalOfAddress } from './address-policy.ts'
import { refusalMessage } from './url-policy.ts'

/** Answers every address of a name. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/** The policy forbids the address that a name led to. */
export class TargetRefusedFault extends Error {
  override readonly name = 'TargetRefusedFault'
}

export interface GuardedConnectorOptions {
  readonly allowPrivateTargets: boolean
  /** The system's resolver where not given; tests play DNS with it. */
  readonly resolve?: Resolve
  readonly connectTimeoutMs?: number
}

/** DNS included. undici's coarse timer may fire up to a second late. */
const CONNECT_TIMEOUT_MS = 5_000

/** Not DNS alone: /etc/hosts and the like hold for the hub as for the rest of its host. */
const resolveInSystem: Resolve = (hostname) => lookupInSystem(hostname, { all: true })

/**
 * Opens connections only to allowed addresses. The resolver's answer is judged and the very same
 * answer is dialled, so a name cannot change its address between check and use; after that the
 * address of the open socket is judged once more, before a byte of HTTP is written.
 */
export function createGuardedConnector(options: GuardedConnectorOptions): buildConnector.connector {
  const { allowPrivateTargets, resolve = resolveInSystem } = options
  const connect = buildConnector({
    lookup: callbackify((hostname: string, _options: LookupOptions) =>
      resolveAllowed(hostname, resolve, allowPrivateTargets),
    ),
    // Makes node ask for all addresses and try them in turn; otherwise it takes just one.
    autoSelectFamily: true,
    timeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    allowH2: false,
  })
  return (target, callback) => {
    connect(target, (...outcome) => {
      const [error, socket] = outcome
      if (error !== null) return callback(error, null)
      const refusal = refusalOfSocket(target.hostname, socket.remoteAddress, allowPrivateTargets)
      if (refusal === undefined) return callback(null, socket)
      socket.destroy()
      callback(refusal, null)
    })
  }
}

/** Not called by node when the host is an IP address: the URL policy judges those. */
async function resolveAllowed(
  hostname: string,
  resolve: Resolve,
  allowPrivateTargets: boolean,
): Promise<LookupAddress[]> {
  const addresses = await resolve(hostname)
  if (addresses.length === 0) {
    throw Object.assign(new Error('the name has no address'), { code: 'ENOTFOUND' })
  }
  const refusal = refusalOfAnswer(hostname, addresses, allowPrivateTargets)
  if (refusal) throw refusal
  return [...addresses]
}

/** One bad address condemns the answer: a public one beside it is how rebinding looks. */
function refusalOfAnswer(
  hostname: string,
  addresses: readonly LookupAddress[],
  allowPrivateTargets: boolean,
): TargetRefusedFault | undefined {
  for (const { address } of addresses) {
    const refusal = refusalOfAddress(address, allowPrivateTargets)
    if (refusal === undefined) continue
    const found = `${refusal.what} behind the name`
    return new TargetRefusedFault(refusalMessage(hostname, found, refusal.isPrivateTarget))
  }
  return undefined
}

/** Catches what reaches the connector without having passed the URL policy or the look-up. */
function refusalOfSocket(
  hostname: string,
  remoteAddress: string | undefined,
  allowPrivateTargets: boolean,
): Error | undefined {
  // The other side has hung up already.
  if (remoteAddress === undefined) {
    return Object.assign(new Error('the socket is closed'), { code: 'ECONNRESET' })
  }
  const refusal = refusalOfAddress(remoteAddress, allowPrivateTargets)
  if (refusal === undefined) return undefined
  const found = `${refusal.what} at the other end`
  return new TargetRefusedFault(refusalMessage(hostname, found, refusal.isPrivateTarget))
}
