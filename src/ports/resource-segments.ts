import type { AlertSegment } from '#src/model/alert.ts'

/** What the segment of a resource follows from. */
export interface SegmentedResource {
  readonly awsAccountId?: string
  readonly region?: string
  readonly resourceId?: string
  readonly resourceType?: string
  readonly tags: Readonly<Record<string, string>>
}

/** In which segment of each view a resource is. */
export interface ResourceSegments {
  segmentsOf(organisationId: string, resource: SegmentedResource): Promise<readonly AlertSegment[]>
}
