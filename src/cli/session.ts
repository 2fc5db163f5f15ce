import type { User } from '#src/model/tenancy.ts'

/** What the hub answers a sign-in with. */
export interface Session {
  readonly sessionToken: string
  readonly refreshToken: string
  readonly expiresAt: number
  readonly endsAt: number
  readonly user: User
}
