import type { BudgetScope } from '#src/model/budget.ts'
import type { View } from '#src/model/view.ts'
import type { HubClient } from './hub-client.ts'
import { whereAllowed } from './references.ts'

/** What views and their segments are called, for lists of what looks at them. */
export interface ViewTitles {
  /** The id where the caller may not see the view. */
  view(id: string): string
  segment(scope: BudgetScope): string
}

export async function viewTitles(hub: HubClient): Promise<ViewTitles> {
  const views = (await whereAllowed(hub.listAll<View>('/views'))) ?? []
  const byId = new Map(views.map((view) => [view.id, view]))
  const view = (id: string) => byId.get(id)?.name ?? id
  return {
    view,
    segment: ({ viewId, segmentId }) => {
      const segments = byId.get(viewId)?.segments ?? []
      const title = segments.find(({ id }) => id === segmentId)?.title ?? segmentId
      return `${title} of ${view(viewId)}`
    },
  }
}
