import { RestError } from '#src/errors.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { ProviderClient } from '#src/ports/identity-provider.ts'
import { fingerprint } from './vault.ts'
import type { Vault } from './vault.ts'

/** A command line that waits on this machine's loopback for the browser to come by. */
export interface Loopback {
  readonly port: number
  /** SHA-256, base64url, of a secret that the command line keeps. */
  readonly challenge: string
}

/**
 * A sign-in on its way to the provider and back: what must come back as it went. It travels sealed
 * as the `state` itself: nothing is kept for a sign-in under way, so strangers who begin many take
 * nothing from the others. Whoever else sees the address that the browser comes back to has no use
 * of it without the browser's secret.
 */
export interface Journey {
  readonly organisationId: string
  /** Settings that changed meanwhile would send the code to somebody else. */
  readonly provider: Pick<ProviderClient, 'issuer' | 'clientId'>
  /** Fingerprint of the browser's secret. */
  readonly browser: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly expiresAt: number
  readonly loopback?: Loopback
}

export interface SignInJourneys {
  seal(journey: Journey): string
  /** The journey, once, and to the browser that began it. @throws RestError sign-in.state-invalid */
  open(sealed: string, browser: string | undefined): Journey
}

/** Longer ones were not made here. */
const STATE_CHARACTERS_MAX = 2_048
/** One that is forgotten has a code that its provider knows as spent. */
const USED_NONCES_MAX = 10_000

export function createSignInJourneys(vault: Vault, clock: Clock): SignInJourneys {
  /** Which journeys have come back, until they would have expired. */
  const used = new Map<string, number>()
  const isFirst = ({ nonce, expiresAt }: Journey): boolean => {
    if (used.has(nonce)) return false
    for (const [old, until] of used) {
      if (until > clock.now() && used.size < USED_NONCES_MAX) break
      used.delete(old)
    }
    used.set(nonce, expiresAt)
    return true
  }
  const read = (sealed: string): Journey | undefined => {
    if (sealed.length > STATE_CHARACTERS_MAX) return undefined
    const opened = vault.open(['sign-in-journey'], sealed)
    return opened === undefined ? undefined : (JSON.parse(opened) as Journey)
  }
  return {
    seal: (journey) => vault.seal(['sign-in-journey'], JSON.stringify(journey)),
    open: (sealed, browser) => {
      const journey = read(sealed)
      if (journey === undefined || journey.expiresAt <= clock.now()) throw stateInvalid()
      if (browser === undefined || journey.browser !== fingerprint(browser)) throw stateInvalid()
      if (!isFirst(journey)) throw stateInvalid()
      return journey
    },
  }
}

export function stateInvalid(): RestError {
  return new RestError(
    400,
    'sign-in.state-invalid',
    'this sign-in was not begun here with this browser, has come back before, or was begun too long ago: begin again',
  )
}
