import type { Clock } from '#src/ports/clock.ts'
import type { Vault } from '#src/tenancy/vault.ts'
import type { MessageLink } from './channels/sending.ts'
import type { StoredIncident } from './documents.ts'

/** Links in messages, by which whoever reads one sees to its incident without signing in. */
export interface IncidentLinks {
  /** @param reader the one address that the message is for, if it is for one alone */
  linksOf(
    incident: Pick<StoredIncident, 'id' | 'organisationId'>,
    reader?: string,
  ): readonly MessageLink[]
  /** Whose link it is; undefined where it is none of ours, or too old. */
  holderOf(incidentId: string, token: string): LinkHolder | undefined
}

export interface LinkHolder {
  readonly organisationId: string
  /** Absent: one of several readers of a message. */
  readonly reader?: string
}

/** A message is seen to within days; a link that is passed on must not work for ever. */
const LINK_LASTS_MS = 30 * 24 * 60 * 60_000
export const INCIDENT_PAGES = '/incidents'

export function createIncidentLinks(
  { vault, clock }: { readonly vault: Vault; readonly clock: Clock },
  publicUrl: () => string,
): IncidentLinks {
  return {
    linksOf: ({ id, organisationId }, reader) => {
      const until = clock.now() + LINK_LASTS_MS
      const text = JSON.stringify({ organisationId, until, reader })
      const token = vault.seal(['incident-link', id], text)
      const url = `${publicUrl()}${INCIDENT_PAGES}/${id}?token=${token}`
      return [
        { does: 'open', label: 'Open', url },
        { does: 'acknowledge', label: 'Acknowledge', url: `${url}#acknowledge` },
        { does: 'snooze', label: 'Snooze', url: `${url}#snooze` },
      ]
    },
    holderOf: (incidentId, token) => {
      const text = vault.open(['incident-link', incidentId], token)
      if (text === undefined) return undefined
      const { until, ...holder } = JSON.parse(text) as LinkHolder & { readonly until: number }
      return clock.now() < until ? holder : undefined
    },
  }
}
