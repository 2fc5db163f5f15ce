import type { Clock } from '#src/ports/clock.ts'
import type { Vault } from '#src/tenancy/vault.ts'
import type { MessageLink } from './channels/sending.ts'
import type { StoredIncident } from './documents.ts'

/** Links in messages, by which whoever reads one sees to its incident without signing in. */
export interface IncidentLinks {
  linksOf(incident: Pick<StoredIncident, 'id' | 'organisationId'>): readonly MessageLink[]
  /** The organisation whose incident it is; undefined where the link is none of ours, or too old. */
  organisationOf(incidentId: string, token: string): string | undefined
}

/** A message is seen to within days; a link that is passed on must not work for ever. */
const LINK_LASTS_MS = 30 * 24 * 60 * 60_000
export const INCIDENT_PAGES = '/incidents'

export function createIncidentLinks(
  { vault, clock }: { readonly vault: Vault; readonly clock: Clock },
  publicUrl: () => string,
): IncidentLinks {
  return {
    linksOf: ({ id, organisationId }) => {
      const until = clock.now() + LINK_LASTS_MS
      const token = vault.seal(['incident-link', id], JSON.stringify({ organisationId, until }))
      const url = `${publicUrl()}${INCIDENT_PAGES}/${id}?token=${token}`
      return [
        { does: 'open', label: 'Open', url },
        { does: 'acknowledge', label: 'Acknowledge', url: `${url}#acknowledge` },
        { does: 'snooze', label: 'Snooze', url: `${url}#snooze` },
      ]
    },
    organisationOf: (incidentId, token) => {
      const text = vault.open(['incident-link', incidentId], token)
      if (text === undefined) return undefined
      const { organisationId, until } = JSON.parse(text) as {
        readonly organisationId: string
        readonly until: number
      }
      return clock.now() < until ? organisationId : undefined
    },
  }
}
