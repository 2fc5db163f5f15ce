import type { Vault } from '#src/tenancy/vault.ts'

/** Links in letters, by which their one reader ends those of their one notification. */
export interface UnsubscribeLinks {
  urlFor(notificationId: string, email: string): string
  /** Whose link it is; undefined where it is none of ours. */
  readerOf(notificationId: string, token: string): string | undefined
}

export const UNSUBSCRIBE_PAGES = '/unsubscribe'

/** They do not expire: a reader may have had enough of an old letter too, and can do nothing else. */
export function createUnsubscribeLinks(vault: Vault, publicUrl: () => string): UnsubscribeLinks {
  return {
    urlFor: (notificationId, email) => {
      const token = vault.seal(['unsubscribe-link', notificationId], email)
      return `${publicUrl()}${UNSUBSCRIBE_PAGES}/${notificationId}?token=${token}`
    },
    readerOf: (notificationId, token) => vault.open(['unsubscribe-link', notificationId], token),
  }
}
