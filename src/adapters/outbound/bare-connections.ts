import type { Socket } from 'node:net'

import type { Connecting, OperatorsServer } from '#src/ports/outbound.ts'
import { foundOf } from './failure-outcome.ts'
import { TargetRefusedFault, createGuardedConnector } from './guarded-connector.ts'
import type { GuardedConnectorOptions } from './guarded-connector.ts'
import { refusalOfHost } from './url-policy.ts'

/** Connections without HTTP, to servers that the operator has named. */
export interface BareConnections {
  connect(to: OperatorsServer): Promise<Connecting>
  /** Opens no more and drops those that are open. */
  close(): void
}

export function createBareConnections(
  options: Omit<GuardedConnectorOptions, 'allowPrivateTargets'>,
): BareConnections {
  const open = new Set<Socket>()
  let isClosed = false
  return {
    connect: async ({ host, port, timeoutMs, signal }) => {
      const at = `"${host}:${port}"`
      if (isClosed || signal?.aborted) {
        const message = `did not connect to ${at} because the hub is stopping or gave up`
        return { kind: 'failed', message }
      }
      const refusal = refusalOfHost(host, true)
      if (refusal !== undefined) return { kind: 'refused', message: refusal }
      const connector = createGuardedConnector({
        ...options,
        connectTimeoutMs: timeoutMs,
        allowPrivateTargets: true,
      })
      return new Promise((settle) => {
        const target = { hostname: host, host, protocol: 'http:', port: String(port) }
        connector(target, (error, socket) => {
          if (error instanceof TargetRefusedFault) {
            return settle({ kind: 'refused', message: error.message })
          }
          if (error !== null) {
            return settle({
              kind: 'failed',
              message: `cannot connect to ${at} (${foundOf(error)})`,
            })
          }
          open.add(socket)
          socket.once('close', () => open.delete(socket))
          // Whoever uses it listens from the next turn on.
          socket.on('error', () => undefined)
          if (isClosed) socket.destroy()
          return settle({ kind: 'connected', socket })
        })
      })
    },
    close: () => {
      isClosed = true
      for (const socket of open) socket.destroy()
    },
  }
}
